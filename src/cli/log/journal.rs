//! `log dump journal`: files, commits and entries, and what is missing between them.

use std::fmt::{self, Display};
use std::path::Path;

use clap::Args;
use serde::Serialize;
use storage::inspect::{CommitReport, JournalFileReport, JournalReport, Standing, inspect_journal};
use storage::journal::entry::Entry;

use super::dump::{Dump, DumpError, Journal, check_copies, failed};
use super::printer::Printer;
use super::topics::Topics;

/// Which part of the journals.
#[derive(Args, Debug)]
pub(super) struct JournalArgs {
    /// One shard's journal only
    #[arg(long, value_name = "N")]
    shard: Option<u16>,
    /// Every entry of every commit
    #[arg(long)]
    entries: bool,
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "file")]
struct FileLine {
    shard: u16,
    file: String,
    bytes: u64,
    commits: usize,
    first: Option<u64>,
    last: Option<u64>,
    needed: usize,
}

impl Display for FileLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shard {}: {}: {} bytes, ", self.shard, self.file, self.bytes)?;
        match (self.first, self.last) {
            (Some(first), Some(last)) => write!(
                f,
                "{} commits from {first} to {last}, {} of them needed",
                self.commits, self.needed
            ),
            _ => write!(f, "no commits"),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "commit")]
struct CommitLine<'a> {
    shard: u16,
    file: &'a str,
    byte: u64,
    bytes: u64,
    generation: u64,
    sequence: u64,
    durable_through: u64,
    standing: &'static str,
    entries: usize,
    damaged: usize,
}

impl Display for CommitLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payload = if self.damaged == 0 { "sound" } else { "DAMAGED" };
        write!(
            f,
            "  byte {}: commit {} of generation {}, {} bytes, durable through {}, {} entries, \
             {payload}, {}",
            self.byte,
            self.sequence,
            self.generation,
            self.bytes,
            self.durable_through,
            self.entries,
            self.standing,
        )
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "entry")]
struct EntryLine {
    sequence: u64,
    byte: u64,
    kind: String,
    topic: String,
    topic_id: String,
    partition: i32,
    leader_epoch: i32,
    base_offset: i64,
    bytes: u32,
    records: Option<i64>,
    segment: i64,
    segment_position: u32,
    sound: bool,
}

impl Display for EntryLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "    byte {}: {} {}-{} epoch {} offset {}",
            self.byte, self.kind, self.topic, self.partition, self.leader_epoch, self.base_offset,
        )?;
        if self.bytes > 0 {
            let (bytes, segment, at) = (self.bytes, self.segment, self.segment_position);
            write!(f, ", {bytes} bytes for segment {segment} at {at}")?;
        }
        if let Some(records) = self.records {
            write!(f, ", {records} records")?;
        }
        f.write_str(if self.sound { "" } else { ", DAMAGED" })
    }
}

/// Prints them.
pub(super) async fn print(
    dump: &Dump,
    which: &JournalArgs,
    printer: &mut Printer,
) -> Result<(), DumpError> {
    let topics = Topics::read(dump).await;
    for journal in dump.journals(which.shard, printer).await? {
        check_copies(&journal.copies, printer);
        let (superblock, floor) = (&journal.superblock, journal.floor(&dump.layout));
        let directory = &journal.directory;
        let report = inspect_journal(&dump.housekeeping, directory, superblock, floor).await;
        let report = report.map_err(failed(directory))?;
        for file in &report.files {
            print_file(&journal, file, which.entries, &topics, printer);
        }
        print_damage(&journal, &report, &topics, printer);
    }
    Ok(())
}

fn print_file(
    journal: &Journal,
    file: &JournalFileReport,
    with_entries: bool,
    topics: &Topics,
    printer: &mut Printer,
) {
    let mut commits: Vec<&CommitReport> = file.commits.iter().collect();
    commits.sort_by_key(|commit| (commit.header.sequence, commit.offset));
    let name = file.path.display().to_string();
    printer.item(&FileLine {
        shard: journal.shard,
        file: name.clone(),
        bytes: file.len,
        commits: commits.len(),
        first: commits.first().map(|commit| commit.header.sequence.0),
        last: commits.last().map(|commit| commit.header.sequence.0),
        needed: commits.iter().filter(|commit| commit.standing == Standing::Needed).count(),
    });
    for commit in commits {
        printer.item(&CommitLine {
            shard: journal.shard,
            file: &name,
            byte: commit.offset,
            bytes: commit.len,
            generation: commit.header.generation.0,
            sequence: commit.header.sequence.0,
            durable_through: commit.header.durable_through.0,
            standing: standing(commit.standing),
            entries: commit.header.entries.len(),
            damaged: commit.damaged.len(),
        });
        if with_entries {
            for (index, entry) in commit.header.entries.iter().enumerate() {
                printer.item(&entry_line(commit, index, entry, topics));
            }
        }
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Needed => "needed",
        Standing::Old => "old",
        Standing::Dead => "dead",
        Standing::Dropped => "dropped",
    }
}

fn entry_line(commit: &CommitReport, index: usize, entry: &Entry, topics: &Topics) -> EntryLine {
    let records = commit.batches.get(&index);
    EntryLine {
        sequence: commit.header.sequence.0,
        byte: commit.offset + u64::from(entry.position),
        kind: format!("{:?}", entry.kind),
        topic: topics.name(entry.log.topic),
        topic_id: entry.log.topic.to_hex(),
        partition: entry.log.partition.0,
        leader_epoch: entry.leader_epoch.0,
        base_offset: entry.base_offset.0,
        bytes: entry.len,
        records: records.map(|header| i64::from(header.last_offset_delta.0) + 1),
        segment: entry.segment.0,
        segment_position: entry.segment_position,
        sound: !commit.damaged.contains(&index),
    }
}

/// What recovery would call damage, and what it would pass over.
fn print_damage(journal: &Journal, report: &JournalReport, topics: &Topics, printer: &mut Printer) {
    let whole = journal.superblock.file_bytes;
    for file in &report.files {
        if file.len < whole {
            let what = format!("the file has {} bytes of {whole}", file.len);
            printer.fault(&file.path, Some(file.len), &what);
        }
        for commit in &file.commits {
            print_damaged_entries(&file.path, commit, topics, printer);
        }
    }
    for gap in &report.gaps {
        let which = if gap.first == gap.last {
            format!("commit {} was durable and is gone", gap.first)
        } else {
            format!("commits {} to {} were durable and are gone", gap.first, gap.last)
        };
        let what = gap.error.map_or(which.clone(), |error| format!("{which}: {error}"));
        match &gap.place {
            Some((path, byte)) => printer.fault(path, Some(*byte), &what),
            None => printer.fault(&journal.directory, None, &what),
        }
    }
    let named = |path: &Path, byte| {
        let here = |place: &(_, u64)| place.0 == path && place.1 == byte;
        report.gaps.iter().any(|gap| gap.place.as_ref().is_some_and(here))
    };
    for file in &report.files {
        for (byte, error) in file.unreadable.iter().filter(|(byte, _)| !named(&file.path, *byte)) {
            let path = file.path.display();
            printer.note(&format!(
                "{path} at byte {byte}: {error}; nothing durable is missing there, so it was torn \
                 or written over"
            ));
        }
    }
}

fn print_damaged_entries(
    path: &Path,
    commit: &CommitReport,
    topics: &Topics,
    printer: &mut Printer,
) {
    let sequence = commit.header.sequence;
    for index in &commit.damaged {
        let Some(entry) = commit.header.entries.get(*index) else { continue };
        let byte = commit.offset + u64::from(entry.position);
        let (topic, partition) = (topics.name(entry.log.topic), entry.log.partition);
        let what = format!(
            "entry {index} of commit {sequence}, {topic}-{partition} offset {}: its {} bytes are \
             not what they were",
            entry.base_offset, entry.len,
        );
        match commit.standing {
            Standing::Needed => printer.fault(path, Some(byte), &what),
            Standing::Old | Standing::Dead | Standing::Dropped => printer.note(&format!(
                "{} at byte {byte}: {what}; the commit is {}",
                path.display(),
                standing(commit.standing)
            )),
        }
    }
}
