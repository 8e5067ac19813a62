//! What a run says: its distributions, and percentiles only where the samples bear them.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::ledger::{Account, SECOND_NS, Tag};
use super::recorder::histogram;
use super::verdict::Evidence;
use crate::error::BenchError;
use crate::folder::run::{Percentiles, PercentilesByTag};
use crate::percentile::percentile;

/// The percentiles that are quoted, as they are named, and the part of the samples below them.
pub(crate) const QUOTED: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999)];

/// The distributions of a run's window.
pub(crate) struct Summary {
    histograms: Vec<Histogram<u64>>,
}

impl Summary {
    /// Of all that was due in the window.
    pub(crate) fn of(account: &Account) -> Result<Self, BenchError> {
        let rows = account.rows.len();
        let histograms = Tag::ALL.map(|tag| merge(account, tag, first_row(account), rows));
        Ok(Self { histograms: histograms.into_iter().collect::<Result<_, _>>()? })
    }

    /// The distribution of one tag.
    pub(crate) fn of_tag(&self, tag: Tag) -> &Histogram<u64> {
        &self.histograms[tag as usize]
    }

    /// A percentile in nanoseconds, if 10 samples lie beyond it.
    pub(crate) fn at(&self, tag: Tag, quantile: f64) -> Option<u64> {
        percentile(self.of_tag(tag), quantile)
    }

    /// All percentiles, by tag; a tag without samples is absent.
    pub(crate) fn percentiles(&self) -> PercentilesByTag {
        let of = |tag| {
            let histogram = self.of_tag(tag);
            (!histogram.is_empty()).then(|| Percentiles::of(histogram))
        };
        PercentilesByTag {
            publish: of(Tag::Publish),
            delay: of(Tag::Delay),
            total: of(Tag::Total),
            end_to_end: of(Tag::EndToEnd),
            lateness: of(Tag::Lateness),
        }
    }

    /// The distributions that have samples, by the names of their tags.
    pub(crate) fn by_name(&self) -> BTreeMap<String, Histogram<u64>> {
        let tags = Tag::ALL.into_iter().filter(|tag| !self.of_tag(*tag).is_empty());
        tags.map(|tag| (tag.name().to_owned(), self.of_tag(tag).clone())).collect()
    }

    /// What speaks for and against the run, as far as the account knows.
    pub(crate) fn evidence(&self, account: &Account, closed: bool) -> Result<Evidence, BenchError> {
        let (first, last) = measured_rows(account);
        let third = (last - first) / 3;
        let median = |from, to| -> Result<Option<u64>, BenchError> {
            let part = merge(account, Tag::Total, from, to)?;
            Ok(percentile(&part, 0.5))
        };
        let thirds = match third {
            0 => None,
            _ => median(first, first + third)?.zip(median(last - third, last)?),
        };
        Ok(Evidence {
            counts: account.counts,
            closed,
            backlog: account.rows[first..last].iter().map(|row| row.backlog).collect(),
            acked_in_all: account.all.acked,
            thirds_p50_ns: thirds,
            lateness_p99_ns: self.at(Tag::Lateness, 0.99),
            total_p99_ns: self.at(Tag::Total, 0.99),
            ..Evidence::default()
        })
    }
}

/// The first row of the window.
pub(crate) fn first_row(account: &Account) -> usize {
    usize::try_from(account.window.start / SECOND_NS).unwrap_or(0).min(account.rows.len())
}

/// The whole seconds of the window.
fn measured_rows(account: &Account) -> (usize, usize) {
    let end = usize::try_from(account.window.end / SECOND_NS).unwrap_or(0);
    let first = first_row(account);
    (first, end.clamp(first, account.rows.len()))
}

fn merge(
    account: &Account,
    tag: Tag,
    from: usize,
    to: usize,
) -> Result<Histogram<u64>, BenchError> {
    let mut all = histogram()?;
    for row in &account.rows[from..to] {
        row.intervals[tag as usize].add_to(&mut all);
    }
    Ok(all)
}
