//! The pump against a library that does as it is told.

use futures_util::future::{BoxFuture, FutureExt, pending, ready};

use super::*;
use crate::lab::flags::WorkloadFlags;
use crate::lab::ledger::{Counts, Ledger, Nobody};
use crate::lab::workload::Workload;

/// What becomes of a record.
#[derive(Clone, Copy)]
enum Fate {
    Acknowledged,
    Refused,
    Lost,
}

struct Told(Fate);

impl Lane for Told {
    #[expect(refining_impl_trait, reason = "the type is spelled out")]
    fn publish(&self, _record: Bytes, _partition: u32) -> BoxFuture<'static, Result<(), String>> {
        match self.0 {
            Fate::Acknowledged => ready(Ok(())).boxed(),
            Fate::Refused => ready(Err("no".to_owned())).boxed(),
            Fate::Lost => pending().boxed(),
        }
    }
}

fn workload(settings: &str) -> Workload {
    let settings = format!("duration = 1.0\nwarmup = 0\npartitions = 3\n{settings}");
    let flags: WorkloadFlags = toml::from_str(&settings).unwrap();
    flags.resolve("127.0.0.1:1".to_owned()).unwrap()
}

/// The account of a load on two connections, and the first error.
fn run(workload: &Workload, fates: [Fate; 2], sleeps: bool) -> (Counts, Option<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut nobody = Nobody;
    let ledger = Ledger::new(workload, Instant::now().nanos(), &mut nobody);
    let mut job = Job::new(workload, ledger);
    let error = runtime.block_on(pump(&fates.map(Told), &mut job, sleeps)).unwrap();
    (job.ledger.all(), error)
}

#[test]
fn what_was_due_is_sent_and_acknowledged() {
    let workload = workload("rate = 2000.0\nconnections = 2\ninflight = 4\nrecord_size = 10");
    let (counts, error) = run(&workload, [Fate::Acknowledged; 2], true);
    assert!(counts.intended > 1000 && error.is_none(), "{counts:?}");
    assert_eq!((counts.sent, counts.acked), (counts.intended, counts.intended));
    assert_eq!(counts.bytes_acked, counts.acked * 10);
}

#[test]
fn a_refused_record_is_an_error_and_its_slot_is_free_again() {
    let workload = workload("rate = 500.0\nconnections = 2\ninflight = 1");
    let (counts, error) = run(&workload, [Fate::Refused, Fate::Acknowledged], false);
    assert!(counts.errors > 0 && counts.acked > 0, "{counts:?}");
    assert_eq!(counts.errors + counts.acked, counts.intended);
    assert_eq!(error.as_deref(), Some("no"));
}

#[test]
fn what_is_never_answered_waits_with_all_behind_it() {
    let workload = workload("rate = 500.0\nconnections = 2\ninflight = 3\ndrain = 0.01");
    let (counts, _) = run(&workload, [Fate::Lost; 2], true);
    assert_eq!((counts.sent, counts.acked, counts.timed_out), (6, 0, 0));
    assert_eq!(counts.waiting, counts.intended);
}

#[test]
fn what_is_not_answered_in_time_has_timed_out_sent_or_not() {
    let workload = workload("rate = 500.0\nconnections = 2\ninflight = 3\ntimeout = 0.1");
    let (counts, _) = run(&workload, [Fate::Lost; 2], false);
    assert_eq!((counts.sent, counts.acked, counts.waiting), (6, 0, 0));
    assert_eq!(counts.timed_out, counts.intended);
}

#[test]
fn a_closed_loop_sends_as_answers_come() {
    let workload = workload("rate = \"max\"\nconnections = 2\ninflight = 2\ndrain = 0.01");
    let (counts, _) = run(&workload, [Fate::Acknowledged, Fate::Lost], true);
    assert!(counts.acked > 1000, "{counts:?}");
    assert_eq!((counts.sent - counts.acked, counts.waiting), (2, 2));
}
