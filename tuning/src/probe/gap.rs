//! Why a core was away: what the kernel counted on it between before and after.
//!
//! The counters are those of `/proc/interrupts`, `/proc/softirqs` and `/proc/stat` (proc(5)), read
//! up to two milliseconds before a gap and right behind it. What changed need not be the reason; so
//! the more telling change wins: time that the hypervisor admits to have stolen, then another
//! thread, then a device's interrupt, then the softirq that did most, then the timer's tick, and
//! at last nothing.

use std::collections::BTreeMap;
use std::fmt;

use hdrhistogram::Histogram;

use super::measured::histogram;

/// The local timer's interrupt: x86, ARM.
const TICKS: [&str; 2] = ["LOC", "arch_timer"];

/// Interrupts that say nothing of their own: rescheduling, calls of other cores, work of its own.
const MINOR: [&str; 4] = ["RES", "CAL", "IWI", "TLB"];

/// What the kernel had counted on one core.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreCounters {
    /// By the line's name and what it belongs to; none if they can not be seen.
    interrupts: BTreeMap<String, u64>,
    softirqs: BTreeMap<String, u64>,
    /// In ticks of 10 ms.
    stolen: u64,
}

/// Why a core was away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The hypervisor ran somebody else, and says so.
    Stolen,
    /// Another thread ran.
    Preempted,
    /// An interrupt, by its line's name.
    Interrupt(String),
    /// A softirq, by its name.
    Softirq(String),
    /// The kernel's own tick.
    Tick,
    /// Nothing that the kernel counts: a hypervisor that does not say, or the firmware.
    Unseen,
    /// The counters can not be read.
    Unknown,
}

impl CoreCounters {
    /// Reads the counters of a core from the texts of `/proc/interrupts`, `/proc/softirqs` and
    /// `/proc/stat`. A text that is empty or not understood counts nothing.
    pub fn parse(core: usize, interrupts: &str, softirqs: &str, stat: &str) -> Self {
        let name = format!("cpu{core}");
        let stolen = stat.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next()? == name).then(|| words.nth(7)?.parse().ok())?
        });
        Self {
            interrupts: column(core, interrupts),
            softirqs: column(core, softirqs),
            stolen: stolen.unwrap_or(0),
        }
    }

    /// Whether nothing could be read.
    pub fn is_blind(&self) -> bool {
        self.interrupts.is_empty() && self.softirqs.is_empty()
    }
}

/// The column of a core in a table with a header of `CPU0 CPU1 ...`. The name of a numbered line is
/// extended by what the line ends with: `33 virtio0-req.0`.
fn column(core: usize, table: &str) -> BTreeMap<String, u64> {
    let mut lines = table.lines();
    let header = format!("CPU{core}");
    let names: Vec<_> = lines.next().unwrap_or_default().split_whitespace().collect();
    let Some(at) = names.iter().position(|name| *name == header) else { return BTreeMap::new() };
    let rows = lines.filter_map(|line| {
        let (label, rest) = line.split_once(':')?;
        let label = label.trim();
        let count = rest.split_whitespace().nth(at)?.parse().ok()?;
        let owner = rest.split_whitespace().skip(names.len()).last();
        let is_number = label.bytes().all(|byte| byte.is_ascii_digit());
        let name = match owner.filter(|_| is_number) {
            Some(owner) => format!("{label} {owner}"),
            None => label.to_owned(),
        };
        Some((name, count))
    });
    rows.collect()
}

/// Why a core was away between two readings, in which the thread on it gave way `switches` times.
pub fn attribute(before: &CoreCounters, after: &CoreCounters, switches: u64) -> Cause {
    if after.stolen > before.stolen {
        return Cause::Stolen;
    }
    if switches > 0 {
        return Cause::Preempted;
    }
    if after.is_blind() {
        return Cause::Unknown;
    }
    let interrupts = grown(&before.interrupts, &after.interrupts);
    let is_tick = |name: &str| TICKS.iter().any(|tick| name.ends_with(tick));
    let telling = interrupts
        .iter()
        .filter(|(name, _)| !is_tick(name) && !MINOR.contains(&name.as_str()))
        .max_by_key(|(_, count)| *count);
    if let Some((name, _)) = telling {
        return Cause::Interrupt(name.clone());
    }
    let softirqs = grown(&before.softirqs, &after.softirqs);
    // Those of the tick itself come with each one.
    let own = ["TIMER", "SCHED", "RCU", "HRTIMER"];
    let others = softirqs.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    if let Some((name, _)) = others.max_by_key(|(_, count)| *count) {
        return Cause::Softirq(name.clone());
    }
    if interrupts.iter().any(|(name, _)| is_tick(name)) {
        return Cause::Tick;
    }
    match softirqs.into_iter().max_by_key(|(_, count)| *count) {
        Some((name, _)) => Cause::Softirq(name),
        None => match interrupts.into_iter().max_by_key(|(_, count)| *count) {
            Some((name, _)) => Cause::Interrupt(name),
            None => Cause::Unseen,
        },
    }
}

fn grown(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    let counts = after.iter().filter_map(|(name, count)| {
        let more = count.saturating_sub(before.get(name).copied().unwrap_or(0));
        (more > 0).then(|| (name.clone(), more))
    });
    counts.collect()
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stolen => f.write_str("stolen by the hypervisor"),
            Self::Preempted => f.write_str("another thread"),
            Self::Interrupt(name) => write!(f, "interrupt {name}"),
            Self::Softirq(name) => write!(f, "softirq {name}"),
            Self::Tick => f.write_str("timer tick"),
            Self::Unseen => f.write_str("nothing that the kernel counts"),
            Self::Unknown => f.write_str("not known: /proc/interrupts can not be read"),
        }
    }
}

/// The gaps of one core, by cause.
#[derive(Clone, Debug)]
pub struct GapSummary {
    /// How long was watched, nanoseconds.
    pub watched_ns: u64,
    /// Every gap's length, nanoseconds.
    pub lengths: Histogram<u64>,
    /// How many gaps each cause had, and how many nanoseconds.
    pub causes: BTreeMap<Cause, (u64, u64)>,
}

impl Default for GapSummary {
    fn default() -> Self {
        Self { watched_ns: 0, lengths: histogram(), causes: BTreeMap::new() }
    }
}

impl GapSummary {
    /// Adds a gap.
    pub fn enter(&mut self, length_ns: u64, cause: Cause) {
        self.lengths.saturating_record(length_ns.max(1));
        let (count, sum_ns) = self.causes.entry(cause).or_default();
        *count += 1;
        *sum_ns = sum_ns.saturating_add(length_ns);
    }

    /// The causes, the one that took most time first.
    pub fn by_weight(&self) -> Vec<(&Cause, u64, u64)> {
        let causes = self.causes.iter();
        let mut causes: Vec<_> =
            causes.map(|(cause, (count, sum_ns))| (cause, *count, *sum_ns)).collect();
        causes.sort_by_key(|(_, _, sum_ns)| std::cmp::Reverse(*sum_ns));
        causes
    }

    /// The part of the time that was lost in gaps, 0 to 1.
    pub fn lost_share(&self) -> f64 {
        let lost: u64 = self.causes.values().map(|(_, sum_ns)| *sum_ns).sum();
        if self.watched_ns == 0 { 0.0 } else { lost as f64 / self.watched_ns as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERRUPTS: &str = "           CPU0       CPU1       \n  0:         33          0   \
        IO-APIC   2-edge      timer\n 24:          0       1000  PCI-MSIX-0000:00:01.0   1-edge  \
        virtio0-req.0\nLOC:     500000     600000   Local timer interrupts\nRES:  7  9   \
        Rescheduling interrupts\nERR:          0\n";
    const SOFTIRQS: &str = "                    CPU0       CPU1       \n          HI:          0  \
        0\n       TIMER:     400     500\n      NET_RX:      10      20\n       BLOCK:  5  6\n";
    const STAT: &str = "cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 80 9 10\n\
        cpu1 1 2 3 4 5 6 7 81 9 10\nintr 5\n";

    fn counters(changes: &[(&str, &str)]) -> CoreCounters {
        let text_with = |text: &str| {
            changes.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
        };
        CoreCounters::parse(1, &text_with(INTERRUPTS), &text_with(SOFTIRQS), &text_with(STAT))
    }

    fn check(changes: &[(&str, &str)], switches: u64, cause: &Cause) {
        let found = attribute(&counters(&[]), &counters(changes), switches);
        assert_eq!(&found, cause, "{changes:?}, {switches} switches");
    }

    #[test]
    fn counters_are_those_of_the_core() {
        let found = counters(&[]);
        assert_eq!(found.interrupts["24 virtio0-req.0"], 1000);
        assert_eq!(found.interrupts["LOC"], 600_000);
        assert_eq!((found.softirqs["NET_RX"], found.stolen), (20, 81));
        assert!(!found.interrupts.contains_key("ERR"), "it has no second column");
        assert!(CoreCounters::parse(2, INTERRUPTS, SOFTIRQS, STAT).is_blind());
    }

    #[test]
    fn the_more_telling_change_wins() {
        let tick = ("600000", "600001");
        let device = ("1000 ", "1001 ");
        let stolen = ("81 9", "82 9");
        let receive = ("      20\n", "      21\n");
        let reschedule = ("7  9 ", "7  10 ");
        check(&[], 0, &Cause::Unseen);
        check(&[tick], 0, &Cause::Tick);
        check(&[tick, ("500\n", "501\n")], 0, &Cause::Tick);
        check(&[tick, receive], 0, &Cause::Softirq("NET_RX".to_owned()));
        check(&[tick, receive, device], 0, &Cause::Interrupt("24 virtio0-req.0".to_owned()));
        check(&[tick, device], 1, &Cause::Preempted);
        check(&[tick, device, stolen], 1, &Cause::Stolen);
        check(&[reschedule], 0, &Cause::Interrupt("RES".to_owned()));
        check(&[reschedule, tick], 0, &Cause::Tick);
    }

    #[test]
    fn what_can_not_be_read_is_said_to_be_unknown() {
        let blind = CoreCounters::default();
        assert_eq!(attribute(&blind, &blind, 0), Cause::Unknown);
        assert_eq!(attribute(&blind, &blind, 2), Cause::Preempted);
        let junk = CoreCounters::parse(0, "CPU0\n: x\n\u{0}", "CPU0", "cpu0 a");
        assert_eq!(attribute(&blind, &junk, 0), Cause::Unknown);
    }

    #[test]
    fn a_summary_adds_up() {
        let mut summary = GapSummary { watched_ns: 1_000_000, ..GapSummary::default() };
        summary.enter(30_000, Cause::Tick);
        summary.enter(50_000, Cause::Stolen);
        summary.enter(25_000, Cause::Tick);
        let causes = summary.by_weight();
        assert_eq!(causes, [(&Cause::Tick, 2, 55_000), (&Cause::Stolen, 1, 50_000)]);
        assert!((summary.lost_share() - 0.105).abs() < 1e-9);
        assert_eq!(summary.lengths.len(), 3);
    }
}
