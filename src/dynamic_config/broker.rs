//! What was set on brokers while they ran: on one of them, or for all.

use super::alter::{Row, Values, altered, restored};
use super::error::DynamicConfigError;
use crate::config::{Config, Described, DescribedSource, Refusal, SETTINGS, Setting, Synonym};
use crate::config::{ValueType, nearest};
use crate::topic_config::{Change, Fault, Operation, shorten};

/// The settings of one broker, or of all, that were set while it ran. Every name is a dynamic
/// setting's, every value one that the table takes, in the form in which it prints it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerConfigs(Values);

impl Row for &'static Setting {
    const FAULT: Fault = Fault::Request;

    fn name(self) -> &'static str {
        self.key
    }

    fn value_type(self) -> ValueType {
        self.value_type
    }

    fn built_in(self) -> &'static str {
        self.default
    }

    fn check(self, text: &str) -> Result<String, Refusal> {
        Setting::check(self, text)
    }
}

impl BrokerConfigs {
    /// These settings after some changes: all of them, or none with the reason. Names that can
    /// not be set while a broker runs are refused together, before anything else is looked at.
    pub fn alter<'a>(
        &self,
        changes: impl IntoIterator<Item = Change<'a>> + Clone,
    ) -> Result<Self, DynamicConfigError> {
        let given = changes.clone().into_iter();
        let given = given.filter(|change| change.operation != Operation::Delete);
        let mut names: Vec<&'static str> = given
            .filter_map(|change| named(change.name))
            .filter(|(name, setting)| *name != setting.key || !setting.is_dynamic())
            .map(|(name, _)| name)
            .collect();
        if !names.is_empty() {
            names.sort_unstable();
            names.dedup();
            return Err(DynamicConfigError::NotDynamic { names });
        }
        altered(&self.0, changes, find).map(Self)
    }

    /// Settings as they were stored; what this version does not understand is left out and told.
    pub fn restore<'a>(
        stored: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> (Self, Vec<DynamicConfigError>) {
        let (values, errors) = restored(stored, find);
        (Self(values), errors)
    }

    /// Names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The settings for all brokers as `DescribeConfigs` tells them: only what was set, and no
    /// other place that a value could come from.
    pub fn describe(&self) -> Vec<Described> {
        let source = DescribedSource::DynamicDefaultBroker;
        let config = Config::default();
        let described = self.0.iter().map(|(name, value)| {
            let value = Some(value.clone());
            let synonyms = vec![Synonym { name, value: value.clone(), source }];
            Described { value, source, synonyms, ..config.describe_setting(name) }
        });
        described.collect()
    }
}

/// The setting that a name stands for, and the name as the table has it.
fn named(name: &str) -> Option<(&'static str, &'static Setting)> {
    SETTINGS.iter().find_map(|setting| {
        let found = setting.names().find(|known| *known == name);
        found.map(|known| (known, setting))
    })
}

/// A setting that can be set while a broker runs. In Kafka those in another unit can not.
fn find(name: &str) -> Result<&'static Setting, DynamicConfigError> {
    let dynamic = || SETTINGS.iter().filter(|setting| setting.is_dynamic());
    dynamic().find(|setting| setting.key == name).ok_or_else(|| {
        let nearest = nearest(name, dynamic().map(|setting| setting.key));
        DynamicConfigError::Unknown { of: "broker", name: shorten(name), nearest }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change<'a>(name: &'a str, operation: Operation, value: Option<&'a str>) -> Change<'a> {
        Change { name, operation, value }
    }

    fn set<'a>(name: &'a str, value: &'a str) -> Change<'a> {
        change(name, Operation::Set, Some(value))
    }

    fn pairs(configs: &BrokerConfigs) -> Vec<(&str, &str)> {
        configs.iter().collect()
    }

    #[test]
    fn settings_are_set_and_taken_back() {
        let none = BrokerConfigs::default();
        let one =
            none.alter([set("log.retention.ms", " 5 "), set("log.segment.bytes", "2MiB")]).unwrap();
        assert_eq!(pairs(&one), [("log.retention.ms", "5"), ("log.segment.bytes", "2097152")]);
        let back = one.alter([change("log.retention.ms", Operation::Delete, None)]).unwrap();
        assert_eq!(pairs(&back), [("log.segment.bytes", "2097152")]);
        let unknown = back.alter([change("no.such", Operation::Delete, None)]).unwrap();
        assert_eq!(unknown, back);
        assert_eq!(BrokerConfigs::restore(one.iter()), (one.clone(), Vec::new()));
    }

    #[test]
    fn what_a_broker_has_from_its_start_is_refused_together() {
        let none = BrokerConfigs::default();
        let changes = [
            set("node.id", "7"),
            set("no.such", "1"),
            set("log.roll.hours", "1"),
            set("listen", ""),
        ];
        let error = none.alter(changes).unwrap_err();
        let text = "Cannot update these configs dynamically: Set(listen, log.roll.hours, node.id)";
        assert_eq!((error.to_string().as_str(), error.fault()), (text, Fault::Request));
        assert!(none.alter([change("node.id", Operation::Delete, None)]).is_ok(), "as in Kafka");
    }

    #[test]
    fn mistakes_are_told_as_kafka_tells_them() {
        let none = BrokerConfigs::default();
        let refused = |changes: &[Change<'_>]| {
            let error = none.alter(changes.iter().copied()).unwrap_err();
            (error.to_string(), error.fault())
        };
        let (text, fault) = refused(&[set("log.retention.mss", "1")]);
        assert_eq!(fault, Fault::Request);
        assert!(text.ends_with("log.retention.mss; did you mean 'log.retention.ms'?"), "{text}");
        let (text, fault) = refused(&[set("log.retention.ms", "soon")]);
        assert_eq!(fault, Fault::Request);
        assert!(
            text.starts_with("Invalid value soon for configuration log.retention.ms"),
            "{text}"
        );
        let (text, fault) = refused(&[change("log.retention.ms", Operation::Set, None)]);
        assert_eq!((text.as_str(), fault), NULL);
        let twice = [set("log.retention.ms", "1"), set("log.retention.ms", "2")];
        let (text, fault) = refused(&twice);
        assert_eq!((text.as_str(), fault), ("Error due to duplicate config keys", Fault::Request));
        let (_, fault) = refused(&[change("log.roll.ms", Operation::Append, Some("1"))]);
        assert_eq!(fault, Fault::Config);
    }

    const NULL: (&str, Fault) = ("Null value not supported for : log.retention.ms", Fault::Request);

    #[test]
    fn lists_begin_with_what_is_built_in() {
        let none = BrokerConfigs::default();
        let policy = |operation| change("log.cleanup.policy", operation, Some("delete"));
        let gone = none.alter([policy(Operation::Subtract)]).unwrap();
        assert_eq!(pairs(&gone), [("log.cleanup.policy", "")]);
        let back = gone.alter([policy(Operation::Append)]).unwrap();
        assert_eq!(pairs(&back), [("log.cleanup.policy", "delete")]);
    }

    #[test]
    fn what_is_set_for_all_is_described_alone() {
        let configs = BrokerConfigs::default().alter([set("log.retention.ms", "5")]).unwrap();
        let [described] = &configs.describe()[..] else { panic!("one was set") };
        assert_eq!((described.name, described.value.as_deref()), ("log.retention.ms", Some("5")));
        assert_eq!(described.source, DescribedSource::DynamicDefaultBroker);
        assert_eq!((described.synonyms.len(), described.read_only), (1, false));
    }
}
