//! Random logs, compacted again and again, against a map of what a reader must end up with.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use record::{
    BatchBuilder, BatchView, Codec, Decompressor, Header, LeaderEpoch, NewRecord, Offset,
    PartitionIndex, ProducerEpoch, ProducerId, Seal, SealProducer, Sequence, Timestamp, TopicId,
    TopicPartition,
};
use runtime::hash::FixedMap;

use super::filter::{Filter, Pass, Written};
use super::keys::KeyMap;
use super::scan::KeyScan;

const LOG: TopicPartition =
    TopicPartition { topic: TopicId([9; 16]), partition: PartitionIndex(4) };
const BATCH_MAX: usize = 1 << 20;

/// A record as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: usize,
}

/// One batch: its codec, its producer, and keys with values.
type Drawn = (Codec, i64, Vec<(u8, Option<u16>)>);

fn drawn() -> impl Strategy<Value = Drawn> {
    let record = (0..12_u8, proptest::option::weighted(0.8, any::<u16>()));
    let codec = proptest::sample::select(&Codec::ALL[..]);
    (codec, -1..3_i64, proptest::collection::vec(record, 1..8))
}

/// The segment's bytes of these batches, from offset `base` on, and the offset behind them.
fn encode(batches: &[Drawn], base: i64) -> (Vec<u8>, i64) {
    let (mut bytes, mut next) = (Vec::new(), base);
    for (codec, producer, records) in batches {
        let mut builder = BatchBuilder::new();
        for ((key, value), number) in records.iter().zip(0..) {
            let value = value.map(u16::to_be_bytes);
            let headers = [Header { key: b"h", value: None }; 3];
            let headers = headers.get(..usize::from(*key) % 4).unwrap();
            let record = NewRecord {
                timestamp: Timestamp(1_000 + next * 10 + number % 3),
                key: Some(std::slice::from_ref(key)),
                value: value.as_ref().map(<[u8; 2]>::as_slice),
                headers,
            };
            builder.append(&record).unwrap();
        }
        let producer = (*producer >= 0).then_some(SealProducer {
            id: ProducerId(*producer),
            epoch: ProducerEpoch(0),
            base_sequence: Sequence(0),
            transactional: false,
        });
        let (base_offset, leader_epoch) = (Offset(next), LeaderEpoch(2));
        let seal = Seal { codec: *codec, base_offset, leader_epoch, producer };
        bytes.extend_from_slice(&builder.seal(&seal).unwrap());
        next += i64::try_from(records.len()).unwrap();
    }
    (bytes, next)
}

fn batches(bytes: &[u8]) -> Vec<BatchView<'_>> {
    let (mut rest, mut found) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (batch, behind) = BatchView::parse(rest).unwrap();
        assert!(batch.crc_is_valid());
        found.push(batch);
        rest = behind;
    }
    assert!(found.is_sorted_by(|one, next| one.next_offset() <= next.base_offset()));
    found
}

fn seen(bytes: &[u8]) -> Vec<Seen> {
    let mut scratch = Decompressor::new();
    let mut all = Vec::new();
    for batch in batches(bytes) {
        let records = batch.records(&mut scratch, BATCH_MAX).unwrap();
        all.extend(records.iter().map(|record| {
            let record = record.unwrap();
            Seen {
                offset: records.offset(&record).0,
                timestamp: records.timestamp(&record).0,
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
                headers: record.headers.len(),
            }
        }));
    }
    all
}

/// The last record of each key.
fn latest(records: &[Seen]) -> BTreeMap<Vec<u8>, Seen> {
    records.iter().map(|record| (record.key.clone().unwrap(), record.clone())).collect()
}

fn last_offsets(bytes: &[u8]) -> FixedMap<ProducerId, Offset> {
    let known = batches(bytes).into_iter();
    let known = known.filter(|batch| batch.header().producer_id() != ProducerId::NONE);
    known.map(|batch| (batch.header().producer_id(), batch.last_offset())).collect()
}

/// One pass over a log of one segment, in pieces of `piece` bytes.
fn clean(
    log: &[u8],
    from: i64,
    now: i64,
    key_bytes: usize,
    piece: usize,
) -> (Vec<u8>, Written, i64) {
    let behind = batches(log).last().unwrap().next_offset();
    let mut scan = KeyScan::new(KeyMap::new(key_bytes, [5, 6]), Offset(0), Offset(from), BATCH_MAX);
    let mut pieces = log.chunks(piece);
    let is_whole = pieces.all(|piece| scan.take(piece).unwrap());
    if is_whole {
        scan.end_segment(behind).unwrap();
    }
    let (keys, end) = scan.finish();
    let pass = Pass {
        log: LOG,
        end,
        now: Timestamp(now),
        tombstone_ms: 100,
        batch_bytes_max: BATCH_MAX,
        producers: Arc::new(last_offsets(log)),
    };
    let mut filter = Filter::new(pass, keys, Offset(0));
    let mut output = Vec::new();
    log.chunks(piece).for_each(|piece| filter.take(piece, &mut output).unwrap());
    filter.end_segment(behind).unwrap();
    let (written, _, _) = filter.finish();
    (output, written, end.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn the_last_of_each_key_stays_and_is_as_it_was(
        rounds in proptest::collection::vec(proptest::collection::vec(drawn(), 1..12), 1..5),
        piece in 1..4_000_usize,
    ) {
        let (mut log, mut next, mut from) = (Vec::new(), 0, 0);
        let mut written = Vec::new();
        for (round, drawn) in rounds.iter().enumerate() {
            let (bytes, behind) = encode(drawn, next);
            next = behind;
            written.extend(seen(&bytes));
            log.extend_from_slice(&bytes);
            // Tombstones of the first pass go in the third.
            let now = 10_000 + i64::try_from(round).unwrap() * 60;
            let (cleaned, report, end) = clean(&log, from, now, 1 << 20, piece);
            prop_assert_eq!(end, next);
            let found = seen(&cleaned);
            prop_assert!(found.is_sorted_by(|one, next| one.offset < next.offset));
            prop_assert!(found.iter().all(|record| written.contains(record)));
            let mut expected = latest(&written);
            let kept = latest(&found);
            prop_assert_eq!(kept.len(), found.len(), "of each key there is one");
            expected.retain(|key, record| record.value.is_some() || kept.contains_key(key));
            prop_assert_eq!(kept, expected);
            prop_assert_eq!(last_offsets(&cleaned), last_offsets(&log), "producers' last");
            let last = batches(&cleaned).last().unwrap().next_offset();
            prop_assert_eq!((last, report.next_offset), (Offset(next), Offset(next)));
            prop_assert_eq!(report.bytes as usize, cleaned.len());
            let (again, same, _) = clean(&cleaned, next, now, 1 << 20, piece);
            prop_assert_eq!((again, same.removed), (cleaned.clone(), 0), "nothing more goes");
            (log, from) = (cleaned, end);
        }
    }

    /// Whatever memory there is: several passes come to the same as one.
    #[test]
    fn a_map_that_fills_up_only_takes_more_passes(
        keys in 1_000..2_000_u32,
        repeats in proptest::collection::vec(0..2_000_u32, 0..500),
    ) {
        let mut log = Vec::new();
        let all: Vec<u32> = (0..keys).chain(repeats).collect();
        for (numbers, base) in all.chunks(50).zip((0..).step_by(50)) {
            let mut builder = BatchBuilder::new();
            for number in numbers {
                let key = number.to_be_bytes();
                let value = Some(&b"v"[..]);
                let timestamp = Timestamp(1);
                let record = NewRecord { timestamp, key: Some(&key), value, headers: &[] };
                builder.append(&record).unwrap();
            }
            let seal = Seal { base_offset: Offset(base), ..Seal::default() };
            log.extend_from_slice(&builder.seal(&seal).unwrap());
        }
        let expected = latest(&seen(&log));
        let (mut from, end, mut passes) = (0, i64::try_from(all.len()).unwrap(), 0);
        while from < end {
            let (cleaned, _, reached) = clean(&log, from, 1, 0, 1 << 16);
            prop_assert!(reached > from, "each pass comes further");
            prop_assert_eq!(latest(&seen(&cleaned)), expected.clone());
            (log, from, passes) = (cleaned, reached, passes + 1);
        }
        prop_assert!(passes > 1);
        prop_assert_eq!(seen(&log).len(), expected.len());
    }
}

#[test]
fn a_tombstone_stays_until_its_time_is_over() {
    let (mut log, next) = encode(&[(Codec::Lz4, -1, vec![(1, Some(1)), (1, None)])], 0);
    log.extend(encode(&[(Codec::None, -1, vec![(2, Some(2))])], next).0);
    let (first, _, end) = clean(&log, 0, 1_000, 1 << 20, 100);
    assert_eq!(seen(&first).len(), 2, "the tombstone, and the other key");
    let horizon = batches(&first).first().unwrap().header().delete_horizon();
    assert_eq!(horizon, Some(Timestamp(1_100)));
    let (still, _, _) = clean(&first, end, 1_099, 1 << 20, 100);
    assert_eq!(still, first);
    let (gone, written, _) = clean(&first, end, 1_100, 1 << 20, 100);
    assert_eq!((seen(&gone).len(), written.removed), (1, 1));
}

#[test]
fn damage_is_refused_and_what_can_not_be_unpacked_stays() {
    let (log, _) = encode(&[(Codec::None, -1, vec![(1, Some(1))])], 0);
    let scan = |bytes: &[u8]| {
        let mut scan = KeyScan::new(KeyMap::new(0, [1, 2]), Offset(0), Offset(0), BATCH_MAX);
        scan.take(bytes).and_then(|_| scan.end_segment(Offset(1)))
    };
    assert_eq!(scan(&log), Ok(()));
    assert_eq!(scan(&log[..log.len() - 1]), Err(super::CleanError::CutOff));
    let mut damaged = log.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(scan(&damaged), Err(super::CleanError::Crc { base: Offset(0) }));
    let mut moved = log.clone();
    moved[..8].copy_from_slice(&5_i64.to_be_bytes());
    assert_eq!(scan(&moved), Err(super::CleanError::Offsets { base: Offset(6) }));
    let twice = [log.as_slice(), &log].concat();
    assert_eq!(scan(&twice), Err(super::CleanError::Offsets { base: Offset(0) }));
    let mut huge = log.clone();
    huge[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(matches!(scan(&huge), Err(super::CleanError::NoBatch { position: 0, .. })));
    // A batch whose records are not lz4, with a CRC that is right, between two of its key.
    let (mut odd, next) = encode(&[(Codec::None, -1, vec![(1, Some(7))])], 1);
    let mut header = record::BatchHeader::decode(&odd).unwrap();
    header.attributes = header.attributes.with_codec(Codec::Lz4);
    odd[..record::HEADER_BYTES].copy_from_slice(&header.encode());
    header.crc = record::Crc32c::of(&odd[record::UNSUMMED_BYTES..]);
    odd[..record::HEADER_BYTES].copy_from_slice(&header.encode());
    let (last, _) = encode(&[(Codec::None, -1, vec![(1, Some(9))])], next);
    let (cleaned, written, _) = clean(&[log, odd.clone(), last.clone()].concat(), 0, 1, 0, 50);
    assert_eq!((cleaned, written.removed, written.unread), ([odd, last].concat(), 1, 1));
}
