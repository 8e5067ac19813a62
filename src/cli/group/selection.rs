//! `--topic T[:P,P...]`: which partitions are meant.

use std::collections::BTreeSet;
use std::str::FromStr;

use net::client::{Client, ClientError, TopicPartitions};
use record::PartitionIndex;

/// A topic, and some of its partitions or all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    pub(super) topic: String,
    /// `None` for all.
    pub(super) partitions: Option<BTreeSet<PartitionIndex>>,
}

/// A text that is no selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not TOPIC or TOPIC:PARTITION,PARTITION,...")]
pub(super) struct NotASelection;

impl FromStr for Selection {
    type Err = NotASelection;

    /// A topic's name has no colon.
    fn from_str(text: &str) -> Result<Self, NotASelection> {
        let (topic, partitions) = match text.split_once(':') {
            Some((topic, list)) => {
                let list = list.split(',').map(partition);
                (topic, Some(list.collect::<Result<_, _>>()?))
            }
            None => (text, None),
        };
        if topic.is_empty() {
            return Err(NotASelection);
        }
        Ok(Self { topic: topic.to_owned(), partitions })
    }
}

fn partition(text: &str) -> Result<PartitionIndex, NotASelection> {
    let index: u32 = text.parse().map_err(|_| NotASelection)?;
    i32::try_from(index).map(PartitionIndex).map_err(|_| NotASelection)
}

impl Selection {
    /// Whether it has a partition of its topic.
    pub(super) fn has(&self, partition: PartitionIndex) -> bool {
        self.partitions.as_ref().is_none_or(|chosen| chosen.contains(&partition))
    }
}

/// The partitions that are meant, of topics and partitions that there are.
pub(super) async fn resolve(
    client: &Client,
    selections: &[Selection],
) -> Result<TopicPartitions, ClientError> {
    let mut all = TopicPartitions::new();
    for selection in selections {
        let info = client.refresh(&selection.topic).await?;
        for partition in selection.partitions.iter().flatten().copied() {
            if info.partition(partition).is_none() {
                let (topic, partitions) = (selection.topic.clone(), info.partitions.len());
                return Err(ClientError::UnknownPartition { topic, partition, partitions });
            }
        }
        let known = info.partitions.iter().map(|partition| partition.index);
        let chosen = known.filter(|partition| selection.has(*partition));
        all.entry(selection.topic.clone()).or_default().extend(chosen);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_stands_for_all_its_partitions() {
        let all: Selection = "a.b-c".parse().unwrap();
        assert_eq!((all.topic.as_str(), &all.partitions), ("a.b-c", &None));
        assert!(all.has(PartitionIndex(7)));
        let some: Selection = "t:2,0,2".parse().unwrap();
        let two = BTreeSet::from([PartitionIndex(0), PartitionIndex(2)]);
        assert_eq!((some.topic.as_str(), &some.partitions), ("t", &Some(two)));
        assert!(some.has(PartitionIndex(2)) && !some.has(PartitionIndex(1)));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ":", ":1", "t:", "t:1,", "t:-1", "t:x", "t:1:2", "t:4294967295"] {
            assert_eq!(text.parse::<Selection>(), Err(NotASelection), "{text}");
        }
    }
}
