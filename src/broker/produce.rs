//! Produce: what is checked of a batch before it is appended, and where it goes.
//!
//! The checks are Kafka's, but for one: records of compressed batches are not unpacked, unless the
//! topic is compacted and each must have a key. Bytes are read once here, and copied once into the
//! commit (large frames: not at all).

use record::{
    BatchHeader, BatchView, CompressionError, CrcProgress, Decompressor, Framing, HeaderError,
    OffsetDelta, ProduceError, ProduceLimits, RecordError, Records, Timestamp, TimestampType,
};
use storage::journal::staging::Stamp;
use storage::{Appended, NewBatch};

use super::query::UNPACKED_BYTES_MAX;
use crate::metrics::Counter;
use crate::shard::Shard;
use crate::topic_config::Effective;

/// Bytes summed, and records walked, between two looks at the clock.
const SLICE_BYTES: usize = 256 << 10;
const SLICE_RECORDS: usize = 4_096;

/// A batch that may be appended.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    /// Its header as the producer sent it.
    pub header: BatchHeader,
    /// What the broker writes into it.
    pub stamp: Stamp,
}

/// Why a batch is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There must be exactly one batch.
    #[error("{0}")]
    Batches(&'static str),
    /// Its header makes no sense.
    #[error(transparent)]
    Header(HeaderError),
    /// Its header claims what a producer may not.
    #[error(transparent)]
    Claim(ProduceError),
    /// Its CRC is wrong.
    #[error("Record is corrupt (stored crc does not match the computed one)")]
    Crc,
    /// A record of it is not framed as it must be.
    #[error(transparent)]
    Record(RecordError),
    /// A record has no key, in a compacted topic.
    #[error("Compacted topic cannot accept message without key")]
    NoKey {
        /// The record's number in the batch.
        index: i32,
    },
    /// Its records can not be unpacked, in a compacted topic.
    #[error(transparent)]
    Packed(CompressionError),
    /// Its timestamps are out of the topic's range.
    #[error("{0}")]
    Timestamp(String),
    /// The codec may not be used in this version of the protocol.
    #[error("zstd needs version 7 of the request or newer")]
    Zstd,
    /// Transactions are not supported yet.
    #[error("transactional batches are not supported")]
    Transactional,
}

/// A batch under its checks: those of the header are done.
struct Check<'a> {
    view: BatchView<'a>,
    effective: &'a Effective,
    now: Timestamp,
}

impl<'a> Check<'a> {
    fn begin(bytes: &'a [u8], effective: &'a Effective, now: Timestamp) -> Result<Self, Refusal> {
        let (view, rest) = BatchView::parse(bytes).map_err(Refusal::Header)?;
        let batch_bytes_max = effective.max_message_bytes as usize;
        view.check_produced(ProduceLimits { batch_bytes_max }).map_err(Refusal::Claim)?;
        if !rest.is_empty() {
            let text = "Produce requests contain exactly one record batch per partition";
            return Err(Refusal::Batches(text));
        }
        if view.header().attributes().is_transactional() {
            return Err(Refusal::Transactional);
        }
        Ok(Self { view, effective, now })
    }

    /// The rest in one go, for a small batch.
    fn finish(&self) -> Result<Checked, Refusal> {
        if !self.view.crc_is_valid() {
            return Err(Refusal::Crc);
        }
        let mut scratch = Decompressor::new();
        let framing = match self.records(&mut scratch)? {
            Some(records) => Some(records.check_framing().map_err(Refusal::Record)?),
            None => None,
        };
        self.stamp(framing.map(|framing| self.times(&framing)).transpose()?)
    }

    /// The records, if they are to be looked at: those of a compacted topic always are.
    fn records<'s>(&self, scratch: &'s mut Decompressor) -> Result<Option<Records<'s>>, Refusal>
    where
        'a: 's,
    {
        if let Some(records) = self.view.plain_records() {
            return Ok(Some(records));
        }
        if !self.effective.cleanup_policy.compacts() {
            return Ok(None);
        }
        let records = self.view.records(scratch, UNPACKED_BYTES_MAX);
        records.map(Some).map_err(Refusal::Packed)
    }

    /// The least and the largest timestamp of records that are what the topic asks for.
    fn times(&self, framing: &Framing) -> Result<(Timestamp, Timestamp), Refusal> {
        match framing.first_without_key {
            Some(OffsetDelta(index)) if self.effective.cleanup_policy.compacts() => {
                Err(Refusal::NoKey { index })
            }
            _ => Ok((framing.min_timestamp, framing.max_timestamp)),
        }
    }

    /// What is written into the batch, and whether its times are allowed.
    fn stamp(&self, times: Option<(Timestamp, Timestamp)>) -> Result<Checked, Refusal> {
        let header = self.view.header().decode();
        let mut stamp = Stamp::default();
        if self.effective.timestamp_type == TimestampType::LogAppendTime {
            stamp.append_time = Some(self.now);
            return Ok(Checked { header, stamp });
        }
        let (min, max) = times.unwrap_or((header.base_timestamp, header.max_timestamp));
        self.check_times(min, max)?;
        if times.is_some() && max != header.max_timestamp {
            stamp.max_timestamp = Some(max);
        }
        Ok(Checked { header, stamp })
    }

    fn check_times(&self, min: Timestamp, max: Timestamp) -> Result<(), Refusal> {
        let now = self.now.0;
        let earliest = now.saturating_sub(self.effective.timestamp_before_max_ms);
        let latest = now.saturating_add(self.effective.timestamp_after_max_ms);
        for time in [min, max] {
            if time != Timestamp::NONE && !(earliest..=latest).contains(&time.0) {
                return Err(Refusal::Timestamp(format!(
                    "Timestamp {time} of message is out of range. The timestamp should be within \
                     [{earliest}, {latest}]"
                )));
            }
        }
        Ok(())
    }
}

impl Shard {
    /// Checks a batch in one go; only for small ones.
    pub fn check_small(&self, bytes: &[u8], effective: &Effective) -> Result<Checked, Refusal> {
        let now = Timestamp(self.runtime.wall_millis());
        Check::begin(bytes, effective, now)?.finish()
    }

    /// Checks a batch of any size in slices, so that no other connection waits for long.
    pub async fn check_large(
        &self,
        bytes: &[u8],
        effective: &Effective,
    ) -> Result<Checked, Refusal> {
        let now = Timestamp(self.runtime.wall_millis());
        let check = Check::begin(bytes, effective, now)?;
        let mut crc = check.view.crc_check();
        loop {
            match crc.step(SLICE_BYTES) {
                CrcProgress::Valid => break,
                CrcProgress::Corrupt => return Err(Refusal::Crc),
                CrcProgress::More => self.runtime.yield_if_needed().await,
            }
        }
        let mut times = None;
        let mut scratch = Decompressor::new();
        if let Some(records) = check.records(&mut scratch)? {
            let mut walk = records.framing_check();
            loop {
                match walk.step(SLICE_RECORDS).map_err(Refusal::Record)? {
                    Some(framing) => {
                        times = Some(check.times(&framing)?);
                        break;
                    }
                    None => self.runtime.yield_if_needed().await,
                }
            }
        }
        check.stamp(times)
    }

    /// Counts an appended batch; `copied` if its bytes were copied into the commit.
    pub fn note_appended(&self, header: &BatchHeader, appended: &Appended, copied: bool) {
        let bytes = header.total_len as u64;
        if appended.duplicate {
            self.metrics.count(Counter::DuplicateBatches);
            return;
        }
        self.metrics.count(Counter::ProducedBatches);
        self.metrics.add(Counter::ProducedRecords, u64::from(header.record_count.unsigned_abs()));
        self.metrics.add(Counter::ProducedBytes, bytes);
        if copied {
            self.metrics.add(Counter::CopiedProduce, bytes);
        }
    }
}

/// A checked batch whose bytes are at hand.
pub fn new_batch<'a>(checked: &Checked, source: storage::Source<'a>) -> NewBatch<'a> {
    NewBatch { header: checked.header, stamp: checked.stamp, source }
}
