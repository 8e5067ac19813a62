//! `log dump segments`: every segment's batches, and its index held against them.

use std::fmt::{self, Display};

use clap::Args;
use record::{Decompressor, TopicId, TopicPartition};
use serde::Serialize;
use storage::inspect::{
    BatchReport, SegmentReport, SegmentToInspect, inspect_checkpoint, inspect_segment,
};
use storage::segment::name::segment_path;

use super::checkpoint::check_checkpoint;
use super::dump::{Dump, DumpError, check_copies};
use super::printer::Printer;
use super::topics::Topics;

/// The most that one batch is unpacked to.
const UNPACKED_BYTES_MAX: usize = 1 << 30;

/// Which segments.
#[derive(Args, Debug)]
pub(super) struct SegmentsArgs {
    /// One topic only, by name or by id
    #[arg(long, value_name = "NAME|ID")]
    topic: Option<String>,
    /// One partition only
    #[arg(long, value_name = "N")]
    partition: Option<i32>,
    /// Every batch and every record
    #[arg(long)]
    records: bool,
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "segment")]
struct SegmentLine {
    topic: String,
    topic_id: String,
    partition: i32,
    base: i64,
    next_offset: i64,
    file: String,
    bytes: u64,
    flushed: u32,
    finished: bool,
    batches: u64,
    records: u64,
    cut_bytes: u32,
    index_entries: usize,
    index_missing: usize,
    faults: usize,
}

impl Display for SegmentLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}: {}: offsets {} to {}, {} bytes, {} flushed{}, {} batches, {} records, {} index \
             entries",
            self.topic,
            self.partition,
            self.file,
            self.base,
            self.next_offset,
            self.bytes,
            self.flushed,
            if self.finished { ", finished" } else { "" },
            self.batches,
            self.records,
            self.index_entries,
        )?;
        if self.index_missing > 0 {
            write!(f, " ({} not stored)", self.index_missing)?;
        }
        if self.cut_bytes > 0 {
            write!(f, "; the last {} bytes go on in the journal", self.cut_bytes)?;
        }
        f.write_str(if self.faults == 0 { ", sound" } else { ", DAMAGED" })
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "batch")]
struct BatchLine {
    byte: u32,
    bytes: usize,
    base_offset: i64,
    next_offset: i64,
    leader_epoch: i32,
    max_timestamp: i64,
    sound: bool,
}

impl Display for BatchLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "  byte {}: offsets {} to {}, epoch {}, {} bytes, {}",
            self.byte,
            self.base_offset,
            self.next_offset,
            self.leader_epoch,
            self.bytes,
            if self.sound { "sound" } else { "DAMAGED" },
        )
    }
}

#[derive(Serialize)]
#[serde(tag = "item", rename = "record")]
struct RecordLine {
    offset: i64,
    timestamp: i64,
    key_bytes: Option<usize>,
    value_bytes: Option<usize>,
}

impl Display for RecordLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    offset {} at {} ms: ", self.offset, self.timestamp)?;
        match self.key_bytes {
            Some(bytes) => write!(f, "key {bytes} bytes, ")?,
            None => f.write_str("no key, ")?,
        }
        match self.value_bytes {
            Some(bytes) => write!(f, "value {bytes} bytes"),
            None => f.write_str("no value"),
        }
    }
}

/// Prints them.
pub(super) async fn print(
    dump: &Dump,
    which: &SegmentsArgs,
    printer: &mut Printer,
) -> Result<(), DumpError> {
    let topics = Topics::read(dump).await;
    let topic = match &which.topic {
        Some(text) => Some(topics.find(text).ok_or_else(|| DumpError::Topic(text.clone()))?),
        None => None,
    };
    for journal in dump.journals(None, printer).await? {
        check_copies(&journal.copies, printer);
        let Some(named) = journal.checkpoint(&dump.layout) else { continue };
        let report = inspect_checkpoint(&dump.housekeeping, &journal.directory, named).await;
        for (_, record) in check_checkpoint(&journal.directory, named, report, printer) {
            let Ok(state) = record.to_state() else { continue };
            if !is_wanted(which, topic, state.id) {
                continue;
            }
            for segment in state.segments.iter().filter(|segment| segment.flushed > 0) {
                let segment = SegmentToInspect::of(state.id, segment);
                print_segment(dump, segment, which.records, &topics, printer).await;
            }
        }
    }
    Ok(())
}

fn is_wanted(which: &SegmentsArgs, topic: Option<TopicId>, id: TopicPartition) -> bool {
    topic.is_none_or(|topic| id.topic == topic)
        && which.partition.is_none_or(|partition| id.partition.0 == partition)
}

async fn print_segment(
    dump: &Dump,
    segment: SegmentToInspect,
    with_records: bool,
    topics: &Topics,
    printer: &mut Printer,
) {
    let mut scratch = Decompressor::new();
    let path = segment_path(&dump.data, segment.log, segment.name);
    let mut unreadable = Vec::new();
    let report = inspect_segment(&dump.runtime, &dump.data, segment, |batch| {
        if with_records {
            print_batch(batch, printer);
        }
        if with_records
            && batch.crc_is_valid
            && let Err(what) = print_records(batch, &mut scratch, printer)
        {
            unreadable.push((batch.position, what));
        }
    });
    let report = match report.await {
        Ok(report) => report,
        Err(error) => return printer.fault(&path, None, &error.to_string()),
    };
    print_line(segment, &report, topics, printer);
    for fault in &report.faults {
        printer.fault(&report.path, Some(fault.position), &fault.what);
    }
    for (position, what) in unreadable {
        printer.fault(&report.path, Some(u64::from(position)), &what);
    }
    for fault in &report.index.faults {
        printer.fault(&report.index.path, Some(fault.position), &fault.what);
    }
}

fn print_line(
    segment: SegmentToInspect,
    report: &SegmentReport,
    topics: &Topics,
    printer: &mut Printer,
) {
    printer.item(&SegmentLine {
        topic: topics.name(segment.log.topic),
        topic_id: segment.log.topic.to_hex(),
        partition: segment.log.partition.0,
        base: segment.name.base.0,
        next_offset: report.next_offset.0,
        file: report.path.display().to_string(),
        bytes: report.len,
        flushed: segment.flushed,
        finished: segment.finished,
        batches: report.batches,
        records: report.records,
        cut_bytes: report.cut,
        index_entries: report.index.entries,
        index_missing: report.index.missing,
        faults: report.faults.len() + report.index.faults.len(),
    });
}

fn print_batch(found: &BatchReport<'_>, printer: &mut Printer) {
    let header = found.batch.header();
    printer.item(&BatchLine {
        byte: found.position,
        bytes: found.batch.total_len(),
        base_offset: header.base_offset().0,
        next_offset: header.next_offset().0,
        leader_epoch: header.leader_epoch().0,
        max_timestamp: header.max_timestamp().0,
        sound: found.crc_is_valid,
    });
}

fn print_records(
    batch: &BatchReport<'_>,
    scratch: &mut Decompressor,
    printer: &mut Printer,
) -> Result<(), String> {
    let records = batch.batch.records(scratch, UNPACKED_BYTES_MAX);
    let records = records.map_err(|error| error.to_string())?;
    for record in &records {
        let record = record.map_err(|error| error.to_string())?;
        printer.item(&RecordLine {
            offset: records.offset(&record).0,
            timestamp: records.timestamp(&record).0,
            key_bytes: record.key.map(<[u8]>::len),
            value_bytes: record.value.map(<[u8]>::len),
        });
    }
    Ok(())
}
