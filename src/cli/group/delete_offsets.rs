//! `tidemill group delete-offsets`.

use std::collections::BTreeSet;
use std::process::ExitCode;

use net::client::{Client, Groups, TopicOffsets, TopicPartitions};

use super::changes::{self, Change};
use super::explain::explain_for_group;
use super::selection::Selection;
use crate::cli::bootstrap::Bootstrap;
use crate::cli::failure::Failure;
use crate::cli::table::printable;

/// Deletes a group's offsets of topics that it does not read any more.
#[derive(clap::Args, Debug)]
pub(super) struct DeleteOffsetsArgs {
    /// The group
    group: String,
    /// A topic, or some of its partitions; may be repeated
    #[arg(long = "topic", required = true, value_name = "TOPIC[:P,P...]")]
    selections: Vec<Selection>,
    /// Only write what would be deleted
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    bootstrap: Bootstrap,
}

/// Runs the command.
pub(super) fn run(arguments: DeleteOffsetsArgs) -> Result<ExitCode, Failure> {
    let bootstrap = arguments.bootstrap.clone();
    bootstrap.run(move |client| async move {
        let group = &arguments.group;
        let committed = committed(&client, group).await?;
        let partitions = chosen(group, &arguments.selections, &committed)?;
        if !arguments.dry_run {
            let deleted = Groups::new(client.clone()).delete_offsets(group, &partitions).await;
            if let Err(error) = deleted {
                return Err(explain_for_group(&client, group, error).await);
            }
        }
        let changes: Vec<_> = partitions
            .iter()
            .flat_map(|(topic, partitions)| {
                let before = committed.get(topic);
                partitions.iter().map(move |partition| Change {
                    topic: topic.clone(),
                    partition: *partition,
                    before: before.and_then(|offsets| offsets.get(partition)).copied(),
                    after: None,
                    note: String::new(),
                })
            })
            .collect();
        let done = format!("deleted {} of {}", changes::offsets(changes.len()), printable(group));
        changes::print(&changes, &done, arguments.dry_run)
    })
}

/// The offsets of a group that there is.
async fn committed(client: &Client, group: &str) -> Result<TopicOffsets, Failure> {
    let groups = Groups::new(client.clone());
    let asked = async {
        groups.describe(group).await?;
        groups.committed(group).await
    };
    match asked.await {
        Ok(committed) => Ok(committed),
        Err(error) => Err(explain_for_group(client, group, error).await),
    }
}

/// Those of the chosen partitions that have an offset; each choice must have one.
fn chosen(
    group: &str,
    selections: &[Selection],
    committed: &TopicOffsets,
) -> Result<TopicPartitions, Failure> {
    let mut all = TopicPartitions::new();
    for selection in selections {
        let known = committed.get(&selection.topic);
        let known = known.into_iter().flat_map(|offsets| offsets.keys().copied());
        let found: BTreeSet<_> = known.filter(|partition| selection.has(*partition)).collect();
        if found.is_empty() {
            let (group, topic) = (printable(group), printable(&selection.topic));
            let failure = Failure::new(format_args!(
                "group '{group}' has committed no such offset of topic '{topic}'"
            ));
            return Err(
                failure.hint(format_args!("`tidemill group describe {group}` shows what it has"))
            );
        }
        all.entry(selection.topic.clone()).or_default().extend(found);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use record::{Offset, PartitionIndex};

    use super::*;

    #[test]
    fn only_what_is_committed_is_chosen() {
        let offsets = [0, 1, 3].map(|index| (PartitionIndex(index), Offset(9)));
        let committed = TopicOffsets::from([("t".to_owned(), BTreeMap::from(offsets))]);
        let chosen = |selections: &[&str]| {
            let selections: Vec<Selection> =
                selections.iter().map(|text| text.parse().unwrap()).collect();
            let chosen = chosen("g", &selections, &committed).ok()?;
            Some(chosen["t"].iter().map(|partition| partition.0).collect::<Vec<_>>())
        };
        assert_eq!(chosen(&["t"]), Some(vec![0, 1, 3]));
        assert_eq!(chosen(&["t:1,2"]), Some(vec![1]));
        assert_eq!(chosen(&["t:1", "t:3"]), Some(vec![1, 3]));
        assert_eq!(chosen(&["t:2"]), None);
        assert_eq!(chosen(&["t", "u"]), None);
    }
}
