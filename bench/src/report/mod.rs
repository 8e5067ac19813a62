//! What is shown: tables with the machine beside them, for people and as JSON.
//!
//! A figure without its machine, its durability and its spread is not shown at all: a report is
//! begun with the first two, and tables carry the third.

mod counters;
mod environment;
mod process;

use std::io::{self, Write};
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::{BenchError, io_error};
use crate::spread::Spread;

pub(crate) use counters::{
    CpuTicks, DiskCounters, cpu_ticks, disk_counters, disk_name, io_stall_micros,
};
pub(crate) use environment::{Environment, sysctls};
pub(crate) use process::ProcessUse;

/// One place of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    value: Value,
}

impl Cell {
    /// Words.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { value: Value::from(text.clone()), text }
    }

    /// A number, shown with so many digits behind the point.
    pub(crate) fn number(value: f64, digits: usize) -> Self {
        Self { text: format!("{value:.digits$}"), value: Value::from(value) }
    }

    /// A count.
    pub(crate) fn count(value: u64) -> Self {
        Self { text: value.to_string(), value: Value::from(value) }
    }

    /// A median and its spread.
    pub(crate) fn spread(spread: Spread, digits: usize) -> Self {
        let Spread { median, min, max } = spread;
        let value = json!({ "median": median, "min": min, "max": max });
        Self { text: format!("{spread:.digits$}"), value }
    }
}

/// Rows of figures and what they are.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What the rows are, in a sentence.
    about: String,
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(about: impl Into<String>, columns: &[&'static str]) -> Self {
        Self { about: about.into(), columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// As it is shown.
    pub(crate) fn to_text(&self) -> String {
        let width = |column: usize, name: &str| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.text.len()).chain([name.len()]).max().unwrap_or(0)
        };
        let widths: Vec<_> =
            self.columns.iter().enumerate().map(|(at, name)| width(at, name)).collect();
        let line = |texts: &mut dyn Iterator<Item = &str>| {
            let padded = texts.zip(&widths).enumerate().map(|(column, (text, &width))| {
                if column == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let mut lines = vec![self.about.clone()];
        lines.push(format!("  {}", line(&mut self.columns.iter().copied())));
        for row in &self.rows {
            lines.push(format!("  {}", line(&mut row.iter().map(|cell| cell.text.as_str()))));
        }
        lines.join("\n") + "\n"
    }

    fn to_json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let named = self.columns.iter().zip(row);
                Value::Object(
                    named.map(|(name, cell)| ((*name).to_owned(), cell.value.clone())).collect(),
                )
            })
            .collect();
        json!({ "about": self.about, "rows": rows })
    }
}

/// Everything of one command.
pub(crate) struct Report {
    environment: Environment,
    settings: Vec<(&'static str, String)>,
    tables: Vec<Table>,
}

impl Report {
    /// Begins a report: reads the machine, whose disk is that of `directory`.
    pub(crate) fn begin(directory: &Path, durability: String) -> Self {
        let environment = Environment::read(directory);
        Self { environment, settings: vec![("durability", durability)], tables: Vec::new() }
    }

    /// Adds what was asked for.
    pub(crate) fn setting(&mut self, name: &'static str, value: impl Into<String>) {
        self.settings.push((name, value.into()));
    }

    /// Shows a table at once, and keeps it.
    pub(crate) fn table(&mut self, table: Table) -> Result<(), BenchError> {
        show(&table.to_text())?;
        self.tables.push(table);
        Ok(())
    }

    /// Shows the machine and the settings; writes all as JSON if asked to.
    pub(crate) fn end(mut self, file: Option<&Path>) -> Result<(), BenchError> {
        self.environment.end();
        let facts = self.environment.facts();
        for (name, value) in self.settings.iter().chain(facts) {
            show(&format!("  {name:<22} {value}"))?;
        }
        let Some(file) = file else { return Ok(()) };
        let named = |pairs: &[(&'static str, String)]| {
            let pairs =
                pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into()));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        let all = json!({
            "machine": named(facts),
            "settings": named(&self.settings),
            "tables": self.tables.iter().map(Table::to_json).collect::<Vec<_>>(),
        });
        write(file, &format!("{all:#}\n"))
    }
}

/// Shows a line, or several.
pub(crate) fn show(text: &str) -> Result<(), BenchError> {
    writeln!(io::stdout(), "{text}").map_err(io_error("show the result"))
}

/// Writes a file of a report, its directory included.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), BenchError> {
    if let Some(directory) = file.parent() {
        std::fs::create_dir_all(directory).map_err(io_error("create the report's directory"))?;
    }
    std::fs::write(file, text).map_err(io_error("write the report"))
}

/// Reads a text file.
pub(crate) fn read(file: &Path) -> Result<String, BenchError> {
    std::fs::read_to_string(file)
        .map_err(|error| BenchError::File { file: file.to_owned(), what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_for_people_and_named_for_programs() {
        let mut table = Table::new("Two rows.", &["run", "rate"]);
        table.row(vec![Cell::text("first"), Cell::number(1.25, 1)]);
        let spread = Spread { median: 10.0, min: 9.0, max: 11.0 };
        table.row(vec![Cell::count(2), Cell::spread(spread, 0)]);
        let expected = "Two rows.\n  run          rate\n  first         1.2\n  2      10 (9..11)\n";
        assert_eq!(table.to_text(), expected);
        let value = table.to_json();
        assert_eq!(value["rows"][0], json!({ "run": "first", "rate": 1.25 }));
        assert_eq!(value["rows"][1]["rate"]["max"], json!(11.0));
    }
}
