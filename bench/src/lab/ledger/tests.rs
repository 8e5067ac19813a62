//! What the account says of records that end well, badly, late or never.

use super::super::flags::WorkloadFlags;
use super::*;

const START: u64 = 5_000_000_000;
const MILLI: u64 = 1_000_000;

fn workload(text: &str) -> Workload {
    toml::from_str::<WorkloadFlags>(text).unwrap().resolve("target".to_owned()).unwrap()
}

/// The account of what `script` does with a run of two seconds after a warm-up of one.
fn account(script: impl FnOnce(&mut Ledger<'_>), end_ns: u64) -> Account {
    let mut nobody = Nobody;
    let mut ledger = Ledger::new(&workload("warmup = 1\nduration = 2"), START, &mut nobody);
    script(&mut ledger);
    ledger.close(START + end_ns)
}

fn at(account: &Account, tag: Tag, quantile: f64) -> u64 {
    let mut all = super::super::recorder::histogram().unwrap();
    let skipped = usize::try_from(account.window.start / SECOND_NS).unwrap();
    for row in &account.rows[skipped..] {
        row.intervals[tag as usize].add_to(&mut all);
    }
    if all.is_empty() { 0 } else { all.value_at_quantile(quantile) / MILLI }
}

#[test]
fn delay_and_publish_add_up_to_the_total() {
    let account = account(
        |ledger| {
            let due = [START + 1500 * MILLI, START + 1510 * MILLI];
            ledger.on_due(due[0], 1, due[0] + 3 * MILLI);
            ledger.on_due(due[1], 1, due[1]);
            ledger.on_sent(&due, START + 1520 * MILLI);
            ledger.on_acked(&due, START + 1520 * MILLI, START + 1600 * MILLI, 2048);
        },
        2500 * MILLI,
    );
    let expected =
        Counts { intended: 2, sent: 2, acked: 2, bytes_acked: 2048, ..Counts::default() };
    assert_eq!((account.counts, account.all), (expected, expected));
    assert_eq!([0.5, 1.0].map(|part| at(&account, Tag::Total, part)), [90, 100]);
    assert_eq!([0.5, 1.0].map(|part| at(&account, Tag::Delay, part)), [10, 20]);
    assert_eq!([0.5, 1.0].map(|part| at(&account, Tag::Publish, part)), [80, 80]);
    assert_eq!(at(&account, Tag::Lateness, 1.0), 3);
    assert_eq!(account.window, SECOND_NS..3 * SECOND_NS);
}

#[test]
fn what_never_ends_enters_at_its_age_and_errors_only_count() {
    let account = account(
        |ledger| {
            let due: Vec<u64> = (0..4).map(|number| START + (1100 + number) * MILLI).collect();
            for due_ns in &due {
                ledger.on_due(*due_ns, 1, *due_ns);
            }
            ledger.on_sent(&due[..3], START + 1200 * MILLI);
            ledger.on_error(&due[..1], START + 1250 * MILLI);
            ledger.on_timed_out(&due[1..2], Some(START + 1200 * MILLI), START + 2101 * MILLI);
            assert_eq!(ledger.backlog(), 2);
            ledger.on_waiting(&due[2..3], Some(START + 1200 * MILLI), START + 4102 * MILLI);
            ledger.on_waiting(&due[3..], None, START + 4103 * MILLI);
        },
        4200 * MILLI,
    );
    let counts = account.counts;
    assert_eq!((counts.intended, counts.sent, counts.acked), (4, 3, 0));
    assert_eq!((counts.errors, counts.timed_out, counts.waiting), (1, 1, 2));
    let totals = [0.1, 0.5, 1.0].map(|part| at(&account, Tag::Total, part));
    assert!((999..=1001).contains(&totals[0]) && totals[1..].iter().all(|age| *age >= 2998));
    let total: u64 =
        account.rows.iter().map(|row| row.intervals[Tag::Total as usize].count()).sum();
    assert_eq!(total, counts.intended - counts.errors);
}

#[test]
fn only_what_was_due_in_the_window_counts() {
    let account = account(
        |ledger| {
            for millis in [500, 999, 1000, 2999] {
                let due = [START + millis * MILLI];
                ledger.on_due(due[0], 1, due[0]);
                ledger.on_sent(&due, due[0]);
                ledger.on_acked(&due, due[0], due[0] + 2 * MILLI, 1);
            }
        },
        3100 * MILLI,
    );
    assert_eq!((account.counts.acked, account.all.acked), (2, 4));
    // The one due before the window but acknowledged in it is in no distribution of the window.
    let counted = |row: &Row| (row.counts.acked, row.intervals[Tag::Total as usize].count());
    assert_eq!(
        account.rows.iter().map(counted).collect::<Vec<_>>(),
        [(1, 1), (2, 1), (0, 0), (1, 1)]
    );
}

#[test]
fn a_warm_up_ends_when_the_median_holds_still() {
    let mut nobody = Nobody;
    let mut ledger = Ledger::new(&workload("warmup_max = 30"), START, &mut nobody);
    let medians = [90, 40, 20, 10, 10, 11, 10, 10, 10];
    for (second, millis) in medians.into_iter().enumerate() {
        let due = [START + second as u64 * SECOND_NS];
        ledger.on_due(due[0], 1, due[0]);
        ledger.on_sent(&due, due[0]);
        assert_eq!(ledger.window(), None, "{second}");
        ledger.on_acked(&due, due[0], due[0] + millis * MILLI, 1);
        if second == 7 {
            break;
        }
    }
    ledger.on_time(START + 8 * SECOND_NS);
    assert_eq!(ledger.window().unwrap().start, START + 8 * SECOND_NS);
}

#[test]
fn a_closed_loop_intends_what_it_sends() {
    let mut nobody = Nobody;
    let workload = workload("warmup = 0\nduration = 1\nrate = \"max\"");
    let mut ledger = Ledger::new(&workload, START, &mut nobody);
    ledger.on_sent(&[START, START], START);
    assert_eq!(ledger.backlog(), 2);
    ledger.on_acked(&[START, START], START, START + MILLI, 10);
    let account = ledger.close(START + SECOND_NS);
    assert_eq!((account.counts.intended, account.counts.sent, account.counts.acked), (2, 2, 2));
}
