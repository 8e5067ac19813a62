//! Record batches as Kafka's clients write and read them.

use std::ops::Range;

use bytes::Bytes;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, Record,
    RecordBatchDecoder, RecordBatchEncoder, RecordEncodeOptions, TimestampType,
};

/// Who writes a batch, if it is to be told apart from a repeat of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
}

/// A batch of `values`; `first_sequence` is of an idempotent producer.
pub(crate) fn encode(
    values: impl IntoIterator<Item = Vec<u8>>,
    identity: Option<(Identity, i32)>,
) -> Bytes {
    encode_keyed(values.into_iter().map(|value| (None, Some(value))), identity)
}

/// A batch of keys and values, each of which may be null.
pub(crate) fn encode_keyed(
    records: impl IntoIterator<Item = (Option<Vec<u8>>, Option<Vec<u8>>)>,
    identity: Option<(Identity, i32)>,
) -> Bytes {
    let (producer_id, producer_epoch, first) = match identity {
        Some((identity, sequence)) => (identity.producer_id, identity.producer_epoch, sequence),
        None => (NO_PRODUCER_ID, NO_PRODUCER_EPOCH, NO_SEQUENCE),
    };
    let records: Vec<Record> = (0i32..)
        .zip(records)
        .map(|(index, (key, value))| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            producer_id,
            producer_epoch,
            timestamp_type: TimestampType::Creation,
            offset: i64::from(index),
            sequence: first + index,
            timestamp: now_ms(),
            key: key.map(Bytes::from),
            value: value.map(Bytes::from),
            headers: std::iter::empty().collect(),
        })
        .collect();
    let mut bytes = Vec::new();
    let options = RecordEncodeOptions { version: 2, compression: Compression::None };
    RecordBatchEncoder::encode(&mut bytes, &records, &options).expect("it can be encoded");
    bytes.into()
}

/// The records of all whole batches. The last may be cut off, as Kafka's protocol has it; a
/// checksum that is wrong is an error.
pub(crate) fn decode(mut batches: Bytes) -> Result<Vec<Record>, String> {
    batches.truncate(whole(&batches).last().map_or(0, |batch| batch.end));
    let sets = RecordBatchDecoder::decode_all(&mut batches).map_err(|error| error.to_string())?;
    Ok(sets.into_iter().flat_map(|set| set.records).collect())
}

/// Behind the last offset of the last whole batch, if there is one.
pub(crate) fn next_offset(batches: &[u8]) -> Option<i64> {
    let last = batches.get(whole(batches).last()?)?;
    let base = i64::from_be_bytes(*last.first_chunk()?);
    let delta = i32::from_be_bytes(*last.get(23..)?.first_chunk()?);
    Some(base + i64::from(delta) + 1)
}

/// Where the whole batches lie.
fn whole(batches: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let length = batches.get(start + 8..start + 12)?;
        let length = u32::from_be_bytes(length.try_into().expect("four"));
        let end = start + 12 + usize::try_from(length).expect("64 bits");
        let batch = (end <= batches.len()).then_some(start..end)?;
        start = end;
        Some(batch)
    })
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(now.expect("after 1970").as_millis()).expect("before the year 292,000,000")
}
