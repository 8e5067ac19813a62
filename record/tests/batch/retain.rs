//! Batches written again without some of their records.

use proptest::prelude::*;
use record::{
    Codec, Decompressor, HeaderMut, LeaderEpoch, Offset, ProducerEpoch, ProducerId, RetainError,
    Retained, Retention, Seal, SealProducer, Sequence, Timestamp, TimestampType,
};

use crate::sample::{OwnedRecord, build, codec, collect, records, view};

const HORIZON: Timestamp = Timestamp(1_700_000_500_000);

fn retention(keep_empty: bool) -> Retention {
    Retention { delete_horizon: HORIZON, keep_empty, plain_bytes_max: 1 << 20 }
}

fn seal(codec: Codec) -> Seal {
    let producer = SealProducer {
        id: ProducerId(4711),
        epoch: ProducerEpoch(3),
        base_sequence: Sequence(42),
        transactional: false,
    };
    let (base_offset, leader_epoch) = (Offset(1_000), LeaderEpoch(7));
    Seal { codec, base_offset, leader_epoch, producer: Some(producer) }
}

/// What stays of a batch if the records with these numbers do.
fn retain(bytes: &[u8], retention: Retention, kept: &[bool]) -> (Retained, Vec<u8>) {
    let mut kept = kept.iter();
    let mut output = b"before".to_vec();
    let retained = view(bytes)
        .retain(retention, &mut Decompressor::new(), |_, _| *kept.next().unwrap(), &mut output)
        .unwrap();
    assert!(kept.next().is_none(), "each record is asked for once");
    (retained, output.split_off(6))
}

fn offsets(bytes: &[u8]) -> Vec<i64> {
    let mut decompressor = Decompressor::new();
    let view = view(bytes);
    let records = view.records(&mut decompressor, 1 << 20).unwrap();
    records.iter().map(|record| records.offset(&record.unwrap()).0).collect()
}

fn contents(bytes: &[u8]) -> Vec<OwnedRecord> {
    collect(&view(bytes).records(&mut Decompressor::new(), 1 << 20).unwrap())
}

proptest! {
    #[test]
    fn what_stays_is_what_it_was(
        records in records(),
        codec in codec(),
        choice in proptest::collection::vec(any::<bool>(), 20),
        broker_time in any::<bool>(),
    ) {
        let mut before = build(&records, &seal(codec));
        if broker_time {
            HeaderMut::parse(&mut before).unwrap().set_log_append_time(Timestamp(77));
        }
        let choice = &choice[..records.len()];
        let (retained, after) = retain(&before, retention(true), choice);
        let stays = |index: usize| choice[index];
        let expected: Vec<_> = contents(&before)
            .into_iter()
            .enumerate()
            .filter_map(|(index, record)| stays(index).then_some(record))
            .collect();
        let (old, new) = (view(&before).header().decode(), view(&after).header().decode());
        prop_assert!(view(&after).crc_is_valid());
        prop_assert_eq!(contents(&after), expected.clone());
        let expected_offsets: Vec<_> =
            offsets(&before).into_iter().enumerate().filter(|(i, _)| stays(*i)).collect();
        let expected_offsets: Vec<_> = expected_offsets.into_iter().map(|(_, o)| o).collect();
        prop_assert_eq!(offsets(&after), expected_offsets);
        prop_assert_eq!(new.base_offset, old.base_offset);
        prop_assert_eq!(new.last_offset_delta, old.last_offset_delta);
        prop_assert_eq!(new.leader_epoch, old.leader_epoch);
        prop_assert_eq!(new.producer_id, old.producer_id);
        prop_assert_eq!(new.producer_epoch, old.producer_epoch);
        prop_assert_eq!(new.base_sequence, old.base_sequence);
        prop_assert_eq!(new.attributes.timestamp_type(), old.attributes.timestamp_type());
        if broker_time {
            prop_assert_eq!(new.max_timestamp, Timestamp(77));
        } else if let Some(largest) = expected.iter().map(|record| record.timestamp).max() {
            prop_assert_eq!(new.max_timestamp, largest);
        }
        let tombstones = expected.iter().any(|record| record.value.is_none());
        let horizon = view(&after).header().delete_horizon();
        prop_assert_eq!(horizon, tombstones.then_some(HORIZON));
        match retained {
            Retained::Whole => prop_assert_eq!(after, before),
            Retained::Emptied => prop_assert_eq!(after.len(), record::HEADER_BYTES),
            Retained::Rewritten { removed } => {
                prop_assert_eq!(removed as usize, records.len() - expected.len());
                prop_assert_eq!(new.attributes.codec(), Some(codec));
            }
            Retained::Dropped => prop_assert!(false, "an empty one was to be kept"),
        }
    }

    #[test]
    fn in_two_steps_it_comes_to_the_same(
        records in records(),
        codec in codec(),
        first in proptest::collection::vec(any::<bool>(), 20),
        second in proptest::collection::vec(any::<bool>(), 20),
    ) {
        let before = build(&records, &seal(codec));
        let count = records.len();
        let both: Vec<_> = (0..count).map(|i| first[i] && second[i]).collect();
        let (_, once) = retain(&before, retention(true), &both);
        let (_, half) = retain(&before, retention(true), &first[..count]);
        let rest: Vec<_> = (0..count).filter(|i| first[*i]).map(|i| second[i]).collect();
        let (_, twice) = retain(&half, retention(true), &rest);
        prop_assert_eq!(contents(&twice), contents(&once));
        prop_assert_eq!(offsets(&twice), offsets(&once));
    }
}

fn record(timestamp: i64, key: &str, value: Option<&str>) -> OwnedRecord {
    OwnedRecord {
        timestamp: Timestamp(timestamp),
        key: Some(key.into()),
        value: value.map(|value| value.as_bytes().to_vec()),
        headers: vec![(b"h".to_vec(), Some(b"1".to_vec())), (b"h".to_vec(), None)],
    }
}

/// The bytes of a batch that keeps its second record and a tombstone.
#[test]
fn a_rewritten_batch_s_bytes_are_these() {
    let records =
        [record(1_000, "a", Some("1")), record(1_005, "b", Some("2")), record(1_009, "c", None)];
    let before = build(&records, &seal(Codec::None));
    let short = Retention { delete_horizon: Timestamp(1_003), ..retention(false) };
    let (retained, after) = retain(&before, short, &[false, true, true]);
    assert_eq!(retained, Retained::Rewritten { removed: 1 });
    let header = [
        &1_000_i64.to_be_bytes()[..],
        &(49 + 31_i32).to_be_bytes(),
        &7_i32.to_be_bytes(),
        &[2],
        &view(&after).header().crc().to_be_bytes(),
        &0b100_0000_i16.to_be_bytes(),
        &2_i32.to_be_bytes(),
        &1_003_i64.to_be_bytes(),
        &1_009_i64.to_be_bytes(),
        &4_711_i64.to_be_bytes(),
        &3_i16.to_be_bytes(),
        &42_i32.to_be_bytes(),
        &2_i32.to_be_bytes(),
    ];
    // Zig-zag: length, no attributes, time, offset, key, value, two headers.
    let b = [30, 0, 4, 2, 2, b'b', 2, b'2', 4, 2, b'h', 2, b'1', 2, b'h', 1];
    let c = [28, 0, 12, 4, 2, b'c', 1, 4, 2, b'h', 2, b'1', 2, b'h', 1];
    assert_eq!(after, [&header.concat()[..], &b, &c].concat());
    assert!(view(&after).crc_is_valid());
    // The horizon stays, whatever the next one would be.
    let (_, again) = retain(&after, retention(false), &[false, true]);
    assert_eq!(view(&again).header().delete_horizon(), Some(Timestamp(1_003)));
    assert_eq!(contents(&again), [records[2].clone()]);
}

#[test]
fn a_batch_that_loses_everything_goes_or_stays_as_a_header() {
    let before = build(&[record(1_000, "a", None)], &seal(Codec::Zstd));
    let (retained, after) = retain(&before, retention(false), &[false]);
    assert_eq!((retained, after.len()), (Retained::Dropped, 0));
    let (retained, empty) = retain(&before, retention(true), &[false]);
    assert_eq!(retained, Retained::Emptied);
    let header = view(&empty).header().decode();
    assert_eq!((header.record_count, header.base_timestamp), (0, Timestamp::NONE));
    assert_eq!(header.max_timestamp, Timestamp(1_000));
    assert_eq!(header.attributes.codec(), Some(Codec::None));
    assert_eq!(header.attributes.timestamp_type(), TimestampType::CreateTime);
    assert_eq!(view(&empty).next_offset(), Offset(1_001));
    assert!(view(&empty).crc_is_valid());
    assert!(contents(&empty).is_empty());
    assert_eq!(retain(&empty, retention(true), &[]), (Retained::Whole, empty.clone()));
    assert_eq!(retain(&empty, retention(false), &[]), (Retained::Dropped, Vec::new()));
}

#[test]
fn markers_are_left_alone() {
    let commit = include_bytes!("../golden/java-commit.bin");
    let mut output = Vec::new();
    let retained = view(commit)
        .retain(retention(false), &mut Decompressor::new(), |_, _| false, &mut output)
        .unwrap();
    assert_eq!((retained, output.as_slice()), (Retained::Whole, &commit[..]));
}

#[test]
fn what_can_not_be_written_leaves_the_output_alone() {
    let keep_all = |_: &record::Records<'_>, _: &record::Record<'_>| true;
    let mut output = vec![1];
    let tombstone = build(&[record(-1, "a", None)], &Seal::default());
    let far = Retention { delete_horizon: Timestamp(i64::MIN), ..retention(false) };
    let far = view(&tombstone).retain(far, &mut Decompressor::new(), keep_all, &mut output);
    assert!(matches!(far, Ok(Retained::Rewritten { .. })), "-1 - i64::MIN is i64::MAX");
    output.truncate(1);
    let tombstone = build(&[record(0, "a", None)], &Seal::default());
    let far = Retention { delete_horizon: Timestamp(i64::MIN), ..retention(false) };
    let far = view(&tombstone).retain(far, &mut Decompressor::new(), keep_all, &mut output);
    assert_eq!(far, Err(RetainError::Timestamp { timestamp: Timestamp(0) }));
    let small = Retention { plain_bytes_max: 3, ..retention(false) };
    let packed = build(&[record(1, "a", Some("1"))], &seal(Codec::Gzip));
    let small = view(&packed).retain(small, &mut Decompressor::new(), keep_all, &mut output);
    assert!(matches!(small, Err(RetainError::Compression(_))));
    assert_eq!(output, [1]);
}
