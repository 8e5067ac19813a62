//! Bytes that nobody should send: all are refused by name, none panics.

use std::slice::SliceIndex;

use proptest::collection::vec;
use proptest::prelude::*;
use record::{
    BatchView, CompressionError, Decompressor, EndMarker, Framing, HEADER_BYTES, HeaderError,
    HeaderMut, Offset, OffsetDelta, ProduceLimits, RecordError, RecordFault, Records, Seal,
    Timestamp, UNSUMMED_BYTES, VarintError,
};

use crate::sample::{build, codec, records, small, view};

/// A batch around `body`: a header that claims `count` records and the right length.
fn batch_of(body: &[u8], count: i32) -> Vec<u8> {
    let mut bytes = small();
    bytes.truncate(HEADER_BYTES);
    bytes.extend_from_slice(body);
    let length = i32::try_from(bytes.len() - 12).unwrap();
    put(&mut bytes, 8..12, &length.to_be_bytes());
    put(&mut bytes, 23..27, &(count - 1).max(0).to_be_bytes());
    put(&mut bytes, 57..61, &count.to_be_bytes());
    bytes
}

fn put(bytes: &mut [u8], at: impl SliceIndex<[u8], Output = [u8]>, new: &[u8]) {
    bytes[at].copy_from_slice(new);
}

/// A record without length: attributes, timestamp delta 0, `offset_delta`, null key and value,
/// no headers.
fn bare(offset_delta: u8) -> [u8; 6] {
    [0, 0, offset_delta << 1, 1, 1, 0]
}

fn check_framing(body: &[u8], count: i32) -> Result<Framing, RecordError> {
    view(&batch_of(body, count)).plain_records().unwrap().check_framing()
}

#[track_caller]
fn check_fault(content: &[u8], fault: RecordFault) {
    let length = u8::try_from(content.len() << 1).unwrap();
    let body = [&[length], content].concat();
    assert_eq!(check_framing(&body, 1), Err(RecordError { index: 0, fault }), "{content:02x?}");
}

#[test]
fn every_single_bit_flip_under_the_crc_is_caught() {
    let good = small();
    for place in UNSUMMED_BYTES - 4..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[place] ^= 1 << bit;
            let caught = match BatchView::parse(&bytes) {
                Ok((view, _)) => !view.crc_is_valid(),
                // The sign of the last offset delta is refused before the CRC is looked at.
                Err(error) => matches!(error, HeaderError::OffsetRange { .. }),
            };
            assert!(caught, "byte {place} bit {bit}");
        }
    }
}

#[test]
fn batch_cut_anywhere_is_incomplete() {
    let good = small();
    for have in 0..good.len() {
        let Err(HeaderError::Incomplete { needs, have: said }) = BatchView::parse(&good[..have])
        else {
            panic!("cut at {have}");
        };
        assert_eq!(said, have);
        assert_eq!(needs, if have < 17 { HEADER_BYTES } else { good.len() });
    }
}

#[test]
fn length_past_the_bytes_is_incomplete_and_not_believed() {
    let mut bytes = small();
    put(&mut bytes, 8..12, &i32::MAX.to_be_bytes());
    let have = bytes.len();
    let expected = HeaderError::Incomplete { needs: 0x7fff_ffff + 12, have };
    assert_eq!(BatchView::parse(&bytes), Err(expected));
}

#[test]
fn second_batch_and_garbage_are_given_back_as_rest() {
    let good = small();
    let bytes = [&good[..], b"garbage"].concat();
    assert_eq!(BatchView::parse(&bytes).unwrap().1, b"garbage");
}

#[test]
fn record_count_must_match_the_records() {
    let body = [&[12][..], &bare(0), &[12], &bare(1)].concat();
    assert!(check_framing(&body, 2).is_ok());
    let trailing = RecordFault::Trailing { bytes: 7 };
    assert_eq!(check_framing(&body, 1), Err(RecordError { index: 1, fault: trailing }));
    let missing = RecordFault::Varint(VarintError::Truncated);
    for count in [3, i32::MAX] {
        assert_eq!(check_framing(&body, count), Err(RecordError { index: 2, fault: missing }));
    }
    let trailing = RecordFault::Trailing { bytes: 14 };
    assert_eq!(check_framing(&body, 0), Err(RecordError { index: 0, fault: trailing }));
    for count in [-1, i32::MIN + 1] {
        let fault = RecordFault::RecordCount { count };
        assert_eq!(check_framing(&body, count), Err(RecordError { index: 0, fault }));
    }
}

#[test]
fn batch_that_compaction_emptied_has_no_records_and_no_time() {
    let framing = check_framing(&[], 0).unwrap();
    assert_eq!(framing.max_timestamp, Timestamp::NONE);
    assert_eq!(framing.min_timestamp, Timestamp::NONE);
}

#[test]
fn record_lengths_that_do_not_fit_are_refused() {
    for (length, bytes) in [(-1, &[1][..]), (0, &[0]), (6, &[12]), (-64, &[127])] {
        let fault = RecordFault::Length { length };
        assert_eq!(check_framing(bytes, 1), Err(RecordError { index: 0, fault }));
    }
    let past_end = [&[14][..], &bare(0)].concat();
    let fault = RecordFault::Length { length: 7 };
    assert_eq!(check_framing(&past_end, 1), Err(RecordError { index: 0, fault }));
    let wide = RecordFault::Varint(VarintError::TooWide);
    assert_eq!(check_framing(&[0xff; 20], 1), Err(RecordError { index: 0, fault: wide }));
}

#[test]
fn parts_of_a_record_that_do_not_fit_are_refused() {
    check_fault(&[0, 0, 0, 3, 1, 0], RecordFault::KeyLength { length: -2 });
    check_fault(&[0, 0, 0, 8, 1, 0], RecordFault::KeyLength { length: 4 });
    check_fault(&[0, 0, 0, 1, 3, 0], RecordFault::ValueLength { length: -2 });
    check_fault(&[0, 0, 0, 1, 4, 0], RecordFault::ValueLength { length: 2 });
    check_fault(&[0, 0, 0, 1, 1, 1], RecordFault::HeaderCount { count: -1 });
    check_fault(&[0, 0, 0, 1, 1, 2, 1, 1], RecordFault::HeaderKeyLength { length: -1 });
    check_fault(&[0, 0, 0, 1, 1, 2, 4, 1], RecordFault::HeaderKeyLength { length: 2 });
    check_fault(&[0, 0, 0, 1, 1, 2, 0, 3], RecordFault::HeaderValueLength { length: -2 });
    check_fault(&[0, 0, 0, 1, 1, 2, 0, 2], RecordFault::HeaderValueLength { length: 1 });
    check_fault(&[0, 0, 0, 1, 1, 0, 9, 9], RecordFault::LeftOver { bytes: 2 });
    check_fault(&[0, 0, 0, 1, 1], RecordFault::Varint(VarintError::Truncated));
    check_fault(&[0], RecordFault::Varint(VarintError::Truncated));
    let headers_past_end = [0, 0, 0, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 1];
    check_fault(&headers_past_end, RecordFault::Varint(VarintError::Truncated));
}

#[test]
fn offsets_out_of_order_are_refused() {
    for (second, count) in [(0, 2), (2, 2), (2, 3)] {
        let body = [&[12][..], &bare(0), &[12], &bare(second)].concat();
        let fault = RecordFault::OffsetDelta { offset_delta: OffsetDelta(i32::from(second)) };
        assert_eq!(check_framing(&body, count), Err(RecordError { index: 1, fault }));
    }
    let negative = RecordFault::OffsetDelta { offset_delta: OffsetDelta(-1) };
    check_fault(&[0, 0, 1, 1, 1, 0], negative);
}

#[test]
fn holes_that_compaction_leaves_are_read_but_not_produced() {
    let mut bytes = batch_of(&[&[12][..], &bare(3), &[12], &bare(7)].concat(), 2);
    put(&mut bytes, 23..27, &9_i32.to_be_bytes());
    put(&mut bytes, 0..8, &100_i64.to_be_bytes());
    let view = view(&bytes);
    let records = view.plain_records().unwrap();
    let offsets: Vec<_> = records.iter().map(|record| records.offset(&record.unwrap())).collect();
    assert_eq!(offsets, [Offset(103), Offset(107)]);
    assert_eq!(view.next_offset(), Offset(110));
    assert!(records.check_framing().is_err());
}

#[test]
fn record_past_the_batch_s_last_offset_is_refused() {
    let mut bytes = batch_of(&[&[12][..], &bare(0), &[12], &bare(1)].concat(), 2);
    put(&mut bytes, 23..27, &0_i32.to_be_bytes());
    let records = view(&bytes).plain_records().unwrap();
    let fault = RecordFault::OffsetDelta { offset_delta: OffsetDelta(1) };
    let refused = RecordError { index: 1, fault };
    assert_eq!(records.iter().last(), Some(Err(refused)));
    assert_eq!(records.check_framing(), Err(refused));
}

#[test]
fn largest_offset_is_not_given_twice() {
    let largest = [0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1, 1, 0];
    let mut bytes = batch_of(&[&[20][..], &largest, &[20], &largest].concat(), 2);
    put(&mut bytes, 23..27, &i32::MAX.to_be_bytes());
    let records = view(&bytes).plain_records().unwrap();
    let mut iter = records.iter();
    assert_eq!(iter.next().unwrap().unwrap().offset_delta, OffsetDelta(i32::MAX));
    let fault = RecordFault::OffsetDelta { offset_delta: OffsetDelta(i32::MAX) };
    assert_eq!(iter.next(), Some(Err(RecordError { index: 1, fault })));
    assert_eq!(iter.next(), None);
}

#[test]
fn framing_walk_pauses_between_records_and_between_headers() {
    // Each of the three records has two headers: three items each, and the end is one more.
    let bytes = small();
    let records = view(&bytes).plain_records().unwrap();
    let mut check = records.framing_check();
    for _ in 0..9 {
        assert_eq!(check.step(1), Ok(None));
    }
    assert_eq!(check.step(1), Ok(Some(records.check_framing().unwrap())));
}

#[test]
fn timestamp_that_overflows_is_refused() {
    let body = [&[12][..], &[0, 2, 0, 1, 1, 0]].concat();
    let mut bytes = batch_of(&body, 1);
    put(&mut bytes, 27..35, &i64::MAX.to_be_bytes());
    let fault = RecordFault::TimestampDelta { timestamp_delta: 1 };
    let framing = view(&bytes).plain_records().unwrap().check_framing();
    assert_eq!(framing, Err(RecordError { index: 0, fault }));
}

#[test]
fn codec_that_no_one_knows_is_named() {
    let mut bytes = small();
    for id in 5..8 {
        bytes[22] = id;
        let unknown = Err(CompressionError::UnknownCodec { id });
        assert_eq!(view(&bytes).records(&mut Decompressor::new(), 1_000), unknown);
        assert_eq!(view(&bytes).plain_records(), None);
    }
}

fn framing_in_steps(records: &Records<'_>, items_max: usize) -> Result<Framing, RecordError> {
    let mut check = records.framing_check();
    loop {
        if let Some(framing) = check.step(items_max)? {
            return Ok(framing);
        }
    }
}

/// Everything that the crate can do with bytes from outside.
fn exercise(bytes: &mut [u8]) {
    if let Ok((view, rest)) = BatchView::parse(bytes) {
        assert_eq!(view.total_len() + rest.len(), bytes.len());
        let _ = view.check_produced(ProduceLimits { batch_bytes_max: 1 << 20 });
        let _ = view.crc_is_valid();
        let _ = view.crc_check().step(100);
        let _ = EndMarker::read(&view);
        assert!(view.base_offset() <= view.last_offset());
        assert!(view.last_offset() < view.next_offset());
        let mut decompressor = Decompressor::new();
        if let Ok(records) = view.records(&mut decompressor, 10_000) {
            let read: Result<Vec<_>, _> = records.iter().collect();
            let framing = records.check_framing();
            assert_eq!(framing_in_steps(&records, 1), framing);
            assert_eq!(framing_in_steps(&records, 3), framing);
            let in_order = read.as_ref().is_ok_and(|read| {
                read.iter().zip(0..).all(|(record, index)| record.offset_delta.0 == index)
            });
            assert_eq!(framing.is_ok(), in_order, "walker and iterator disagree");
            for record in read.unwrap_or_default() {
                assert_eq!(record.headers.iter().count(), record.headers.len());
                assert!(records.offset(&record) <= view.last_offset());
            }
        }
    }
    if let Ok(mut header) = HeaderMut::parse(bytes) {
        let _ = header.assign(Offset(i64::MAX - 10), record::LeaderEpoch(1));
        header.set_log_append_time(Timestamp(i64::MIN));
        header.set_max_timestamp(Timestamp(i64::MAX));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in vec(any::<u8>(), 0..300)) {
        exercise(&mut bytes);
    }

    #[test]
    fn any_bytes_behind_a_coherent_start_are_read_or_refused(
        body in vec(prop_oneof![0..20_u8, any::<u8>()], 0..100), count in -2..10_i32,
        attributes in 0..8_u8,
    ) {
        let mut bytes = batch_of(&body, count);
        bytes[22] = attributes;
        exercise(&mut bytes);
    }

    #[test]
    fn damaged_batches_are_read_or_refused(
        records in records(), codec in codec(),
        damage in vec((any::<prop::sample::Index>(), prop_oneof![0..4_u8, any::<u8>()]), 1..4),
    ) {
        let mut bytes = build(&records, &Seal { codec, ..Seal::default() });
        for (place, byte) in damage {
            *place.get_mut(&mut bytes) = byte;
        }
        exercise(&mut bytes);
    }
}
