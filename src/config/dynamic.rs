//! Settings changed while the broker runs (KIP-226), laid over what it was started with: those for
//! all brokers, and over them those for this one.

use super::error::{ConfigErrors, Given};
use super::load::Config;
use super::origin::Origin;

impl Config {
    /// These settings with what was set while brokers ran: names of the table and values that it
    /// takes. What is not, is left out and told.
    pub(crate) fn with_dynamic<'a>(
        &self,
        for_all: impl Iterator<Item = (&'a str, &'a str)>,
        for_this: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> (Self, Option<ConfigErrors>) {
        let (mut config, mut errors) = (self.clone(), Vec::new());
        let given = |origin: &Origin, (name, value): (&str, &str)| {
            Ok(Given { name: name.to_owned(), value: value.to_owned(), origin: origin.clone() })
        };
        config.lay(for_all.map(|pair| given(&Origin::DynamicDefault, pair)), &mut errors);
        config.lay(for_this.map(|pair| given(&Origin::DynamicBroker, pair)), &mut errors);
        (config, (!errors.is_empty()).then_some(ConfigErrors(errors)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DescribedSource, Sources};

    #[test]
    fn the_broker_s_own_is_over_everybody_s_over_the_file_s() {
        let file = Some(("t.toml", "log.retention.hours = 1\nlog.segment.bytes = \"2MiB\""));
        let config = Config::load(Sources { file, ..Sources::default() }).unwrap();
        let for_all = [("log.retention.ms", "7"), ("log.roll.ms", "8")];
        let for_this = [("log.retention.ms", "9")];
        let (live, errors) = config.with_dynamic(for_all.into_iter(), for_this.into_iter());
        assert!(errors.is_none());
        assert_eq!((live.settings.log_retention_ms, live.settings.log_roll_ms), (9, 8));
        assert_eq!(live.settings.log_segment_bytes, 2 << 20);
        let described = live.describe_setting("log.retention.ms");
        assert_eq!(described.source, DescribedSource::DynamicBroker);
        let synonyms = described.synonyms.iter();
        let synonyms = synonyms.map(|one| (one.name, one.value.as_deref().unwrap(), one.source));
        assert_eq!(
            synonyms.collect::<Vec<_>>(),
            [
                ("log.retention.ms", "9", DescribedSource::DynamicBroker),
                ("log.retention.ms", "7", DescribedSource::DynamicDefaultBroker),
                ("log.retention.hours", "1", DescribedSource::StaticBroker),
                ("log.retention.ms", "604800000", DescribedSource::Default),
            ]
        );
        assert_eq!(config.settings.log_retention_ms, 3_600_000, "the start's stay as they were");
    }

    #[test]
    fn what_can_not_be_understood_is_left_out() {
        let config = Config::default();
        let for_all = [("no.such", "7"), ("log.roll.ms", "soon"), ("log.retention.ms", "3")];
        let (live, errors) = config.with_dynamic(for_all.into_iter(), std::iter::empty());
        assert_eq!(errors.unwrap().0.len(), 2);
        assert_eq!((live.settings.log_retention_ms, live.settings.log_roll_ms), (3, 604_800_000));
    }
}
