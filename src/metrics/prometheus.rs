//! Prometheus' text format, version 0.0.4: families of samples, as bytes.
//!
//! ```text
//! # HELP name what it says
//! # TYPE name counter
//! name{label="value",...} 1
//! ```
//!
//! A page is written family by family; samples go to the family that was opened last, so that they
//! can not be scattered. Times are given in nanoseconds and written in seconds, without rounding.

use std::fmt::Write;

/// The content type of a page.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Buckets that count up, a sum and a count.
    Histogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// A label and its value.
pub(super) type Label<'a> = (&'a str, &'a str);

/// A page that is being written.
#[derive(Default)]
pub(super) struct Page {
    text: String,
    /// The family that samples go to.
    family: &'static str,
    /// All families so far, none of which may be opened again.
    families: Vec<&'static str>,
}

impl Page {
    /// Opens a family. Its samples follow before the next one is opened.
    pub(super) fn family(&mut self, name: &'static str, kind: Kind, help: &str) {
        assert!(!self.families.contains(&name), "family {name} is written once");
        self.families.push(name);
        self.family = name;
        self.text.push_str("# HELP ");
        self.text.push_str(name);
        self.text.push(' ');
        escape(&mut self.text, help, false);
        self.write(format_args!("\n# TYPE {name} {}\n", kind.name()));
    }

    /// A whole number.
    pub(super) fn sample(&mut self, labels: &[Label<'_>], value: u64) {
        self.series("", labels);
        self.write(format_args!(" {value}\n"));
    }

    /// A time in seconds, or that there is none.
    pub(super) fn seconds(&mut self, labels: &[Label<'_>], nanos: Option<u64>) {
        self.series("", labels);
        let text = nanos.map_or_else(|| "NaN".to_owned(), seconds);
        self.write(format_args!(" {text}\n"));
    }

    /// A histogram of times: `buckets` are bounds in nanoseconds and how many lie within each, the
    /// smaller ones included.
    pub(super) fn histogram(
        &mut self,
        labels: &[Label<'_>],
        buckets: impl IntoIterator<Item = (u64, u64)>,
        sum_nanos: u64,
        count: u64,
    ) {
        for (bound, within) in buckets {
            self.bucket(labels, &seconds(bound), within);
        }
        self.bucket(labels, "+Inf", count);
        self.series("_sum", labels);
        self.write(format_args!(" {}\n", seconds(sum_nanos)));
        self.series("_count", labels);
        self.write(format_args!(" {count}\n"));
    }

    fn bucket(&mut self, labels: &[Label<'_>], bound: &str, within: u64) {
        let labels: Vec<_> = labels.iter().copied().chain([("le", bound)]).collect();
        self.series("_bucket", &labels);
        self.write(format_args!(" {within}\n"));
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.text
    }

    fn series(&mut self, suffix: &str, labels: &[Label<'_>]) {
        assert!(!self.family.is_empty(), "a sample has a family");
        self.text.push_str(self.family);
        self.text.push_str(suffix);
        for (index, (name, value)) in labels.iter().enumerate() {
            self.text.push(if index == 0 { '{' } else { ',' });
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape(&mut self.text, value, true);
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
    }

    fn write(&mut self, arguments: std::fmt::Arguments<'_>) {
        self.text.write_fmt(arguments).expect("writing to a String does not fail");
    }
}

/// Backslash and line feed, and within a label's value the quotation mark.
fn escape(text: &mut String, raw: &str, is_label: bool) {
    for letter in raw.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '"' if is_label => text.push_str("\\\""),
            _ => text.push(letter),
        }
    }
}

/// Nanoseconds as seconds, to the last digit and no further.
fn seconds(nanos: u64) -> String {
    let (whole, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:09}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_families_of_samples() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "Back\\slash\nand \"quotes\".");
        page.sample(&[], 1);
        page.sample(&[("b", "c\"\\\n"), ("d", "é")], 2);
        page.family("t_seconds", Kind::Gauge, "Time.");
        page.seconds(&[("e", "")], Some(1_500_000_000));
        page.seconds(&[], None);
        let expected = "# HELP a_total Back\\\\slash\\nand \"quotes\".\n\
                        # TYPE a_total counter\n\
                        a_total 1\n\
                        a_total{b=\"c\\\"\\\\\\n\",d=\"é\"} 2\n\
                        # HELP t_seconds Time.\n\
                        # TYPE t_seconds gauge\n\
                        t_seconds{e=\"\"} 1.5\n\
                        t_seconds NaN\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn a_histogram_ends_with_everything() {
        let mut page = Page::default();
        page.family("t_seconds", Kind::Histogram, "Time.");
        page.histogram(&[("s", "x")], [(50_000, 1), (1_000_000_000, 3)], 2_000_000_001, 4);
        let expected = "# HELP t_seconds Time.\n\
                        # TYPE t_seconds histogram\n\
                        t_seconds_bucket{s=\"x\",le=\"0.00005\"} 1\n\
                        t_seconds_bucket{s=\"x\",le=\"1\"} 3\n\
                        t_seconds_bucket{s=\"x\",le=\"+Inf\"} 4\n\
                        t_seconds_sum{s=\"x\"} 2.000000001\n\
                        t_seconds_count{s=\"x\"} 4\n";
        assert_eq!(page.finish(), expected);
    }

    #[test]
    fn seconds_have_no_digit_too_many_or_too_few() {
        for (nanos, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (50_000, "0.00005"),
            (10_000_000_000, "10"),
            (1_230_000_000, "1.23"),
            (u64::MAX, "18446744073.709551615"),
        ] {
            assert_eq!(seconds(nanos), text);
        }
    }

    #[test]
    #[should_panic(expected = "written once")]
    fn a_family_is_not_scattered() {
        let mut page = Page::default();
        page.family("a_total", Kind::Counter, "");
        page.family("b_total", Kind::Counter, "");
        page.family("a_total", Kind::Counter, "");
    }
}
