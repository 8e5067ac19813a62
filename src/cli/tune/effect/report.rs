//! What a setting was worth, for a person and for a program.

use serde_json::json;
use tuning::effect::{Change, Effect, Knob};

use super::{Figures, Pair};
use crate::cli::table::Table;

/// The runs of a setting.
pub(super) struct Report<'a> {
    pub(super) knob: Knob,
    pub(super) changes: &'a [Change],
    pub(super) pairs: &'a [Pair],
}

impl Report<'_> {
    /// A line a pair, then the ratios.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for change in self.changes {
            text = format!("{text}{change}, put back\n");
        }
        let mut table = Table::new(["PAIR", "P50 BEFORE", "P50 AFTER", "P99 BEFORE", "P99 AFTER"]);
        for (number, (before, after)) in (1..).zip(self.pairs) {
            let figures = [before.p50_us, after.p50_us, before.p99_us, after.p99_us];
            let [a, b, c, d] = figures.map(|micros| format!("{micros:.0} us"));
            let number: u32 = number;
            table.push([number.to_string(), a, b, c, d]);
        }
        let (p50, p99) = (self.effect(|one| one.p50_us), self.effect(|one| one.p99_us));
        text + &format!("{table}after to before, p50: {p50}\nafter to before, p99: {p99}\n")
    }

    /// One JSON object on a line.
    pub(super) fn json(&self) -> String {
        let effect = |figure| {
            let effect = self.effect(figure);
            let (median, real) = (effect.median(), effect.is_real());
            json!({ "median": median, "real": real, "ratios": effect.ratios })
        };
        let changes = self.changes.iter().map(
            |change| json!({ "path": change.path, "before": change.before, "after": change.after }),
        );
        let pairs =
            self.pairs.iter().map(|(before, after)| json!({ "before": before, "after": after }));
        let value = json!({
            "knob": self.knob.name(),
            "changes": changes.collect::<Vec<_>>(),
            "pairs": pairs.collect::<Vec<_>>(),
            "p50": effect(|one| one.p50_us),
            "p99": effect(|one| one.p99_us),
        });
        format!("{value}\n")
    }

    fn effect(&self, figure: fn(&Figures) -> f64) -> Effect {
        Effect::of(self.pairs.iter().map(|(before, after)| (figure(before), figure(after))))
    }
}
