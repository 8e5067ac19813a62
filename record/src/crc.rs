//! CRC-32C (Castagnoli), the sum that protects every batch from byte 21 to its end.
//!
//! Guarantees the same value for any slicing of the same bytes, and arithmetic on finished sums
//! without their bytes. Knows nothing of what is summed.

/// A CRC-32C in progress, so that a large batch can be summed in slices between other work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crc32c(u32);

impl Crc32c {
    /// The sum of no bytes.
    pub const fn new() -> Self {
        Self(0)
    }

    /// The sum of `bytes`, in one pass.
    #[inline]
    pub fn of(bytes: &[u8]) -> u32 {
        crc32c::crc32c(bytes)
    }

    /// Adds `bytes` after those already summed.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.0 = crc32c::crc32c_append(self.0, bytes);
    }

    /// The sum of everything added so far.
    #[inline]
    pub const fn finish(self) -> u32 {
        self.0
    }

    /// The sum of two runs of bytes back to back, from the sum of each and the second's length.
    pub fn combine(first: u32, second: u32, second_len: usize) -> u32 {
        shift(first, second_len) ^ second
    }

    /// The sum after the first bytes of what was summed have changed from `old` to `new`, with
    /// `tail_len` unchanged bytes after them, whose contents are not needed.
    ///
    /// An error that the old sum shows stays visible in the new one: both differ from the right
    /// value by the same bits. A fresh pass over damaged bytes would hide the damage instead.
    pub fn with_front_replaced<const N: usize>(
        sum: u32,
        old: &[u8; N],
        new: &[u8; N],
        tail_len: usize,
    ) -> u32 {
        sum ^ shift(Self::of(old) ^ Self::of(new), tail_len)
    }
}

/// The polynomial, reflected: bit 31 stands for x^0, as in the sum itself.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// x^(2^n) modulo the polynomial, for each n that a `usize` count of bits can need.
const SQUARES: [u32; 64] = squares();

#[expect(clippy::indexing_slicing, reason = "at compile time an index out of range is an error")]
const fn squares() -> [u32; 64] {
    let mut table = [0; 64];
    table[0] = 1 << 30;
    let mut n = 1;
    while n < table.len() {
        table[n] = multiply(table[n - 1], table[n - 1]);
        n += 1;
    }
    table
}

/// The product of two polynomials modulo [`POLYNOMIAL`]; without a branch, for 32 steps of a few
/// cycles are cheaper than half of them mispredicted.
const fn multiply(left: u32, mut right: u32) -> u32 {
    let mut product = 0;
    let mut bit = 32;
    while bit > 0 {
        bit -= 1;
        product ^= right & (left >> bit & 1).wrapping_neg();
        right = right >> 1 ^ POLYNOMIAL & (right & 1).wrapping_neg();
    }
    product
}

/// The sum multiplied by x^(8 * `len`): what `len` zero bytes after it would make of it.
fn shift(sum: u32, len: usize) -> u32 {
    let mut power = 1 << 31;
    let mut rest = len;
    // SQUARES[3] is x^8: one byte.
    for square in SQUARES.iter().skip(3) {
        if rest == 0 {
            break;
        }
        if rest & 1 == 1 {
            power = multiply(*square, power);
        }
        rest >>= 1;
    }
    multiply(power, sum)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_sum_of_the_check_string() {
        assert_eq!(Crc32c::of(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn slices_of_any_size_sum_alike() {
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        for slice in [1, 7, 64, 4096, 20_000] {
            let mut crc = Crc32c::new();
            bytes.chunks(slice).for_each(|chunk| crc.update(chunk));
            assert_eq!(crc.finish(), Crc32c::of(&bytes), "slices of {slice}");
        }
    }

    proptest! {
        #[test]
        fn combined_sum_equals_one_pass(first: Vec<u8>, second: Vec<u8>) {
            let combined =
                Crc32c::combine(Crc32c::of(&first), Crc32c::of(&second), second.len());
            prop_assert_eq!(combined, Crc32c::of(&[first, second].concat()));
        }

        #[test]
        fn combined_sum_agrees_with_the_crate_for_lengths_of_any_size(
            first: u32, second: u32, len in 0..=usize::MAX >> 3,
        ) {
            let theirs = crc32c::crc32c_combine(first, second, len);
            prop_assert_eq!(Crc32c::combine(first, second, len), theirs);
        }

        #[test]
        fn replaced_front_equals_one_pass(old: [u8; 22], new: [u8; 22], tail: Vec<u8>) {
            let sum = Crc32c::of(&[&old[..], &tail].concat());
            let replaced = Crc32c::with_front_replaced(sum, &old, &new, tail.len());
            prop_assert_eq!(replaced, Crc32c::of(&[&new[..], &tail].concat()));
        }
    }
}
