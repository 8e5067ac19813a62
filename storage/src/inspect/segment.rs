//! A segment's batches and its index, each checked against the other.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use record::{BatchView, HeaderError, Offset, TopicPartition};
use runtime::buffer::DmaBuf;
use runtime::{File, OpenOptions, Runtime};

use crate::limits::SCRATCH_BYTES;
use crate::log::segments::Segment;
use crate::segment::index::{INDEX_ENTRY_BYTES, IndexEntry, IndexWriter};
use crate::segment::name::{SegmentName, index_path, segment_path};

/// Which segment to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentToInspect {
    /// Its log.
    pub log: TopicPartition,
    /// What its files are called.
    pub name: SegmentName,
    /// Bytes that are known to be in its file; what is behind them is not looked at.
    pub flushed: u32,
    /// It is sealed, and all of it is in its file.
    pub finished: bool,
}

impl SegmentToInspect {
    /// A segment of a checkpoint's record.
    pub fn of(log: TopicPartition, segment: &Segment) -> Self {
        let Segment { flushed, finished, .. } = *segment;
        Self { log, name: segment.name(), flushed, finished }
    }
}

/// A whole batch.
#[derive(Clone, Copy, Debug)]
pub struct BatchReport<'a> {
    /// Where it starts in the segment.
    pub position: u32,
    /// The batch.
    pub batch: BatchView<'a>,
    /// Its CRC is right.
    pub crc_is_valid: bool,
}

/// Something that is wrong with a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentFault {
    /// Where in the file.
    pub position: u64,
    /// What.
    pub what: String,
}

/// Something that is wrong with an index.
pub type IndexFault = SegmentFault;

/// What an index is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexReport {
    /// Its file.
    pub path: PathBuf,
    /// Entries that are right.
    pub entries: usize,
    /// Entries that the file does not have yet; they are made when they are needed.
    pub missing: usize,
    /// What is wrong.
    pub faults: Vec<IndexFault>,
}

/// What a segment is like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentReport {
    /// Its file.
    pub path: PathBuf,
    /// Bytes of the file.
    pub len: u64,
    /// Whole batches.
    pub batches: u64,
    /// Offsets that they cover.
    pub records: u64,
    /// Behind the last offset of its whole batches.
    pub next_offset: Offset,
    /// Bytes of a last batch whose rest the journal has.
    pub cut: u32,
    /// What is wrong.
    pub faults: Vec<SegmentFault>,
    /// Its index.
    pub index: IndexReport,
}

/// Reads a segment and its index; `visit` sees each whole batch.
pub async fn inspect_segment(
    runtime: &Runtime,
    data: &Path,
    segment: SegmentToInspect,
    visit: impl FnMut(&BatchReport<'_>),
) -> io::Result<SegmentReport> {
    let path = segment_path(data, segment.log, segment.name);
    let index = read_index(runtime, data, segment).await?;
    let len = runtime::metadata(runtime, &path).await?.len;
    let mut check = Check::new(segment, index, visit);
    check.report.path.clone_from(&path);
    check.report.len = len;
    if len < u64::from(segment.flushed) || (segment.finished && len > u64::from(segment.flushed)) {
        let what = format!("the file has {len} bytes, {} are flushed", segment.flushed);
        check.fault(len.min(u64::from(segment.flushed)), what);
    }
    let end = u32::try_from(len).unwrap_or(u32::MAX).min(segment.flushed);
    let file = File::open(runtime, &path, OpenOptions::default()).await?;
    let mut window = SCRATCH_BYTES;
    while check.position < end {
        let left = (end - check.position) as usize;
        let wanted = window.min(left);
        let at = u64::from(check.position);
        let (buffer, read) = file.read_at(DmaBuf::zeroed(wanted), 0, wanted, at).await;
        let bytes = buffer.as_slice().get(..read?).unwrap_or_default();
        match check.take(bytes, bytes.len() == left) {
            Step::On => window = SCRATCH_BYTES,
            Step::More(needs) if wanted < left => window = needs.max(SCRATCH_BYTES),
            Step::More(_) | Step::Ended => break,
        }
        runtime.yield_if_needed().await;
    }
    Ok(check.finish())
}

async fn read_index(
    runtime: &Runtime,
    data: &Path,
    segment: SegmentToInspect,
) -> io::Result<(PathBuf, Vec<u8>)> {
    let path = index_path(data, segment.log, segment.name);
    let file = match File::open(runtime, &path, OpenOptions::default()).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, Vec::new())),
        other => other?,
    };
    let len = runtime::metadata(runtime, &path).await?.len;
    let len = usize::try_from(len).map_err(io::Error::other)?;
    let (buffer, read) = file.read_at(DmaBuf::zeroed(len.max(1)), 0, len, 0).await;
    let bytes = buffer.as_slice().get(..read?).unwrap_or_default().to_vec();
    Ok((path, bytes))
}

enum Step {
    /// Batches were taken.
    On,
    /// The batch at the front needs this many bytes.
    More(usize),
    /// Nothing behind can be read.
    Ended,
}

/// A segment being checked, batch by batch.
struct Check<V> {
    segment: SegmentToInspect,
    position: u32,
    next_offset: Offset,
    writer: IndexWriter,
    stored: VecDeque<(u64, Option<IndexEntry>)>,
    /// A batch since the last index entry is damaged, so the entry's sum says nothing new.
    tainted: bool,
    report: SegmentReport,
    visit: V,
}

impl<V: FnMut(&BatchReport<'_>)> Check<V> {
    fn new(segment: SegmentToInspect, (path, index): (PathBuf, Vec<u8>), visit: V) -> Self {
        let stored = index.chunks(INDEX_ENTRY_BYTES).zip(0_u64..).map(|(chunk, number)| {
            let entry = chunk.first_chunk().and_then(|e| IndexEntry::decode(e, segment.log));
            (number * INDEX_ENTRY_BYTES as u64, entry)
        });
        let stored = stored.collect();
        let index = IndexReport { path, ..IndexReport::default() };
        Self {
            segment,
            position: 0,
            next_offset: segment.name.base,
            writer: IndexWriter::new(segment.log),
            stored,
            tainted: false,
            report: SegmentReport { index, ..SegmentReport::default() },
            visit,
        }
    }

    fn fault(&mut self, position: u64, what: String) {
        self.report.faults.push(SegmentFault { position, what });
    }

    /// Takes whole batches from the front of `bytes`; `all` if nothing flushed is behind them.
    fn take(&mut self, bytes: &[u8], all: bool) -> Step {
        let mut rest = bytes;
        loop {
            match BatchView::parse(rest) {
                Ok((batch, behind)) => {
                    self.batch(&batch);
                    rest = behind;
                }
                Err(HeaderError::Incomplete { .. }) if rest.is_empty() => return Step::On,
                Err(HeaderError::Incomplete { needs, .. }) if !all => {
                    return if rest.len() < bytes.len() { Step::On } else { Step::More(needs) };
                }
                Err(HeaderError::Incomplete { .. }) if !self.segment.finished => {
                    self.report.cut = u32::try_from(rest.len()).unwrap_or(u32::MAX);
                    return Step::Ended;
                }
                Err(error) => {
                    self.fault(u64::from(self.position), format!("no batch: {error}"));
                    return self.resume();
                }
            }
        }
    }

    fn batch(&mut self, batch: &BatchView<'_>) {
        let (position, base) = (self.position, batch.base_offset());
        // Compaction leaves gaps, and nothing else does.
        let is_due =
            base == self.next_offset || (base > self.next_offset && self.segment.name.revision > 0);
        if !is_due {
            let what = format!("batch {base} comes where {} is due", self.next_offset);
            self.fault(u64::from(position), what);
        }
        let crc_is_valid = batch.crc_is_valid();
        if let Some(entry) = self.writer.batch(base, batch.header().max_timestamp()) {
            self.compare(&entry);
            self.tainted = false;
        }
        if !crc_is_valid {
            self.fault(u64::from(position), format!("batch {base}: the CRC does not match"));
            self.tainted = true;
        }
        self.report.batches += 1;
        self.report.records += (batch.next_offset().0 - base.0).unsigned_abs();
        (self.visit)(&BatchReport { position, batch: *batch, crc_is_valid });
        self.writer.bytes(batch.as_bytes());
        self.position = self.writer.position();
        self.next_offset = batch.next_offset();
    }

    /// The index's next entry must be the one that the segment makes.
    fn compare(&mut self, made: &IndexEntry) {
        let Some((at, stored)) = self.stored.pop_front() else {
            self.report.index.missing += 1;
            return;
        };
        let what = match stored {
            None => "the entry's CRC does not match".to_owned(),
            Some(stored) if stored == *made => {
                self.report.index.entries += 1;
                return;
            }
            Some(stored) if self.tainted && stored.position == made.position => return,
            Some(stored) => format!(
                "the entry says offset {} at byte {}, the segment has offset {} at byte {}{}",
                stored.offset,
                stored.position,
                made.offset,
                made.position,
                if stored.data_crc == made.data_crc { "" } else { ", and the sum differs" },
            ),
        };
        self.report.index.faults.push(IndexFault { position: at, what });
    }

    /// Goes on at the next batch that the index knows.
    fn resume(&mut self) -> Step {
        while let Some((_, stored)) = self.stored.pop_front() {
            let Some(entry) = stored.filter(|entry| entry.position > self.position) else {
                continue;
            };
            if entry.position >= self.segment.flushed {
                break;
            }
            self.writer = IndexWriter::resume(self.segment.log, &entry);
            // The writer stands behind its entry: the batch there must not make it again.
            (self.position, self.next_offset) = (entry.position, entry.offset);
            self.tainted = false;
            return Step::On;
        }
        Step::Ended
    }

    fn finish(mut self) -> SegmentReport {
        // While a segment grows, its index may have been written further than its last sync.
        if self.segment.finished && self.report.faults.is_empty() {
            for (position, _) in self.stored.drain(..) {
                let what = "an entry that the segment does not have".to_owned();
                self.report.index.faults.push(IndexFault { position, what });
            }
        }
        self.report.next_offset = self.next_offset;
        self.report
    }
}

#[cfg(test)]
mod tests {
    use record::{BatchBuilder, NewRecord, PartitionIndex, Seal, Timestamp, TopicId};

    use super::*;

    const LOG: TopicPartition =
        TopicPartition { topic: TopicId([9; 16]), partition: PartitionIndex(4) };
    const NAME: SegmentName = SegmentName { base: Offset(0), revision: 0 };

    /// Thirty batches of ten thousand bytes, and their index.
    fn written(data: &Path) -> (Vec<u32>, u32) {
        let (mut segment, mut index, mut starts) = (Vec::new(), Vec::new(), Vec::new());
        let mut writer = IndexWriter::new(LOG);
        for number in 0..30_i64 {
            let mut builder = BatchBuilder::new();
            let (timestamp, value) = (Timestamp(number), [7; 10_000]);
            let record = NewRecord { timestamp, key: None, value: Some(&value), headers: &[] };
            builder.append(&record).unwrap();
            let mut batch = builder.seal(&Seal::default()).unwrap();
            batch[..8].copy_from_slice(&number.to_be_bytes());
            starts.push(writer.position());
            let entry = writer.batch(Offset(number), timestamp);
            index.extend(entry.into_iter().flat_map(|entry| entry.encode(LOG)));
            writer.bytes(&batch);
            segment.extend_from_slice(&batch);
        }
        let path = segment_path(data, LOG, NAME);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, segment).unwrap();
        std::fs::write(index_path(data, LOG, NAME), index).unwrap();
        (starts, writer.position())
    }

    fn inspected(data: &Path, flushed: u32, finished: bool) -> SegmentReport {
        let data = data.to_owned();
        let segment = SegmentToInspect { log: LOG, name: NAME, flushed, finished };
        let config = runtime::RuntimeConfig::default();
        let inspect = |runtime| async move {
            inspect_segment(&runtime, &data, segment, |_| {}).await.unwrap()
        };
        runtime::block_on(config, inspect).unwrap()
    }

    fn flip(path: &Path, byte: usize) {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[byte] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }

    fn positions(faults: &[SegmentFault]) -> Vec<u64> {
        faults.iter().map(|fault| fault.position).collect()
    }

    #[test]
    fn a_sound_segment_has_no_faults_and_a_cut_batch_is_none() {
        let data = tempfile::tempdir().unwrap();
        let (starts, end) = written(data.path());
        let report = inspected(data.path(), end, true);
        assert!(report.faults.is_empty() && report.index.faults.is_empty(), "{report:?}");
        assert_eq!((report.batches, report.records, report.index.entries), (30, 30, 4));
        let flushed = starts[20] + 100;
        let report = inspected(data.path(), flushed, false);
        assert!(report.faults.is_empty() && report.index.faults.is_empty(), "{report:?}");
        assert_eq!((report.batches, report.cut, report.next_offset), (20, 100, Offset(20)));
    }

    #[test]
    fn damage_is_named_once_and_what_is_behind_is_still_read() {
        let data = tempfile::tempdir().unwrap();
        let (starts, end) = written(data.path());
        let path = segment_path(data.path(), LOG, NAME);
        flip(&path, starts[3] as usize + 500);
        // A magic that is none: the next batch is found through the index.
        flip(&path, starts[9] as usize + 16);
        let report = inspected(data.path(), end, true);
        assert_eq!(positions(&report.faults), [u64::from(starts[3]), u64::from(starts[9])]);
        assert!(report.index.faults.is_empty(), "{report:?}");
        assert_eq!(report.next_offset, Offset(30));
        flip(&index_path(data.path(), LOG, NAME), 3 * INDEX_ENTRY_BYTES);
        let report = inspected(data.path(), end, true);
        assert_eq!(positions(&report.index.faults), [3 * INDEX_ENTRY_BYTES as u64]);
    }
}
