//! What goes into a builder comes out of a view.

use proptest::prelude::*;
use record::{
    BatchBuilder, BatchHeader, BuildError, Codec, CrcProgress, Decompressor, HEADER_BYTES,
    LeaderEpoch, NewRecord, Offset, OffsetDelta, ProduceLimits, ProducerEpoch, ProducerId, Seal,
    SealProducer, Sequence, Timestamp,
};

use crate::sample::{OwnedRecord, build, codec, collect, records, small, view};

const NO_LIMIT: ProduceLimits = ProduceLimits { batch_bytes_max: usize::MAX };

proptest! {
    #[test]
    fn records_survive_each_codec(records in records(), codec in codec()) {
        let bytes = build(&records, &Seal { codec, ..Seal::default() });
        let view = view(&bytes);
        prop_assert!(view.crc_is_valid());
        prop_assert_eq!(view.check_produced(NO_LIMIT), Ok(()));
        let mut decompressor = Decompressor::new();
        let decoded = view.records(&mut decompressor, 1 << 20).unwrap();
        prop_assert_eq!(collect(&decoded), records.clone());

        let framing = decoded.check_framing().unwrap();
        let times = records.iter().map(|record| record.timestamp);
        prop_assert_eq!(Some(framing.min_timestamp), times.clone().min());
        prop_assert_eq!(Some(framing.max_timestamp), times.max());
        prop_assert_eq!(view.header().max_timestamp(), framing.max_timestamp);
        let keyless = records.iter().position(|record| record.key.is_none());
        let keyless = keyless.map(|index| OffsetDelta(i32::try_from(index).unwrap()));
        prop_assert_eq!(framing.first_without_key, keyless);
    }

    #[test]
    fn header_says_what_the_seal_said(
        records in records(),
        codec in codec(),
        base_offset in 0..i64::MAX / 2,
        (leader_epoch, id, epoch) in any::<(i32, i64, i16)>(),
        (base_sequence, transactional) in any::<(i32, bool)>(),
    ) {
        let producer = SealProducer {
            id: ProducerId(id),
            epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(base_sequence),
            transactional,
        };
        let seal = Seal {
            codec,
            base_offset: Offset(base_offset),
            leader_epoch: LeaderEpoch(leader_epoch),
            producer: Some(producer),
        };
        let bytes = build(&records, &seal);
        let header = BatchHeader::decode(&bytes).unwrap();
        let count = i32::try_from(records.len()).unwrap();
        prop_assert_eq!(header.total_len, bytes.len());
        prop_assert_eq!(header.base_offset, seal.base_offset);
        prop_assert_eq!(header.leader_epoch, seal.leader_epoch);
        prop_assert_eq!(header.attributes.codec(), Some(codec));
        prop_assert_eq!(header.attributes.is_transactional(), transactional);
        prop_assert!(!header.attributes.is_control());
        prop_assert_eq!(header.producer_id, producer.id);
        prop_assert_eq!(header.producer_epoch, producer.epoch);
        prop_assert_eq!(header.base_sequence, producer.base_sequence);
        prop_assert_eq!(header.record_count, count);
        prop_assert_eq!(header.last_offset_delta, OffsetDelta(count - 1));
        prop_assert_eq!(view(&bytes).next_offset(), Offset(base_offset + i64::from(count)));
    }

    #[test]
    fn size_is_known_before_and_after_each_record(records in records()) {
        let mut builder = BatchBuilder::new();
        prop_assert_eq!(builder.total_len(), HEADER_BYTES);
        for record in &records {
            let announced = record.with(|record| builder.total_len_with(record));
            record.with(|record| builder.append(record)).unwrap();
            prop_assert_eq!(announced, Some(builder.total_len()));
        }
        let total_len = builder.total_len();
        prop_assert_eq!(builder.seal(&Seal::default()).unwrap().len(), total_len);
    }

    #[test]
    fn crc_in_slices_agrees_with_one_pass(
        records in records(), slice in 1..300_usize, damage in proptest::option::of(21..100_usize),
    ) {
        let mut bytes = build(&records, &Seal::default());
        let damaged = damage.and_then(|at| bytes.get_mut(at)).map(|byte| *byte ^= 0x40);
        // A damaged offset delta may be incoherent: then there is no view to check.
        if let Ok((view, _)) = record::BatchView::parse(&bytes) {
            let mut check = view.crc_check();
            let mut steps = 1;
            let end = loop {
                match check.step(slice) {
                    CrcProgress::More => steps += 1,
                    end => break end,
                }
            };
            prop_assert_eq!(steps, (view.total_len() - 21).div_ceil(slice));
            let expected =
                if damaged.is_none() { CrcProgress::Valid } else { CrcProgress::Corrupt };
            prop_assert_eq!(end, expected);
            prop_assert_eq!(view.crc_is_valid(), damaged.is_none());
        }
    }
}

#[test]
fn batches_back_to_back_are_taken_one_by_one() {
    let one = small();
    let log = [&one[..], &one, &one[..30]].concat();
    let (first, rest) = record::BatchView::parse(&log).unwrap();
    assert_eq!(first.as_bytes(), one);
    let (second, rest) = record::BatchView::parse(rest).unwrap();
    assert_eq!(second, first);
    let incomplete = record::HeaderError::Incomplete { needs: one.len(), have: 30 };
    assert_eq!(record::BatchView::parse(rest), Err(incomplete));
}

fn empty() -> OwnedRecord {
    OwnedRecord { timestamp: Timestamp(9), key: None, value: None, headers: Vec::new() }
}

#[test]
fn offsets_of_records_count_from_the_base_offset() {
    let seal = Seal { base_offset: Offset(40), ..Seal::default() };
    let bytes = build(&[empty(), empty(), empty()], &seal);
    let records = view(&bytes).plain_records().unwrap();
    let offsets: Vec<_> = records.iter().map(|record| records.offset(&record.unwrap()).0).collect();
    assert_eq!(offsets, [40, 41, 42]);
}

#[test]
fn compressed_batch_has_no_plain_records() {
    for codec in Codec::ALL {
        let bytes = build(&[empty()], &Seal { codec, ..Seal::default() });
        assert_eq!(view(&bytes).plain_records().is_some(), codec == Codec::None);
    }
}

#[test]
fn one_decompressor_serves_one_batch_after_another() {
    let mut decompressor = Decompressor::new();
    for codec in Codec::ALL {
        for count in [3, 1, 2] {
            let records = vec![empty(); count];
            let bytes = build(&records, &Seal { codec, ..Seal::default() });
            let read = view(&bytes).records(&mut decompressor, 1_000).unwrap();
            assert_eq!(collect(&read), records);
        }
    }
}

#[test]
fn a_batch_without_records_can_not_be_sealed() {
    assert_eq!(BatchBuilder::new().seal(&Seal::default()), Err(BuildError::Empty));
}

#[test]
fn a_timestamp_too_far_from_the_first_changes_nothing() {
    let mut builder = BatchBuilder::new();
    let at = |timestamp| NewRecord {
        timestamp: Timestamp(timestamp),
        key: None,
        value: None,
        headers: &[],
    };
    builder.append(&at(-2)).unwrap();
    let before = builder.total_len();
    let refused = Err(BuildError::Timestamp { timestamp: Timestamp(i64::MAX) });
    assert_eq!(builder.append(&at(i64::MAX)), refused);
    assert_eq!(builder.total_len_with(&at(i64::MAX)), None);
    assert_eq!((builder.total_len(), builder.record_count()), (before, 1));
    builder.append(&at(i64::MAX - 2)).unwrap();
    let bytes = builder.seal(&Seal::default()).unwrap();
    let framing = view(&bytes).plain_records().unwrap().check_framing().unwrap();
    assert_eq!(framing.max_timestamp, Timestamp(i64::MAX - 2));
}
