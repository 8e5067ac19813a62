//! A strict reader of Prometheus' text format, as a judge of our pages: it refuses what a scraper
//! or `promtool check metrics` would refuse or complain of.

/// One sample.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) value: f64,
}

impl Series {
    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        let label = self.labels.iter().find(|(label, _)| label == name);
        label.map(|(_, value)| value.as_str())
    }
}

struct Family {
    name: String,
    kind: String,
}

/// Every sample of a page, or what is wrong with it.
pub(crate) fn parse(page: &str) -> Result<Vec<Series>, String> {
    if !page.is_empty() && !page.ends_with('\n') {
        return Err("the page ends within a line".to_owned());
    }
    let mut families: Vec<Family> = Vec::new();
    let mut all: Vec<Series> = Vec::new();
    let mut help: Option<String> = None;
    for line in page.lines() {
        let fail = |what: &str| Err(format!("{what}: {line}"));
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').ok_or("HELP without a text")?;
            if help.is_some() || families.iter().any(|family| family.name == name) {
                return fail("HELP out of place");
            }
            if text.is_empty() || unescape(text, false).is_none() {
                return fail("a bad HELP");
            }
            help = Some(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or("TYPE without a type")?;
            if help.take().as_deref() != Some(name) {
                return fail("TYPE not after its HELP");
            }
            check_family(name, kind).map_err(|what| format!("{what}: {line}"))?;
            families.push(Family { name: name.to_owned(), kind: kind.to_owned() });
        } else {
            let series = sample(line).ok_or_else(|| format!("no sample: {line}"))?;
            let family = families.last().ok_or("a sample without a family")?;
            let suffix = series.name.strip_prefix(&family.name);
            let allowed: &[&str] =
                if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            if help.is_some() || !suffix.is_some_and(|suffix| allowed.contains(&suffix)) {
                return fail("a sample outside of its family");
            }
            if family.kind != "gauge" && (series.value < 0.0 || series.value.is_nan()) {
                return fail("a count that is no count");
            }
            if all.iter().any(|known| known.name == series.name && known.labels == series.labels) {
                return fail("a sample that is there twice");
            }
            all.push(series);
        }
    }
    for family in families.iter().filter(|family| family.kind == "histogram") {
        check_histogram(&family.name, &all)?;
    }
    Ok(all)
}

fn check_family(name: &str, kind: &str) -> Result<(), &'static str> {
    if !is_name(name, ":") {
        return Err("a bad name");
    }
    if !["counter", "gauge", "histogram"].contains(&kind) {
        return Err("a bad type");
    }
    if name.ends_with("_total") != (kind == "counter") {
        return Err("_total is for counters, and all of them");
    }
    if ["_bucket", "_sum", "_count"].iter().any(|suffix| name.ends_with(suffix)) {
        return Err("a name with a histogram's suffix");
    }
    let units = ["ms", "us", "ns", "milliseconds", "kb", "mb"];
    if name.split('_').any(|word| units.contains(&word)) {
        return Err("not a base unit");
    }
    Ok(())
}

/// Buckets ascend in bound and count, and the last is infinite and equals the count.
fn check_histogram(name: &str, all: &[Series]) -> Result<(), String> {
    let named = |suffix: &str| {
        let name = format!("{name}{suffix}");
        all.iter().filter(move |series| series.name == name)
    };
    for count in named("_count") {
        let own: Vec<_> = named("_bucket")
            .filter(|bucket| count.labels.iter().all(|label| bucket.labels.contains(label)))
            .collect();
        let bound = |series: &Series| series.label("le").and_then(number);
        let ascending = own
            .windows(2)
            .all(|pair| bound(pair[0]) < bound(pair[1]) && pair[0].value <= pair[1].value);
        let last = own.last().ok_or_else(|| format!("{name} without buckets"))?;
        let complete = last.label("le") == Some("+Inf") && last.value.eq(&count.value);
        let summed = named("_sum").filter(|sum| sum.labels == count.labels).count() == 1;
        if !ascending || !complete || !summed {
            return Err(format!("{name} {:?} is no histogram", count.labels));
        }
    }
    Ok(())
}

/// `name{label="value",...} number`
fn sample(line: &str) -> Option<Series> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, rest)) => (name, parse_labels(rest.strip_suffix('}')?)?),
        None => (series, Vec::new()),
    };
    let unique = |index: usize| labels[..index].iter().all(|(name, _)| *name != labels[index].0);
    if !is_name(name, ":") || !(0..labels.len()).all(unique) {
        return None;
    }
    Some(Series { name: name.to_owned(), value: number(value)?, labels })
}

fn parse_labels(mut rest: &str) -> Option<Vec<(String, String)>> {
    let mut labels = Vec::new();
    loop {
        let (name, after) = rest.split_once("=\"")?;
        if !is_name(name, "") {
            return None;
        }
        let mut is_escaped = false;
        let end = after.find(|letter| {
            let ends = letter == '"' && !is_escaped;
            is_escaped = letter == '\\' && !is_escaped;
            ends
        })?;
        labels.push((name.to_owned(), unescape(&after[..end], true)?));
        rest = &after[end + 1..];
        if rest.is_empty() {
            return Some(labels);
        }
        rest = rest.strip_prefix(',')?;
    }
}

fn unescape(text: &str, is_label: bool) -> Option<String> {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next()? {
                '\\' => '\\',
                'n' => '\n',
                '"' if is_label => '"',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(plain)
}

fn is_name(name: &str, besides: &str) -> bool {
    let allowed =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || besides.contains(letter);
    !name.starts_with(|letter: char| letter.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(allowed)
}

fn number(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        "NaN" => Some(f64::NAN),
        _ if text.starts_with(|letter: char| letter.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

#[test]
fn the_judge_can_tell_a_bad_page() {
    let head = "# HELP a_total A.\n# TYPE a_total counter\n";
    assert_eq!(parse(&format!("{head}a_total{{b=\"c\\\"\"}} 1\n")).unwrap()[0].labels[0].1, "c\"");
    for bad in [
        "a_total 1\n".to_owned(),
        format!("{head}a_total 1"),
        format!("{head}a_total -1\n"),
        format!("{head}b_total 1\n"),
        format!("{head}a_total 1\na_total 2\n"),
        format!("{head}a_total{{b=\"c\"d\"}} 1\n"),
        format!("{head}a_total{{b=\"\\x\"}} 1\n"),
        format!("{head}a_total{{b=\"c\",b=\"d\"}} 1\n"),
        format!("{head}{head}"),
        "# TYPE a_total counter\n".to_owned(),
        "# HELP a A.\n# TYPE a counter\n".to_owned(),
        "# HELP a_ms A.\n# TYPE a_ms gauge\n".to_owned(),
        "# HELP h H.\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n".to_owned(),
    ] {
        assert!(parse(&bad).is_err(), "{bad}");
    }
}
