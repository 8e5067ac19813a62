//! Latency by percentile: nines to the right, the logarithm of time upwards, several runs at once.

use hdrhistogram::Histogram;
use plotters::prelude::*;

use super::axis::{self, Axis};
use super::canvas::{Axes, Legend, Mark, chart, picture, stroke};
use super::palette::{self, Colour};
use crate::error::BenchError;
use crate::percentile::SAMPLES_BEYOND;

/// Nines between two points of a curve.
const STEP: f64 = 0.02;
/// Shown pixels of the plane.
const HEIGHT: u32 = 380;

/// One histogram as a curve.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    /// In the legend; curves of one name share their colour and entry.
    pub(super) name: String,
    /// Number of nines and logarithm of microseconds.
    points: Vec<(f64, f64)>,
    /// The longest of all: one sample in all of them.
    longest: (f64, f64),
}

impl Curve {
    /// Of nanoseconds; nothing of an empty histogram.
    pub(super) fn of(name: impl Into<String>, histogram: &Histogram<u64>) -> Option<Self> {
        let samples = histogram.len() as f64;
        if histogram.is_empty() {
            return None;
        }
        // Nothing is told apart below a microsecond: the plane is for what lies above.
        let log = |nanos: u64| (nanos.max(1_000) as f64 / 1e3).log10();
        let last = (samples / SAMPLES_BEYOND).log10();
        let nines = (0..=700_u32).map(|step| f64::from(step) * STEP);
        let nines = nines.take_while(|nines| *nines < last).chain((last > 0.0).then_some(last));
        let at = |nines: f64| histogram.value_at_quantile(1.0 - 10_f64.powf(-nines));
        let mut points: Vec<(f64, f64)> = nines.map(|nines| (nines, log(at(nines)))).collect();
        thin(&mut points);
        let longest = (samples.log10(), log(histogram.max()));
        Some(Self { name: name.into(), points, longest })
    }
}

/// Drops what lies on a level line between its neighbours.
fn thin(points: &mut Vec<(f64, f64)>) {
    let kept: Vec<bool> = (0..points.len())
        .map(|at| {
            let value = |at: usize| points.get(at).map(|(_, value)| *value);
            let before = at.checked_sub(1).and_then(value);
            before.is_none()
                || value(at + 1).is_none()
                || before != value(at)
                || value(at) != value(at + 1)
        })
        .collect();
    let mut kept = kept.into_iter();
    points.retain(|_| kept.next().unwrap_or(true));
}

/// The picture; nothing if there is no curve.
pub(super) fn draw(title: &str, curves: &[Curve]) -> Result<Option<String>, BenchError> {
    let mut names: Vec<&str> = Vec::new();
    for curve in curves {
        if !names.contains(&curve.name.as_str()) {
            names.push(&curve.name);
        }
    }
    let colour = |name: &str| -> Colour {
        names.iter().position(|known| *known == name).map_or(palette::MUTED, palette::line)
    };
    let values = || curves.iter().flat_map(|curve| curve.points.iter().chain([&curve.longest]));
    let least = values().map(|(_, log)| *log).reduce(f64::min);
    let most = values().map(|(_, log)| *log).reduce(f64::max);
    let Some((least, most)) = least.zip(most) else { return Ok(None) };
    let widest = values().map(|(nines, _)| *nines).fold(1.0, f64::max);
    let axes = Axes {
        x: Axis { to: widest + 0.1, ..axis::nines(widest) },
        y: axis::log_micros(10_f64.powf(least), 10_f64.powf(most)),
        x_mark: &axis::nines_mark,
        y_mark: &axis::log_mark,
        labels_below: true,
    };
    let entries = names.iter().map(|name| ((*name).to_owned(), colour(name), Mark::Line));
    let legend = Legend::new(entries);
    // Many curves of one colour are a bundle: each alone is faint.
    let opacity = if curves.len() > names.len() * 2 { 0.75 } else { 1.0 };
    let svg = picture(title, 26 + legend.height + HEIGHT, |area| {
        let below = legend.draw(area)?;
        let mut chart = chart(&below, &axes)?;
        // The first is the one that is quoted, and lies on top.
        for curve in curves.iter().rev() {
            let style = stroke(colour(&curve.name), opacity);
            chart.draw_series(LineSeries::new(curve.points.iter().copied(), style))?;
            chart.draw_series([Circle::new(curve.longest, 7, style)])?;
        }
        Ok(())
    });
    svg.map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_ends_where_ten_samples_are_beyond_it() {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        assert!(Curve::of("", &histogram).is_none());
        histogram.record_n(100_000, 9_999).unwrap();
        histogram.record(5_000_000).unwrap();
        let curve = Curve::of("x", &histogram).unwrap();
        let (nines, log) = *curve.points.last().unwrap();
        assert!((nines - 3.0).abs() < 1e-9 && (log - 2.0).abs() < 1e-3, "{nines} {log}");
        assert!((curve.longest.0 - 4.0).abs() < 1e-9 && curve.longest.1 > 3.6);
        assert!(curve.points.len() <= 3, "a level line is its ends: {:?}", curve.points);
        let few = Histogram::<u64>::new_from(&histogram);
        assert!(Curve::of("few", &few).is_none());
    }

    #[test]
    fn curves_of_one_name_share_an_entry() {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        (1..2_000).for_each(|value| histogram.record(value * 1_000).unwrap());
        let curve = |name| Curve::of(name, &histogram).unwrap();
        let svg = draw("A & B", &[curve("a<b"), curve("a<b"), curve("c")]).unwrap().unwrap();
        assert_eq!(svg.matches("a&lt;b").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("A &amp; B") && svg.contains("99 %"), "{svg}");
        assert!(draw("", &[]).unwrap().is_none());
    }
}
