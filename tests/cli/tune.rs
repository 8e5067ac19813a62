//! The doctor at the command line: a made-up machine, its snapshot, and the exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::run;

/// A machine on which nothing required fails, and swapping does.
fn machine() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    write(root.path(), "proc/sys/vm/swappiness", "60\n");
    write(root.path(), "proc/meminfo", "SwapTotal: 1024 kB\n");
    write(root.path(), "proc/sys/kernel/osrelease", "6.12.0\n");
    fs::create_dir(root.path().join("run")).unwrap();
    root
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn check(arguments: &[&str]) -> (Option<i32>, serde_json::Value) {
    let found = run(&[&["tune", "check", "--json"][..], arguments].concat());
    assert_eq!(found.stderr, "");
    (found.code, serde_json::from_str(&found.stdout).unwrap())
}

#[test]
fn the_exit_code_says_what_fails() {
    let root = machine();
    let path = root.path().to_str().unwrap();
    let found = run(&["tune", "check", "--root", path]);
    assert_eq!((found.code, found.stderr.as_str()), (Some(3), ""));
    assert!(found.stdout.contains("swap, swappiness 60"), "{}", found.stdout);
    assert!(found.stdout.contains("  /proc/sys/vm/swappiness: 1\n"), "{}", found.stdout);
    write(root.path(), "proc/sys/vm/swappiness", "1\n");
    let well = run(&["tune", "check", "--root", path]);
    assert_eq!(well.code, Some(0), "{}", well.stdout);
    write(root.path(), "proc/sys/kernel/osrelease", "5.15.0\n");
    assert_eq!(run(&["tune", "check", "--root", path]).code, Some(4));
}

#[test]
fn a_snapshot_is_judged_as_the_machine_was() {
    let root = machine();
    let path = root.path().to_str().unwrap();
    let (code, here) = check(&["--root", path, "--cores", "0"]);
    assert_eq!(code, Some(3));
    let file = root.path().join("snapshot.json");
    let file = file.to_str().unwrap();
    run(&["tune", "snapshot", "--root", path, "-o", file]).ok();
    assert_eq!(check(&["--snapshot", file, "--cores", "0"]), (code, here));
    let printed = run(&["tune", "snapshot", "--root", path]).ok();
    assert_eq!(printed, fs::read_to_string(file).unwrap());
    for profile in ["throughput", "shared"] {
        let (_, found) = check(&["--snapshot", file, "--profile", profile]);
        assert_eq!(found["profile"], profile);
        assert_eq!(found["failing"], 1, "swap counts for everybody");
    }
}

#[test]
fn this_machine_can_be_looked_at() {
    let data = tempfile::tempdir().unwrap();
    let data = data.path().to_str().unwrap();
    let (code, found) = check(&["--cores", "0", "--nic", "lo", "--data", data]);
    assert!([Some(0), Some(3), Some(4)].contains(&code), "{code:?}");
    let findings = found["findings"].as_array().unwrap();
    assert!(findings.len() >= 55, "{}", findings.len());
    let free = findings.iter().find(|finding| finding["id"] == "disk_free").unwrap();
    assert_ne!(free["verdict"], "cannot_see", "{free}");
}

#[test]
fn a_script_is_a_script_and_changes_nothing() {
    let root = machine();
    let path = root.path().to_str().unwrap();
    let script = run(&["tune", "script", "--root", path]).ok();
    assert_eq!(fs::read_to_string(root.path().join("proc/sys/vm/swappiness")).unwrap(), "60\n");
    write(root.path(), "tune.sh", &script);
    let shell = |argument: &str| {
        let mut shell = Command::new("sh");
        shell.arg(root.path().join("tune.sh")).arg(argument).env("TIDEMILL_ROOT", root.path());
        assert!(shell.stdout(Stdio::null()).status().unwrap().success(), "{argument}");
        fs::read_to_string(root.path().join("proc/sys/vm/swappiness")).unwrap()
    };
    assert_eq!(shell("apply"), "1\n");
    assert_eq!(run(&["tune", "check", "--root", path]).code, Some(0));
    assert_eq!(shell("undo"), "60\n");
}

#[test]
fn what_makes_no_sense_is_told_apart_from_what_fails() {
    let root = machine();
    let file = root.path().join("proc/meminfo");
    let file = file.to_str().unwrap();
    run(&["tune"]).fails(2);
    run(&["tune", "check", "--profile", "fast"]).fails(2);
    run(&["tune", "check", "--cores", "all"]).fails(2);
    run(&["tune", "check", "--snapshot", file, "--root", "/"]).fails(2);
    let text = run(&["tune", "check", "--snapshot", file]).fails(1);
    assert!(text.contains("meminfo: not a snapshot: "), "{text}");
    let text = run(&["tune", "check", "--snapshot", "/not/there"]).fails(1);
    assert!(text.starts_with("tidemill: /not/there: "), "{text}");
    let text = run(&["tune", "snapshot", "-o", "/not/there"]).fails(1);
    assert!(text.starts_with("tidemill: /not/there: "), "{text}");
}
