//! Settings of consumer groups (KIP-848) that are words: which way groups may change their
//! protocol, and who assigns.

use super::described::ValueType;
use super::form::{Form, Range, Refusal, Word};

/// Which groups may change their protocol while members are in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrationPolicy {
    /// Those of either.
    Bidirectional,
    /// Classic ones become consumer groups.
    Upgrade,
    /// Consumer groups become classic ones.
    Downgrade,
    /// None; an empty group is whatever joins it all the same.
    Disabled,
}

impl MigrationPolicy {
    /// Whether a classic group may become a consumer group.
    pub fn upgrades(self) -> bool {
        matches!(self, Self::Bidirectional | Self::Upgrade)
    }

    /// Whether a consumer group may become a classic one.
    pub fn downgrades(self) -> bool {
        matches!(self, Self::Bidirectional | Self::Downgrade)
    }
}

impl Word for MigrationPolicy {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("bidirectional", Self::Bidirectional),
        ("upgrade", Self::Upgrade),
        ("downgrade", Self::Downgrade),
        ("disabled", Self::Disabled),
    ];
    const CHOICE: &'static str = "`bidirectional`, `upgrade`, `downgrade` or `disabled`";
}

/// An assignor of the broker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignorName {
    /// `uniform`
    Uniform,
    /// `range`
    Range,
}

impl AssignorName {
    const WORDS: [(&'static str, Self); 2] = [("uniform", Self::Uniform), ("range", Self::Range)];
}

/// `group.consumer.assignors`: those that members may ask for, in order.
pub(crate) struct AssignorsForm;

impl Form for AssignorsForm {
    type Value = Vec<AssignorName>;
    const TYPE: ValueType = ValueType::List;
    const SYNTAX: &'static str = "`uniform`, `range` or both";

    fn parse(text: &str, _: &Range) -> Result<Self::Value, Refusal> {
        let mut assignors = Vec::new();
        for word in text.split(',').map(str::trim) {
            if word.is_empty() {
                return Err(Refusal::EmptyElement);
            }
            let known = AssignorName::WORDS.iter().find(|(known, _)| *known == word);
            let (_, assignor) = known.ok_or(Refusal::NotAmong { choice: Self::SYNTAX })?;
            if !assignors.contains(assignor) {
                assignors.push(*assignor);
            }
        }
        Ok(assignors)
    }

    fn print(value: &Self::Value) -> String {
        let rows = value
            .iter()
            .filter_map(|assignor| AssignorName::WORDS.iter().find(|(_, known)| known == assignor));
        rows.map(|(word, _)| *word).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignors_are_a_list_in_order_and_never_empty() {
        let parse = |text| AssignorsForm::parse(text, &Range::ANY);
        let print = |text| parse(text).map(|value| AssignorsForm::print(&value));
        assert_eq!(print("range, uniform,range").unwrap(), "range,uniform");
        assert_eq!(print("uniform").unwrap(), "uniform");
        assert_eq!(parse(""), Err(Refusal::EmptyElement));
        assert_eq!(parse("range,"), Err(Refusal::EmptyElement));
        let choice = AssignorsForm::SYNTAX;
        assert_eq!(parse("Uniform"), Err(Refusal::NotAmong { choice }));
        assert_eq!(parse("com.example.Mine"), Err(Refusal::NotAmong { choice }));
    }

    #[test]
    fn a_policy_is_one_way_both_or_none() {
        let ways = MigrationPolicy::WORDS.iter();
        let ways = ways.map(|(word, policy)| (*word, policy.upgrades(), policy.downgrades()));
        let expected = [
            ("bidirectional", true, true),
            ("upgrade", true, false),
            ("downgrade", false, true),
            ("disabled", false, false),
        ];
        assert!(ways.eq(expected));
    }
}
