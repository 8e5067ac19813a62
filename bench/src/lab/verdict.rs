//! Whether a run may be believed. A run that may not stays out of every table.

use super::ledger::Counts;
use crate::folder::run::{Reason, Verdict};

/// The part of the intended records that must have been acknowledged.
const ACKED_MIN: f64 = 0.99;
/// How far the medians of the first and the last third may differ.
const DRIFT_MAX: f64 = 0.2;
/// What the generator's own lateness at 0.99 may be of the reported latency there.
const LATENESS_MAX: f64 = 0.1;
/// How much of the records intended in the last half may be added to the backlog within it.
const GROWTH_MAX: f64 = 0.005;
/// Seconds below which halves and thirds say nothing.
const SECONDS_MIN: usize = 4;

/// What a verdict is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// Records due in the window, or sent in it by a closed loop.
    pub(crate) counts: Counts,
    /// A closed loop: nothing was due.
    pub(crate) closed: bool,
    /// Records out at the end of each second of the window.
    pub(crate) backlog: Vec<u64>,
    /// All that was acknowledged, warm-up included.
    pub(crate) acked_in_all: u64,
    /// All of it that can be read, if the target says.
    pub(crate) readable_in_all: Option<u64>,
    /// What consumers should have had and had, if there are any.
    pub(crate) consumed: Option<(u64, u64)>,
    /// The median of the first and of the last third, nanoseconds.
    pub(crate) thirds_p50_ns: Option<(u64, u64)>,
    /// Of the generator's lateness and of the total, at 0.99, nanoseconds.
    pub(crate) lateness_p99_ns: Option<u64>,
    pub(crate) total_p99_ns: Option<u64>,
}

/// A run is valid if nothing speaks against it.
pub(crate) fn judge(evidence: &Evidence) -> Verdict {
    let mut reasons = Vec::new();
    let mut invalid = |id: &str, text| reasons.push(Reason { id: id.to_owned(), text });
    let counts = &evidence.counts;
    let part = counts.acked as f64 / counts.intended.max(1) as f64;
    if counts.intended == 0 {
        invalid("nothing_intended", "No record was due in the window.".to_owned());
    } else if part < ACKED_MIN {
        let (acked, percent) = (counts.acked, part * 100.0);
        let text = format!("{acked} of {} records acknowledged: {percent:.2} %.", counts.intended);
        invalid("acked_under_99_pct", text);
    }
    if let Some(growth) = growth(&evidence.backlog).filter(|_| !evidence.closed) {
        let half = counts.intended as f64 / 2.0;
        if growth > half * GROWTH_MAX && growth > 1.0 {
            let text = format!("{growth:.0} more records were out at the end of the last half.");
            invalid("backlog_grows", text);
        }
    }
    if let Some(readable) = evidence.readable_in_all.filter(|count| *count < evidence.acked_in_all)
    {
        let text = format!("{readable} readable of {} acknowledged.", evidence.acked_in_all);
        invalid("readable_under_acked", text);
    }
    if let Some((wanted, had)) = evidence.consumed.filter(|(wanted, had)| had < wanted) {
        invalid("consumed_under_acked", format!("Consumers had {had} of {wanted} records."));
    }
    if let Some((first, last)) = evidence.thirds_p50_ns {
        let (low, high) = (first.min(last).max(1) as f64, first.max(last) as f64);
        if high / low - 1.0 > DRIFT_MAX {
            let (first, last) = (first as f64 / 1e3, last as f64 / 1e3);
            let text = format!("The median went from {first:.0} us to {last:.0} us.");
            invalid("p50_drifts", text);
        }
    }
    if let (Some(late), Some(total)) = (evidence.lateness_p99_ns, evidence.total_p99_ns)
        && !evidence.closed
        && late as f64 > total as f64 * LATENESS_MAX
    {
        let (late, total) = (late as f64 / 1e3, total as f64 / 1e3);
        let text = format!("The generator was {late:.0} us late at p99, of {total:.0} us.");
        invalid("generator_late", text);
    }
    Verdict { valid: reasons.is_empty(), reasons }
}

/// How much higher the backlog's median is in the last quarter than in the one before: single
/// seconds that end in a stall must not decide.
fn growth(backlog: &[u64]) -> Option<f64> {
    if backlog.len() < SECONDS_MIN {
        return None;
    }
    let half = &backlog[backlog.len() / 2..];
    let (third, fourth) = half.split_at(half.len() / 2);
    Some(median(fourth) - median(third))
}

fn median(values: &[u64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get((values.len().max(1) - 1) / 2).map_or(0.0, |value| *value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Evidence {
        let counts = Counts { intended: 1000, sent: 1000, acked: 1000, ..Counts::default() };
        Evidence {
            counts,
            backlog: vec![3, 1, 2, 3, 1, 4, 2, 3],
            acked_in_all: 1200,
            readable_in_all: Some(1200),
            consumed: Some((1000, 1000)),
            thirds_p50_ns: Some((100_000, 119_000)),
            lateness_p99_ns: Some(20_000),
            total_p99_ns: Some(200_000),
            closed: false,
        }
    }

    fn check(change: impl FnOnce(&mut Evidence), expected: &[&str]) {
        let mut evidence = good();
        change(&mut evidence);
        let verdict = judge(&evidence);
        let found: Vec<_> = verdict.reasons.iter().map(|reason| reason.id.as_str()).collect();
        assert_eq!((found.as_slice(), verdict.valid), (expected, expected.is_empty()));
        let borne = expected.iter().all(|id| ["p50_drifts", "generator_late"].contains(id));
        assert_eq!(verdict.bears_the_rate(), borne);
    }

    #[test]
    fn a_good_run_is_valid() {
        check(|_| {}, &[]);
        check(|run| run.counts.acked = 990, &[]);
        check(|run| run.readable_in_all = None, &[]);
        check(|run| run.readable_in_all = Some(1300), &[]);
    }

    #[test]
    fn each_rule_has_its_reason() {
        check(|run| run.counts.acked = 989, &["acked_under_99_pct"]);
        check(|run| run.counts = Counts::default(), &["nothing_intended"]);
        check(|run| run.readable_in_all = Some(1199), &["readable_under_acked"]);
        check(|run| run.consumed = Some((1000, 999)), &["consumed_under_acked"]);
        check(|run| run.thirds_p50_ns = Some((100_000, 121_000)), &["p50_drifts"]);
        check(|run| run.thirds_p50_ns = Some((121_000, 100_000)), &["p50_drifts"]);
        check(|run| run.lateness_p99_ns = Some(20_001), &["generator_late"]);
        check(|run| run.backlog = vec![1, 1, 2, 2, 10, 11, 20, 21], &["backlog_grows"]);
    }

    #[test]
    fn one_bad_second_is_no_growth_and_a_closed_loop_has_no_backlog_to_grow() {
        check(|run| run.backlog = vec![1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 900, 1], &[]);
        let growing = |run: &mut Evidence| run.backlog = vec![1, 1, 2, 2, 10, 11, 20, 21];
        check(
            |run| {
                growing(run);
                run.closed = true;
                run.lateness_p99_ns = Some(u64::MAX);
            },
            &[],
        );
    }
}
