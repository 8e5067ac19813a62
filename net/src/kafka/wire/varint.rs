//! Unsigned variable-length integers: seven bits a byte, the low ones first (Protocol Buffers).

/// The most bytes that a 32-bit value takes.
pub(super) const LEN_MAX: usize = 5;

/// A varint that does not fit into 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// The varint that `bytes` starts with and how many bytes it took; `None` if it goes beyond
/// their end.
///
/// Longer forms than needed are accepted, as Kafka does, up to five bytes; a fifth byte with bits
/// beyond the 32nd is refused, so that nothing is shifted out.
pub(super) fn read(bytes: &[u8]) -> Result<Option<(u32, usize)>, Overflow> {
    let mut value = 0_u32;
    for (index, byte) in bytes.iter().take(LEN_MAX).enumerate() {
        let bits = u32::from(byte & 0x7f);
        if index == LEN_MAX - 1 && *byte > 0x0f {
            return Err(Overflow);
        }
        value |= bits << (7 * index);
        if byte & 0x80 == 0 {
            return Ok(Some((value, index + 1)));
        }
    }
    Ok(None)
}

/// Appends `value` in its shortest form.
pub(super) fn write(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    bytes.push(low_bits(value));
}

fn low_bits(value: u32) -> u8 {
    u8::try_from(value & 0x7f).expect("seven bits fit into a byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: u32, bytes: &[u8]) {
        let mut written = Vec::new();
        write(&mut written, value);
        assert_eq!(written, bytes);
        assert_eq!(read(bytes), Ok(Some((value, bytes.len()))));
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Ok(None));
        }
    }

    #[test]
    fn values_at_every_length_survive() {
        check(0, &[0]);
        check(127, &[0x7f]);
        check(128, &[0x80, 0x01]);
        check(16_383, &[0xff, 0x7f]);
        check(16_384, &[0x80, 0x80, 0x01]);
        check(u32::MAX, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    }

    #[test]
    fn a_long_form_is_read_and_too_many_bits_are_refused() {
        assert_eq!(read(&[0x81, 0x80, 0x00]), Ok(Some((1, 3))));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x10]), Err(Overflow));
        assert_eq!(read(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x01]), Err(Overflow));
        assert_eq!(read(&[0xff; 16]), Err(Overflow));
    }
}
