//! What was set on a topic: names and values as text, checked, in the order of the names.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{TopicConfigError, shorten};
use super::replicas::LIST_BYTES_MAX;
use super::table::{TOPIC_SETTINGS, TopicSetting, find};
use crate::config::{Config, Refusal, ValueType, nearest};

/// The configurations that a topic has of its own. Every name is in the table and every value is
/// one that the table takes, in the form in which the table prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides(BTreeMap<&'static str, String>);

/// What is to be done with one configuration (KIP-339).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Give it a value.
    Set,
    /// Back to the broker's value.
    Delete,
    /// Add elements to a list; those that it has are not added again.
    Append,
    /// Take elements out of a list.
    Subtract,
}

/// One change of `IncrementalAlterConfigs`.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The configuration.
    pub name: &'a str,
    /// What to do.
    pub operation: Operation,
    /// With which value; what comes with [`Operation::Delete`] is ignored.
    pub value: Option<&'a str>,
}

impl Overrides {
    /// The configurations that a request gives all at once, for a new topic or in place of all
    /// earlier ones. Of two values of one name the later counts, as in Kafka.
    pub fn create<'a>(
        given: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        config: &Config,
    ) -> Result<Self, TopicConfigError> {
        let mut overrides = Self::default();
        for (name, value) in given {
            let missing = || TopicConfigError::NoValue { name: shorten(name) };
            overrides.set(known(name)?, value.ok_or_else(missing)?)?;
        }
        overrides.check(config)?;
        Ok(overrides)
    }

    /// These configurations after some changes. All of them are made, or none with the reason; as
    /// in Kafka, a list that is changed begins with the broker's value if it has none of its own,
    /// and an unknown name can be deleted.
    pub fn alter<'a>(
        &self,
        changes: impl IntoIterator<Item = Change<'a>>,
        config: &Config,
    ) -> Result<Self, TopicConfigError> {
        let mut altered = self.clone();
        // Bounded by the request, and sorted so that a long one is not compared name by name.
        let mut seen = BTreeSet::new();
        for Change { name, operation, value } in changes {
            if !seen.insert(name) {
                return Err(TopicConfigError::Repeated { name: shorten(name) });
            }
            if operation == Operation::Delete {
                altered.0.remove(name);
                continue;
            }
            let missing = || TopicConfigError::NoNewValue { name: shorten(name) };
            let value = value.ok_or_else(missing)?;
            let setting = known(name)?;
            if operation == Operation::Set {
                altered.set(setting, value)?;
            } else {
                altered.change_list(setting, operation, value, config)?;
            }
        }
        altered.check(config)?;
        Ok(altered)
    }

    /// The configurations that were stored with a topic, from [`Overrides::iter`] of this version
    /// or another. What can not be understood any more is left out and returned with its reason:
    /// a topic is never lost over its configuration.
    pub fn restore<'a>(
        stored: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (Self, Vec<TopicConfigError>) {
        let mut overrides = Self::default();
        let results = stored
            .into_iter()
            .map(|(name, value)| known(name).and_then(|setting| overrides.set(setting, value)));
        let errors = results.filter_map(Result::err).collect();
        (overrides, errors)
    }

    /// Names and values, in the order of the names: what is stored with the topic.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The value that was set on the topic.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether nothing was set on the topic.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn set(&mut self, setting: &TopicSetting, value: &str) -> Result<(), TopicConfigError> {
        let invalid = |reason| TopicConfigError::Invalid {
            name: setting.name,
            value: shorten(value),
            reason,
        };
        let kept = (setting.check)(value, &setting.range).map_err(invalid)?;
        self.0.insert(setting.name, kept);
        Ok(())
    }

    fn change_list(
        &mut self,
        setting: &TopicSetting,
        operation: Operation,
        value: &str,
        config: &Config,
    ) -> Result<(), TopicConfigError> {
        if setting.value_type != ValueType::List {
            return Err(TopicConfigError::NotAList { name: setting.name });
        }
        if value.len() > LIST_BYTES_MAX {
            let reason = Refusal::TooLong { max: LIST_BYTES_MAX };
            let value = shorten(value);
            return Err(TopicConfigError::Invalid { name: setting.name, value, reason });
        }
        let behind = || config.describe_behind(setting.name).and_then(|described| described.value);
        let current = self.get(setting.name).map(str::to_owned).or_else(behind);
        let current = current.unwrap_or_else(|| setting.default.to_owned());
        let mut elements: Vec<&str> = elements_of(&current).collect();
        if operation == Operation::Append {
            let mut known: BTreeSet<&str> = elements.iter().copied().collect();
            // An empty value is one empty element, which the row then refuses, as Kafka does.
            let added = value.split(',').map(str::trim);
            elements.extend(added.filter(|element| known.insert(element)));
        } else {
            let gone: BTreeSet<&str> = elements_of(value).collect();
            elements.retain(|element| !gone.contains(element));
        }
        self.set(setting, &elements.join(","))
    }

    /// What concerns several configurations, or the broker's.
    fn check(&self, config: &Config) -> Result<(), TopicConfigError> {
        let number = |name| self.get(name).and_then(|value| value.parse::<i64>().ok());
        let half = config.settings.journal_file_bytes / 2;
        if let Some(value) = number("max.message.bytes").map(i64::unsigned_abs)
            && value > half
        {
            return Err(TopicConfigError::OverHalfJournalFile { value, half });
        }
        let min = number("min.compaction.lag.ms").unwrap_or(0);
        let max = number("max.compaction.lag.ms").unwrap_or(i64::MAX);
        if min > max {
            return Err(TopicConfigError::LagsCrossed { min, max });
        }
        Ok(())
    }
}

fn known(name: &str) -> Result<&'static TopicSetting, TopicConfigError> {
    find(name).ok_or_else(|| {
        let names = TOPIC_SETTINGS.iter().map(|setting| setting.name);
        TopicConfigError::Unknown { name: shorten(name), nearest: nearest(name, names) }
    })
}

/// The elements of a list as text; none if it is empty.
fn elements_of(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|element| !element.is_empty())
}

#[cfg(test)]
mod tests;
