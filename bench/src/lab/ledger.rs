//! The account of a run: every record that was due, and what became of it.
//!
//! A record is due, sent, and then acknowledged, refused, timed out, or still waiting when the run
//! is given up. The last two enter the distributions at their age; a refused one only counts. What
//! was due in the window counts for the run; every second has a row of its own, warm-up included.
//! Times are nanoseconds of one monotonic clock, given by the target, never going back.

use std::ops::Range;

use super::recorder::{Interval, Recorder};
use super::warm_up::has_settled;
use super::workload::{WarmUp, Workload};

/// A second in nanoseconds.
pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// What is measured of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    /// From its sending to its acknowledgement.
    Publish,
    /// From when it was due to its sending: batch, linger, waiting for a slot.
    Delay,
    /// From when it was due to its acknowledgement.
    Total,
    /// From when it was due until a consumer had it.
    EndToEnd,
    /// From when it was due until the generator saw that: its own fault.
    Lateness,
}

impl Tag {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 5] =
        [Self::Publish, Self::Delay, Self::Total, Self::EndToEnd, Self::Lateness];

    /// As files name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Delay => "delay",
            Self::Total => "total",
            Self::EndToEnd => "end_to_end",
            Self::Lateness => "lateness",
        }
    }
}

/// How many records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// That were due; in a closed loop, that were sent.
    pub(crate) intended: u64,
    pub(crate) sent: u64,
    pub(crate) acked: u64,
    /// That the target refused, or whose connection broke.
    pub(crate) errors: u64,
    pub(crate) timed_out: u64,
    /// That were given up at the end.
    pub(crate) waiting: u64,
    /// That consumers had, once for each group.
    pub(crate) read: u64,
    /// Bytes of the acknowledged records' keys and values.
    pub(crate) bytes_acked: u64,
}

/// What happened in a second, whenever its records were due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) counts: Counts,
    /// Records that were due and have not ended, at the end of the second.
    pub(crate) backlog: u64,
    /// Of each tag, what ended in this second; once the window is open, only what was due in it.
    pub(crate) intervals: [Interval; 5],
}

/// Who looks at every second that has ended.
pub(crate) trait Observer {
    /// The window begins now.
    fn on_window(&mut self) {}

    /// Takes a row; `measured` if it is within the window.
    fn on_row(&mut self, row: &mut Row, measured: bool);
}

/// Looks at nothing.
pub(crate) struct Nobody;

impl Observer for Nobody {
    fn on_row(&mut self, _: &mut Row, _: bool) {}
}

/// The account.
pub(crate) struct Ledger<'a> {
    warm_up: WarmUp,
    duration_ns: u64,
    closed: bool,
    start_ns: u64,
    window: Option<Range<u64>>,
    recorders: [Recorder; 5],
    row: Counts,
    rows: Vec<Row>,
    medians: Vec<u64>,
    counts: Counts,
    all: Counts,
    backlog: u64,
    settled: bool,
    observer: &'a mut dyn Observer,
}

/// The account of a run that is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Account {
    /// The window, in nanoseconds from the run's start.
    pub(crate) window: Range<u64>,
    /// A row a second from the run's start.
    pub(crate) rows: Vec<Row>,
    /// Of records due in the window.
    pub(crate) counts: Counts,
    /// Of all records, warm-up included.
    pub(crate) all: Counts,
    /// Whether the warm-up ended because the median held still.
    pub(crate) settled: bool,
}

impl<'a> Ledger<'a> {
    /// An account that nothing has happened in; `start_ns` is now.
    pub(crate) fn new(workload: &Workload, start_ns: u64, observer: &'a mut dyn Observer) -> Self {
        Self {
            warm_up: workload.warm_up,
            duration_ns: u64::try_from(workload.duration.as_nanos()).unwrap_or(u64::MAX / 4),
            closed: workload.is_closed(),
            start_ns,
            window: None,
            recorders: Default::default(),
            row: Counts::default(),
            rows: Vec::new(),
            medians: Vec::new(),
            counts: Counts::default(),
            all: Counts::default(),
            backlog: 0,
            settled: false,
            observer,
        }
    }

    /// When the run began.
    pub(crate) fn start_ns(&self) -> u64 {
        self.start_ns
    }

    /// What is measured; not known before the warm-up has ended.
    pub(crate) fn window(&self) -> Option<Range<u64>> {
        self.window.clone()
    }

    /// Records that were due, or sent in a closed loop, and have not ended.
    pub(crate) fn backlog(&self) -> u64 {
        self.backlog
    }

    /// All counts so far, warm-up included.
    pub(crate) fn all(&self) -> Counts {
        self.all
    }

    /// Ends the seconds that have passed. Every other call does so too.
    pub(crate) fn on_time(&mut self, now_ns: u64) {
        if self.rows.is_empty() && self.window.is_none() && self.warm_up == WarmUp::Fixed(0) {
            self.open_window(self.start_ns);
        }
        while now_ns >= self.row_end_ns() {
            self.end_row();
        }
    }

    fn row_end_ns(&self) -> u64 {
        self.start_ns + (self.rows.len() as u64 + 1) * SECOND_NS
    }

    fn end_row(&mut self) {
        let end_ns = self.row_end_ns();
        let measured = self.window.as_ref().is_some_and(|window| window.contains(&(end_ns - 1)));
        let intervals = std::mem::take(&mut self.recorders).map(|mut recorder| {
            let interval = recorder.take();
            (recorder, interval)
        });
        let mut row = Row { counts: self.row, backlog: self.backlog, ..Row::default() };
        for (number, (recorder, interval)) in intervals.into_iter().enumerate() {
            self.recorders[number] = recorder;
            row.intervals[number] = interval;
        }
        self.row = Counts::default();
        self.observer.on_row(&mut row, measured);
        if self.window.is_none() {
            self.medians.push(row.intervals[Tag::Total as usize].at(0.5));
            self.settled = has_settled(&self.medians);
            let seconds = self.medians.len() as u64;
            let over = match self.warm_up {
                WarmUp::Fixed(wanted) => seconds >= u64::from(wanted),
                WarmUp::Settled { seconds_max } => {
                    self.settled || seconds >= u64::from(seconds_max)
                }
            };
            if over {
                self.open_window(end_ns);
            }
        }
        self.rows.push(row);
    }

    fn open_window(&mut self, from_ns: u64) {
        self.window = Some(from_ns..from_ns + self.duration_ns);
        self.observer.on_window();
    }

    /// Whether a record counts in the distributions: all do until the window is known.
    fn counts_in_rows(&self, due_ns: u64) -> bool {
        self.window.as_ref().is_none_or(|window| window.contains(&due_ns))
    }

    fn is_measured(&self, due_ns: u64) -> bool {
        self.window.as_ref().is_some_and(|window| window.contains(&due_ns))
    }

    fn record(&mut self, tag: Tag, nanos: u64, times: u64) {
        self.recorders[tag as usize].record(nanos, times);
    }

    fn count(&mut self, due_ns: &[u64], field: fn(&mut Counts) -> &mut u64) {
        let measured = due_ns.iter().filter(|due_ns| self.is_measured(**due_ns)).count() as u64;
        let all = due_ns.len() as u64;
        *field(&mut self.row) += all;
        *field(&mut self.all) += all;
        *field(&mut self.counts) += measured;
    }

    /// `records` records were due, and the generator sees it now.
    pub(crate) fn on_due(&mut self, due_ns: u64, records: u64, now_ns: u64) {
        self.on_time(now_ns);
        if self.counts_in_rows(due_ns) {
            self.record(Tag::Lateness, now_ns.saturating_sub(due_ns), records);
        }
        self.row.intended += records;
        self.all.intended += records;
        self.backlog += records;
        if self.is_measured(due_ns) {
            self.counts.intended += records;
        }
    }

    /// Records were handed to the kernel, or to a client library. In a closed loop they are due
    /// now: `due_ns` are all `now_ns`.
    pub(crate) fn on_sent(&mut self, due_ns: &[u64], now_ns: u64) {
        self.on_time(now_ns);
        self.count(due_ns, |counts| &mut counts.sent);
        if self.closed {
            self.count(due_ns, |counts| &mut counts.intended);
            self.backlog += due_ns.len() as u64;
        }
    }

    /// Records were acknowledged.
    pub(crate) fn on_acked(&mut self, due_ns: &[u64], sent_ns: u64, now_ns: u64, bytes: u64) {
        self.on_time(now_ns);
        self.enter(due_ns, Some(sent_ns), now_ns);
        self.count(due_ns, |counts| &mut counts.acked);
        self.row.bytes_acked += bytes;
        self.all.bytes_acked += bytes;
        if due_ns.last().is_some_and(|due_ns| self.is_measured(*due_ns)) {
            self.counts.bytes_acked += bytes;
        }
    }

    /// The target refused records, or their connection broke.
    pub(crate) fn on_error(&mut self, due_ns: &[u64], now_ns: u64) {
        self.on_time(now_ns);
        self.count(due_ns, |counts| &mut counts.errors);
        self.backlog = self.backlog.saturating_sub(due_ns.len() as u64);
    }

    /// Records were not acknowledged in time. The target must not report their end again.
    pub(crate) fn on_timed_out(&mut self, due_ns: &[u64], sent_ns: Option<u64>, now_ns: u64) {
        self.on_time(now_ns);
        self.enter(due_ns, sent_ns, now_ns);
        self.count(due_ns, |counts| &mut counts.timed_out);
    }

    /// Records are given up, the run being over.
    pub(crate) fn on_waiting(&mut self, due_ns: &[u64], sent_ns: Option<u64>, now_ns: u64) {
        self.on_time(now_ns);
        self.enter(due_ns, sent_ns, now_ns);
        self.count(due_ns, |counts| &mut counts.waiting);
    }

    /// A consumer has a record.
    pub(crate) fn on_read(&mut self, due_ns: u64, now_ns: u64) {
        self.on_time(now_ns);
        if self.counts_in_rows(due_ns) {
            self.record(Tag::EndToEnd, now_ns.saturating_sub(due_ns), 1);
        }
        self.count(&[due_ns], |counts| &mut counts.read);
    }

    /// Enters records with their times; what was never sent has waited all of its age.
    fn enter(&mut self, due_ns: &[u64], sent_ns: Option<u64>, now_ns: u64) {
        self.backlog = self.backlog.saturating_sub(due_ns.len() as u64);
        let mut entered = 0;
        for due_ns in due_ns.iter().copied() {
            if self.counts_in_rows(due_ns) {
                self.record(Tag::Total, now_ns.saturating_sub(due_ns), 1);
                self.record(Tag::Delay, sent_ns.unwrap_or(now_ns).saturating_sub(due_ns), 1);
                entered += 1;
            }
        }
        if let (Some(sent_ns), 1..) = (sent_ns, entered) {
            self.record(Tag::Publish, now_ns.saturating_sub(sent_ns), entered);
        }
    }

    /// Ends the account.
    pub(crate) fn close(mut self, now_ns: u64) -> Account {
        self.on_time(now_ns);
        self.end_row();
        let window = self.window.unwrap_or(now_ns..now_ns);
        Account {
            window: window.start - self.start_ns..window.end - self.start_ns,
            rows: self.rows,
            counts: self.counts,
            all: self.all,
            settled: self.settled,
        }
    }
}

#[cfg(test)]
mod tests;
