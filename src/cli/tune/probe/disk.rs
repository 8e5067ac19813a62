//! How long the disk of a directory takes for a commit, written as the broker writes it.
//!
//! `O_DIRECT` over blocks that were written before, then the barrier, through a ring. Between two
//! commits is as much rest as arrivals at the rate in question leave, since a device that rested
//! answers otherwise. Lengths take turns several times a second, so that a slow moment meets all.

use std::io;
use std::path::Path;
use std::time::Duration;

use runtime::Instant;
use runtime::floor::{Barrier, Commits, Idle, JournalConfig};
use tuning::probe::{CommitTimes, Random, histogram};

use super::SEED;

/// Bytes of a commit, and the part of the time that is for it, of so many with and without a
/// barrier. Short commits are what a paced load makes, so they get most.
pub(super) const LENGTHS: [(usize, f64, f64); 5] = [
    (4 << 10, 0.5, 0.5),
    (16 << 10, 0.3, 0.2),
    (64 << 10, 0.1, 0.1),
    (256 << 10, 0.06, 0.1),
    (1 << 20, 0.04, 0.1),
];

/// The part of the time that is for commits without a barrier.
const WRITTEN_SHARE: f64 = 0.25;

/// How long all lengths take once.
const ROUND: Duration = Duration::from_millis(250);

/// Commits to find out which barrier is faster.
const TRIES: usize = 25;
const TRY_BYTES: usize = 16 << 10;

/// As long as a shard looks out for the end of a write.
const IDLE: Idle = Idle::Spin(250_000);

/// The longest rest between two commits: a seldom load is measured as if it were one of 200 a
/// second, or there would be too few commits to tell.
const REST_MAX: Duration = Duration::from_millis(5);

const FILES: u32 = 4;
const FILE_BYTES: u64 = 16 << 20;

/// What came of it.
pub(super) struct Disk {
    /// The faster barrier, by its name.
    pub(super) barrier: &'static str,
    /// With it.
    pub(super) durable: Vec<CommitTimes>,
    /// Without one.
    pub(super) written: Vec<CommitTimes>,
}

impl Disk {
    /// Nothing yet.
    pub(super) fn empty() -> Self {
        let times = || LENGTHS.map(|(bytes, ..)| CommitTimes { bytes, times: histogram() });
        Self { barrier: "", durable: times().to_vec(), written: times().to_vec() }
    }

    /// Commits in `directory` for `duration` at a pace, and adds what they took.
    pub(super) fn measure(
        &mut self,
        directory: &Path,
        core: usize,
        rate: f64,
        duration: Duration,
    ) -> io::Result<()> {
        let longest = LENGTHS.iter().map(|(bytes, ..)| *bytes).max().unwrap_or(TRY_BYTES);
        let journal =
            JournalConfig { directory: directory.to_owned(), files: FILES, file_bytes: FILE_BYTES };
        let mut commits = Commits::open(&journal, core, longest, IDLE)?;
        let (barrier, name) = faster(&mut commits)?;
        self.barrier = name;
        let mut pacing = Pacing { rate, random: Random::new(SEED, 0), owed: 0.0 };
        let end = Instant::now().after(duration);
        while Instant::now() < end {
            let whole = ROUND.min(Instant::now().until(end));
            for (index, (_, durable, written)) in LENGTHS.iter().enumerate() {
                let time = whole.mul_f64(durable * (1.0 - WRITTEN_SHARE));
                if let Some(times) = self.durable.get_mut(index) {
                    pacing.commit(&mut commits, barrier, time, times)?;
                }
                let time = whole.mul_f64(written * WRITTEN_SHARE);
                if let Some(times) = self.written.get_mut(index) {
                    pacing.commit(&mut commits, Barrier::None, time, times)?;
                }
            }
        }
        Ok(())
    }
}

/// Which barrier is faster here, as the broker finds out at its start.
fn faster(commits: &mut Commits) -> io::Result<(Barrier, &'static str)> {
    let mut times = [
        (Barrier::Fdatasync, "write, then fdatasync", Vec::new()),
        (Barrier::Dsync, "write-through (RWF_DSYNC)", Vec::new()),
    ];
    for _ in 0..TRIES {
        for (barrier, _, times) in &mut times {
            times.push(commits.commit(TRY_BYTES, *barrier)?);
        }
    }
    let [first, second] = times.map(|(barrier, name, mut times)| {
        times.sort_unstable();
        (times.get(TRIES / 2).copied().unwrap_or(u64::MAX), (barrier, name))
    });
    Ok(if second.0 <= first.0 { second.1 } else { first.1 })
}

/// The group-commit loop's pace: the next commit begins with the next arrival, at once if one came
/// meanwhile.
struct Pacing {
    rate: f64,
    random: Random,
    /// Nanoseconds from the end of the last commit to the next arrival.
    owed: f64,
}

impl Pacing {
    fn commit(
        &mut self,
        commits: &mut Commits,
        barrier: Barrier,
        time: Duration,
        times: &mut CommitTimes,
    ) -> io::Result<()> {
        let end = Instant::now().after(time);
        while Instant::now() < end {
            commits.rest(self.rest().min(REST_MAX))?;
            let taken = commits.commit(times.bytes, barrier)?;
            self.passed(taken as f64);
            times.times.saturating_record(taken.max(1));
        }
        Ok(())
    }

    fn rest(&mut self) -> Duration {
        Duration::from_secs_f64(std::mem::take(&mut self.owed).clamp(0.0, 1e9) / 1e9)
    }

    /// Takes all arrivals of so many nanoseconds: if there was one, the next commit has it.
    fn passed(&mut self, nanos: f64) {
        let next = self.random.exponential() * 1e9 / self.rate;
        // Arrivals have no memory: from any moment on the next one is as far away.
        self.owed = if next <= nanos { 0.0 } else { next - nanos };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_waits_for_an_arrival_unless_one_came_meanwhile() {
        let mut pacing = Pacing { rate: 1000.0, random: Random::new(7, 0), owed: 0.0 };
        let mut waits = 0;
        let mut sum = Duration::ZERO;
        for _ in 0..10_000 {
            pacing.passed(1e6);
            let rest = pacing.rest();
            waits += u32::from(!rest.is_zero());
            sum += rest;
        }
        // A mean gap of 1 ms: one in e arrivals is later than that, and then by 1 ms on average.
        assert!((3500..3860).contains(&waits), "{waits}");
        assert!((3300..4060).contains(&sum.as_millis()), "{sum:?}");
    }

    #[test]
    fn the_parts_of_the_time_add_up() {
        let durable: f64 = LENGTHS.iter().map(|(_, share, _)| share).sum();
        let written: f64 = LENGTHS.iter().map(|(.., share)| share).sum();
        assert!((durable - 1.0).abs() < 1e-9 && (written - 1.0).abs() < 1e-9);
        assert!(LENGTHS.is_sorted_by_key(|(bytes, ..)| *bytes));
    }
}
