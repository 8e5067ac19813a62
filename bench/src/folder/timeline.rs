//! `timeline.csv`: a row a second, warm-up at negative seconds, second 0 the window's first.

use super::error::LineError;

/// The columns, in the order in which they are written.
pub(crate) const COLUMNS: [&str; 15] = [
    "second",
    "intended",
    "sent",
    "acked",
    "errors",
    "timed_out",
    "backlog",
    "bytes_acked",
    "p50_us",
    "p99_us",
    "max_us",
    "steal_pct",
    "device_flushes",
    "device_write_bytes",
    "broker_cpu_ms",
];

/// Seconds of a run: a day and its warm-up.
const ROWS_MAX: usize = 200_000;

/// One second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// From the window's first.
    pub(crate) second: i64,
    /// Records that were due.
    pub(crate) intended: u64,
    /// Records that were sent.
    pub(crate) sent: u64,
    /// Records that were acknowledged.
    pub(crate) acked: u64,
    /// Records that were refused.
    pub(crate) errors: u64,
    /// Records that were given up.
    pub(crate) timed_out: u64,
    /// Records due and without an answer, at the second's end.
    pub(crate) backlog: u64,
    /// Bytes of what was acknowledged.
    pub(crate) bytes_acked: u64,
    /// The median, microseconds.
    pub(crate) p50_us: Option<f64>,
    /// The 99th percentile, microseconds.
    pub(crate) p99_us: Option<f64>,
    /// The longest, microseconds.
    pub(crate) max_us: Option<f64>,
    /// What the hypervisor took, percent of all CPUs.
    pub(crate) steal_pct: Option<f64>,
    /// Cache flushes of the device.
    pub(crate) device_flushes: Option<f64>,
    /// Bytes written to the device.
    pub(crate) device_write_bytes: Option<f64>,
    /// CPU time of the broker, milliseconds.
    pub(crate) broker_cpu_ms: Option<f64>,
}

/// Reads a file; columns may stand in any order, and there may be more.
pub(crate) fn parse(text: &str) -> Result<Vec<Row>, LineError> {
    let mut lines = (1..).zip(text.lines());
    let (_, header) = lines.next().ok_or(LineError { line: 1, what: "no header" })?;
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    let mut places = [0; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let found = names.iter().position(|name| *name == column);
        *place = found.ok_or(LineError { line: 1, what: "a column is missing" })?;
    }
    let mut rows = Vec::new();
    for (line, text) in lines.filter(|(_, text)| !text.trim().is_empty()) {
        if rows.len() == ROWS_MAX {
            return Err(LineError { line, what: "more seconds than a run has" });
        }
        rows.push(row(text, &places).map_err(|what| LineError { line, what })?);
    }
    Ok(rows)
}

fn row(text: &str, places: &[usize; COLUMNS.len()]) -> Result<Row, &'static str> {
    let cells: Vec<&str> = text.split(',').map(str::trim).collect();
    let at = |column: usize| {
        let place = places.get(column).ok_or("a column is missing")?;
        cells.get(*place).copied().ok_or("too few cells")
    };
    let count = |column| at(column)?.parse::<u64>().map_err(|_| "no count");
    let figure = |column| {
        let cell = at(column)?;
        if cell.is_empty() {
            return Ok(None);
        }
        let figure = cell.parse::<f64>().ok().filter(|it| it.is_finite() && *it >= 0.0);
        figure.map(Some).ok_or("no figure")
    };
    Ok(Row {
        second: at(0)?.parse().map_err(|_| "no second")?,
        intended: count(1)?,
        sent: count(2)?,
        acked: count(3)?,
        errors: count(4)?,
        timed_out: count(5)?,
        backlog: count(6)?,
        bytes_acked: count(7)?,
        p50_us: figure(8)?,
        p99_us: figure(9)?,
        max_us: figure(10)?,
        steal_pct: figure(11)?,
        device_flushes: figure(12)?,
        device_write_bytes: figure(13)?,
        broker_cpu_ms: figure(14)?,
    })
}

/// Writes a file.
pub(crate) fn to_csv(rows: &[Row]) -> String {
    let mut lines = vec![COLUMNS.join(",")];
    for row in rows {
        let counts = [
            row.intended,
            row.sent,
            row.acked,
            row.errors,
            row.timed_out,
            row.backlog,
            row.bytes_acked,
        ];
        let figure = |figure: Option<f64>, digits: usize| {
            figure.map_or(String::new(), |figure| format!("{figure:.digits$}"))
        };
        let figures = [
            figure(row.p50_us, 1),
            figure(row.p99_us, 1),
            figure(row.max_us, 1),
            figure(row.steal_pct, 2),
            figure(row.device_flushes, 0),
            figure(row.device_write_bytes, 0),
            figure(row.broker_cpu_ms, 0),
        ];
        let counts = counts.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        lines.push(format!("{},{counts},{}", row.second, figures.join(",")));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let first = Row { second: -1, intended: 7, p50_us: Some(1.5), ..Row::default() };
        let second = Row { acked: 9, steal_pct: Some(0.25), ..Row::default() };
        let rows = [first, second];
        let text = to_csv(&rows);
        assert_eq!(text.lines().count(), 3);
        assert_eq!(parse(&text).unwrap(), rows);
    }

    #[test]
    fn columns_are_found_by_name() {
        let mut text = to_csv(&[Row { second: 4, sent: 2, ..Row::default() }]);
        text = text.replace("second,", "extra,second,").replace("\n4,", "\nx,4,");
        let rows = parse(&text).unwrap();
        assert_eq!((rows[0].second, rows[0].sent), (4, 2));
    }

    #[test]
    fn what_is_wrong_is_named_by_its_line() {
        let good = to_csv(&[Row::default()]);
        let wrong = |text: &str| parse(text).unwrap_err();
        assert_eq!(wrong(""), LineError { line: 1, what: "no header" });
        assert_eq!(wrong("second\n"), LineError { line: 1, what: "a column is missing" });
        assert_eq!(wrong(&format!("{good}1,2\n")), LineError { line: 3, what: "too few cells" });
        let text = good.replace("0,0,0,", "0,x,0,");
        assert_eq!(wrong(&text), LineError { line: 2, what: "no count" });
        assert_eq!(wrong(&format!("{}NaN\n", good.trim())).what, "no figure");
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[0-9a-z,.\\-\n]{0,200}") {
            let _ = parse(&text);
            let _ = parse(&format!("{}\n{text}", COLUMNS.join(",")));
        }
    }
}
