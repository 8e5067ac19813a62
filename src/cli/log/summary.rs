//! `log dump summary`: the directory, its shards, and every partition as recovery would see it.

use std::fmt::{self, Display};

use record::TopicId;
use serde::Serialize;
use storage::inspect::{RecoveredReport, inspect_checkpoint, inspect_recovery};

use super::checkpoint::check_checkpoint;
use super::dump::{Dump, DumpError, Journal, check_copies, versions};
use super::printer::Printer;
use super::topics::Topics;

#[derive(Serialize)]
#[serde(tag = "item", rename = "layout")]
struct LayoutLine {
    data: String,
    format: u32,
    cluster: String,
    shards: u16,
    generation: u64,
    clean: bool,
    unclean_starts: i32,
    copies: [String; 2],
    in_force: Option<usize>,
}

impl Display for LayoutLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stop = if self.clean { "clean" } else { "NOT clean" };
        write!(
            f,
            "{}: format {}, cluster {}, {} shards, started {} times, last stop {stop}, {} unclean \
             starts\n  layout     copies: {}",
            self.data,
            self.format,
            self.cluster,
            self.shards,
            self.generation,
            self.unclean_starts,
            Sides(&self.copies, self.in_force),
        )
    }
}

/// Both copies of a file, and which is in force.
struct Sides<'a>(&'a [String; 2], Option<usize>);

impl Display for Sides<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = |number| if self.1 == Some(number) { " (in force)" } else { "" };
        write!(f, "0 {}{}, 1 {}{}", self.0[0], mark(0), self.0[1], mark(1))
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "shard")]
struct ShardLine {
    shard: u16,
    journal: String,
    generation: u64,
    file_bytes: u64,
    copies: [String; 2],
    in_force: Option<usize>,
    ends: Vec<(u64, u64)>,
    checkpoint: Option<CheckpointLine>,
}

#[derive(Serialize)]
struct CheckpointLine {
    slot: u8,
    number: u64,
    generation: u64,
    floor: u64,
    bytes: u64,
    partitions: usize,
}

impl Display for ShardLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "shard {}: journal {}, generation {}, files of {} bytes\n  superblock copies: {}",
            self.shard,
            self.journal,
            self.generation,
            self.file_bytes,
            Sides(&self.copies, self.in_force),
        )?;
        for (generation, last) in &self.ends {
            write!(f, "\n  generation {generation} ended at commit {last}")?;
        }
        match &self.checkpoint {
            None => write!(f, "\n  no checkpoint"),
            Some(named) => write!(
                f,
                "\n  checkpoint {} in slot {}, generation {}, {} partitions, needs commits from {}",
                named.number, named.slot, named.generation, named.partitions, named.floor,
            ),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "partition")]
struct PartitionLine {
    shard: u16,
    topic: String,
    topic_id: String,
    partition: i32,
    leader_epoch: i32,
    log_start: i64,
    next_offset: i64,
    segments: usize,
    bytes: u64,
    unflushed_bytes: u64,
    refused: Option<String>,
}

impl Display for PartitionLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  {}-{}: offsets {} to {}, epoch {}, {} segments, {} bytes, {} of them in the journal",
            self.topic,
            self.partition,
            self.log_start,
            self.next_offset,
            self.leader_epoch,
            self.segments,
            self.bytes,
            self.unflushed_bytes,
        )?;
        self.refused.as_ref().map_or(Ok(()), |reason| write!(f, "; REFUSED: {reason}"))
    }
}

/// Prints it.
pub(super) async fn print(dump: &Dump, printer: &mut Printer) -> Result<(), DumpError> {
    let layout = &dump.layout;
    printer.item(&LayoutLine {
        data: dump.data.display().to_string(),
        format: layout.format,
        cluster: TopicId(layout.cluster).to_string(),
        shards: layout.shards,
        generation: layout.generation,
        clean: layout.clean,
        unclean_starts: layout.unclean_starts,
        copies: versions(&dump.layout_copies),
        in_force: dump.layout_copies.winner(),
    });
    check_copies(&dump.layout_copies, printer);
    let topics = Topics::read(dump).await;
    for journal in dump.journals(None, printer).await? {
        print_shard(dump, &journal, printer).await;
        check_copies(&journal.copies, printer);
        let (runtime, housekeeping) = (&dump.runtime, &dump.housekeeping);
        let found = inspect_recovery(runtime, housekeeping, &journal.directory, layout).await;
        match found {
            Ok(logs) => {
                for log in logs.unwrap_or_default() {
                    print_log(&journal, &topics, &log, printer);
                }
            }
            Err(error) => {
                let what = format!("a start would refuse this journal: {error}");
                printer.fault(&journal.directory, None, &what);
            }
        }
    }
    Ok(())
}

async fn print_shard(dump: &Dump, journal: &Journal, printer: &mut Printer) {
    let superblock = &journal.superblock;
    let mut checkpoint = None;
    if let Some(named) = journal.checkpoint(&dump.layout) {
        let report = inspect_checkpoint(&dump.housekeeping, &journal.directory, named).await;
        let partitions = check_checkpoint(&journal.directory, named, report, printer);
        checkpoint = Some(CheckpointLine {
            slot: named.slot,
            number: named.number,
            generation: named.generation,
            floor: named.floor,
            bytes: named.len,
            partitions: partitions.len(),
        });
    }
    printer.item(&ShardLine {
        shard: journal.shard,
        journal: storage::identity::JournalId(superblock.journal).to_string(),
        generation: superblock.generation,
        file_bytes: superblock.file_bytes,
        copies: versions(&journal.copies),
        in_force: journal.copies.winner(),
        ends: superblock.ends.iter().map(|end| (end.generation, end.last)).collect(),
        checkpoint,
    });
}

fn print_log(journal: &Journal, topics: &Topics, log: &RecoveredReport, printer: &mut Printer) {
    let (log_start, next_offset) = log.offsets();
    printer.item(&PartitionLine {
        shard: journal.shard,
        topic: topics.name(log.id.topic),
        topic_id: log.id.topic.to_hex(),
        partition: log.id.partition.0,
        leader_epoch: log.state.leader_epoch.0,
        log_start: log_start.0,
        next_offset: next_offset.0,
        segments: log.state.segments.len(),
        bytes: log.state.size(),
        unflushed_bytes: log.unflushed_bytes(),
        refused: log.refused.clone(),
    });
    if let Some(reason) = &log.refused {
        let name = format!("{}-{}", topics.name(log.id.topic), log.id.partition);
        let what = format!("a start would refuse {name}: {reason}");
        printer.fault(&journal.directory, None, &what);
    }
}
