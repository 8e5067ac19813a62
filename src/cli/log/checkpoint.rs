//! `log dump checkpoint`: the checkpoints in force, record by record.

use std::fmt::{self, Display};
use std::io;
use std::path::Path;

use serde::Serialize;
use storage::checkpoint::record::LogRecord;
use storage::checkpoint::writer::checkpoint_path;
use storage::inspect::{CheckpointReport, inspect_checkpoint};
use storage::superblock::CheckpointRef;

use super::dump::{Dump, DumpError};
use super::printer::Printer;
use super::topics::Topics;

#[derive(Serialize)]
#[serde(tag = "item", rename = "checkpoint")]
struct HeadLine {
    shard: u16,
    file: String,
    number: u64,
    generation: u64,
    bytes: u64,
    floor: u64,
    partitions: usize,
}

impl Display for HeadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "shard {}: {}: checkpoint {}, generation {}, {} bytes, {} partitions, needs commits \
             from {}",
            self.shard,
            self.file,
            self.number,
            self.generation,
            self.bytes,
            self.partitions,
            self.floor,
        )
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "record")]
struct RecordLine {
    byte: u64,
    topic: String,
    topic_id: String,
    partition: i32,
    sequence: u64,
    leader_epoch: i32,
    log_start: i64,
    next_offset: i64,
    producers: usize,
    segments: Vec<SegmentLine>,
}

#[derive(Serialize)]
struct SegmentLine {
    base: i64,
    next_offset: i64,
    bytes: u32,
    flushed: u32,
    sealed: bool,
    finished: bool,
}

impl Display for RecordLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  byte {}: {}-{}: as of commit {}, offsets {} to {}, epoch {}, {} producers",
            self.byte,
            self.topic,
            self.partition,
            self.sequence,
            self.log_start,
            self.next_offset,
            self.leader_epoch,
            self.producers,
        )?;
        for segment in &self.segments {
            let SegmentLine { base, next_offset, bytes, flushed, .. } = segment;
            write!(f, "\n    segment {base} to {next_offset}: {bytes} bytes, {flushed} flushed")?;
            f.write_str(if segment.finished { ", finished" } else { "" })?;
        }
        Ok(())
    }
}

/// Prints them.
pub(super) async fn print(dump: &Dump, printer: &mut Printer) -> Result<(), DumpError> {
    let topics = Topics::read(dump).await;
    for journal in dump.journals(None, printer).await? {
        let Some(named) = journal.checkpoint(&dump.layout) else {
            printer.note(&format!("shard {} has no checkpoint yet", journal.shard));
            continue;
        };
        let report = inspect_checkpoint(&dump.housekeeping, &journal.directory, named).await;
        let records = check_checkpoint(&journal.directory, named, report, printer);
        printer.item(&HeadLine {
            shard: journal.shard,
            file: checkpoint_path(&journal.directory, named.slot).display().to_string(),
            number: named.number,
            generation: named.generation,
            bytes: named.len,
            floor: named.floor,
            partitions: records.len(),
        });
        for (byte, record) in records {
            let path = checkpoint_path(&journal.directory, named.slot);
            print_record(&path, byte, &record, &topics, printer);
        }
    }
    Ok(())
}

/// Prints what is wrong with a checkpoint; returns its records, each with its place.
pub(super) fn check_checkpoint(
    directory: &Path,
    named: CheckpointRef,
    report: io::Result<CheckpointReport>,
    printer: &mut Printer,
) -> Vec<(u64, LogRecord)> {
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            let path = checkpoint_path(directory, named.slot);
            printer.fault(&path, None, &error.to_string());
            return Vec::new();
        }
    };
    if report.len < named.len {
        let what = format!("the file has {} bytes of {}", report.len, named.len);
        printer.fault(&report.path, Some(report.len), &what);
    }
    let mut records = Vec::with_capacity(report.frames.len());
    let mut damaged = false;
    for frame in report.frames {
        if let Some(record) = frame.record {
            records.push((frame.position, record));
        } else {
            damaged = true;
            let what = "the record's CRC does not match; what follows can not be read";
            printer.fault(&report.path, Some(frame.position), what);
        }
    }
    if !report.crc_is_valid && !damaged {
        let what = "every record checks, but not all together: padding or order is wrong";
        printer.fault(&report.path, Some(0), what);
    }
    records
}

fn print_record(
    path: &Path,
    byte: u64,
    record: &LogRecord,
    topics: &Topics,
    printer: &mut Printer,
) {
    let state = match record.to_state() {
        Ok(state) => state,
        Err(error) => return printer.fault(path, Some(byte), &error.to_string()),
    };
    let segments = state.segments.iter().map(|segment| SegmentLine {
        base: segment.base.0,
        next_offset: segment.next_offset.0,
        bytes: segment.end,
        flushed: segment.flushed,
        sealed: segment.sealed,
        finished: segment.finished,
    });
    printer.item(&RecordLine {
        byte,
        topic: topics.name(state.id.topic),
        topic_id: state.id.topic.to_hex(),
        partition: state.id.partition.0,
        sequence: record.sequence().0,
        leader_epoch: state.leader_epoch.0,
        log_start: state.log_start.0,
        next_offset: state.next_offset.0,
        producers: state.producers.entries().count(),
        segments: segments.collect(),
    });
}
