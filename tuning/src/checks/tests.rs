//! Every check on made-up machines: at least one on which it passes, and one on which it fails.

mod cpu;
mod disk;
mod kernel;
mod memory;
mod network;

use std::collections::BTreeSet;

use super::*;
use crate::{Severity, Verdict};

/// Files of a machine; `given/` and `proc/#/comm` as [`Snapshot::of_files`] reads them.
type Files = &'static [(&'static str, &'static str)];

/// A check, what it is to find, what of it is to be said, and the machine.
type Row = (&'static str, Verdict, &'static str, Files);

/// What a topic's rows have in common: files that each machine has, unless its row says otherwise,
/// and directories that are written with a letter for short.
struct Table {
    base: Files,
    short: &'static [(&'static str, &'static str)],
    rows: &'static [Row],
}

fn tables() -> [Table; 5] {
    [cpu::table(), memory::table(), disk::table(), network::table(), kernel::table()]
}

impl Table {
    fn snapshot(&self, files: Files) -> Snapshot {
        let base =
            self.base.iter().filter(|(path, _)| files.iter().all(|(other, _)| other != path));
        // A text of one dash stands for a file that is not there although the others have it.
        let files = base.chain(files).filter(|(_, text)| *text != "-");
        let full = |path: &str| {
            let short = self.short.iter().find_map(|(short, directory)| {
                path.strip_prefix(*short).map(|rest| format!("{directory}{rest}"))
            });
            short.unwrap_or_else(|| path.to_owned())
        };
        let files: Vec<_> = files.map(|(path, text)| (full(path), *text)).collect();
        let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        Snapshot::of_files(&files)
    }
}

#[test]
fn every_check_finds_what_is_there() {
    for table in tables() {
        for (id, verdict, words, files) in table.rows {
            let check = all().find(|check| check.id == *id).expect(id);
            let profile = *check.profiles.first().expect("it counts for somebody");
            let found = check.ask(&table.snapshot(files), profile);
            assert_eq!(found.verdict, *verdict, "{id}: {} {files:?}", found.current);
            assert!(found.current.contains(words), "{id}: {} {files:?}", found.current);
            let sets = !found.settings.is_empty();
            assert!(!sets || found.verdict == Verdict::Fail, "{id} sets what did not fail");
        }
    }
}

#[test]
fn every_check_has_a_machine_on_which_it_passes_and_one_on_which_it_fails() {
    let tables = tables();
    let rows = || tables.iter().flat_map(|table| table.rows);
    for check in all() {
        for wanted in [Verdict::Pass, Verdict::Fail] {
            let has = rows().any(|(id, verdict, _, _)| *id == check.id && *verdict == wanted);
            assert!(has, "{} has no machine on which it comes out as {wanted}", check.id);
        }
    }
    assert!(all().count() >= 55, "{} checks", all().count());
}

#[test]
fn every_check_has_its_own_id_and_says_why_and_what_to_do() {
    let mut ids = BTreeSet::new();
    for check in all() {
        let id = check.id;
        assert!(ids.insert(id), "{id} is there twice");
        assert!(id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'), "{id}");
        assert!(check.why.ends_with('.'), "{id}");
        for text in [check.why, check.wanted, check.remedy] {
            assert!(!text.is_empty() && !text.contains('\n') && !text.contains("  "), "{id}");
        }
        assert!(!check.profiles.is_empty(), "{id}");
    }
}

#[test]
fn every_check_is_in_the_guide() {
    let guide = include_str!("../../GUIDE.md");
    let entries: BTreeSet<_> =
        guide.split("**`").skip(1).filter_map(|rest| rest.split("`**").next()).collect();
    let ids: BTreeSet<_> = all().map(|check| check.id).collect();
    assert_eq!(entries, ids);
}

#[test]
fn a_machine_that_says_nothing_fails_at_nothing() {
    let nothing = Snapshot::of_files(&[]);
    for profile in Profile::ALL {
        for found in examine(&nothing, profile) {
            assert_ne!(found.verdict, Verdict::Fail, "{}: {}", found.check.id, found.current);
            assert!(!found.current.is_empty(), "{}", found.check.id);
        }
    }
    let at_start = at_start(&nothing);
    assert!(at_start.iter().all(|found| !found.refuses_start()));
    assert!(at_start.iter().all(|found| found.verdict == Verdict::CannotSee));
}

#[test]
fn what_is_not_for_a_profile_does_not_fail_in_it() {
    let bad = Snapshot::of_files(&[("proc/sys/vm/compaction_proactiveness", "20")]);
    let verdict = |profile| {
        let check = all().find(|check| check.id == "compaction").expect("it is one");
        check.ask(&bad, profile).verdict
    };
    assert_eq!(verdict(Profile::Latency), Verdict::Fail);
    assert_eq!(verdict(Profile::Shared), Verdict::NotApplicable);
}

#[test]
fn only_what_the_broker_can_not_do_without_refuses_the_start() {
    let limits = "Max open files            64                   64                   files";
    let snapshot = Snapshot::of_files(&[
        ("proc/sys/kernel/osrelease", "5.15.0"),
        ("proc/sys/kernel/io_uring_disabled", "2"),
        ("proc/self/limits", limits),
        ("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet"),
        ("sys/devices/system/cpu/online", "0"),
        ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave"),
    ]);
    let found = at_start(&snapshot);
    let refusing: Vec<_> = found.iter().filter(|found| found.refuses_start()).collect();
    assert_eq!(
        refusing.iter().map(|found| found.check.id).collect::<Vec<_>>(),
        ["kernel", "io_uring"]
    );
    let failing = found.iter().filter(|found| found.verdict == Verdict::Fail).count();
    assert_eq!(failing, 5, "the swap is not known");
    let ids: Vec<_> = found.iter().map(|found| found.check.id).collect();
    assert_eq!(ids, AT_START, "all are found");
    let required = found.iter().take_while(|found| found.check.severity == Severity::Required);
    assert_eq!(required.count(), 2, "what is required comes first");
}
