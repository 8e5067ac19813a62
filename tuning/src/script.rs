//! The settings that failing checks ask for, as a shell script for whoever owns the machine.
//!
//! The script keeps what it overwrites, puts it back when it is told to, and is never run from
//! here. A snapshot may come from a stranger, so a path or a value that is more than letters,
//! digits and the few signs the kernel uses does not get into a script.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::{Finding, Setting, Verdict};

/// All of the script but the settings.
const BODY: &str = include_str!("script/body.sh");

/// The most settings of a script: a few for each of 8,192 CPUs.
const SETTINGS_MAX: usize = 65_536;

/// A POSIX shell script that applies the settings of all failing checks (`apply`), and puts back
/// what was there (`undo`). Settings that are no files are comments in it.
pub fn script(findings: &[Finding]) -> String {
    let failing = || findings.iter().filter(|finding| finding.verdict == Verdict::Fail);
    let mut script = "#!/bin/sh\n\
        # Written by `tidemill tune script`. Run it as root: `apply` sets what is below until the\n\
        # next reboot, `undo` puts back what was there. Read it first.\n\
        set -u\n\n\
        # Calls its argument with each file and its value.\n\
        settings() {\n"
        .to_owned();
    let mut written = BTreeSet::new();
    for finding in failing().filter(|finding| !finding.settings.is_empty()) {
        line(&mut script, format_args!("    # {}", finding.check.id));
        for setting in &finding.settings {
            let fits = written.len() < SETTINGS_MAX && is_plain(setting);
            if fits && written.insert(&setting.path) {
                let Setting { path, value } = setting;
                line(&mut script, format_args!("    \"$1\" '{path}' '{value}'"));
            } else {
                line(&mut script, format_args!("    # (a setting that was left out)"));
            }
        }
    }
    script.push_str("    :\n}\n\n");
    let by_hand: Vec<_> = failing().filter(|finding| finding.settings.is_empty()).collect();
    if !by_hand.is_empty() {
        script.push_str("# What no file sets:\n");
        for finding in by_hand {
            let check = finding.check;
            line(&mut script, format_args!("# {}: {}", check.id, check.remedy));
        }
        script.push('\n');
    }
    script + BODY
}

fn line(script: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(script, "{text}").expect("writing to a String does not fail");
}

/// Whether a setting is a file below `proc/` or `sys/` and a plain value.
fn is_plain(setting: &Setting) -> bool {
    let Setting { path, value } = setting;
    let is_below = path.starts_with("proc/") || path.starts_with("sys/");
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "_-.:@+,".contains(letter);
    let is_value = |letter: char| is_letter(letter) || letter == ' ' || letter == '\t';
    is_below
        && path
            .split('/')
            .all(|part| !part.is_empty() && part != ".." && part.chars().all(is_letter))
        && !value.is_empty()
        && value.chars().all(is_value)
}

#[cfg(test)]
mod tests;
