//! Findings for a person, failing ones first, and for a program.

use std::fmt::Write;

use serde::Serialize;
use tuning::{Finding, Profile, Verdict};

use crate::cli::table::{Table, printable};

/// What was found, in the order to be shown.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    profile: Profile,
    /// Why this is believed to be inside a container.
    container: Option<&'static str>,
    failing: usize,
    unseen: usize,
    passing: usize,
    not_applicable: usize,
    findings: Vec<&'a Finding>,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        profile: Profile,
        container: Option<&'static str>,
        findings: &'a [Finding],
    ) -> Self {
        let mut findings: Vec<_> = findings.iter().collect();
        findings.sort_by_key(|finding| (finding.check.topic, finding.verdict));
        let count = |verdict| findings.iter().filter(|found| found.verdict == verdict).count();
        Self {
            profile,
            container,
            failing: count(Verdict::Fail),
            unseen: count(Verdict::CannotSee),
            passing: count(Verdict::Pass),
            not_applicable: count(Verdict::NotApplicable),
            findings,
        }
    }

    /// One JSON object on a line.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).expect("plain values can be written as JSON") + "\n"
    }

    /// A table by topic, then why and how for each that fails.
    pub(super) fn text(&self, all: bool) -> String {
        let Self { profile, failing, unseen, passing, not_applicable, .. } = self;
        let mut text = format!(
            "profile {profile}: {failing} fail, {unseen} can not be seen, {passing} pass, \
             {not_applicable} do not apply\n"
        );
        if let Some(reason) = self.container {
            push(&mut text, format_args!("inside a container ({reason}): {HIDDEN}"));
        }
        let shown = |finding: &&&Finding| {
            all || matches!(finding.verdict, Verdict::Fail | Verdict::CannotSee)
        };
        let mut table = Table::new(["TOPIC", "CHECK", "VERDICT", "SEVERITY", "CURRENT", "WANTED"]);
        let mut rows = 0;
        for finding in self.findings.iter().filter(shown) {
            let check = finding.check;
            table.push([
                check.topic.to_string(),
                check.id.to_owned(),
                finding.verdict.to_string(),
                check.severity.to_string(),
                shortened(&finding.current),
                check.wanted.to_owned(),
            ]);
            rows += 1;
        }
        if rows > 0 {
            write!(text, "\n{table}").expect("writing to a String does not fail");
        }
        for finding in self.findings.iter().filter(|found| found.verdict == Verdict::Fail) {
            remedy(finding, &mut text);
        }
        text
    }
}

/// What a container hides.
const HIDDEN: &str = "processes, interrupts, network devices and limits of the host can not be \
    seen from here; look at the host, too";

/// The most letters of what was found that a table shows; all of it is in the JSON.
const CURRENT_LETTERS_MAX: usize = 60;

/// A text that does not make a table's column too wide.
fn shortened(text: &str) -> String {
    if text.chars().count() <= CURRENT_LETTERS_MAX {
        return text.to_owned();
    }
    let short: String = text.chars().take(CURRENT_LETTERS_MAX - 3).collect();
    short + "..."
}

/// Why a failing check matters, and how to mend it.
fn remedy(finding: &Finding, text: &mut String) {
    let check = finding.check;
    push(text, format_args!("\n{} ({}): {}", check.id, check.evidence, check.why));
    push(text, format_args!("  {}  [{}]", check.remedy, check.needs));
    if let [setting] = finding.settings.as_slice() {
        let (path, value) = (printable(&setting.path), printable(&setting.value));
        push(text, format_args!("  /{path}: {value}"));
    } else if let [first, .., last] = finding.settings.as_slice() {
        let (first, last, count) =
            (printable(&first.path), printable(&last.path), finding.settings.len());
        push(text, format_args!("  {count} files, /{first} to /{last}"));
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("writing to a String does not fail");
}
