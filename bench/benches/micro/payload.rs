//! Records to measure with: events as services write them, compressible about as well.

use std::io::Write;

use record::{BatchBuilder, Codec, Header, NewRecord, Seal, Timestamp};

use crate::sequence::Sequence;

/// Where the records' time begins.
const START_MS: i64 = 1_780_000_000_000;

/// The shape of a batch.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    /// Records in it.
    pub(crate) records: u32,
    /// Bytes of each record's value.
    pub(crate) value_bytes: usize,
}

/// A JSON event of `bytes` bytes: names and structure repeat, ids and figures do not.
pub(crate) fn event(sequence: &mut Sequence, bytes: usize) -> Vec<u8> {
    const LEVELS: [&str; 4] = ["debug", "info", "warning", "error"];
    const ROUTES: [&str; 4] = ["/cart", "/cart/items", "/checkout", "/account/orders"];
    let mut text = Vec::with_capacity(bytes + 256);
    while text.len() < bytes {
        let level = LEVELS[usize::try_from(sequence.below(4)).unwrap_or(0)];
        let route = ROUTES[usize::try_from(sequence.below(4)).unwrap_or(0)];
        write!(
            text,
            "{{\"level\":\"{level}\",\"route\":\"{route}\",\"user\":{},\"trace\":\"{:016x}\",\
             \"status\":200,\"micros\":{}}}",
            sequence.below(1_000_000),
            sequence.below(u64::MAX),
            sequence.below(40_000),
        )
        .expect("writing to a vector does not fail");
    }
    text.truncate(bytes);
    text
}

/// A producer's batch: keys of 16 bytes, a header on each record, times a few ms apart.
pub(crate) fn batch(shape: Shape, codec: Codec) -> Vec<u8> {
    let mut sequence = Sequence::new(1);
    let mut builder = BatchBuilder::new();
    for number in 0..i64::from(shape.records) {
        let key = format!("{:016x}", sequence.below(1_000_000));
        let value = event(&mut sequence, shape.value_bytes);
        let headers = [Header { key: b"source", value: Some(b"gateway-7") }];
        let record = NewRecord {
            timestamp: Timestamp(START_MS + number / 8),
            key: Some(key.as_bytes()),
            value: Some(&value),
            headers: &headers,
        };
        builder.append(&record).expect("a batch under 2 GiB");
    }
    builder.seal(&Seal { codec, ..Seal::default() }).expect("a batch that can be compressed")
}
