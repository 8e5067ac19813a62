//! A prediction in words.

use std::fmt::Write;

use super::simulate::{Answers, Prediction, Term};

/// A prediction for a person, some lines.
pub fn outlook(prediction: &Prediction) -> String {
    let Prediction { rate, connections, durable, written } = prediction;
    let mut text =
        format!("Outlook at {rate:.0} records/s from {connections} connections, one a request:\n");
    let kinds = [("after the barrier (power-safe)", durable), ("after the write alone", written)];
    for (kind, answers) in kinds {
        match answers {
            Some(answers) => push(&mut text, &in_words(kind, answers)),
            None => push(&mut text, &format!("  acks {kind}: not measured, so not predicted")),
        }
    }
    text
}

fn in_words(kind: &str, answers: &Answers) -> String {
    let mut text =
        format!("  acks {kind}: p50 {}, p99 {}", micros(answers.p50_ns), micros(answers.p99_ns));
    if !answers.keeps_up {
        write!(text, "; it can not keep up, {:.0}/s is the most", answers.rate)
            .expect("writing to a String does not fail");
    }
    for (of, terms, largest) in [
        ("median", &answers.median_terms, answers.largest()),
        ("slowest 1 %", &answers.tail_terms, answers.largest_of_tail()),
    ] {
        write!(text, "\n    most of the {of}: {}", with_share(terms, largest))
            .expect("writing to a String does not fail");
    }
    text
}

/// The largest term, its part of all, and the others.
fn with_share(terms: &[(Term, f64)], largest: Term) -> String {
    let all: f64 = terms.iter().map(|(_, nanos)| nanos).sum();
    let one = |(term, nanos): &(Term, f64)| format!("{term} {}", micros(*nanos));
    let first = terms.iter().find(|(term, _)| *term == largest);
    let share = first.map_or(0.0, |(_, nanos)| nanos * 100.0 / all.max(1.0));
    let others = terms.iter().filter(|(term, nanos)| *term != largest && *nanos >= 500.0);
    let others: Vec<_> = others.map(one).collect();
    let first = first.map(one).unwrap_or_default();
    if others.is_empty() {
        return format!("{first} ({share:.0} %)");
    }
    format!("{first} ({share:.0} %); {}", others.join(", "))
}

fn micros(nanos: f64) -> String {
    format!("{:.0} us", nanos / 1000.0)
}

fn push(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("writing to a String does not fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlook_names_the_largest_term() {
        let terms = |queue, commit| vec![(Term::Queue, queue), (Term::Commit, commit)];
        let answers = Answers {
            p50_ns: 250_000.0,
            p99_ns: 4e6,
            mean_ns: 3e5,
            rate: 900.0,
            keeps_up: false,
            median_terms: terms(100.0, 300_000.0),
            tail_terms: terms(3e6, 1e6),
        };
        let prediction =
            Prediction { rate: 1000.0, connections: 8, durable: Some(answers), written: None };
        let wanted = "\
Outlook at 1000 records/s from 8 connections, one a request:
  acks after the barrier (power-safe): p50 250 us, p99 4000 us; it can not keep up, 900/s is the \
most
    most of the median: the commit itself 300 us (100 %)
    most of the slowest 1 %: waiting for the commit before 3000 us (75 %); the commit itself 1000 us
  acks after the write alone: not measured, so not predicted
";
        assert_eq!(outlook(&prediction), wanted);
    }
}
