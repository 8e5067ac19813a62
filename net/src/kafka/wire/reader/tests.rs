//! The reader against good, short and hostile bytes.

use super::*;
use crate::kafka::api_key::ApiKey;
use crate::kafka::wire::{Array, Wire, Writer};

fn rigid() -> Version {
    ApiKey::Fetch.version(4).unwrap()
}

fn flexible() -> Version {
    ApiKey::Fetch.version(12).unwrap()
}

fn fault<T: std::fmt::Debug>(result: Result<T, DecodeError>) -> (usize, Reading, Fault) {
    let error = result.unwrap_err();
    (error.position, error.reading, error.fault)
}

#[test]
fn numbers_are_big_endian_and_end_with_the_frame() {
    let mut r = Reader::request(&[1, 0xff, 0xfe, 0, 0, 1, 0, 9]);
    assert_eq!(r.bool(), Ok(true));
    assert_eq!(r.i16(), Ok(-2));
    assert_eq!(r.i32(), Ok(256));
    assert_eq!(r.remaining(), 1);
    assert_eq!(fault(r.i64()), (7, Reading::Number, Fault::Truncated));
    assert_eq!(fault(r.uuid()), (7, Reading::Uuid, Fault::Truncated));
    assert_eq!(r.i8(), Ok(9));
}

#[test]
fn any_byte_but_zero_is_true() {
    let mut r = Reader::request(&[0, 1, 2, 0xff]);
    assert_eq!([r.bool(), r.bool(), r.bool(), r.bool()], [Ok(false), Ok(true), Ok(true), Ok(true)]);
}

#[test]
fn strings_come_in_two_encodings() {
    for (v, bytes, null) in [
        (rigid(), &[0, 2, b'h', b'i'][..], &[0xff, 0xff][..]),
        (flexible(), &[3, b'h', b'i'][..], &[0][..]),
    ] {
        assert_eq!(Reader::request(bytes).string(v), Ok("hi"));
        assert_eq!(Reader::request(null).nullable_string(v), Ok(None));
        let null_for_some = (0, Reading::StringLength, Fault::Null);
        assert_eq!(fault(Reader::request(null).string(v)), null_for_some);
    }
}

#[test]
fn a_string_must_be_utf_8_and_within_the_frame() {
    let mut r = Reader::request(&[3, 0xc3, 0x28]);
    assert_eq!(fault(r.string(flexible())), (1, Reading::String, Fault::NotUtf8));
    let mut r = Reader::request(&[0x7f, 0xff, b'x']);
    assert_eq!(fault(r.string(rigid())), (0, Reading::StringLength, Fault::BeyondEnd));
    let mut r = Reader::request(&[0xff, 0xfe]);
    assert_eq!(fault(r.string(rigid())), (0, Reading::StringLength, Fault::Negative));
    let mut long = vec![0x81, 0x80, 0x02];
    long.resize(3 + STRING_LEN_MAX + 1, b'x');
    let too_long = (0, Reading::StringLength, Fault::StringTooLong);
    assert_eq!(fault(Reader::request(&long).string(flexible())), too_long);
}

#[test]
fn records_know_where_they_stand() {
    let mut r = Reader::request(&[9, 0, 0, 0, 2, 7, 8]);
    r.i8().unwrap();
    let records = r.nullable_records(rigid()).unwrap().unwrap();
    assert_eq!(records.bytes(), [7, 8]);
    assert_eq!(records.range(), 5..7);

    let mut r = Reader::request(&[0x7f, 0xff, 0xff, 0xff]);
    let beyond = (0, Reading::BytesLength, Fault::BeyondEnd);
    assert_eq!(fault(r.nullable_records(rigid())), beyond);
    let mut r = Reader::request(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(fault(r.nullable_records(flexible())), beyond);
}

#[test]
fn a_count_that_the_frame_can_not_hold_is_refused_before_anything_is_read() {
    let beyond = (0, Reading::ArrayCount, Fault::BeyondEnd);
    let mut r = Reader::request(&[0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2]);
    assert_eq!(fault(Array::<i32>::read(&mut r, rigid())), beyond);
    let mut r = Reader::request(&[0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(fault(Array::<&str>::read(&mut r, rigid())), beyond);
    let mut r = Reader::request(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(fault(Array::<&str>::read(&mut r, flexible())), beyond);
    let mut r = Reader::request(&[0xff, 0xff, 0xff, 0xff, 0x1f]);
    let overflow = (0, Reading::ArrayCount, Fault::VarintOverflow);
    assert_eq!(fault(Array::<i32>::read(&mut r, flexible())), overflow);
    let mut r = Reader::request(&[0xff, 0xff, 0xff, 0xfe]);
    let negative = (0, Reading::ArrayCount, Fault::Negative);
    assert_eq!(fault(Array::<i32>::read(&mut r, rigid())), negative);
    let mut r = Reader::request(&[0]);
    let null = (0, Reading::ArrayCount, Fault::Null);
    assert_eq!(fault(Array::<i32>::read(&mut r, flexible())), null);
}

type Nested<'a> = Array<'a, Array<'a, i8>>;

#[test]
fn elements_are_counted_over_the_whole_frame() {
    let v = flexible();
    // A thousand arrays of a thousand bytes pass, and what goes beyond 2^20 does not.
    let inner: Vec<u8> = [&[0xe9, 0x07][..], &[0; 1000]].concat();
    let nested = |outer: u16| {
        let mut bytes = Vec::new();
        Writer::new(&mut bytes).array_count(v, Some(outer.into())).unwrap();
        (0..outer).for_each(|_| bytes.extend_from_slice(&inner));
        bytes
    };
    let fits = nested(1_000);
    let array = Nested::read(&mut Reader::request(&fits), v).unwrap();
    assert_eq!(array.iter().map(|inner| inner.iter().count()).sum::<usize>(), 1_000_000);
    let exceeds = nested(1_048);
    let error = Nested::read(&mut Reader::request(&exceeds), v).unwrap_err();
    assert_eq!(error.fault, Fault::TooManyElements);
    assert!(Nested::read(&mut Reader::response(&exceeds), v).is_ok());
}

#[test]
fn unknown_tags_are_skipped_and_known_ones_read() {
    let mut r = Reader::request(&[3, 0, 1, 0xaa, 1, 2, 0, 5, 9, 0, 0xbb]);
    let mut known = None;
    r.tags(flexible(), |tag, r| {
        if tag == 1 {
            known = Some(r.i16()?);
        }
        Ok(tag == 1)
    })
    .unwrap();
    assert_eq!(known, Some(5));
    assert_eq!(r.remaining(), 1);
}

#[test]
fn tags_that_do_not_ascend_are_refused() {
    let twice = Reader::request(&[2, 1, 0, 1, 0]).skip_tags(flexible());
    assert_eq!(fault(twice), (3, Reading::Tag, Fault::TagOrder));
    let descending = Reader::request(&[2, 1, 0, 0, 0]).skip_tags(flexible());
    assert_eq!(fault(descending), (3, Reading::Tag, Fault::TagOrder));
    let largest = [2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0];
    let twice = Reader::request(&largest).skip_tags(flexible());
    assert_eq!(fault(twice), (7, Reading::Tag, Fault::TagOrder));
}

#[test]
fn a_tagged_value_stays_within_its_size_and_fills_it() {
    let beyond = Reader::request(&[1, 0, 3, 1, 2]).skip_tags(flexible());
    assert_eq!(fault(beyond), (2, Reading::TagSize, Fault::BeyondEnd));

    let read_i32 = |bytes: &[u8]| {
        Reader::request(bytes).tags(flexible(), |_, r| {
            r.i32()?;
            Ok(true)
        })
    };
    let short = read_i32(&[1, 0, 3, 0, 0, 0, 0]);
    assert_eq!(fault(short), (3, Reading::Number, Fault::Truncated));
    let slack = read_i32(&[1, 0, 5, 0, 0, 0, 0, 0]);
    assert_eq!(fault(slack), (7, Reading::TagValue, Fault::TagSlack));
    assert_eq!(read_i32(&[1, 0, 4, 0, 0, 0, 0]), Ok(()));
}

#[test]
fn a_count_of_tags_ends_with_the_frame() {
    let endless = Reader::request(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]).skip_tags(flexible());
    assert_eq!(fault(endless), (7, Reading::Tag, Fault::Truncated));
    assert_eq!(Reader::request(&[0xff]).skip_tags(rigid()), Ok(()), "not there before KIP-482");
}

#[test]
fn errors_name_the_innermost_field() {
    let error = Reader::request(&[]).i8().unwrap_err();
    assert_eq!(error.to_string(), "number at byte 0: the frame ends here");
    let named = error.in_field("Inner.field").in_field("Outer.field");
    assert_eq!(named.to_string(), "Inner.field: number at byte 0: the frame ends here");
}
