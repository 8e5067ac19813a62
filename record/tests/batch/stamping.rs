//! Stamps change what they say and nothing else.

use proptest::prelude::*;
use record::{
    BatchView, Decompressor, HEADER_BYTES, HeaderError, HeaderMut, LeaderEpoch, Offset,
    OffsetDelta, Seal, Timestamp, TimestampType, UNSUMMED_BYTES,
};

use crate::sample::{build, codec, collect, records, small, view};

proptest! {
    #[test]
    fn assigned_offsets_leave_all_summed_bytes(
        records in records(), codec in codec(),
        base_offset in 0..i64::MAX - 100, leader_epoch: i32,
    ) {
        let before = build(&records, &Seal { codec, ..Seal::default() });
        let mut after = before.clone();
        let mut header = HeaderMut::parse(&mut after).unwrap();
        header.assign(Offset(base_offset), LeaderEpoch(leader_epoch)).unwrap();
        prop_assert_eq!(&before[UNSUMMED_BYTES..], &after[UNSUMMED_BYTES..]);
        let stamped = view(&after);
        prop_assert!(stamped.crc_is_valid());
        prop_assert_eq!(stamped.base_offset(), Offset(base_offset));
        prop_assert_eq!(stamped.header().leader_epoch(), LeaderEpoch(leader_epoch));
        prop_assert_eq!(stamped.header().crc(), view(&before).header().crc());
        prop_assert_eq!(stamped.total_len(), before.len());
    }

    #[test]
    fn append_time_keeps_the_crc_right_and_the_records_as_they_are(
        records in records(), codec in codec(), now: i64,
    ) {
        let before = build(&records, &Seal { codec, ..Seal::default() });
        let mut after = before.clone();
        HeaderMut::parse(&mut after).unwrap().set_log_append_time(Timestamp(now));
        prop_assert_eq!(&before[HEADER_BYTES..], &after[HEADER_BYTES..]);
        let stamped = view(&after);
        prop_assert!(stamped.crc_is_valid());
        let mut expected = view(&before).header().decode();
        expected.crc = stamped.header().crc();
        expected.max_timestamp = Timestamp(now);
        expected.attributes =
            expected.attributes.with_timestamp_type(TimestampType::LogAppendTime);
        prop_assert_eq!(stamped.header().decode(), expected);

        let mut decompressor = Decompressor::new();
        let seen = stamped.records(&mut decompressor, 1 << 20).unwrap();
        prop_assert!(collect(&seen).iter().all(|record| record.timestamp == Timestamp(now)));
        for (record, given) in seen.iter().zip(&records) {
            prop_assert_eq!(seen.create_time(&record.unwrap()), given.timestamp);
        }
    }

    #[test]
    fn corrected_max_timestamp_keeps_the_crc_right(
        records in records(), codec in codec(), wrong: i64,
    ) {
        let before = build(&records, &Seal { codec, ..Seal::default() });
        let mut after = before.clone();
        let right = view(&before).header().max_timestamp();
        HeaderMut::parse(&mut after).unwrap().set_max_timestamp(Timestamp(wrong));
        prop_assert!(view(&after).crc_is_valid());
        prop_assert_eq!(view(&after).header().max_timestamp(), Timestamp(wrong));
        HeaderMut::parse(&mut after).unwrap().set_max_timestamp(right);
        prop_assert_eq!(after, before);
    }

    #[test]
    fn damage_stays_visible_through_a_stamp(
        records in records(), place: prop::sample::Index, bit in 0..8_u32, now: i64,
    ) {
        let mut bytes = build(&records, &Seal::default());
        let place = HEADER_BYTES + place.index(bytes.len() - HEADER_BYTES);
        bytes[place] ^= 1 << bit;
        HeaderMut::parse(&mut bytes).unwrap().set_log_append_time(Timestamp(now));
        prop_assert!(!view(&bytes).crc_is_valid());
        bytes[place] ^= 1 << bit;
        prop_assert!(view(&bytes).crc_is_valid());
    }
}

#[test]
fn header_alone_can_be_stamped() {
    let whole = small();
    let mut expected = whole.clone();
    let mut header = whole[..HEADER_BYTES].to_vec();
    for bytes in [&mut expected, &mut header] {
        let mut header = HeaderMut::parse(bytes).unwrap();
        header.assign(Offset(5), LeaderEpoch(2)).unwrap();
        header.set_log_append_time(Timestamp(77));
    }
    assert_eq!(expected[..HEADER_BYTES], header);
    assert!(view(&expected).crc_is_valid());
}

#[test]
fn offsets_without_room_for_the_batch_are_refused_and_change_nothing() {
    let before = small();
    let mut after = before.clone();
    for base_offset in [-1, i64::MIN, i64::MAX, i64::MAX - 2] {
        let base_offset = Offset(base_offset);
        let mut header = HeaderMut::parse(&mut after).unwrap();
        let refused = HeaderError::OffsetRange { base_offset, last_offset_delta: OffsetDelta(2) };
        assert_eq!(header.assign(base_offset, LeaderEpoch(1)), Err(refused));
    }
    assert_eq!(after, before);
    let mut header = HeaderMut::parse(&mut after).unwrap();
    header.assign(Offset(i64::MAX - 3), LeaderEpoch(1)).unwrap();
    assert_eq!(BatchView::parse(&after).unwrap().0.next_offset(), Offset(i64::MAX));
}
