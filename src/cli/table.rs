//! A table for a person: columns as wide as their widest cell.

use std::fmt;

/// Between two columns.
const GAP: &str = "  ";

/// Rows of cells under a header.
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// With the names of its columns.
    pub(super) fn new(header: [&str; N]) -> Self {
        Self { rows: vec![header.map(str::to_owned)] }
    }

    /// Appends a row. Nothing is shown as `-`. Names of clients and groups are other people's:
    /// control characters in them are shown, and do not reach the terminal.
    pub(super) fn push(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| match cell.as_str() {
            "" => "-".to_owned(),
            text => printable(text),
        }));
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = |cell: &str| cell.chars().count();
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(length(cell));
            }
        }
        for row in &self.rows {
            let mut line = String::new();
            for (width, cell) in widths.iter().zip(row) {
                line.push_str(cell);
                let padding = width - length(cell);
                line.extend(std::iter::repeat_n(' ', padding));
                line.push_str(GAP);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A text with its control characters escaped.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            out.extend(letter.escape_default());
        } else {
            out.push(letter);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["A", "B", "C"]);
        table.push(["aé".into(), "x".into(), String::new()]);
        table.push([String::new(), "long".into(), "c".into()]);
        assert_eq!(table.to_string(), "A   B     C\naé  x     -\n-   long  c\n");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let mut table = Table::new(["A"]);
        table.push(["a\x1b[2J\nb".into()]);
        assert_eq!(table.to_string(), "A\na\\u{1b}[2J\\nb\n");
    }
}
