//! [`Pace`]: how fast a flush, or compaction, goes beside commits that producers wait for.
//!
//! A flush at full speed holds the device for as long as it takes, and every barrier meanwhile
//! waits behind its writes. So it spends what commits earn: some bytes for each byte that was
//! committed, in writes about as long as the commits that they compete with. The numbers are in
//! docs/decisions/0009-flush-pace.md.
//!
//! Nobody waits for compaction: while there are commits, it takes a part of the time only, and
//! leaves what commits earn to the flush. Besides it may be limited to some bytes a second.

use std::cell::Cell;
use std::time::Duration;

use runtime::Instant;
use runtime::local::{Event, first};

use super::Store;
use crate::limits::{BACKGROUND_CALLS, SCRATCH_BYTES};
use crate::log::Log;

/// Bytes flushed for each byte committed: a pass ends well before the room it makes is needed.
const EARNED: u64 = 2;
/// The shortest write of a flush.
const PIECE_MIN: u64 = 128 << 10;
/// What a call costs that moves few bytes: an open, a sync.
const CALL_BYTES: u64 = 32 << 10;
/// How long a write waits for commits that do not come.
const PATIENCE: Duration = Duration::from_millis(1);
/// The eighth part of the journal's room from which on nothing is slower than it can be.
const URGENT_EIGHTHS: u64 = 7;

/// While there are commits, compaction rests so many times as long as it worked.
const RESTS: u32 = 1;
/// The longest rest, and the longest wait for appends that themselves wait for room.
const REST_MAX: Duration = Duration::from_millis(20);
/// How often a step that the limit holds back looks whether it is still wanted.
const LIMIT_LOOK: Duration = Duration::from_millis(100);

/// What commits have earned, and how long they are.
#[derive(Default)]
pub(super) struct Pace {
    credit: Cell<u64>,
    /// About how long a commit is: an average over the last ones.
    commit_bytes: Cell<u64>,
    earned: Event,
    commits: Cell<u64>,
    /// What compaction may read and write a second.
    limit: Cell<Option<u64>>,
    limit_changed: Event,
}

/// When a step of compaction began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    time: Instant,
    commits: u64,
}

impl Pace {
    /// A commit of so many bytes was written.
    pub(super) fn committed(&self, bytes: usize) {
        let bytes = bytes as u64;
        self.commits.set(self.commits.get().wrapping_add(1));
        let average = self.commit_bytes.get();
        self.commit_bytes.set(average - average / 8 + bytes / 8);
        let most = (bytes * EARNED).max(self.piece() * BACKGROUND_CALLS as u64);
        self.credit.set((self.credit.get() + bytes * EARNED).min(most));
        self.earned.notify();
    }

    /// How long a write of a flush may be.
    pub(super) fn piece(&self) -> u64 {
        let piece = (self.commit_bytes.get() * EARNED).next_multiple_of(PIECE_MIN);
        piece.clamp(PIECE_MIN, SCRATCH_BYTES as u64)
    }

    /// How many writes of a flush may be under way at once: as many as a commit is long, since each
    /// waits its turn behind one.
    pub(super) fn width(&self) -> usize {
        let commits = usize::try_from(self.commit_bytes.get() * EARNED).unwrap_or(usize::MAX);
        (commits / SCRATCH_BYTES).clamp(1, BACKGROUND_CALLS)
    }

    /// How long a step of so many bytes must take at least.
    fn least(&self, bytes: u64) -> Duration {
        self.limit.get().map_or(Duration::ZERO, |limit| {
            let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(limit.max(1));
            Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
        })
    }

    fn try_spend(&self, bytes: u64) -> bool {
        let left = self.credit.get().checked_sub(bytes);
        if let Some(left) = left {
            self.credit.set(left);
        }
        left.is_some()
    }
}

impl Store {
    /// Waits until `bytes` may be written, or a call be made that moves fewer. Gives up its place
    /// when dropped.
    pub(super) async fn pace(&self, bytes: u64) {
        let bytes = bytes.clamp(CALL_BYTES, self.0.pace.piece());
        let may = || (self.is_flush_urgent() || self.0.pace.try_spend(bytes)).then_some(());
        let earned = self.0.pace.earned.wait_until(may);
        first(earned, self.0.runtime.sleep(PATIENCE)).await;
    }

    /// Compaction begins to read, look into and write some bytes.
    pub(super) fn begin_step(&self) -> Step {
        Step { time: self.0.runtime.now(), commits: self.0.pace.commits.get() }
    }

    /// Limits what compaction reads and writes a second, from now on; none for no limit.
    pub fn limit_compaction(&self, bytes_per_second: Option<u64>) {
        self.0.pace.limit.set(bytes_per_second);
        self.0.pace.limit_changed.notify();
    }

    /// The rest behind a step that read and wrote so many bytes: as long as the limit wants, and
    /// as long as it worked if there were commits meanwhile.
    pub(super) async fn rest(&self, log: &Log, step: Step, bytes: u64) {
        self.rest_beside_commits(step).await;
        let pace = &self.0.pace;
        loop {
            let taken = step.time.until(self.0.runtime.now());
            let left = pace.least(bytes).saturating_sub(taken);
            if left.is_zero() || self.check_in_use(log).is_err() {
                return;
            }
            let limit = pace.limit.get();
            let changed = || (pace.limit.get() != limit).then_some(());
            let changed = pace.limit_changed.wait_until(changed);
            first(changed, self.0.runtime.sleep(left.min(LIMIT_LOOK))).await;
        }
    }

    async fn rest_beside_commits(&self, step: Step) {
        if self.0.pace.commits.get() == step.commits {
            return;
        }
        let worked = step.time.until(self.0.runtime.now());
        self.0.runtime.sleep((worked * RESTS).min(REST_MAX)).await;
        if self.0.waiting.get() > 0 {
            self.0.runtime.sleep(REST_MAX).await;
        }
    }

    /// Nobody is held up by a flush at full speed, or somebody by a slow one.
    fn is_flush_urgent(&self) -> bool {
        let files = self.0.journal.files();
        let room = files.count() as u64 * files.file_bytes();
        self.0.journal.is_idle()
            || self.0.waiting.get() > 0
            || files.used_bytes() >= room / 8 * URGENT_EIGHTHS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_earn_credit_up_to_a_limit() {
        let pace = Pace::default();
        assert!(!pace.try_spend(1));
        pace.committed(64 << 10);
        assert!(pace.try_spend(100 << 10));
        assert!(!pace.try_spend(100 << 10));
        (0..1000).for_each(|_| pace.committed(64 << 10));
        assert!(pace.try_spend(pace.piece() * BACKGROUND_CALLS as u64));
        assert!(!pace.try_spend(1));
    }

    #[test]
    fn a_step_takes_as_long_as_the_limit_wants() {
        let pace = Pace::default();
        assert_eq!(pace.least(u64::MAX), Duration::ZERO);
        for (limit, bytes, least) in [
            (1 << 20, 256 << 10, Duration::from_millis(250)),
            (1, 3, Duration::from_secs(3)),
            (1, u64::MAX, Duration::from_nanos(u64::MAX)),
            (u64::MAX, 1 << 20, Duration::ZERO),
        ] {
            pace.limit.set(Some(limit));
            assert_eq!(pace.least(bytes), least, "{limit}");
        }
    }

    #[test]
    fn writes_are_about_as_long_as_commits() {
        let pace = Pace::default();
        assert_eq!((pace.piece(), pace.width()), (PIECE_MIN, 1));
        (0..100).for_each(|_| pace.committed(200 << 10));
        assert_eq!((pace.piece(), pace.width()), (512 << 10, 1));
        (0..100).for_each(|_| pace.committed(8 << 20));
        assert_eq!((pace.piece(), pace.width()), (SCRATCH_BYTES as u64, BACKGROUND_CALLS));
    }
}
