//! Sizes as people write them: `1048576`, `64MiB`, `1 GiB`.

use super::form::Refusal;

/// The units, binary only: whether `MB` is 10^6 or 2^20 bytes is for nobody to guess.
const UNITS: [(&str, i64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// The bytes of a size. A number alone is bytes and may be negative, as in Kafka's `-1`.
pub(super) fn parse(text: &str) -> Result<i64, Refusal> {
    let digits = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.trim_end().parse().map_err(|_| Refusal::NotASize)?;
    if unit.is_empty() {
        return Ok(number);
    }
    let unit = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
    let (_, factor) = unit.ok_or(Refusal::NotASize)?;
    if number < 0 {
        return Err(Refusal::NotASize);
    }
    number.checked_mul(*factor).ok_or(Refusal::Above { max: i64::MAX })
}

/// Bytes in the largest unit that leaves no remainder.
pub(super) fn print(bytes: u64) -> String {
    let whole = |unit: &&(&str, i64)| {
        let factor = unit.1.cast_unsigned();
        bytes >= factor && bytes.is_multiple_of(factor)
    };
    match UNITS.iter().rev().find(whole) {
        Some((name, factor)) if *factor > 1 => {
            format!("{}{name}", bytes / factor.cast_unsigned())
        }
        _ => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_have_a_binary_unit() {
        assert_eq!(parse("1048576"), Ok(1 << 20));
        assert_eq!(parse("64MiB"), Ok(64 << 20));
        assert_eq!(parse("1 GiB"), Ok(1 << 30));
        assert_eq!(parse("8kib"), Ok(8 << 10));
        assert_eq!(parse("12B"), Ok(12));
        assert_eq!(parse("-1"), Ok(-1));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", "MiB", "1MB", "1M", "1.5GiB", "-1KiB", "0x10", "1 2", "1MiB2", "ä"] {
            assert_eq!(parse(text), Err(Refusal::NotASize), "{text}");
        }
        assert_eq!(parse("9999999TiB"), Err(Refusal::Above { max: i64::MAX }));
    }

    #[test]
    fn sizes_are_printed_in_whole_units() {
        assert_eq!(print(64 << 20), "64MiB");
        assert_eq!(print((64 << 20) + 1), "67108865");
        assert_eq!(print(1 << 30), "1GiB");
        assert_eq!(print(0), "0");
        assert_eq!(print(100), "100");
    }
}
