//! Whole pages. With `TIDEMILL_BENCH_PAGES=DIR` they are kept there, to be looked at.

use std::fs;

use tempfile::tempdir;

use super::*;
use crate::folder::run::Reason;
use crate::folder::synthetic::{Dice, Shape, Synthetic};

/// Runs `test` with a directory that is removed, or with one that is kept.
fn in_directory(name: &str, test: impl FnOnce(&Path)) {
    match std::env::var_os("TIDEMILL_BENCH_PAGES") {
        Some(kept) => test(&Path::new(&kept).join(name)),
        None => test(tempdir().unwrap().path()),
    }
}

fn run_with(seed: u64, shape: Shape, change: impl FnOnce(&mut Synthetic)) -> Synthetic {
    let mut synthetic = Synthetic::new(&mut Dice::new(seed), shape);
    change(&mut synthetic);
    synthetic
}

fn page(runs: &[PathBuf], out: &Path) -> String {
    report(runs, out).unwrap();
    fs::read_to_string(out.join("report.html")).unwrap()
}

#[test]
fn a_run_has_a_page_with_pictures_and_needs_no_network() {
    in_directory("single", |directory| {
        let shape = Shape { seconds: 60, rate: 2_000, stall_at: Some(41), ..Shape::default() };
        run_with(4, shape, |_| ()).write(directory);
        let html = page(&[directory.to_owned()], directory);
        for text in [
            "1-topic-1-partition-1kb",
            "from when each record was due",
            "broker: flush",
            "The 8 slowest requests",
            "Mitigation: Enhanced",
            "device flushes for 1,000 acknowledged",
        ] {
            assert!(html.contains(text), "{text}");
        }
        assert_eq!(html.matches("<svg").count(), 2);
        for outside in ["https:", "src=", "@import", "url(", "<script", "<link"] {
            assert!(!html.contains(outside), "{outside}");
        }
        let links = html.matches("http:").count();
        assert_eq!(links, html.matches("http://www.w3.org/2000/svg").count(), "names, not links");
        for name in ["percentiles.svg", "heatmap.svg"] {
            let svg = fs::read_to_string(directory.join(name)).unwrap();
            assert!(svg.starts_with("<svg xmlns=") && svg.trim_end().ends_with("</svg>"), "{name}");
            assert!(svg.contains("prefers-color-scheme:dark"), "{name}");
            assert!(!svg.contains("NaN") && svg.len() < 2 << 20, "{name}: {} bytes", svg.len());
        }
        assert!(directory.join("total.hgrm").exists());
    });
}

#[test]
fn a_series_overlays_its_runs_and_names_the_invalid() {
    in_directory("series", |directory| {
        let mut dice = Dice::new(7);
        for number in 1..=6_u64 {
            let drift = dice.factor(0.15);
            let shape = Shape { drift, seconds: 12, rate: 1_500, ..Shape::default() };
            let synthetic = run_with(number, shape, |synthetic| {
                let run = &mut synthetic.run;
                if number % 2 == 0 {
                    run.system.name = "kafka".to_owned();
                }
                if number == 5 {
                    run.verdict.valid = false;
                    let text = "the backlog grew over the last half".to_owned();
                    run.verdict.reasons = vec![Reason { id: "backlog".to_owned(), text }];
                }
            });
            synthetic.write(&directory.join(format!("{number:03}")));
        }
        let html = page(&[directory.to_owned()], directory);
        assert!(html.contains("5 of 6 runs are valid"));
        assert!(html.contains("005 is invalid: the backlog grew over the last half"));
        assert_eq!(html.matches("<svg").count(), 6, "one overlay and a map for each valid run");
        assert!(directory.join("heatmap-005.svg").exists());
        assert!(!html.contains("not at equal durability"));
    });
}

#[test]
fn directories_stand_side_by_side() {
    in_directory("sides", |directory| {
        let names = ["before", "after <x>"];
        for (name, slowdown) in names.iter().zip([1.0, 1.5]) {
            let shape = Shape { slowdown, seconds: 8, rate: 1_500, ..Shape::default() };
            for number in 1..=3_u64 {
                let run = run_with(number, shape, |synthetic| {
                    if slowdown > 1.0 {
                        synthetic.run.durability = crate::folder::run::Durability::Os;
                    }
                });
                run.write(&directory.join(name).join(format!("{number:03}")));
            }
        }
        let runs = names.map(|name| directory.join(name));
        let out = directory.join("page");
        let html = page(&runs, &out);
        assert!(html.contains("after &lt;x&gt;: tidemill 0.1.0") && !html.contains("after <x>"));
        assert!(html.contains("not at equal durability"));
        assert!(out.join("percentiles.svg").exists());
    });
}

#[test]
fn a_run_of_which_little_is_known_has_a_page() {
    let directory = tempdir().unwrap();
    let path = directory.path();
    run_with(1, Shape { seconds: 1, rate: 5, ..Shape::default() }, |synthetic| {
        synthetic.run.costs = crate::folder::run::Costs::default();
        synthetic.run.floor = None;
        synthetic.run.window.end_ns = 0;
        synthetic.run.workload.clear();
        synthetic.run.started_unix_ms = u64::MAX / 2_000_000;
    })
    .write(path);
    for name in [folder::ENVIRONMENT, folder::STAGES, folder::TIMELINE] {
        fs::remove_file(path.join(name)).unwrap();
    }
    assert!(page(&[path.to_owned()], path).contains("<svg"));
    fs::remove_file(path.join(folder::LOG)).unwrap();
    let html = page(&[path.to_owned()], path);
    assert!(!html.contains("<svg") && html.contains("not known"));
}

#[test]
fn several_directories_need_a_place_for_their_page() {
    let directory = PathBuf::from("/nowhere");
    let args = ReportArgs { runs: vec![directory.clone(), directory.clone()], out: None };
    assert!(matches!(run(&args), Err(BenchError::Arguments(_))));
    let args = ReportArgs { runs: vec![directory.clone()], out: None };
    assert!(matches!(run(&args), Err(BenchError::Folder(_))));
}
