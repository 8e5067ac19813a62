//! Parts of one, for the broker and for topics.

use super::described::ValueType;
use super::form::{Form, Range, Refusal};

const MILLION: f64 = 1_000_000.0;

/// A part of one, in millionths; what is finer is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// From 0 to 1,000,000.
    pub millionths: u32,
}

/// A decimal number from 0 to 1.
pub(crate) struct RatioForm;

impl Form for RatioForm {
    type Value = Ratio;
    const TYPE: ValueType = ValueType::Double;
    const SYNTAX: &'static str = "number from 0 to 1";

    fn parse(text: &str, _: &Range) -> Result<Ratio, Refusal> {
        let ratio: f64 = text.parse().map_err(|_| Refusal::NotADecimal)?;
        // Minus nothing is nothing.
        let ratio = ratio + 0.0;
        if ratio < 0.0 {
            return Err(Refusal::Below { min: 0 });
        }
        if ratio > 1.0 {
            return Err(Refusal::Above { max: 1 });
        }
        // Without a fraction, a number prints as an integer does; NaN does not.
        let millionths = format!("{:.0}", ratio * MILLION).parse();
        Ok(Ratio { millionths: millionths.map_err(|_| Refusal::NotADecimal)? })
    }

    fn print(value: &Ratio) -> String {
        // With a fraction always, as Java prints it.
        format!("{:?}", f64::from(value.millionths) / MILLION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_read_and_printed() {
        let parse = |text| RatioForm::parse(text, &Range::ANY);
        for (text, millionths, printed) in [
            ("0.5", 500_000, "0.5"),
            ("1", 1_000_000, "1.0"),
            ("0", 0, "0.0"),
            ("-0.0", 0, "0.0"),
            ("1e-2", 10_000, "0.01"),
            ("0.0000004", 0, "0.0"),
        ] {
            let ratio = parse(text).unwrap();
            assert_eq!(ratio.millionths, millionths, "{text}");
            assert_eq!(RatioForm::print(&ratio), printed);
        }
        assert_eq!(parse("-0.1"), Err(Refusal::Below { min: 0 }));
        assert_eq!(parse("1.1"), Err(Refusal::Above { max: 1 }));
        assert_eq!(parse("NaN"), Err(Refusal::NotADecimal));
        assert_eq!(parse("half"), Err(Refusal::NotADecimal));
    }
}
