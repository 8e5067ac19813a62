//! A topic's configurations as `DescribeConfigs` tells them.

use super::overrides::Overrides;
use super::table::{TOPIC_SETTINGS, TopicSetting};
use crate::config::{Config, Described, DescribedSource, Synonym};

/// Every configuration of a topic, sorted by name: its own value, or the broker's, or the built-in
/// one, and everything that stands behind it.
pub fn describe(config: &Config, overrides: &Overrides) -> Vec<Described> {
    TOPIC_SETTINGS.iter().map(|setting| describe_one(setting, config, overrides)).collect()
}

fn describe_one(setting: &TopicSetting, config: &Config, overrides: &Overrides) -> Described {
    let own = overrides.get(setting.name).map(|value| Synonym {
        name: setting.name,
        value: Some(value.to_owned()),
        source: DescribedSource::Topic,
    });
    let behind = config.describe_behind(setting.name);
    let broker_value = behind.as_ref().and_then(|behind| behind.value.clone());
    let value = own.as_ref().and_then(|own| own.value.clone()).or(broker_value);
    let source = match (&own, &behind) {
        (Some(own), _) => own.source,
        (None, Some(behind)) => behind.source,
        (None, None) => DescribedSource::Default,
    };
    let synonyms = own.into_iter().chain(behind.map_or_else(Vec::new, |behind| behind.synonyms));
    Described {
        name: setting.name,
        value: Some(value.unwrap_or_else(|| setting.default.to_owned())),
        source,
        value_type: setting.value_type,
        read_only: false,
        sensitive: false,
        synonyms: synonyms.collect(),
        documentation: setting.documentation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, ValueType};

    fn find<'a>(described: &'a [Described], name: &str) -> &'a Described {
        described.iter().find(|described| described.name == name).unwrap()
    }

    fn synonyms(described: &Described) -> Vec<(&str, &str, DescribedSource)> {
        let synonyms = described.synonyms.iter();
        synonyms
            .map(|synonym| {
                (synonym.name, synonym.value.as_deref().unwrap_or_default(), synonym.source)
            })
            .collect()
    }

    #[test]
    fn a_value_comes_from_the_topic_the_broker_or_nowhere() {
        let file = Some(("t.toml", "message.max.bytes = \"2KiB\"\nlog.retention.hours = 1"));
        let config = Config::load(Sources { file, ..Sources::default() }).unwrap();
        let overrides = Overrides::create([("retention.ms", Some(" 5 "))], &config).unwrap();
        let all = describe(&config, &overrides);
        let retention = find(&all, "retention.ms");
        assert_eq!(retention.value.as_deref(), Some("5"));
        assert_eq!(retention.source, DescribedSource::Topic);
        assert_eq!(
            synonyms(retention),
            [
                ("retention.ms", "5", DescribedSource::Topic),
                ("log.retention.hours", "1", DescribedSource::StaticBroker),
                ("log.retention.ms", "604800000", DescribedSource::Default),
            ]
        );
        let message = find(&all, "max.message.bytes");
        assert_eq!(message.value.as_deref(), Some("2048"));
        assert_eq!(message.source, DescribedSource::StaticBroker);
        let idle = find(&all, "index.interval.bytes");
        assert_eq!(idle.value.as_deref(), Some("4096"));
        assert_eq!((idle.source, idle.synonyms.len()), (DescribedSource::Default, 0));
    }

    #[test]
    fn a_topic_without_configurations_is_described_by_kafkas_defaults() {
        let all = describe(&Config::default(), &Overrides::default());
        assert!(all.is_sorted_by(|one, next| one.name < next.name));
        for (described, setting) in all.iter().zip(&TOPIC_SETTINGS) {
            // Built into the broker and into the table alike.
            assert_eq!(described.value.as_deref(), Some(setting.default), "{}", setting.name);
            assert_eq!(described.source, DescribedSource::Default);
            assert_eq!(described.value_type, setting.value_type);
            assert!(!described.read_only && !described.sensitive);
        }
        assert_eq!(find(&all, "flush.ms").value_type, ValueType::Long);
    }
}
