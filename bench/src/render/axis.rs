//! Axes: which values are marked, and how they are written.

use core::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// From where to where, and the marks between.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Values with a label.
    pub(super) marks: Vec<f64>,
    /// Values with a line only.
    pub(super) light: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    #[expect(clippy::cast_possible_truncation, reason = "it is between the limits, or near them")]
    fn map(&self, value: &f64, (first, last): (i32, i32)) -> i32 {
        let part = ((value - self.from) / (self.to - self.from)).clamp(-1.0, 2.0);
        first + (f64::from(last - first) * part).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { self.light.clone() } else { self.marks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.from..self.to
    }
}

/// The logarithms of microseconds, for values from `least` to `most`: ends at 1, 2 or 5 times a
/// power of ten.
pub(super) fn log_micros(least: f64, most: f64) -> Axis {
    // From a nanosecond to ten days, whatever a file says.
    let (least, most) = (least.clamp(1e-3, 1e12), most.clamp(1e-3, 1e12));
    let mut steps: Vec<f64> = (-3..=12)
        .flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
        .collect();
    let from = steps.iter().rposition(|step| *step <= least).unwrap_or(0);
    let to = steps.iter().position(|step| *step >= most).unwrap_or(steps.len() - 1);
    let to = to.max(from + 1).min(steps.len() - 1);
    let steps: Vec<f64> = steps.drain(from.min(to - 1)..=to).map(f64::log10).collect();
    let is_power = |log: &f64| (log - log.round()).abs() < 1e-9;
    let (powers, others): (Vec<f64>, Vec<f64>) = steps.iter().partition(|log| is_power(log));
    let ends = (steps.first().copied().unwrap_or(0.0), steps.last().copied().unwrap_or(1.0));
    let (marks, light) = if steps.len() > 9 { (powers, others) } else { (steps, Vec::new()) };
    Axis { from: ends.0, to: ends.1, marks, light }
}

/// Percentiles as the number of nines: 90 % is 1, 99.9 % is 3.
pub(super) fn nines(to: f64) -> Axis {
    let to = to.clamp(1.0, 12.0);
    let whole = (1..=12).map(f64::from).take_while(|nines| *nines <= to);
    let marks = [0.0, 2_f64.log10()].into_iter().chain(whole).collect();
    Axis { from: 0.0, to, marks, light: Vec::new() }
}

/// From zero to at least `most`, with some marks at round values.
pub(super) fn linear(most: f64, marks_max: u32) -> Axis {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let rough = most / f64::from(marks_max.max(1));
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power);
    let step = step.into_iter().find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(power * 10.0);
    let count = (most / step * (1.0 - 1e-9)).ceil().max(1.0);
    let marks = (0..=marks_max.max(1)).map(f64::from).take_while(|number| *number <= count);
    let marks = marks.map(|number| number * step).collect();
    Axis { from: 0.0, to: step * count, marks, light: Vec::new() }
}

/// Seconds from zero, up to the very last one.
pub(super) fn seconds(last: f64) -> Axis {
    let round = linear(last, 10);
    let marks = round.marks.into_iter().filter(|mark| *mark <= last).collect();
    Axis { from: 0.0, to: last.max(1.0), marks, light: Vec::new() }
}

/// Microseconds in the unit that fits, three digits at least.
pub(super) fn micros(micros: f64) -> String {
    let (value, unit) = match micros {
        below if below < 1.0 => (micros * 1e3, "ns"),
        below if below < 1e3 => (micros, "µs"),
        below if below < 1e6 => (micros / 1e3, "ms"),
        _ => (micros / 1e6, "s"),
    };
    let digits = match value {
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// A mark of the logarithms of microseconds.
pub(super) fn log_mark(log: f64) -> String {
    let text = micros(10_f64.powf(log) * (1.0 + 1e-9));
    match text.split_once(' ') {
        // Marks are round: what is behind the point is nothing, but for the smallest.
        Some((value, unit)) if value.contains('.') => {
            let value = value.trim_end_matches('0').trim_end_matches('.');
            format!("{value} {unit}")
        }
        _ => text,
    }
}

/// A mark of the nines.
pub(super) fn nines_mark(nines: f64) -> String {
    let digits = (1..=10_usize).zip(3_u32..).find(|(_, end)| nines <= f64::from(*end) + 1e-9);
    let digits = digits.map_or(10, |(digits, _)| digits);
    let percent = 100.0 * (1.0 - 10_f64.powf(-nines));
    if nines < 2.5 { format!("{percent:.0} %") } else { format!("{percent:.digits$} %") }
}

/// A count in the unit that fits.
pub(super) fn count_mark(value: f64) -> String {
    let (value, unit) = match value {
        below if below < 10_000.0 => (value, ""),
        below if below < 1e7 => (value / 1e3, "k"),
        below if below < 1e10 => (value / 1e6, "M"),
        _ => (value / 1e9, "G"),
    };
    let text = format!("{value:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn logarithms_end_at_round_values() {
        let axis = log_micros(130.0, 9_000.0);
        let marks: Vec<String> = axis.marks.iter().copied().map(log_mark).collect();
        assert_eq!(marks, ["100 µs", "200 µs", "500 µs", "1 ms", "2 ms", "5 ms", "10 ms"]);
        let axis = log_micros(1.0, 3e6);
        let marks: Vec<String> = axis.marks.iter().copied().map(log_mark).collect();
        assert_eq!(marks, ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]);
        assert!(axis.to > 6.0 && axis.light.len() > 10);
    }

    #[test]
    fn nines_are_written_as_percent() {
        let marks: Vec<String> = nines(5.4).marks.into_iter().map(nines_mark).collect();
        assert_eq!(marks, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %", "99.999 %"]);
    }

    #[test]
    fn linear_marks_are_round_and_few() {
        assert_eq!(linear(20_000.0, 2).marks, [0.0, 10_000.0, 20_000.0]);
        assert_eq!(linear(38.5, 2).marks, [0.0, 20.0, 40.0]);
        assert_eq!(linear(0.0, 2).marks.last(), Some(&1.0));
        assert_eq!(seconds(60.0).marks, [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0]);
        assert!(seconds(7.5).to < 7.6);
    }

    #[test]
    fn values_are_written_in_their_unit() {
        assert_eq!(micros(0.25), "250 ns");
        assert_eq!(micros(3.456), "3.46 µs");
        assert_eq!(micros(38_123.0), "38.1 ms");
        assert_eq!(micros(2.5e6), "2.50 s");
        assert_eq!(count_mark(2_500.0), "2500");
        assert_eq!(count_mark(12_500.0), "12.5k");
        assert_eq!(count_mark(0.5), "0.5");
        assert_eq!(count_mark(0.0), "0");
    }

    proptest! {
        #[test]
        fn every_axis_holds_its_values(a in any::<f64>(), b in any::<f64>(), few in 0_u32..12) {
            let axis = log_micros(a.min(b), a.max(b));
            prop_assert!(axis.from < axis.to && !axis.marks.is_empty());
            let axis = linear(a, few);
            prop_assert!(axis.from < axis.to && axis.marks.len() <= few.max(1) as usize + 1);
            if a.is_finite() && a < 1e300 {
                prop_assert!(axis.to >= a * (1.0 - 1e-6) || a < 0.0);
            }
            let _ = (nines(a), seconds(b.abs()), micros(a), log_mark(b), count_mark(a));
            let _ = nines_mark(a);
        }
    }
}
