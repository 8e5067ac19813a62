//! Batches and records to test with.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use record::{BatchBuilder, BatchView, Codec, Header, NewRecord, Records, Seal, Timestamp};

/// A record that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedRecord {
    pub(crate) timestamp: Timestamp,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

impl OwnedRecord {
    pub(crate) fn with<T>(&self, act: impl FnOnce(&NewRecord<'_>) -> T) -> T {
        let headers: Vec<_> = self
            .headers
            .iter()
            .map(|(key, value)| Header { key, value: value.as_deref() })
            .collect();
        act(&NewRecord {
            timestamp: self.timestamp,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers: &headers,
        })
    }
}

/// Records as producers make them and then some: null and empty keys and values, header keys that
/// repeat and are not UTF-8, timestamps in any order.
pub(crate) fn records() -> impl Strategy<Value = Vec<OwnedRecord>> {
    vec(record(), 1..20)
}

fn record() -> impl Strategy<Value = OwnedRecord> {
    let header_key = prop_oneof![Just(b"same".to_vec()), vec(any::<u8>(), 0..5)];
    let header = (header_key, option::of(vec(any::<u8>(), 0..10)));
    let timestamp = prop_oneof![1_700_000_000_000..1_700_000_100_000_i64, -1..1_i64 << 40];
    (
        timestamp.prop_map(Timestamp),
        option::of(vec(any::<u8>(), 0..20)),
        option::of(vec(0..3_u8, 0..400)),
        vec(header, 0..6),
    )
        .prop_map(|(timestamp, key, value, headers)| OwnedRecord {
            timestamp,
            key,
            value,
            headers,
        })
}

pub(crate) fn codec() -> impl Strategy<Value = Codec> {
    proptest::sample::select(&Codec::ALL[..])
}

/// The batch of `records`, each appended in turn.
pub(crate) fn build(records: &[OwnedRecord], seal: &Seal) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for record in records {
        record.with(|record| builder.append(record)).unwrap();
    }
    builder.seal(seal).unwrap()
}

/// A small batch of three records, uncompressed.
pub(crate) fn small() -> Vec<u8> {
    let records = [Some(b"key".to_vec()), None, Some(Vec::new())].map(|key| OwnedRecord {
        timestamp: Timestamp(1_700_000_000_000),
        key,
        value: Some(b"value".to_vec()),
        headers: vec![(b"h".to_vec(), None), (b"h".to_vec(), Some(b"1".to_vec()))],
    });
    build(&records, &Seal::default())
}

/// The one batch in `bytes`.
#[track_caller]
pub(crate) fn view(bytes: &[u8]) -> BatchView<'_> {
    let (view, rest) = BatchView::parse(bytes).unwrap();
    assert!(rest.is_empty());
    view
}

/// Copies of all records, with the time that a consumer sees.
pub(crate) fn collect(records: &Records<'_>) -> Vec<OwnedRecord> {
    let records = records.iter().map(|record| {
        let record = record.unwrap();
        OwnedRecord {
            timestamp: records.timestamp(&record),
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record
                .headers
                .iter()
                .map(|header| (header.key.to_vec(), header.value.map(<[u8]>::to_vec)))
                .collect(),
        }
    });
    records.collect()
}
