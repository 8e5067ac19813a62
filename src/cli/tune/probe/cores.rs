//! What takes a core away from a thread that wants to run on it.

use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;
use runtime::floor::{GapConfig, gaps, timers};
use tuning::probe::{CoreCounters, GapSummary, attribute, histogram};

use crate::cli::failure::Failure;

/// The shortest gap that is told.
pub(super) const GAP_NS_MIN: u64 = 20_000;

/// How long a thread sleeps that tests its timer.
const TIMER_INTERVAL: Duration = Duration::from_micros(500);

/// What tells why: interrupts, softirqs, time stolen.
const WITNESSES: [&str; 3] = ["/proc/interrupts", "/proc/softirqs", "/proc/stat"];

/// What was seen of a core.
pub(super) struct CoreReport {
    pub(super) core: usize,
    pub(super) gaps: GapSummary,
    /// How late a sleeping thread is woken, nanoseconds.
    pub(super) timers: Histogram<u64>,
}

impl CoreReport {
    /// Looks at the clock for so long, then sleeps and wakes up for as long.
    pub(super) fn take(core: usize, duration: Duration) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::new(format_args!("core {core}: {error}"));
        let config = GapConfig {
            core,
            duration,
            shortest_ns: GAP_NS_MIN,
            witnesses: WITNESSES.map(PathBuf::from).to_vec(),
        };
        let mut summary = GapSummary::default();
        summary.watched_ns = gaps(&config, &mut |gap| {
            let (before, after) = (counters(core, gap.before), counters(core, gap.after));
            summary.enter(gap.length_ns, attribute(&before, &after, gap.switches));
        })
        .map_err(failed)?;
        let mut late = histogram();
        let each = &mut |late_ns: u64| late.saturating_record(late_ns.max(1));
        timers(core, TIMER_INTERVAL, duration, each).map_err(failed)?;
        Ok(Self { core, gaps: summary, timers: late })
    }
}

fn counters(core: usize, texts: &[Vec<u8>]) -> CoreCounters {
    let text = |at: usize| texts.get(at).map_or("".into(), |text| String::from_utf8_lossy(text));
    CoreCounters::parse(core, &text(0), &text(1), &text(2))
}
