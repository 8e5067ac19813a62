//! What a command did to a group's offsets, or would do: before and after, for a person.

use std::process::ExitCode;

use record::{Offset, PartitionIndex};

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::table::Table;

/// One partition's offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) topic: String,
    pub(super) partition: PartitionIndex,
    /// `None` for no commit.
    pub(super) before: Option<Offset>,
    /// `None` for no commit.
    pub(super) after: Option<Offset>,
    pub(super) note: String,
}

/// Writes the changes, and what was done, if it was.
pub(super) fn print(changes: &[Change], done: &str, is_dry_run: bool) -> Result<ExitCode, Failure> {
    let verdict = if is_dry_run { "dry run: nothing was changed" } else { done };
    output::print(&format!("{}{verdict}\n", text(changes)))?;
    Ok(ExitCode::SUCCESS)
}

/// How many offsets, in words.
pub(super) fn offsets(count: usize) -> String {
    if count == 1 { "1 offset".to_owned() } else { format!("{count} offsets") }
}

fn text(changes: &[Change]) -> String {
    let number = |offset: Option<Offset>| offset.map_or_else(String::new, |it| it.to_string());
    let has_notes = changes.iter().any(|change| !change.note.is_empty());
    let plain = ["TOPIC", "PARTITION", "BEFORE", "AFTER"];
    let cells = |change: &Change| {
        let (topic, partition) = (change.topic.clone(), change.partition.to_string());
        [topic, partition, number(change.before), number(change.after)]
    };
    if !has_notes {
        let mut table = Table::new(plain);
        for change in changes {
            table.push(cells(change));
        }
        return table.to_string();
    }
    let [topic, partition, before, after] = plain;
    let mut table = Table::new([topic, partition, before, after, "NOTE"]);
    for change in changes {
        let [topic, partition, before, after] = cells(change);
        table.push([topic, partition, before, after, change.note.clone()]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_have_a_column_if_there_are_any() {
        let first = Change {
            topic: "t".into(),
            partition: PartitionIndex(0),
            before: None,
            after: Some(Offset(3)),
            note: String::new(),
        };
        let changes = [first.clone(), Change { note: "why".into(), ..first.clone() }];
        let plain = "TOPIC  PARTITION  BEFORE  AFTER\nt      0          -       3\n";
        assert_eq!(text(&[first]), plain);
        assert_eq!(
            text(&changes),
            "TOPIC  PARTITION  BEFORE  AFTER  NOTE\n\
             t      0          -       3      -\n\
             t      0          -       3      why\n"
        );
    }
}
