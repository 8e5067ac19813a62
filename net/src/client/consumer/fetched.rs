//! An answer's records: read in place, checked, in the order of their offsets.

use std::ops::{ControlFlow, Range};

use record::{BatchView, Decompressor, HeaderError, Headers, Offset, PartitionIndex, Timestamp};

use super::positions::Position;
use crate::client::connection::Answer;
use crate::client::error::ClientError;
use crate::kafka::wire::Records;

/// The most bytes that one batch may decompress to.
const DECOMPRESSED_MAX: usize = 256 << 20;

/// The records of an answer.
#[derive(Debug)]
pub struct Fetched {
    answer: Answer,
    parts: Vec<Part>,
}

/// A record, borrowed from the answer or from the decompressor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsumedRecord<'a> {
    /// Its partition.
    pub partition: PartitionIndex,
    /// Its offset.
    pub offset: Offset,
    /// Its time, by the producer's clock or by the broker's as the topic is configured.
    pub timestamp: Timestamp,
    /// Its key, or null.
    pub key: Option<&'a [u8]>,
    /// Its value, or null.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: Headers<'a>,
}

/// One partition's batches in an answer.
#[derive(Debug)]
pub(super) struct Part {
    partition: PartitionIndex,
    /// Where whole batches stand in the answer's frame.
    range: Range<usize>,
    /// The first offset wanted: a batch may begin before it.
    from: Offset,
    end: Option<Offset>,
}

/// What a partition's records amount to.
pub(super) enum PartResult {
    /// There are none.
    Empty,
    /// Not even one batch is whole: the answer was full. `needs` is what it takes.
    CutOff { needs: usize },
    /// Some, and the offset behind them.
    Some { part: Part, next: Offset },
}

impl Part {
    /// Finds the whole batches: the last one may be cut off.
    pub(super) fn of(
        partition: PartitionIndex,
        position: Position,
        records: Records<'_>,
    ) -> Result<PartResult, ClientError> {
        let mut rest = records.bytes();
        let mut next = position.next;
        let damaged = |offset, error: HeaderError| {
            let reason = error.to_string();
            ClientError::Damaged { partition, offset, reason }
        };
        while !rest.is_empty() {
            match BatchView::parse(rest) {
                Ok((batch, behind)) => {
                    next = next.max(batch.next_offset());
                    rest = behind;
                }
                Err(HeaderError::Incomplete { needs, .. }) => {
                    if rest.len() == records.bytes().len() {
                        return Ok(PartResult::CutOff { needs });
                    }
                    break;
                }
                Err(error) => return Err(damaged(next, error)),
            }
        }
        if records.bytes().is_empty() {
            return Ok(PartResult::Empty);
        }
        let start = records.range().start;
        let range = start..start + records.bytes().len() - rest.len();
        let part = Self { partition, range, from: position.next, end: position.end };
        Ok(PartResult::Some { part, next })
    }
}

impl Fetched {
    pub(super) fn new(answer: Answer, parts: Vec<Part>) -> Self {
        Self { answer, parts }
    }

    /// Calls `visit` with each record, partition by partition, until it breaks. Each batch's CRC
    /// is checked before its first record is shown.
    pub fn for_each(
        &self,
        decompressor: &mut Decompressor,
        mut visit: impl FnMut(&ConsumedRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), ClientError> {
        for part in &self.parts {
            let mut rest = self.answer.frame().get(part.range.clone()).unwrap_or_default();
            while !rest.is_empty() {
                let (batch, behind) = BatchView::parse(rest).map_err(|error| {
                    let (partition, offset) = (part.partition, part.from);
                    ClientError::Damaged { partition, offset, reason: error.to_string() }
                })?;
                rest = behind;
                if visit_batch(part, &batch, decompressor, &mut visit)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn visit_batch(
    part: &Part,
    batch: &BatchView<'_>,
    decompressor: &mut Decompressor,
    visit: &mut impl FnMut(&ConsumedRecord<'_>) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, ClientError> {
    let partition = part.partition;
    let damaged = |reason: String| {
        let offset = batch.base_offset();
        ClientError::Damaged { partition, offset, reason }
    };
    if batch.header().attributes().is_control() || batch.next_offset() <= part.from {
        return Ok(ControlFlow::Continue(()));
    }
    if !batch.crc_is_valid() {
        return Err(damaged("the batch's checksum is wrong".to_owned()));
    }
    let records = batch.records(decompressor, DECOMPRESSED_MAX);
    let records = records.map_err(|error| damaged(error.to_string()))?;
    for record in &records {
        let record = record.map_err(|error| damaged(error.to_string()))?;
        let offset = records.offset(&record);
        if offset < part.from {
            continue;
        }
        if part.end.is_some_and(|end| offset >= end) {
            break;
        }
        let consumed = ConsumedRecord {
            partition,
            offset,
            timestamp: records.timestamp(&record),
            key: record.key,
            value: record.value,
            headers: record.headers,
        };
        if visit(&consumed).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}
