//! Bytes a second, as Kafka writes them: a decimal number, whose largest is no limit.

use super::described::ValueType;
use super::form::{Form, Range, Refusal};

/// How Java prints the largest of its numbers, which stands for no limit.
const NO_LIMIT: &str = "1.7976931348623157E308";

/// Bytes a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRate {
    /// At least 1; none for no limit.
    pub limit: Option<u64>,
}

/// A decimal number above 0.
pub(crate) struct ByteRateForm;

impl Form for ByteRateForm {
    type Value = ByteRate;
    const TYPE: ValueType = ValueType::Double;
    const SYNTAX: &'static str = "number above 0";

    fn parse(text: &str, _: &Range) -> Result<ByteRate, Refusal> {
        let rate: f64 = text.parse().map_err(|_| Refusal::NotADecimal)?;
        if rate.is_nan() {
            return Err(Refusal::NotADecimal);
        }
        if rate <= 0.0 {
            return Err(Refusal::Below { min: 1 });
        }
        // What no 64 bits hold is no limit.
        let limit = format!("{:.0}", rate.ceil()).parse().ok();
        Ok(ByteRate { limit })
    }

    fn print(value: &ByteRate) -> String {
        // With a fraction always, as Java prints it.
        value.limit.map_or_else(|| NO_LIMIT.to_owned(), |limit| format!("{limit}.0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_printed() {
        let parse = |text| ByteRateForm::parse(text, &Range::ANY);
        for (text, limit, printed) in [
            ("1048576", Some(1 << 20), "1048576.0"),
            ("0.5", Some(1), "1.0"),
            ("1e6", Some(1_000_000), "1000000.0"),
            (NO_LIMIT, None, NO_LIMIT),
            ("inf", None, NO_LIMIT),
        ] {
            let rate = parse(text).unwrap();
            assert_eq!(rate.limit, limit, "{text}");
            assert_eq!(ByteRateForm::print(&rate), printed);
            assert_eq!(parse(printed), Ok(rate), "what is printed is read again");
        }
        assert_eq!(parse("0"), Err(Refusal::Below { min: 1 }));
        assert_eq!(parse("-1"), Err(Refusal::Below { min: 1 }));
        assert_eq!(parse("NaN"), Err(Refusal::NotADecimal));
        assert_eq!(parse("fast"), Err(Refusal::NotADecimal));
    }
}
