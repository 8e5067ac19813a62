//! The signed variable-length integers inside a record: zig-zag, seven bits a byte, low bits first.
//!
//! Decoding takes at most 5 bytes for 32 bits and 10 for 64, refuses bits beyond the width, and
//! leaves the input as it was on an error. A longer form than needed (`80 00` for 0) is accepted,
//! as Kafka's own decoder accepts it.

/// Why bytes are not a varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VarintError {
    /// The bytes end before the integer does.
    #[error("the bytes end inside a varint")]
    Truncated,
    /// More bytes, or more bits, than the integer's width has.
    #[error("a varint is wider than its type")]
    TooWide,
}

/// The most bytes that a 32-bit varint takes.
const VARINT_BYTES_MAX: u32 = 5;
/// The most bytes that a 64-bit varint takes.
const VARLONG_BYTES_MAX: u32 = 10;

/// Takes a 32-bit integer off the front of `input`.
#[inline]
pub(crate) fn take_varint(input: &mut &[u8]) -> Result<i32, VarintError> {
    let before = *input;
    let value = match take_short(input) {
        Some(value) => value,
        None => take_long::<VARINT_BYTES_MAX>(input)?,
    };
    let Ok(value) = u32::try_from(value) else {
        *input = before;
        return Err(VarintError::TooWide);
    };
    Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
}

/// Takes a 64-bit integer off the front of `input`.
#[inline]
pub(crate) fn take_varlong(input: &mut &[u8]) -> Result<i64, VarintError> {
    let value = match take_short(input) {
        Some(value) => value,
        None => take_long::<VARLONG_BYTES_MAX>(input)?,
    };
    Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
}

/// One and two bytes hold nearly every integer in a record: lengths up to 8 KiB, offsets, counts.
#[inline]
fn take_short(input: &mut &[u8]) -> Option<u64> {
    match **input {
        [first, ref rest @ ..] if first < 0x80 => {
            *input = rest;
            Some(u64::from(first))
        }
        [first, second, ref rest @ ..] if second < 0x80 => {
            *input = rest;
            Some(u64::from(first & 0x7f) | u64::from(second) << 7)
        }
        _ => None,
    }
}

fn take_long<const BYTES_MAX: u32>(input: &mut &[u8]) -> Result<u64, VarintError> {
    let mut bytes = input.iter();
    let mut value = 0_u64;
    for index in 0..BYTES_MAX {
        let byte = *bytes.next().ok_or(VarintError::Truncated)?;
        let bits = u64::from(byte & 0x7f);
        let placed = bits << (7 * index);
        if placed >> (7 * index) != bits {
            return Err(VarintError::TooWide);
        }
        value |= placed;
        if byte < 0x80 {
            *input = bytes.as_slice();
            return Ok(value);
        }
    }
    Err(VarintError::TooWide)
}

/// Appends a 32-bit integer in its shortest form.
#[inline]
pub(crate) fn put_varint(output: &mut Vec<u8>, value: i32) {
    // A 32-bit value and its 64-bit extension have the same zig-zag form.
    put_varlong(output, i64::from(value));
}

/// Appends a 64-bit integer in its shortest form.
#[inline]
pub(crate) fn put_varlong(output: &mut Vec<u8>, value: i64) {
    let mut rest = zigzag(value);
    while rest >= 0x80 {
        let [low, ..] = rest.to_le_bytes();
        output.push(low | 0x80);
        rest >>= 7;
    }
    let [low, ..] = rest.to_le_bytes();
    output.push(low);
}

/// How many bytes the shortest form of `value` takes: 1 to 10.
#[inline]
pub(crate) fn varlong_len(value: i64) -> usize {
    let bits = (u64::BITS - zigzag(value).leading_zeros()).max(1);
    // At most ten, so the conversion holds on any machine.
    usize::try_from(bits.div_ceil(7)).expect("a count of bytes")
}

/// How many bytes the shortest form of `value` takes: 1 to 5.
#[inline]
pub(crate) fn varint_len(value: i32) -> usize {
    varlong_len(i64::from(value))
}

#[inline]
fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: PartialEq + std::fmt::Debug>(
        take: fn(&mut &[u8]) -> Result<T, VarintError>,
        bytes: &[u8],
        expected: &Result<T, VarintError>,
    ) {
        let mut input = bytes;
        let left = if expected.is_ok() { 0 } else { bytes.len() };
        assert_eq!(&take(&mut input), expected, "{bytes:02x?}");
        assert_eq!(input.len(), left, "{bytes:02x?}");
    }

    #[test]
    fn known_forms_decode() {
        check(take_varint, &[0], &Ok(0));
        check(take_varint, &[1], &Ok(-1));
        check(take_varint, &[2], &Ok(1));
        check(take_varint, &[0xac, 0x02], &Ok(150));
        check(take_varint, &[0xfe, 0xff, 0xff, 0xff, 0x0f], &Ok(i32::MAX));
        check(take_varint, &[0xff, 0xff, 0xff, 0xff, 0x0f], &Ok(i32::MIN));
        let longest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        check(take_varlong, &longest, &Ok(i64::MIN));
    }

    #[test]
    fn longer_form_than_needed_is_accepted() {
        check(take_varint, &[0x80, 0x00], &Ok(0));
        check(take_varint, &[0x80, 0x80, 0x80, 0x80, 0x00], &Ok(0));
    }

    #[test]
    fn too_many_bytes_or_bits_are_refused() {
        use VarintError::TooWide;
        check(take_varint, &[0x80, 0x80, 0x80, 0x80, 0x80, 0x00], &Err(TooWide));
        check(take_varint, &[0xff, 0xff, 0xff, 0xff, 0x10], &Err(TooWide));
        check(take_varint, &[0xff; 12], &Err(TooWide));
        check(take_varlong, &[0xff; 12], &Err(TooWide));
        let mut bits = [0x80; 10];
        bits[9] = 0x02;
        check(take_varlong, &bits, &Err(TooWide));
    }

    #[test]
    fn end_of_bytes_inside_a_varint_is_named() {
        use VarintError::Truncated;
        check(take_varint, &[], &Err(Truncated));
        check(take_varint, &[0x80], &Err(Truncated));
        check(take_varint, &[0xff, 0xff, 0xff, 0xff], &Err(Truncated));
        check(take_varlong, &[0xff; 9], &Err(Truncated));
    }

    proptest! {
        #[test]
        fn integers_survive(value: i64, small in -70_000..70_000_i32, wide: i32) {
            for value in [i64::from(small), i64::from(wide), value] {
                let mut bytes = Vec::new();
                put_varlong(&mut bytes, value);
                prop_assert_eq!(bytes.len(), varlong_len(value));
                check(take_varlong, &bytes, &Ok(value));
                if let Ok(value) = i32::try_from(value) {
                    check(take_varint, &bytes, &Ok(value));
                    prop_assert_eq!(bytes.len(), varint_len(value));
                }
            }
        }

        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
            for take in [|i: &mut &[u8]| take_varint(i).map(i64::from), take_varlong] {
                let mut input = &bytes[..];
                if let Err(VarintError::Truncated) = take(&mut input) {
                    prop_assert!(bytes.iter().all(|byte| *byte >= 0x80));
                }
            }
        }
    }
}
