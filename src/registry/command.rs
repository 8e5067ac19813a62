//! What can be asked of the registry, and what it answers.

use std::collections::BTreeMap;

use record::TopicId;

use super::event::Resource;
use crate::topic_config::{Change, Fault, Operation};

/// A request to change topics or configurations.
#[derive(Clone, Debug)]
pub enum Command {
    /// Creates a topic.
    CreateTopic(NewTopic),
    /// Deletes a topic.
    DeleteTopic {
        /// Which.
        topic: TopicName,
    },
    /// Adds partitions.
    CreatePartitions {
        /// The topic's name.
        name: String,
        /// How many it is to have in all.
        partitions: i32,
        /// Only says whether it could be done.
        validate_only: bool,
    },
    /// Alters a topic's own settings.
    AlterConfigs {
        /// The topic's name.
        name: String,
        /// How.
        alteration: Alteration,
        /// Only says whether it could be done.
        validate_only: bool,
    },
    /// Alters what is configured of something that is no topic.
    AlterResource {
        /// Of what.
        resource: Resource,
        /// How.
        alteration: Alteration,
        /// Only says whether it could be done.
        validate_only: bool,
    },
    /// A block of producer ids for one shard.
    ProducerIds,
}

/// A topic to be created.
#[derive(Clone, Debug)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; none for the broker's default.
    pub partitions: Option<i32>,
    /// Its own configurations, as they were asked for.
    pub configs: Vec<(String, Option<String>)>,
    /// Only says whether it could be created.
    pub validate_only: bool,
    /// If it is there already, that is no error: several clients asked at once.
    pub automatic: bool,
}

/// A topic by name or by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TopicName {
    /// By name.
    Name(String),
    /// By id.
    Id(TopicId),
}

/// How configurations are altered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alteration {
    /// By these changes, in order; no other configuration changes.
    Changes(Vec<ConfigChange>),
    /// They are these, names and values, and no others.
    All(Vec<(String, String)>),
}

impl Alteration {
    /// What it changes in what was configured before, whose names are `before`.
    pub fn changes<'a>(&'a self, before: impl Iterator<Item = &'a str>) -> Vec<Change<'a>> {
        match self {
            Self::Changes(changes) => changes.iter().map(ConfigChange::as_change).collect(),
            Self::All(pairs) => {
                let left = before.filter(|name| pairs.iter().all(|(given, _)| given != name));
                let deleted =
                    left.map(|name| Change { name, operation: Operation::Delete, value: None });
                let set = pairs.iter().map(|(name, value)| Change {
                    name,
                    operation: Operation::Set,
                    value: Some(value),
                });
                deleted.chain(set).collect()
            }
        }
    }
}

/// One change of one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// Which one.
    pub name: String,
    /// What happens to it.
    pub operation: Operation,
    /// With which value.
    pub value: Option<String>,
}

impl ConfigChange {
    fn as_change(&self) -> Change<'_> {
        let Self { name, operation, value } = self;
        Change { name, operation: *operation, value: value.as_deref() }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A topic as it is now.
    Topic {
        /// Its id.
        id: TopicId,
        /// Its name.
        name: String,
        /// How many partitions it has.
        partitions: i32,
        /// Its own settings.
        configs: BTreeMap<String, String>,
    },
    /// Configurations were altered.
    Altered,
    /// Producer ids from `first` on, `count` of them, for the asking shard alone.
    ProducerIds {
        /// The first one.
        first: i64,
        /// How many.
        count: i64,
    },
}

/// Why it was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// The topic is there.
    #[error("Topic '{name}' already exists.")]
    TopicExists {
        /// Its name.
        name: String,
    },
    /// There is no such topic.
    #[error("This server does not host this topic-partition.")]
    UnknownTopic,
    /// There is no topic with this id.
    #[error("This server does not host this topic ID.")]
    UnknownTopicId,
    /// The name can not be a topic's.
    #[error("{0}")]
    InvalidName(String),
    /// The number of partitions is not possible.
    #[error("{0}")]
    InvalidPartitions(String),
    /// A configuration is not possible.
    #[error("{message}")]
    InvalidConfig {
        /// What the client did wrong.
        fault: Fault,
        /// In words.
        message: String,
    },
    /// The shards can hold no more.
    #[error("{0}")]
    LimitReached(String),
    /// The registry can not write, or the broker is stopping.
    #[error("{0}")]
    Unavailable(String),
}

/// Kafka's rules for topic names: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`.
pub fn check_topic_name(name: &str) -> Result<(), CommandError> {
    let wrong = |text: String| Err(CommandError::InvalidName(text));
    if name.is_empty() {
        return wrong("Topic name is invalid: the empty string is not allowed".into());
    }
    if name == "." || name == ".." {
        return wrong("Topic name is invalid: '.' or '..' is not allowed".into());
    }
    if name.len() > 249 {
        return wrong(format!(
            "Topic name is invalid: the length of '{name}' is longer than the max allowed length \
             249"
        ));
    }
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !name.bytes().all(legal) {
        return wrong(format!(
            "Topic name is invalid: '{name}' contains one or more characters other than ASCII \
             alphanumerics, '.', '_' and '-'"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_among_all_goes() {
        let all = Alteration::All(vec![("a".into(), "1".into()), ("b".into(), "2".into())]);
        let changes = all.changes(["a", "c"].into_iter());
        let changes: Vec<_> = changes.iter().map(|c| (c.name, c.operation, c.value)).collect();
        let (set, delete) = (Operation::Set, Operation::Delete);
        assert_eq!(changes, [("c", delete, None), ("a", set, Some("1")), ("b", set, Some("2"))]);
    }

    #[test]
    fn names_are_checked_as_kafka_does() {
        for good in ["a", "A-b.c_9", "...", &"x".repeat(249)] {
            assert!(check_topic_name(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a\0", "ä", "a b", &"x".repeat(250)] {
            assert!(check_topic_name(bad).is_err(), "{bad}");
        }
    }
}
