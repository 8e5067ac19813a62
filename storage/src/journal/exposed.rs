//! [`Exposed`]: what is written but under no barrier yet, and when it must get one.
//!
//! Only relaxed topics leave anything here for longer than their commit takes.

use runtime::Instant;

use super::files::FileNumber;
use super::ticket::{Progress, Ticket};

/// Commits that a power cut would take.
#[derive(Default)]
pub(super) struct Exposed {
    commits: Vec<Ticket>,
    /// Files with writes that no barrier has followed.
    files: Vec<FileNumber>,
    /// When the first of them must get its barrier.
    due: Option<Instant>,
}

impl Exposed {
    /// When there must be a barrier, if anything waits for one.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Files that a barrier must be given.
    pub(super) fn files(&self) -> &[FileNumber] {
        &self.files
    }

    /// A write to `file` begins that is no barrier itself.
    pub(super) fn on_write(&mut self, file: FileNumber) {
        if !self.files.contains(&file) {
            self.files.push(file);
        }
    }

    /// A commit is written that must have its barrier by `due`.
    pub(super) fn on_written(&mut self, commit: Ticket, due: Option<Instant>) {
        self.commits.push(commit);
        self.due = earlier(self.due, due);
    }

    /// A barrier has followed all of it, or never will: the commits' progress.
    pub(super) fn end(&mut self, progress: Progress, now: Instant) {
        let all = std::mem::take(self);
        all.commits.iter().for_each(|commit| commit.advance(progress, now));
    }
}

/// The earlier of two moments.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    [one, other].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::identity::CommitSequence;

    fn second(number: u64) -> Instant {
        Instant::default().after(Duration::from_secs(number))
    }

    #[test]
    fn the_barrier_is_due_when_the_first_needs_it() {
        let mut exposed = Exposed::default();
        assert_eq!(exposed.due(), None);
        for (number, due) in [(1, Some(second(3))), (2, None), (3, Some(second(2)))] {
            exposed.on_written(Ticket::new(CommitSequence(number)), due);
        }
        assert_eq!(exposed.due(), Some(second(2)));
        exposed.end(Progress::Durable, second(2));
        assert_eq!(exposed.due(), None);
    }

    #[test]
    fn a_barrier_covers_every_commit_and_file_before_it() {
        let mut exposed = Exposed::default();
        let commits = [1, 2].map(|number| Ticket::new(CommitSequence(number)));
        for commit in &commits {
            exposed.on_write(FileNumber(3));
            commit.advance(Progress::Written, second(1));
            exposed.on_written(commit.clone(), None);
        }
        assert_eq!(exposed.files(), [FileNumber(3)]);
        exposed.end(Progress::Durable, second(1));
        assert!(commits.iter().all(|commit| commit.progress() == Progress::Durable));
        assert!(exposed.files().is_empty());
    }
}
