//! Where the time of one request went.

use runtime::Instant;

/// A stretch of one request's way. They follow each other, and no time is in two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Step {
    /// From the bytes of a whole frame to a decoded, checked produce request.
    Parse,
    /// From checked batches to the start of the commit that they are in, a wait for room in the
    /// journal included.
    Queue,
    /// The write of the commit.
    JournalWrite,
    /// The barrier of the commit, from its write's completion to its own.
    Barrier,
    /// Everything until it was its turn: other shards, earlier answers of the connection, a busy
    /// core. A produce request's comes before its answer, another one's before its work.
    Turn,
    /// What the client asked to wait for: records (`Fetch`), other members of its group
    /// (`JoinGroup`, `SyncGroup`).
    Wait,
    /// Finding what a fetch is to be answered with, here and on other shards.
    Read,
    /// The work of any other request, and of a produce whose partitions live on other shards.
    Handle,
    /// From the answer's being ready to the kernel's having taken it: a client that does not read,
    /// and for a fetch the segments that are read on the way.
    Reply,
}

impl Step {
    /// All of them, in the order of a request's way.
    pub const ALL: [Self; 9] = [
        Self::Parse,
        Self::Queue,
        Self::JournalWrite,
        Self::Barrier,
        Self::Turn,
        Self::Wait,
        Self::Read,
        Self::Handle,
        Self::Reply,
    ];

    /// Its name; those of [`Stage`](crate::metrics::Stage) where it is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Queue => "queue",
            Self::JournalWrite => "journal_write",
            Self::Barrier => "barrier",
            Self::Turn => "turn",
            Self::Wait => "wait",
            Self::Read => "read",
            Self::Handle => "handle",
            Self::Reply => "reply",
        }
    }
}

/// How many there are.
const STEPS: usize = Step::ALL.len();

/// How long each step of a request took, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Took([u64; STEPS]);

impl Took {
    /// How long a step took; zero for one that was not gone through.
    pub fn nanos(&self, step: Step) -> u64 {
        self.0[step as usize]
    }

    /// All steps together, but for the wait: it is as long as the client wants.
    pub fn total(&self) -> u64 {
        let counted = Step::ALL.into_iter().filter(|step| *step != Step::Wait);
        counted.fold(0, |sum, step| sum.saturating_add(self.nanos(step)))
    }

    /// The step that makes up most of the total.
    pub fn largest(&self) -> Step {
        let counted = Step::ALL.into_iter().filter(|step| *step != Step::Wait);
        counted.max_by_key(|step| self.nanos(*step)).expect("there are steps")
    }
}

/// The way of one request, told from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Course {
    at: Instant,
    took: Took,
}

impl Course {
    /// Begins when the request had come.
    pub fn from(received: Instant) -> Self {
        Self { at: received, took: Took::default() }
    }

    /// The next step ended at `moment`. One that seems to have ended before the step before it,
    /// as clocks are read at different times, took none.
    #[must_use]
    pub fn until(mut self, step: Step, moment: Instant) -> Self {
        self.took.0[step as usize] += moment.nanos_since(self.at);
        self.at = self.at.max(moment);
        self
    }

    /// So much of `step` was spent waiting.
    #[must_use]
    pub fn waiting(mut self, step: Step, nanos: u64) -> Self {
        let nanos = nanos.min(self.took.nanos(step));
        self.took.0[step as usize] -= nanos;
        self.took.0[Step::Wait as usize] += nanos;
        self
    }

    /// What it comes to.
    pub fn end(self) -> Took {
        self.took
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(nanos: u64) -> Instant {
        Instant::default().after(Duration::from_nanos(nanos))
    }

    #[test]
    fn a_step_is_the_index_of_its_row() {
        for (index, step) in Step::ALL.into_iter().enumerate() {
            assert_eq!(step as usize, index);
        }
    }

    #[test]
    fn steps_follow_each_other_and_add_up() {
        let course = Course::from(at(100)).until(Step::Parse, at(110)).until(Step::Queue, at(150));
        let took = course.until(Step::JournalWrite, at(180)).until(Step::Reply, at(200)).end();
        assert_eq!(took.nanos(Step::Queue), 40);
        assert_eq!(took.nanos(Step::Barrier), 0);
        assert_eq!((took.total(), took.largest()), (100, Step::Queue));
    }

    #[test]
    fn a_clock_that_was_read_earlier_makes_no_time_twice() {
        let course = Course::from(at(100)).until(Step::Parse, at(150)).until(Step::Queue, at(140));
        let took = course.until(Step::JournalWrite, at(160)).end();
        assert_eq!(took.nanos(Step::Queue), 0);
        assert_eq!((took.nanos(Step::JournalWrite), took.total()), (10, 60));
    }

    #[test]
    fn a_wait_is_shown_and_not_counted() {
        let course = Course::from(at(0)).until(Step::Turn, at(5)).until(Step::Read, at(1_000));
        let took = course.waiting(Step::Read, 900).until(Step::Reply, at(1_010)).end();
        assert_eq!((took.nanos(Step::Read), took.nanos(Step::Wait)), (95, 900));
        assert_eq!((took.total(), took.largest()), (110, Step::Read));
        let whole = Course::from(at(0)).until(Step::Handle, at(10)).waiting(Step::Handle, 99).end();
        assert_eq!((whole.nanos(Step::Wait), whole.total()), (10, 0));
    }
}
