//! The batch header: bytes, checks and hostile values.

use proptest::prelude::*;

use super::*;

fn sample() -> BatchHeader {
    BatchHeader {
        base_offset: Offset(1_000),
        total_len: 61 + 9,
        leader_epoch: LeaderEpoch(7),
        crc: 0xdead_beef,
        attributes: Attributes(0b1_0100),
        last_offset_delta: OffsetDelta(4),
        base_timestamp: Timestamp(-5),
        max_timestamp: Timestamp(1_700_000_000_000),
        producer_id: ProducerId(12),
        producer_epoch: ProducerEpoch(3),
        base_sequence: Sequence(99),
        record_count: 5,
    }
}

#[test]
fn fields_stand_where_kafka_has_them() {
    let bytes = sample().encode();
    let expected = [
        &[0, 0, 0, 0, 0, 0, 0x03, 0xe8, 0, 0, 0, 58, 0, 0, 0, 7, 2, 0xde, 0xad, 0xbe, 0xef][..],
        &[0, 0x14, 0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfb],
        &[0, 0, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 3],
        &[0, 0, 0, 99, 0, 0, 0, 5],
    ];
    assert_eq!(bytes[..], expected.concat());
}

#[test]
fn offsets_after_the_batch_come_from_the_last_delta() {
    let mut header = sample();
    header.record_count = 0;
    let bytes = header.encode();
    let view = HeaderView::parse(&bytes).unwrap();
    assert_eq!(view.last_offset(), Offset(1_004));
    assert_eq!(view.next_offset(), Offset(1_005));
}

#[test]
fn append_time_is_only_there_if_the_type_says_so() {
    let mut header = sample();
    assert_eq!(HeaderView::parse(&header.encode()).unwrap().append_time(), None);
    header.attributes = header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
    let bytes = header.encode();
    let view = HeaderView::parse(&bytes).unwrap();
    assert_eq!(view.append_time(), Some(header.max_timestamp));
}

#[test]
fn every_cut_header_is_incomplete() {
    let bytes = sample().encode();
    for have in 0..HEADER_BYTES {
        let needs = if have < MAGIC_END { HEADER_BYTES } else { 70 };
        let expected = Err(HeaderError::Incomplete { needs, have });
        assert_eq!(HeaderView::parse(&bytes[..have]), expected);
    }
}

#[test]
fn other_formats_are_named_even_if_shorter_than_a_header() {
    let mut bytes = sample().encode();
    for magic in [0, 1, 3, -1, i8::MIN] {
        bytes[MAGIC_AT] = magic.cast_unsigned();
        for have in [MAGIC_END, 30, HEADER_BYTES] {
            let expected = Err(HeaderError::Magic { magic });
            assert_eq!(HeaderView::parse(&bytes[..have]), expected);
        }
    }
}

#[test]
fn length_without_room_for_a_header_is_refused() {
    let mut bytes = sample().encode();
    for length in [i32::MIN, -1, 0, 48] {
        bytes[LENGTH_AT..LENGTH_END].copy_from_slice(&length.to_be_bytes());
        for have in [MAGIC_END, HEADER_BYTES] {
            let expected = Err(HeaderError::Length { length });
            assert_eq!(HeaderView::parse(&bytes[..have]), expected);
        }
    }
    for length in [49, i32::MAX] {
        bytes[LENGTH_AT..LENGTH_END].copy_from_slice(&length.to_be_bytes());
        let total_len = HeaderView::parse(&bytes).unwrap().total_len();
        assert_eq!(total_len, usize::try_from(length).unwrap() + 12);
    }
}

#[test]
fn offsets_that_are_negative_or_overflow_are_refused() {
    let refused = [(-1, 0), (i64::MIN, 0), (0, -1), (0, i32::MIN), (i64::MAX, 0)];
    let refused = refused.into_iter().chain([(i64::MAX - 5, 5), (i64::MAX - 1, i32::MAX)]);
    for (base_offset, delta) in refused {
        let mut header = sample();
        header.base_offset = Offset(base_offset);
        header.last_offset_delta = OffsetDelta(delta);
        let expected = HeaderError::OffsetRange {
            base_offset: header.base_offset,
            last_offset_delta: header.last_offset_delta,
        };
        assert_eq!(HeaderView::parse(&header.encode()), Err(expected));
    }
    for (base_offset, delta) in [(i64::MAX - 6, 5), (0, i32::MAX)] {
        let mut header = sample();
        header.base_offset = Offset(base_offset);
        header.last_offset_delta = OffsetDelta(delta);
        let bytes = header.encode();
        let view = HeaderView::parse(&bytes).unwrap();
        assert_eq!(view.next_offset().0, base_offset + i64::from(delta) + 1);
    }
}

proptest! {
    #[test]
    fn a_header_survives_its_bytes(
        base_offset in 0..i64::MAX / 2,
        total_len in 61..0x7fff_ffff_usize + 12,
        (leader_epoch, crc, attributes) in any::<(i32, u32, i16)>(),
        last_offset_delta in 0..i32::MAX,
        (base_timestamp, max_timestamp) in any::<(i64, i64)>(),
        (producer_id, producer_epoch, base_sequence) in any::<(i64, i16, i32)>(),
        record_count in any::<i32>(),
    ) {
        let header = BatchHeader {
            base_offset: Offset(base_offset),
            total_len,
            leader_epoch: LeaderEpoch(leader_epoch),
            crc,
            attributes: Attributes(attributes),
            last_offset_delta: OffsetDelta(last_offset_delta),
            base_timestamp: Timestamp(base_timestamp),
            max_timestamp: Timestamp(max_timestamp),
            producer_id: ProducerId(producer_id),
            producer_epoch: ProducerEpoch(producer_epoch),
            base_sequence: Sequence(base_sequence),
            record_count,
        };
        prop_assert_eq!(BatchHeader::decode(&header.encode()), Ok(header));
    }
}
