//! Valid messages made invalid: cut off at every byte, and with every length made too large.
//!
//! That nothing is reserved for a hostile length needs no run: every decoded value is `Copy` and so
//! owns no memory, which [`owns_nothing`] has the compiler check, and decoding has no other place
//! to put any.

use net::kafka::version::Version;
use net::kafka::wire::{DecodeError, Fault, Reader, Reading};

use crate::differential::Ours;

/// Compiles only for types that own no memory.
const fn owns_nothing<T: Copy>() {}

const _: () = {
    owns_nothing::<net::kafka::message::RequestBody<'_>>();
    owns_nothing::<net::kafka::message::ResponseBody<'_>>();
    owns_nothing::<net::kafka::header::RequestHeader<'_>>();
    owns_nothing::<Reader<'_>>();
    owns_nothing::<DecodeError>();
};

fn decode<O: Ours>(version: Version, bytes: &[u8]) -> Result<O, DecodeError> {
    O::read(&mut Reader::request(bytes.to_vec().leak()), version)
}

/// Cuts `valid` at every byte, then makes every length that the cuts have shown too large.
pub(crate) fn check<O: Ours>(version: Version, valid: &[u8]) {
    // Only small messages are cut: the work grows with the square of their length.
    let valid_is_small = valid.len() <= 400;
    if !valid_is_small {
        return;
    }
    let mut lengths = Vec::new();
    for cut in 0..valid.len() {
        let error = decode::<O>(version, &valid[..cut]).expect_err("a message is not shorter");
        assert!(matches!(error.fault, Fault::Truncated | Fault::BeyondEnd), "{error:?}");
        let is_length = matches!(
            error.reading,
            Reading::ArrayCount | Reading::StringLength | Reading::BytesLength | Reading::TagSize
        );
        if is_length {
            lengths.push((error.position, error.reading));
        }
    }
    lengths.sort_by_key(|(position, _)| *position);
    lengths.dedup();
    for (position, reading) in lengths {
        enlarge::<O>(version, valid, position, reading);
    }
}

/// Puts lengths that the frame can not hold in place of the one at `position`.
fn enlarge<O: Ours>(version: Version, valid: &[u8], position: usize, reading: Reading) {
    let hostile: &[&[u8]] = if version.is_flexible() || reading == Reading::TagSize {
        &[
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0xff, 0xff, 0xff, 0xff, 0x07],
            &[0xff, 0xff, 0xff, 0xff, 0xff],
            &[0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ]
    } else if reading == Reading::StringLength {
        &[&[0x7f, 0xff], &[0x80, 0x00], &[0xff, 0xfe]]
    } else {
        &[&[0x7f, 0xff, 0xff, 0xff], &[0x80, 0, 0, 0], &[0x00, 0x10, 0, 0]]
    };
    let old_len = if version.is_flexible() {
        valid[position..].iter().take_while(|byte| **byte & 0x80 != 0).count() + 1
    } else if reading == Reading::StringLength {
        2
    } else {
        4
    };
    for length in hostile {
        let bytes = [&valid[..position], length, &valid[position + old_len..]].concat();
        let error = decode::<O>(version, &bytes).expect_err("the frame does not hold as much");
        assert_eq!((error.position, error.reading), (position, reading), "{error:?}");
    }
}
