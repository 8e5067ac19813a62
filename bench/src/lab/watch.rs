//! Who looks at a run while it goes on: the meter of its costs, and the line on a terminal.

use std::io::{IsTerminal, Write, stderr};

use super::costs::{Glance, Meter, Reading, Sample};
use super::ledger::{Observer, Row, Tag};
use crate::folder::run::Costs;

/// Looks at every second.
pub(crate) struct Watch {
    meter: Meter,
    live: bool,
    last: Glance,
    from: Option<Reading>,
    to: Option<Reading>,
    /// A sample a second from the run's start.
    pub(crate) samples: Vec<Sample>,
}

impl Watch {
    /// From now on; `live` writes a line a second if there is a terminal to write it to.
    pub(crate) fn new(meter: Meter, live: bool) -> Self {
        let last = meter.glance();
        let live = live && stderr().is_terminal();
        Self { meter, live, last, from: None, to: None, samples: Vec::new() }
    }

    /// What the window cost.
    pub(crate) fn end(mut self) -> (Costs, Vec<Sample>) {
        if self.live {
            // The line is nobody's if it can not be written.
            let _ = writeln!(stderr());
        }
        let Some(from) = self.from.take() else { return (Costs::default(), self.samples) };
        let to = self.to.take().unwrap_or_else(|| self.meter.read(now_ns()));
        (from.until(&to), self.samples)
    }

    fn show(row: &mut Row, measured: bool) {
        let mut at = |quantile| row.intervals[Tag::Total as usize].at(quantile) as f64 / 1e3;
        let times = [0.5, 0.99, 0.999, 1.0].map(&mut at);
        let [p50, p99, p999, max] = times.map(|micros| format!("{micros:.0}"));
        let phase = if measured { "measuring" } else { "warming up" };
        let (rate, backlog) = (row.counts.acked, row.backlog);
        // The line is nobody's if it can not be written.
        let _ = write!(
            stderr(),
            "\r\x1b[K{phase:<10} {rate:>9}/s  us: p50 {p50:>6}  p99 {p99:>6}  p99.9 {p999:>6}  \
             max {max:>7}  backlog {backlog}"
        );
    }
}

impl Observer for Watch {
    fn on_window(&mut self) {
        self.from = Some(self.meter.read(now_ns()));
    }

    fn on_row(&mut self, row: &mut Row, measured: bool) {
        let glance = self.meter.glance();
        self.samples.push(self.last.until(&glance));
        self.last = glance;
        if !measured && self.from.is_some() && self.to.is_none() {
            self.to = Some(self.meter.read(now_ns()));
        }
        if self.live {
            Self::show(row, measured);
        }
    }
}

fn now_ns() -> u64 {
    runtime::Instant::now().nanos()
}
