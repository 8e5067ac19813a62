//! `tidemill bench` is the program beside it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use super::command::run;

/// Runs a copy of the binary that lies in `directory`.
fn bench(directory: &Path, arguments: &[&str]) -> Output {
    let copy = directory.join("tidemill");
    if !copy.exists() {
        // A copy that is still open for writing anywhere could not be run; a link is none.
        let own = Path::new(env!("CARGO_BIN_EXE_tidemill"));
        fs::hard_link(own, &copy).or_else(|_| fs::copy(own, &copy).map(drop)).unwrap();
    }
    Command::new(copy).arg("bench").args(arguments).output().unwrap()
}

#[test]
fn without_the_program_it_says_what_to_build() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let output = bench(directory.path(), &["floor"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &[][..]), "{said}");
    assert!(said.contains("tidemill-bench: No such file"), "{said}");
    assert!(said.contains("cargo build --release -p bench"), "{said}");
}

#[test]
fn arguments_and_exit_code_are_the_programs_own() {
    let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let program = directory.path().join("tidemill-bench");
    fs::write(&program, "#!/bin/sh\nprintf '[%s]' \"$@\"\nexit 3\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    for (arguments, expected) in [
        (&["run", "a b", "--rate", "-1"][..], "[run][a b][--rate][-1]"),
        (&["--help"], "[--help]"),
        (&["--version", "--", "-x"], "[--version][--][-x]"),
    ] {
        let output = bench(directory.path(), arguments);
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
        assert_eq!(output.status.code(), Some(3));
    }
}

#[test]
fn the_help_says_what_it_is() {
    let help = run(&["help", "bench"]).ok();
    assert!(help.contains("`tidemill-bench`"), "{help}");
    assert!(run(&["--help"]).ok().contains("tidemill-bench"));
}
