//! The rules of comparing, and how often they are wrong on runs that differ by chance only.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::figures::Difference;
use super::show::Shown;
use super::*;
use crate::folder::run::{LatencyKind, LoopKind, Reason};
use crate::folder::synthetic::{Dice, Shape, total_only};

const BLOCKS: usize = 6;

fn folder(name: &str, run: crate::folder::run::Run) -> Folder {
    Folder { path: PathBuf::from(name), name: name.to_owned(), run }
}

/// Two series of blocks in turns: what a block does to one of its runs it does to the other.
fn series(dice: &mut Dice, blocks: usize, slowdown: f64) -> [Vec<Folder>; 2] {
    let mut sides = [Vec::new(), Vec::new()];
    for block in 1..=blocks {
        let drift = dice.factor(0.15);
        for (side, slowdown) in sides.iter_mut().zip([1.0, slowdown]) {
            let shape = Shape { slowdown, drift, seconds: 5, ..Shape::default() };
            side.push(folder(&format!("{block:03}"), total_only(dice, shape)));
        }
    }
    sides
}

fn small() -> [Vec<Folder>; 2] {
    let mut dice = Dice::new(3);
    let shape = Shape { seconds: 1, rate: 1_200, ..Shape::default() };
    [(); 2].map(|()| {
        let runs = (1..=7).map(|block| {
            let mut run = total_only(&mut dice, shape);
            run.floor = Some(crate::folder::run::Floor { rate: 1e4, p50_us: 90.0, p99_us: 500.0 });
            folder(&format!("{block:03}"), run)
        });
        runs.collect()
    })
}

fn of(sides: &[Vec<Folder>; 2]) -> Comparison {
    Comparison::of(&sides[0], &sides[1]).unwrap()
}

fn difference(comparison: &Comparison, figure: Figure) -> Difference {
    comparison.findings.iter().find(|finding| finding.figure == figure).unwrap().difference
}

#[test]
fn the_same_thing_is_seldom_flagged_and_a_fifth_slower_is_found() {
    let mut dice = Dice::new(20_261_121);
    let (mut flagged, mut found_p50, mut found_p99) = (0, 0, 0);
    for _ in 0..20 {
        let same = of(&series(&mut dice, BLOCKS, 1.0));
        flagged += usize::from(difference(&same, Figure::P99).is_real());
        let slower = of(&series(&mut dice, BLOCKS, 1.2));
        found_p50 += usize::from(difference(&slower, Figure::P50) == Difference::Higher);
        found_p99 += usize::from(difference(&slower, Figure::P99) == Difference::Higher);
    }
    assert!(flagged <= 2, "{flagged} of 20 comparisons of the same thing with itself");
    assert_eq!(found_p50, 20, "a fifth slower at p50");
    // The noise of a 99th percentile is a good part of a fifth: one pair of six may hide it.
    assert!(found_p99 >= 16, "a fifth slower at p99 in {found_p99} of 20");
}

#[test]
fn drift_between_blocks_is_larger_than_what_is_found() {
    // Otherwise the test above would say nothing about pairs.
    let [one, _] = series(&mut Dice::new(5), 12, 1.0);
    let p50s = one.iter().map(|folder| Figure::P50.of(&folder.run).unwrap());
    let spread = crate::spread::Spread::of(p50s).unwrap();
    assert!(spread.max / spread.min > 1.2, "{spread:.1}");
}

#[test]
fn invalid_runs_are_left_out_and_named() {
    let mut sides = small();
    sides[1][2].run.verdict.valid = false;
    let text = "98.0 % of intended records were acknowledged".to_owned();
    sides[1][2].run.verdict.reasons = vec![Reason { id: "acked_under_99_pct".to_owned(), text }];
    let comparison = of(&sides);
    assert_eq!(comparison.pairing.pairs.len(), 6);
    let [out] = comparison.pairing.left_out.as_slice() else { panic!("one is left out") };
    assert_eq!((out.name.as_str(), out.repeat), ("003", false));
    assert_eq!(out.why, "B is invalid: 98.0 % of intended records were acknowledged");
}

#[test]
fn blocks_whose_floors_differ_are_to_be_repeated() {
    let mut sides = small();
    let set = |sides: &mut [Vec<Folder>; 2], at: usize, rate: f64, p50_us: f64| {
        let floor = sides[1][at].run.floor.as_mut().unwrap();
        (floor.rate, floor.p50_us) = (floor.rate * rate, floor.p50_us * p50_us);
    };
    set(&mut sides, 0, 1.19, 0.85);
    set(&mut sides, 1, 0.8, 1.0);
    set(&mut sides, 2, 1.0, 1.25);
    set(&mut sides, 3, 0.0, 1.0);
    sides[1][4].run.floor = None;
    let comparison = of(&sides);
    let names: Vec<_> = comparison.pairing.left_out.iter().map(|out| out.name.as_str()).collect();
    assert_eq!(names, ["002", "003", "004", "005"]);
    assert!(comparison.pairing.left_out.iter().all(|out| out.repeat));
    assert_eq!(comparison.pairing.left_out[1].why, "the floors' p50 differ by 25 %");
    assert_eq!(difference(&comparison, Figure::P50), Difference::TooFewPairs);
}

#[test]
fn open_and_closed_loops_are_not_mixed() {
    let mut sides = small();
    sides[1][6].run.loop_kind = LoopKind::Closed;
    sides[1][6].run.latency_kind = LatencyKind::Service;
    let error = Comparison::of(&sides[0], &sides[1]).unwrap_err();
    assert!(matches!(error, Refusal::Loops { .. }), "{error}");
    assert!(error.to_string().contains("omits coordinated delay"), "{error}");
    let mut sides = small();
    sides[0][0].run.latency_kind = LatencyKind::PerBatch;
    assert!(matches!(Comparison::of(&sides[0], &sides[1]), Err(Refusal::Loops { .. })));
}

#[test]
fn different_workloads_are_not_compared() {
    let mut sides = small();
    let set = |sides: &mut [Vec<Folder>; 2], at: usize, name: &str, value: Value| {
        sides[1][at].run.workload.insert(name.to_owned(), value);
    };
    for name in ["bootstrap", "label", "topic", "out"] {
        set(&mut sides, 0, name, json!("elsewhere"));
    }
    set(&mut sides, 0, "not_given", Value::Null);
    // Both runs of a block may have another seed than those of the next.
    set(&mut sides, 3, "seed", json!(99));
    sides[0][3].run.workload.insert("seed".to_owned(), json!(99));
    assert_eq!(of(&sides).pairing.pairs.len(), 7);
    set(&mut sides, 4, "seed", json!(99));
    let error = Comparison::of(&sides[0], &sides[1]).unwrap_err();
    let Refusal::Workloads { settings, .. } = &error else { panic!("{error}") };
    assert_eq!(settings, &["seed"]);
    set(&mut sides, 5, "record_size", json!(100));
    let error = Comparison::of(&sides[0], &sides[1]).unwrap_err().to_string();
    assert_eq!(error, "001 and 006 are different workloads: record_size");
}

#[test]
fn another_system_may_be_reached_and_made_durable_in_its_own_way() {
    let mut sides = small();
    for folder in &mut sides[1] {
        folder.run.workload.insert("client".to_owned(), json!("nats"));
        folder.run.workload.insert("config".to_owned(), json!(["sync_interval=always"]));
    }
    assert!(matches!(Comparison::of(&sides[0], &sides[1]), Err(Refusal::Workloads { .. })));
    for folder in &mut sides[1] {
        folder.run.system.name = "nats".to_owned();
    }
    assert_eq!(of(&sides).pairing.pairs.len(), 7);
}

#[test]
fn runs_without_a_partner_are_named_and_nothing_in_common_is_refused() {
    let mut sides = small();
    sides[0].remove(0);
    sides[1].remove(6);
    let comparison = of(&sides);
    let why: Vec<_> = comparison.pairing.left_out.iter().map(|out| out.why.as_str()).collect();
    assert_eq!((comparison.pairing.pairs.len(), why), (5, vec!["only A has it", "only B has it"]));
    assert_eq!(Comparison::of(&sides[0][5..], &sides[1][..1]).unwrap_err(), Refusal::NoPairs);
    assert_eq!(Comparison::of(&[], &[]).unwrap_err(), Refusal::NoPairs);
}

#[test]
fn a_percentile_that_is_not_told_makes_no_ratio() {
    let mut sides = small();
    sides[0][0].run.percentiles_us.total.as_mut().unwrap().p99 = None;
    let comparison = of(&sides);
    let finding = comparison.findings.iter().find(|finding| finding.figure == Figure::P99).unwrap();
    assert_eq!(finding.ratios.iter().filter(|ratio| ratio.is_none()).count(), 1);
    assert_eq!(finding.ratios.len(), 7);
}

#[test]
fn a_comparison_is_shown_to_people_and_to_programs() {
    let mut sides = small();
    sides[1][0].run.verdict.valid = false;
    sides[1].iter_mut().for_each(|folder| {
        folder.run.percentiles_us.total.as_mut().unwrap().p50 = Some(800.0);
        folder.run.durability = crate::folder::run::Durability::Os;
    });
    let (one, other) = (PathBuf::from("a"), PathBuf::from("b"));
    let comparison = of(&sides);
    let shown = Shown { paths: [&one, &other], runs: [&sides[0], &sides[1]], comparison };
    let text = shown.to_text();
    for line in [
        "A  a  tidemill 0.1.0\n",
        "open loop, latency from when each record was due; the unit is the run\n",
        "note: not at equal durability: A disk, B os\n",
        "left out: 001 (B is invalid: no reason given)",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    let p50 = text.lines().find(|line| line.trim_start().starts_with("p50 us")).unwrap();
    assert!(p50.ends_with("B higher"), "{p50}");
    let json = shown.to_json();
    assert_eq!(json["pairs"].as_array().unwrap().len(), 6);
    assert_eq!(json["findings"][0]["finding"], "B higher");
    assert_eq!(json["findings"][0]["real"], true);
    assert_eq!(json["pairs"][0]["figures"]["p50 us"]["b"], 800.0);
    assert_eq!(json["left_out"][0]["repeat"], false);
}
