//! Finding a batch in a segment's file: by offset or by time, through the index and then header
//! by header.

use std::io;
use std::rc::Rc;

use record::{BatchView, Decompressor, HEADER_BYTES, HeaderView, Offset, Timestamp};
use runtime::File;

use super::Store;
use super::read::{ReadError, ReadLimits, check_readable};
use crate::limits::INDEX_INTERVAL_BYTES;
use crate::log::Log;
use crate::log::segments::Segment;
use crate::segment::descriptors::Access;
use crate::segment::index::Index;
use crate::segment::name::SegmentName;

/// Read at once while walking headers.
const WALK_BYTES: usize = 64 << 10;

/// Where a batch starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The segment.
    pub(super) segment: SegmentName,
    /// Where in it.
    pub(super) position: u32,
}

/// A batch's header, met while walking.
#[derive(Clone, Copy, Debug)]
pub(super) struct Met {
    pub(super) position: u32,
    pub(super) len: u32,
    pub(super) base_offset: Offset,
    pub(super) next_offset: Offset,
    pub(super) max_timestamp: Timestamp,
    /// Compaction leaves batches of no records, which have a time that nobody can be shown.
    pub(super) has_records: bool,
}

/// Which record a time asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeMatch {
    /// The first one at or after this time.
    AtOrAfter(Timestamp),
    /// The one with the largest time; the first of several.
    Largest,
}

/// A record found by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// Its offset.
    pub offset: Offset,
    /// Its time.
    pub timestamp: Timestamp,
}

impl Store {
    /// The place of the batch that holds `offset`, which is readable and not in memory.
    pub(super) async fn locate(&self, log: &Rc<Log>, offset: Offset) -> Result<Place, ReadError> {
        let (segment, next) = {
            let state = log.state();
            let found = state.segments.holding(offset).or_else(|| state.segments.iter().next());
            let found = found.expect("a log with readable offsets has a segment");
            (found.name(), found.next_offset)
        };
        if offset >= next {
            // A gap that compaction left at the segment's end.
            let state = log.state();
            let following = state.segments.following(segment.base).map(Segment::name);
            return Ok(Place { segment: following.unwrap_or(segment), position: 0 });
        }
        let index = self.index_of(log, segment).await?;
        let from = match index.floor_offset(offset) {
            Some(entry) if entry.offset == offset => {
                return Ok(Place { segment, position: entry.position });
            }
            Some(entry) => entry.position,
            None if segment.base == offset => return Ok(Place { segment, position: 0 }),
            None => 0,
        };
        let found = self.walk(log, segment, from, |met| met.next_offset > offset).await?;
        let end = log.state().readable_end_of(segment).ok_or(ReadError::Replaced)?;
        Ok(Place { segment, position: found.map_or(end, |met| met.position) })
    }

    /// Where a cold read from `place` ends. On an index entry if it can, so that the reader's next
    /// offset is found without a walk.
    pub(super) async fn cold_end(
        &self,
        log: &Rc<Log>,
        place: &Place,
        limits: ReadLimits,
    ) -> Result<u32, ReadError> {
        let readable = log.state().readable_end_of(place.segment).ok_or(ReadError::Replaced)?;
        let wanted = place.position.saturating_add(limits.bytes_max);
        if wanted >= readable {
            return Ok(readable);
        }
        let index = self.index_of(log, place.segment).await?;
        if let Some(entry) = index.floor_position(wanted)
            && entry.position > place.position
        {
            return Ok(entry.position);
        }
        let first = self.walk(log, place.segment, place.position, |_| true).await?;
        let Some(first) = first else { return Ok(place.position) };
        let first_end = place.position + first.len;
        if first_end > wanted && !limits.first_batch_whole {
            return Ok(place.position);
        }
        // The last batch may be cut off: clients ignore an incomplete one.
        Ok(wanted.max(first_end).min(readable))
    }

    /// Reads headers from a batch's start on, until `stop`. `None` at the end of what is readable.
    async fn walk(
        &self,
        log: &Rc<Log>,
        segment: SegmentName,
        from: u32,
        stop: impl Fn(&Met) -> bool,
    ) -> Result<Option<Met>, ReadError> {
        let mut position = from;
        loop {
            check_readable(log)?;
            let end = log.state().readable_end_of(segment).ok_or(ReadError::Replaced)?;
            if position >= end {
                return Ok(None);
            }
            let bytes = self
                .read_range(log, segment, position, WALK_BYTES.min((end - position) as usize))
                .await?;
            let mut at = 0;
            while let Some(met) = meet(&bytes, at, position)? {
                if stop(&met) {
                    return Ok(Some(met));
                }
                at += met.len as usize;
                if at + HEADER_BYTES > bytes.len() {
                    break;
                }
            }
            if at == 0 {
                return Err(damaged(log, segment, position).into());
            }
            position += u32::try_from(at).expect("a segment is under 4 GiB");
            self.0.runtime.yield_if_needed().await;
        }
    }

    /// Reads bytes of a segment, wherever they are. Copies: for looking at, not for sending.
    pub(super) async fn read_range(
        &self,
        log: &Rc<Log>,
        segment: SegmentName,
        position: u32,
        len: usize,
    ) -> Result<Vec<u8>, ReadError> {
        let end = position + u32::try_from(len).expect("a segment is under 4 GiB");
        let in_memory = log.state().tail.start_of(segment.base).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(len);
        if position < in_memory {
            let file = self.segment_file(log, segment).await?;
            let wanted = (end.min(in_memory) - position) as usize;
            bytes = self.read_file(&file, position, wanted).await?;
        }
        let reached = position + u32::try_from(bytes.len()).expect("a segment is under 4 GiB");
        let state = log.state();
        let mut at = reached;
        for span in state.tail.from_position(segment.base, reached) {
            if at >= end || span.position > at {
                break;
            }
            let from = (at - span.position) as usize;
            let to = (span.end().min(end) - span.position) as usize;
            bytes.extend_from_slice(span.bytes.as_slice().get(from..to).unwrap_or_default());
            at = span.position + u32::try_from(to).expect("a batch is under 4 GiB");
        }
        Ok(bytes)
    }

    async fn segment_file(&self, log: &Log, segment: SegmentName) -> Result<File, ReadError> {
        match self.0.descriptors.get(log.id(), segment, Access::Read).await {
            Err(_) if log.state().segments.named(segment).is_none() => Err(ReadError::Replaced),
            other => Ok(other?),
        }
    }

    async fn read_file(&self, file: &File, position: u32, len: usize) -> io::Result<Vec<u8>> {
        let buffer = self.0.runtime.pool().dma(len);
        let (buffer, read) = file.read_at(buffer, 0, len, u64::from(position)).await;
        let read = read?;
        if read < len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(buffer.as_slice().get(..len).expect("as long as asked").to_vec())
    }

    /// The record that a time asks for, among those that can be read.
    pub async fn find_time(
        &self,
        log: &Rc<Log>,
        which: TimeMatch,
        scratch: &mut Decompressor,
        bytes_max: usize,
    ) -> Result<Option<Timed>, ReadError> {
        loop {
            match self.try_find_time(log, which, scratch, bytes_max).await {
                Err(ReadError::Replaced) => self.0.runtime.yield_if_needed().await,
                other => return other,
            }
        }
    }

    async fn try_find_time(
        &self,
        log: &Rc<Log>,
        which: TimeMatch,
        scratch: &mut Decompressor,
        bytes_max: usize,
    ) -> Result<Option<Timed>, ReadError> {
        check_readable(log)?;
        let time = match which {
            TimeMatch::AtOrAfter(time) => time,
            TimeMatch::Largest => match self.largest_time(log, scratch, bytes_max).await? {
                Some(time) => time,
                None => return Ok(None),
            },
        };
        let log_start = log.state().log_start;
        let candidates: Vec<SegmentName> = {
            let state = log.state();
            let readable = state.segments.iter().filter(|segment| {
                segment.max_timestamp >= time && segment.base <= state.visible.segment
            });
            readable.map(Segment::name).collect()
        };
        for segment in candidates {
            let index = self.index_of(log, segment).await?;
            let mut from = index.floor_time(time).map_or(0, |entry| entry.position);
            let wanted = |met: &Met| {
                met.has_records && met.max_timestamp >= time && met.next_offset > log_start
            };
            while let Some(met) = self.walk(log, segment, from, wanted).await? {
                let bytes = self.read_range(log, segment, met.position, met.len as usize).await?;
                let found = first_at(&bytes, time, log_start, scratch, bytes_max);
                if let Some(timed) = found {
                    return Ok(Some(timed));
                }
                from = met.position + met.len;
            }
        }
        Ok(None)
    }

    /// The largest time of all readable batches.
    async fn largest_time(
        &self,
        log: &Rc<Log>,
        scratch: &mut Decompressor,
        bytes_max: usize,
    ) -> Result<Option<Timestamp>, ReadError> {
        let log_start = log.state().log_start;
        let mut largest = None;
        let known: Vec<(SegmentName, Timestamp, bool)> = {
            let state = log.state();
            let known =
                state.segments.iter().filter(|segment| segment.base <= state.visible.segment);
            let whole = |base, next| base >= log_start && next <= state.visible.offset;
            known.map(|s| (s.name(), s.max_timestamp, whole(s.base, s.next_offset))).collect()
        };
        for (segment, max_timestamp, whole) in known {
            if max_timestamp == Timestamp::NONE || largest.is_some_and(|seen| max_timestamp <= seen)
            {
                continue;
            }
            if whole {
                largest = Some(max_timestamp);
                continue;
            }
            let mut from = 0;
            let wanted = |met: &Met| met.has_records && met.next_offset > log_start;
            while let Some(met) = self.walk(log, segment, from, wanted).await? {
                let mut time = Some(met.max_timestamp);
                if met.base_offset < log_start {
                    // The record with that time may be before the start.
                    let len = met.len as usize;
                    let bytes = self.read_range(log, segment, met.position, len).await?;
                    time = largest_from(&bytes, log_start, scratch, bytes_max);
                }
                largest = largest.max(time);
                from = met.position + met.len;
            }
        }
        Ok(largest.filter(|time| *time != Timestamp::NONE))
    }

    /// The index of a segment: in memory while it is being written, else from its file. Where the
    /// file has none, or not all of it, it is made again from the segment.
    pub(super) async fn index_of(
        &self,
        log: &Rc<Log>,
        segment: SegmentName,
    ) -> Result<Rc<Index>, ReadError> {
        let (finished, ready, end) = {
            let state = log.state();
            let found = state.segments.named(segment).ok_or(ReadError::Replaced)?;
            (found.finished, found.index_writer.is_some(), found.end)
        };
        if finished {
            if let Some(index) = self.0.indexes.get(log.id(), segment) {
                return Ok(index);
            }
            let index = Rc::new(self.load_index(log, segment, end).await?.index);
            self.0.indexes.keep(log.id(), segment, Rc::clone(&index));
            return Ok(index);
        }
        if !ready {
            self.resume_index(log, segment.base).await?;
        }
        let state = log.state();
        let found = state.segments.named(segment).ok_or(ReadError::Replaced)?;
        Ok(Rc::clone(&found.index))
    }
}

/// The first record at or after a time in a batch that says it has one.
fn first_at(
    bytes: &[u8],
    time: Timestamp,
    log_start: Offset,
    scratch: &mut Decompressor,
    bytes_max: usize,
) -> Option<Timed> {
    let (batch, _) = BatchView::parse(bytes).ok()?;
    if let Some(timestamp) = batch.header().append_time() {
        let offset = batch.base_offset().max(log_start);
        return (timestamp >= time).then_some(Timed { offset, timestamp });
    }
    let Ok(records) = batch.records(scratch, bytes_max) else {
        // What can not be unpacked is named by its first offset: better early than lost.
        let timestamp = batch.header().max_timestamp();
        return Some(Timed { offset: batch.base_offset().max(log_start), timestamp });
    };
    records.iter().filter_map(Result::ok).find_map(|record| {
        let (offset, timestamp) = (records.offset(&record), records.timestamp(&record));
        (timestamp >= time && offset >= log_start).then_some(Timed { offset, timestamp })
    })
}

/// The largest time of a batch's records from `log_start` on.
fn largest_from(
    bytes: &[u8],
    log_start: Offset,
    scratch: &mut Decompressor,
    bytes_max: usize,
) -> Option<Timestamp> {
    let (batch, _) = BatchView::parse(bytes).ok()?;
    let Ok(records) = batch.records(scratch, bytes_max) else {
        return Some(batch.header().max_timestamp());
    };
    let behind = records.iter().filter_map(Result::ok);
    let behind = behind.filter(|record| records.offset(record) >= log_start);
    behind.map(|record| records.timestamp(&record)).max()
}

/// The header at `at` of bytes that start at `position` of a segment; `None` if it is cut off.
pub(super) fn meet(bytes: &[u8], at: usize, position: u32) -> io::Result<Option<Met>> {
    let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= HEADER_BYTES) else {
        return Ok(None);
    };
    let header = HeaderView::parse(rest).map_err(io::Error::other)?;
    Ok(Some(Met {
        position: position + u32::try_from(at).expect("a segment is under 4 GiB"),
        len: u32::try_from(header.total_len()).expect("a batch is under 4 GiB"),
        base_offset: header.base_offset(),
        next_offset: header.next_offset(),
        max_timestamp: header.max_timestamp(),
        has_records: header.record_count() > 0,
    }))
}

fn damaged(log: &Log, segment: SegmentName, position: u32) -> io::Error {
    let id = log.id();
    io::Error::other(format!("{id}: no batch at byte {position} of segment {segment}"))
}

const _: () = assert!(WALK_BYTES >= HEADER_BYTES && WALK_BYTES >= INDEX_INTERVAL_BYTES as usize);
