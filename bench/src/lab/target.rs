//! What a load is run against, and what it is told: a workload, a plan, an account.
//!
//! A target runs the whole load on the thread that calls it and returns when it is over. It asks
//! the job which records are due, sends them as its client does, and reports what becomes of each.
//!
//! ```text
//! job.next_due_ns()            sleep until then, or until something is answered
//! job.take_due(now)            records that are due by now, one arrival at a time
//! job.ledger.on_sent(..)       they left
//! job.ledger.on_acked(..)      or on_error, on_timed_out: they ended
//! job.is_over(now)             nothing is due any more and nothing is out, or the drain is over
//! job.ledger.on_waiting(..)    at the end, what is still out or was never sent
//! ```
//!
//! In a closed loop nothing is due: the target sends while `job.is_sending(now)`.

use super::arrivals::{Arrivals, Due};
use super::ledger::Ledger;
use super::workload::Workload;
use crate::error::BenchError;
use crate::folder::run::Durability;

/// A system that takes records.
pub(crate) trait Target {
    /// What it calls itself, and its version, if they are known.
    fn system(&self) -> (String, String);

    /// Makes ready what the workload needs: topics, connections, a backlog.
    fn prepare(&mut self, workload: &Workload) -> Result<(), BenchError>;

    /// Bytes of the target's journal, if it has one that is written round and round and says how
    /// long it is.
    fn journal_bytes(&self) -> Option<u64> {
        None
    }

    /// Writes so many bytes as fast as they are taken, before `prepare`, whatever becomes of them.
    fn fill(&mut self, _workload: &Workload, _bytes: u64) -> Result<(), BenchError> {
        Err(BenchError::Arguments("this target has no journal to be filled"))
    }

    /// Runs the load on the calling thread, which it pins to the workload's core. Returns when
    /// every record has ended or been given up. An error if nothing could be sent at all; what
    /// goes wrong with single records is in the account.
    fn run(&mut self, job: &mut Job<'_>) -> Result<(), BenchError>;

    /// How many records are there to be read that this run wrote, warm-up included; `None` if the
    /// target can not say.
    fn readable(&mut self, workload: &Workload) -> Result<Option<u64>, BenchError>;

    /// What an acknowledgement means.
    fn durability(&self) -> Durability;

    /// Its configuration, as far as it tells.
    fn configuration(&self) -> Vec<(String, String)>;
}

/// One load.
pub(crate) struct Job<'a> {
    /// What is wanted.
    pub(crate) workload: &'a Workload,
    /// Where the outcome of every record goes.
    pub(crate) ledger: Ledger<'a>,
    plan: Option<Arrivals>,
    /// The plan knows when the window begins.
    begun: bool,
    drain_ns: u64,
}

impl<'a> Job<'a> {
    /// A load that begins now: the ledger's start is the plan's.
    pub(crate) fn new(workload: &'a Workload, ledger: Ledger<'a>) -> Self {
        let drain_ns = u64::try_from(workload.drain.as_nanos()).unwrap_or(u64::MAX / 4);
        Self { workload, ledger, plan: workload.plan(), begun: false, drain_ns }
    }

    /// When the next record is due; `None` in a closed loop, and when there are no more.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        let due_ns = self.ledger.start_ns() + self.plan.as_ref()?.peek().due_ns;
        let ended = self.ledger.window().is_some_and(|window| due_ns >= window.end);
        (!ended).then_some(due_ns)
    }

    /// Takes the next arrival that is due by now, its time that of the clock, and enters it in the
    /// account.
    pub(crate) fn take_due(&mut self, now_ns: u64) -> Option<Due> {
        self.on_time(now_ns);
        let due_ns = self.next_due_ns().filter(|due_ns| *due_ns <= now_ns)?;
        let due = self.plan.as_mut()?.take();
        self.ledger.on_due(due_ns, u64::from(due.records), now_ns);
        Some(Due { due_ns, ..due })
    }

    /// Tells the account the time, and the plan when the window began.
    pub(crate) fn on_time(&mut self, now_ns: u64) {
        self.ledger.on_time(now_ns);
        if !self.begun
            && let Some(window) = self.ledger.window()
        {
            self.begun = true;
            let base_ns = window.start - self.ledger.start_ns();
            self.plan.iter_mut().for_each(|plan| plan.begin(base_ns));
        }
    }

    /// In a closed loop, whether more is to be sent.
    pub(crate) fn is_sending(&self, now_ns: u64) -> bool {
        self.plan.is_none() && self.ledger.window().is_none_or(|window| now_ns < window.end)
    }

    /// When the load is given up, once that is known.
    pub(crate) fn give_up_ns(&self) -> Option<u64> {
        self.ledger.window().map(|window| window.end + self.drain_ns)
    }

    /// Whether nothing more is due and nothing is out, or waiting for it has ended.
    pub(crate) fn is_over(&self, now_ns: u64) -> bool {
        let Some(window) = self.ledger.window() else { return false };
        let done = now_ns >= window.end && self.next_due_ns().is_none();
        (done && self.ledger.backlog() == 0) || now_ns >= window.end + self.drain_ns
    }
}
