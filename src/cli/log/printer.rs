//! Where a dump is printed: for a person, or one JSON object a line.

use std::fmt::{self, Display};
use std::io::{BufWriter, Stdout, Write};
use std::path::Path;

use serde::Serialize;

/// Prints items and counts faults.
pub(super) struct Printer {
    json: bool,
    faults: usize,
    out: BufWriter<Stdout>,
}

/// Something that does not check, and where.
#[derive(Serialize)]
#[serde(tag = "item", rename = "fault")]
struct Fault<'a> {
    file: String,
    byte: Option<u64>,
    what: &'a str,
}

impl Display for Fault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAULT {}", self.file)?;
        if let Some(byte) = self.byte {
            write!(f, " at byte {byte}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Something worth knowing that is no damage.
#[derive(Serialize)]
#[serde(tag = "item", rename = "note")]
struct Note<'a> {
    what: &'a str,
}

impl Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "note: {}", self.what)
    }
}

impl Printer {
    /// A printer to standard output.
    pub(super) fn new(json: bool) -> Self {
        Self { json, faults: 0, out: BufWriter::new(std::io::stdout()) }
    }

    /// Prints one item.
    pub(super) fn item(&mut self, item: &(impl Serialize + Display)) {
        let line = if self.json {
            serde_json::to_string(item).expect("plain values can be written as JSON")
        } else {
            item.to_string()
        };
        // A reader that has seen enough, such as `head`, is no fault of the data.
        let _ = writeln!(self.out, "{line}");
    }

    /// Prints something that does not check.
    pub(super) fn fault(&mut self, file: &Path, byte: Option<u64>, what: &str) {
        self.faults += 1;
        self.item(&Fault { file: file.display().to_string(), byte, what });
    }

    /// Prints something worth knowing.
    pub(super) fn note(&mut self, what: &str) {
        self.item(&Note { what });
    }

    /// Prints what is left; returns how many faults there were.
    pub(super) fn finish(mut self) -> usize {
        let _ = self.out.flush();
        self.faults
    }
}
