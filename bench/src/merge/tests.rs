//! Merging generators whose records are known.

use std::path::Path;

use tempfile::{TempDir, tempdir};

use super::*;
use crate::folder::run::Reason;
use crate::folder::synthetic::{Dice, Shape, Synthetic};

/// Two generators of 3 seconds; `change` is applied to the second one's `run.json`.
fn generators(change: impl FnOnce(&mut Synthetic)) -> (TempDir, Vec<Folder>) {
    let directory = tempdir().unwrap();
    let mut dice = Dice::new(8);
    let shape = Shape { seconds: 3, rate: 2_000, ..Shape::default() };
    let first = Synthetic::new(&mut dice, shape);
    let mut second = Synthetic::new(&mut dice, Shape { slowdown: 5.0, ..shape });
    change(&mut second);
    first.write(&directory.path().join("1"));
    second.write(&directory.path().join("2"));
    let read = |name: &str| Folder::read(&directory.path().join(name)).unwrap();
    let folders = vec![read("1"), read("2")];
    (directory, folders)
}

fn refusal(change: impl FnOnce(&mut Synthetic)) -> Refusal {
    let (_directory, folders) = generators(change);
    check(&folders).unwrap_err()
}

fn merged(out: &Path, folders: &[Folder]) -> Folder {
    merge_into(out, folders).unwrap();
    Folder::read(out).unwrap()
}

#[test]
fn percentiles_are_those_of_the_sum_and_no_averages() {
    let (directory, folders) = generators(|_| ());
    let merged = merged(&directory.path().join("merged"), &folders);
    let mut all = folders[0].histograms().unwrap()["total"].clone();
    all.add(&folders[1].histograms().unwrap()["total"]).unwrap();
    assert_eq!(merged.run.percentiles_us.total, Some(Percentiles::of(&all)));
    assert_eq!(merged.histograms().unwrap()["total"].len(), 12_000);
    let p99s = folders.iter().map(|folder| folder.run.percentiles_us.total.unwrap().p99.unwrap());
    let mean = p99s.sum::<f64>() / 2.0;
    let p99 = merged.run.percentiles_us.total.unwrap().p99.unwrap();
    assert!(p99 > mean * 1.2, "the slower one has the tail: {p99}, and {mean} would be the mean");
    let text = std::fs::read_to_string(directory.path().join("merged/total.hgrm")).unwrap();
    assert!(text.contains("Total count    =        12000]"));
}

#[test]
fn counts_add_up_and_what_both_saw_does_not() {
    let (directory, folders) = generators(|_| ());
    let merged = merged(&directory.path().join("merged"), &folders);
    let sum = |of: fn(&Folder) -> u64| folders.iter().map(of).sum::<u64>();
    assert_eq!(merged.run.counts.acked, sum(|folder| folder.run.counts.acked));
    assert_eq!(merged.run.bytes_acked, sum(|folder| folder.run.bytes_acked));
    assert_eq!(merged.run.costs.device_flushes, folders[0].run.costs.device_flushes);
    assert_eq!(merged.run.workload["rate"], 4_000);
    assert_eq!(merged.run.workload["generators"], 2);
    assert!(merged.run.verdict.valid && merged.run.floor.is_none());
    let rows = merged.timeline().unwrap();
    let seconds: Vec<i64> = rows.iter().map(|row| row.second).collect();
    assert_eq!(seconds, [-2, -1, 0, 1, 2]);
    assert!(rows.iter().all(|row| row.intended == 4_000));
    assert_eq!((rows[0].p50_us, rows[2].p50_us.is_some()), (None, true));
    let environment = merged.environment().unwrap().unwrap();
    assert_eq!(environment["generators"].as_array().unwrap().len(), 2);
    assert!(merged.stages().unwrap().is_some());
}

#[test]
fn a_later_start_shifts_by_whole_seconds_and_counts_against_the_run() {
    let (directory, folders) = generators(|late| late.run.started_unix_ms += 1_020);
    let merged = merged(&directory.path().join("merged"), &folders);
    assert_eq!(merged.timeline().unwrap().len(), 6);
    let window = merged.run.window;
    assert_eq!((window.start_ns, window.end_ns), (2_000_000_000, 6_020_000_000));
    let [reason] = merged.run.verdict.reasons.as_slice() else { panic!("one reason") };
    assert_eq!(reason.id, "generators_apart");
    let bytes = merged.log().unwrap();
    let seconds = Log::parse(&bytes).unwrap().intervals.iter().map(Interval::second).max();
    assert_eq!(seconds, Some(3));
}

#[test]
fn an_invalid_part_makes_an_invalid_whole() {
    let (directory, folders) = generators(|bad| {
        bad.run.verdict.valid = false;
        let reason = Reason { id: "backlog_grows".to_owned(), text: "it grows".to_owned() };
        bad.run.verdict.reasons = vec![reason];
    });
    let merged = merged(&directory.path().join("merged"), &folders);
    let [reason] = merged.run.verdict.reasons.as_slice() else { panic!("one reason") };
    assert!(reason.text.ends_with("/2: it grows") && !merged.run.verdict.valid);
}

#[test]
fn what_is_no_part_of_one_run_is_refused() {
    let (_directory, folders) = generators(|_| ());
    assert_eq!(check(&folders[..1]), Err(Refusal::Count));
    assert_eq!(check(&[]), Err(Refusal::Count));
    let apart = refusal(|late| late.run.started_unix_ms += 3_000);
    assert!(matches!(apart, Refusal::Apart { .. }), "{apart}");
    let differ = refusal(|other| {
        other.run.workload.insert("record_size".to_owned(), 5.into());
        other.run.workload.insert("seed".to_owned(), 5.into());
        other.run.system.version = "2".to_owned();
    });
    let Refusal::Differ { settings, .. } = differ else { panic!("{differ}") };
    assert_eq!(settings, ["record_size", "system"]);
}
