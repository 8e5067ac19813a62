//! The page: HTML that needs nothing but itself.

use core::fmt::Write;

use super::palette::dark_rules;

/// How the page looks, light and dark.
const STYLE: &str = "\
:root{color-scheme:light dark;--surface:#fcfcfb;--raised:#f3f3f0;--ink:#0b0b0b;--muted:#52514e;\
--grid:#e1e0d9;--bar:#2a78d6;--bad:#c0282d;--good:#007300}\
@media (prefers-color-scheme:dark){:root{--surface:#1a1a19;--raised:#252523;--ink:#fff;\
--muted:#c3c2b7;--grid:#3a3a37;--bar:#3987e5;--bad:#ff7b78;--good:#5ec95e}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--surface);color:var(--ink);\
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif}\
main{max-width:1008px;margin:0 auto;padding:24px}\
h1{font-size:24px;line-height:1.25;margin:0 0 4px}h2{font-size:18px;margin:36px 0 8px}\
p{margin:4px 0 12px;max-width:75ch}.muted{color:var(--muted)}\
.verdict{display:inline-block;padding:2px 10px;border-radius:4px;border:1px solid;font-weight:600}\
.good{color:var(--good)}.bad{color:var(--bad)}\
.wide{overflow-x:auto;margin:8px 0}\
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;min-width:50%}\
th,td{padding:4px 12px 4px 0;text-align:right;border-bottom:1px solid var(--grid);\
white-space:nowrap;vertical-align:top}\
th:first-child,td:first-child,.left,.words td{text-align:left}\
.words td:last-child{white-space:normal;overflow-wrap:anywhere}\
th{font-weight:600;color:var(--muted)}td:last-child,th:last-child{padding-right:0}\
.bar{display:inline-block;height:10px;background:var(--bar);border-radius:0 2px 2px 0;\
vertical-align:middle}td.bars{text-align:left;width:220px;min-width:220px}\
figure{margin:12px 0;overflow-x:auto}figure svg{max-width:100%;height:auto;display:block}\
details{margin:8px 0}summary{cursor:pointer}ul{padding-left:20px;margin:4px 0 12px}\
@media print{main{max-width:none}}";

/// A page that is being written, from top to bottom.
pub(super) struct Page {
    body: String,
}

impl Page {
    /// An empty page.
    pub(super) fn new() -> Self {
        Self { body: String::new() }
    }

    /// The largest heading.
    pub(super) fn title(&mut self, text: &str) {
        self.element("h1", "", text);
    }

    /// A heading.
    pub(super) fn heading(&mut self, text: &str) {
        self.element("h2", "", text);
    }

    /// A paragraph.
    pub(super) fn remark(&mut self, text: &str) {
        self.element("p", "muted", text);
    }

    /// Whether something counts.
    pub(super) fn verdict(&mut self, is_good: bool, text: &str) {
        self.element("p", if is_good { "verdict good" } else { "verdict bad" }, text);
    }

    /// Sentences below each other.
    pub(super) fn list<'a>(&mut self, items: impl IntoIterator<Item = &'a str>) {
        self.body.push_str("<ul>");
        items.into_iter().for_each(|item| self.element("li", "", item));
        self.body.push_str("</ul>\n");
    }

    /// A picture.
    pub(super) fn figure(&mut self, svg: &str) {
        // A page has the rules for dark readers once; each picture has them for itself.
        let svg = svg.replace(&dark_rules(), "");
        let _ = writeln!(self.body, "<figure>{svg}</figure>");
    }

    /// A table.
    pub(super) fn table(&mut self, table: &Table) {
        let class = if table.is_words { " class=\"words\"" } else { "" };
        let _ = write!(self.body, "<div class=\"wide\"><table{class}>");
        if !table.columns.is_empty() {
            self.body.push_str("<thead><tr>");
            for (at, name) in table.columns.iter().enumerate() {
                let first = table.rows.first().and_then(|row| row.get(at));
                self.element(
                    "th",
                    if matches!(first, Some(Cell::Text(_))) { "" } else { "left" },
                    name,
                );
            }
            self.body.push_str("</tr></thead>");
        }
        self.body.push_str("<tbody>");
        for row in &table.rows {
            self.body.push_str("<tr>");
            for cell in row {
                match cell {
                    Cell::Text(text) => self.element("td", "", text),
                    Cell::Words(text) => self.element("td", "left", text),
                    Cell::Bar(share) => {
                        let px = share.clamp(0.0, 1.0) * 200.0;
                        let _ = write!(
                            self.body,
                            "<td class=\"bars\"><span class=\"bar\" style=\"width:{px:.1}px\">\
                             </span></td>"
                        );
                    }
                }
            }
            self.body.push_str("</tr>\n");
        }
        self.body.push_str("</tbody></table></div>\n");
    }

    /// What is folded away until it is asked for.
    pub(super) fn details(&mut self, summary: &str, fill: impl FnOnce(&mut Self)) {
        self.body.push_str("<details>");
        self.element("summary", "", summary);
        fill(self);
        self.body.push_str("</details>\n");
    }

    fn element(&mut self, name: &str, class: &str, text: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = writeln!(self.body, "<{name}{class}>{}</{name}>", escaped(text));
    }

    /// The whole page.
    pub(super) fn finish(self, title: &str) -> String {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
             <title>{}</title>\n<style>{STYLE}\n{}</style></head>\n<body><main>\n{}</main></body>\
             </html>\n",
            escaped(title),
            dark_rules(),
            self.body,
        )
    }
}

/// One place of a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    /// A figure, at the right.
    Text(String),
    /// Words, at the left.
    Words(String),
    /// How much of the longest bar.
    Bar(f64),
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

/// Rows of cells.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
    /// It holds words, not figures.
    is_words: bool,
}

impl Table {
    /// Figures below names.
    pub(super) fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), ..Self::default() }
    }

    /// Names with words beside them.
    pub(super) fn words() -> Self {
        Self { is_words: true, ..Self::default() }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// A text in which nothing means anything to a browser.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_run_is_markup() {
        let evil = "<script>alert(\"1\")</script> & 'x'";
        let mut page = Page::new();
        page.title(evil);
        page.list([evil]);
        page.details(evil, |page| page.remark(evil));
        let mut table = Table::new(&["a", "b"]);
        table.row([Cell::from(evil), Cell::Bar(7.0)]);
        page.table(&table);
        let html = page.finish(evil);
        assert!(!html.contains("<script") && !html.contains("\"1\""), "{html}");
        assert!(html.contains("width:200.0px"));
        for outside in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!html.contains(outside), "{outside}");
        }
    }
}
