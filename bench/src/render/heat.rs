//! Latency over time: how many records took how long in each second, and below it on the same time
//! axis what else happened: rate, backlog, stolen time, flushes of the device.

use std::collections::BTreeMap;

use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

use super::axis::{self, Axis};
use super::canvas::{Area, Axes, Drawn, Legend, Mark, chart, label, picture, stroke};
use super::palette::{self, Colour, HEAT};
use crate::error::BenchError;
use crate::folder::log::Log;
use crate::folder::timeline::Row;
use crate::folder::{Folder, FolderError};

/// Columns at most: more would be narrower than what is seen.
const COLUMNS_MAX: u64 = 240;
/// Rows of a decade of time.
const ROWS_PER_DECADE: f64 = 20.0;
/// Shown pixels of the map, and of each picture below it.
const MAP_HEIGHT: u32 = 260;
const LANE_HEIGHT: u32 = 92;

/// Counts by time and by latency.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Map {
    /// Seconds of a column.
    seconds: u64,
    /// Each column's counts, from the row numbered `first` on.
    columns: Vec<Vec<u64>>,
    /// The lowest row, in rows of the logarithm of microseconds.
    first: i32,
    /// The end of the last interval, in seconds: what was due in the window may have ended later.
    end: u64,
    /// The end of the window, in seconds.
    window: u64,
    /// The shortest and the longest, microseconds.
    range: (f64, f64),
}

impl Map {
    /// Counts the intervals of `total`.
    pub(super) fn of(folder: &Folder) -> Result<Self, FolderError> {
        let bytes = folder.log()?;
        let log = Log::parse(&bytes).map_err(|error| folder.in_log(error))?;
        let intervals = || log.intervals.iter().filter(|interval| interval.tag == "total");
        let end =
            intervals().map(|interval| interval.second().saturating_add(1)).max().unwrap_or(0);
        let seconds = end.div_ceil(COLUMNS_MAX).max(1);
        let mut counts: BTreeMap<(u64, i32), u64> = BTreeMap::new();
        let mut range = (f64::INFINITY, 0.0);
        for interval in intervals() {
            let histogram = interval.histogram().map_err(|error| folder.in_log(error))?;
            for bin in histogram.iter_recorded() {
                let micros = bin.value_iterated_to().max(1) as f64 / 1e3;
                range = (f64::min(range.0, micros), f64::max(range.1, micros));
                let cell = counts.entry((interval.second() / seconds, row_of(micros))).or_default();
                *cell = cell.saturating_add(bin.count_at_value());
            }
        }
        let first = counts.keys().map(|(_, row)| *row).min().unwrap_or(0);
        let rows = counts.keys().map(|(_, row)| row - first + 1).max().unwrap_or(0);
        let column = |number: u64| {
            let count = |row: i32| counts.get(&(number, first + row)).copied().unwrap_or(0);
            (0..rows).map(count).collect()
        };
        let columns = (0..end.div_ceil(seconds)).map(column).collect();
        let window = folder.run.window;
        let window = window.end_ns.saturating_sub(window.start_ns).div_ceil(1_000_000_000);
        Ok(Self { seconds, columns, first, end, window, range })
    }

    fn most(&self) -> u64 {
        self.columns.iter().flatten().copied().max().unwrap_or(0)
    }

    /// Cells of one colour above each other as one: from where to where, and the colour.
    fn cells(&self) -> Vec<([(f64, f64); 2], Colour)> {
        let most = self.most();
        let mut cells = Vec::new();
        for (number, column) in (0_u32..).zip(&self.columns) {
            let from = f64::from(number) * self.seconds as f64;
            let to = (from + self.seconds as f64).min(self.end as f64);
            let mut at = 0;
            while let Some(count) = column.get(at) {
                let shade = shade(*count, most);
                let rest = column.get(at..).unwrap_or_default().iter();
                let same = rest.take_while(|count| self::shade(**count, most) == shade).count();
                let edge = |row: usize| {
                    let row = i32::try_from(row).unwrap_or(i32::MAX / 2);
                    f64::from(self.first.saturating_add(row)) / ROWS_PER_DECADE
                };
                if let Some(colour) = shade.and_then(|shade| HEAT.get(shade)) {
                    cells.push(([(from, edge(at)), (to, edge(at + same))], *colour));
                }
                at += same.max(1);
            }
        }
        cells
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the logarithm of an hour is small")]
fn row_of(micros: f64) -> i32 {
    (micros.log10() * ROWS_PER_DECADE).floor() as i32
}

/// Which colour a count has: by its logarithm, none for nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 11")]
fn shade(count: u64, most: u64) -> Option<usize> {
    let of_all = (count as f64).ln_1p() / (most.max(1) as f64).ln_1p();
    (count > 0).then(|| ((of_all * HEAT.len() as f64).ceil() as usize).clamp(1, HEAT.len()) - 1)
}

/// One picture below the map.
struct Lane {
    name: &'static str,
    /// Its lines: from the second's start to its end at one value.
    lines: Vec<(Colour, Vec<(f64, f64)>)>,
}

type Pick = fn(&Row) -> Option<f64>;

impl Lane {
    fn of(name: &'static str, rows: &[Row], lines: &[(Colour, Pick)]) -> Option<Self> {
        let lines: Vec<_> =
            lines.iter().map(|(colour, pick)| (*colour, steps(rows, *pick))).collect();
        lines.iter().any(|(_, points)| !points.is_empty()).then_some(Self { name, lines })
    }

    fn draw(&self, area: &Area<'_>, x: &Axis, labels_below: bool) -> Drawn {
        let values = self.lines.iter().flat_map(|(_, points)| points);
        let most = values.map(|(_, value)| *value).fold(0.0, f64::max);
        let y = axis::linear(most, 2);
        // A line along the upper end would be half hidden.
        let y = Axis { to: y.to * 1.08, ..y };
        let marks = (&axis::count_mark, &axis::count_mark);
        let axes = Axes { x: x.clone(), y, x_mark: marks.0, y_mark: marks.1, labels_below };
        let (head, plane) = area.split_vertically(44);
        label(&head, self.name, (66, 8), HPos::Left)?;
        let mut chart = chart(&plane, &axes)?;
        for (colour, points) in &self.lines {
            chart.draw_series(LineSeries::new(points.iter().copied(), stroke(*colour, 1.0)))?;
        }
        Ok(())
    }
}

/// A value that holds for its second.
fn steps(rows: &[Row], pick: Pick) -> Vec<(f64, f64)> {
    let known = rows.iter().filter_map(|row| Some((row.second as f64, pick(row)?)));
    known.flat_map(|(second, value)| [(second, value), (second + 1.0, value)]).collect()
}

fn lanes(rows: &[Row]) -> Vec<Lane> {
    let line = palette::line;
    let lanes = [
        Lane::of(
            "records due (orange) and acknowledged (blue) in each second",
            rows,
            &[(line(1), |row| Some(row.intended as f64)), (line(0), |row| Some(row.acked as f64))],
        ),
        Lane::of(
            "backlog: due and not answered",
            rows,
            &[(line(0), |row| Some(row.backlog as f64))],
        ),
        Lane::of("steal, % of all CPUs", rows, &[(line(0), |row| row.steal_pct)]),
        Lane::of("flushes of the device", rows, &[(line(0), |row| row.device_flushes)]),
    ];
    lanes.into_iter().flatten().collect()
}

/// The picture; nothing if the run has no records.
pub(super) fn draw(title: &str, map: &Map, rows: &[Row]) -> Result<Option<String>, BenchError> {
    if map.columns.is_empty() || map.range.1 <= 0.0 {
        return Ok(None);
    }
    // What is before the window does not count, and what is after it has no records of its own.
    let in_window = |row: &&Row| u64::try_from(row.second).is_ok_and(|at| at < map.window);
    let rows: Vec<Row> = rows.iter().filter(in_window).copied().collect();
    let lanes = lanes(&rows);
    let x = axis::seconds(map.end as f64);
    let legend = Legend::new([
        ("1 record in a cell".to_owned(), HEAT[0], Mark::Square),
        (format!("{} records", axis::count_mark(map.most() as f64)), HEAT[11], Mark::Square),
        ("p99 of each second".to_owned(), palette::line(1), Mark::Line),
    ]);
    let lanes_height = u32::try_from(lanes.len()).unwrap_or(0) * LANE_HEIGHT;
    let height = 26 + legend.height + MAP_HEIGHT + lanes_height + 40;
    let svg = picture(title, height, |area| {
        let below = legend.draw(area)?;
        let (upper, mut below) = below.split_vertically(MAP_HEIGHT * 2);
        let axes = Axes {
            x: x.clone(),
            y: axis::log_micros(map.range.0, map.range.1),
            x_mark: &axis::count_mark,
            y_mark: &axis::log_mark,
            labels_below: lanes.is_empty(),
        };
        let mut chart = chart(&upper, &axes)?;
        let (least, most) = (axes.y.from, axes.y.to);
        chart.draw_series(map.cells().into_iter().map(|([(x0, y0), (x1, y1)], colour)| {
            let clamped = [(x0, y0.clamp(least, most)), (x1, y1.clamp(least, most))];
            Rectangle::new(clamped, colour.light().filled())
        }))?;
        let p99 = steps(&rows, |row| row.p99_us.filter(|micros| *micros > 0.0).map(f64::log10));
        chart.draw_series(LineSeries::new(p99, stroke(palette::line(1), 1.0)))?;
        for (number, lane) in (1..).zip(&lanes) {
            let is_last = number == lanes.len();
            let height = if is_last { LANE_HEIGHT + 20 } else { LANE_HEIGHT };
            let (here, rest) = below.split_vertically(height * 2);
            lane.draw(&here, &x, is_last)?;
            below = rest;
        }
        label(&below, "seconds of the window", (500, 0), HPos::Center)
    });
    svg.map(Some)
}

#[cfg(test)]
mod tests {
    use tempfile::tempdir;

    use super::*;
    use crate::folder::synthetic::{Dice, Shape, Synthetic};

    fn map(seconds: u64, rate: u64) -> (Map, Vec<Row>) {
        let directory = tempdir().unwrap();
        let shape = Shape { seconds, rate, ..Shape::default() };
        Synthetic::new(&mut Dice::new(1), shape).write(directory.path());
        let folder = Folder::read(directory.path()).unwrap();
        (Map::of(&folder).unwrap(), folder.timeline().unwrap())
    }

    #[test]
    fn every_record_is_in_one_cell() {
        let (map, _) = map(300, 20);
        assert_eq!((map.seconds, map.columns.len(), map.end), (2, 150, 300));
        assert_eq!(map.columns.iter().flatten().sum::<u64>(), 6_000);
        assert!(map.columns.iter().all(|column| column.iter().sum::<u64>() == 40));
        let cells = map.cells();
        assert!(cells.iter().all(|([from, to], _)| from.0 < to.0 && from.1 < to.1));
        assert!(cells.len() < 40 * 150);
    }

    #[test]
    fn shades_go_from_the_first_to_the_last() {
        assert_eq!(shade(0, 1_000), None);
        assert_eq!(shade(1, 1_000), Some(1));
        assert_eq!(shade(1, u64::MAX), Some(0));
        assert_eq!(shade(1_000, 1_000), Some(11));
        assert_eq!(shade(1, 1), Some(11));
    }

    #[test]
    fn lanes_are_those_that_are_known_and_warm_up_is_not_shown() {
        let (map, mut rows) = map(3, 1_200);
        let svg = draw("t", &map, &rows).unwrap().unwrap();
        for name in ["backlog", "steal", "flushes", "acknowledged", "seconds of the window"] {
            assert!(svg.contains(name), "{name}");
        }
        for row in &mut rows {
            row.steal_pct = None;
        }
        assert!(!draw("t", &map, &rows).unwrap().unwrap().contains("steal"));
        let alone = draw("t", &map, &[]).unwrap().unwrap();
        assert!(!alone.contains("backlog"));
        assert!(draw("t", &Map::default(), &rows).unwrap().is_none());
    }
}
