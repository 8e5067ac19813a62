//! What can be set on a group (KIP-848): a table, what was set, and what it amounts to.

use std::fmt::Write;
use std::time::Duration;

use super::alter::{Row, Values, altered, restored};
use super::error::DynamicConfigError;
use crate::config::{
    Config, Described, DescribedSource, Number, Range, Refusal, Settings, Synonym, ValueType,
    as_declared, nearest,
};
use crate::topic_config::{Change, Fault, shorten};

/// One configuration of a group.
#[derive(Debug)]
pub struct GroupSetting {
    /// Its name.
    pub name: &'static str,
    /// The broker's setting that counts where the group has none of its own.
    pub behind: &'static str,
    /// The broker's setting that is the least it can be set to.
    pub least: &'static str,
    /// The broker's setting that is the most it can be set to.
    pub most: &'static str,
    /// What it is for.
    pub documentation: &'static str,
    default: &'static str,
    limits: fn(&Settings) -> (u32, u32),
}

/// Every configuration that is served; all are times in milliseconds.
pub static GROUP_SETTINGS: [GroupSetting; 2] = [
    GroupSetting {
        name: HEARTBEAT_INTERVAL,
        behind: "group.consumer.heartbeat.interval.ms",
        least: "group.consumer.min.heartbeat.interval.ms",
        most: "group.consumer.max.heartbeat.interval.ms",
        documentation: "How often members are told to send a heartbeat, in milliseconds.",
        default: "5000",
        limits: |settings| {
            let least = settings.group_consumer_min_heartbeat_interval_ms;
            (least, settings.group_consumer_max_heartbeat_interval_ms)
        },
    },
    GroupSetting {
        name: SESSION_TIMEOUT,
        behind: "group.consumer.session.timeout.ms",
        least: "group.consumer.min.session.timeout.ms",
        most: "group.consumer.max.session.timeout.ms",
        documentation: "After how many milliseconds without a heartbeat a member is put out.",
        default: "45000",
        limits: |settings| {
            let least = settings.group_consumer_min_session_timeout_ms;
            (least, settings.group_consumer_max_session_timeout_ms)
        },
    },
];

const HEARTBEAT_INTERVAL: &str = "consumer.heartbeat.interval.ms";
const SESSION_TIMEOUT: &str = "consumer.session.timeout.ms";

impl Row for &'static GroupSetting {
    const FAULT: Fault = Fault::Config;

    fn name(self) -> &'static str {
        self.name
    }

    fn value_type(self) -> ValueType {
        ValueType::Int
    }

    fn built_in(self) -> &'static str {
        self.default
    }

    fn check(self, text: &str) -> Result<String, Refusal> {
        as_declared::<Number<u32>>(text, &Range::new(1, i64::from(i32::MAX)))
    }
}

/// What was set on one group. Every name is in the table, every value one that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupConfigs(Values);

impl GroupConfigs {
    /// These configurations after some changes: all of them, or none with the reason. The
    /// broker's `settings` say how far a value may go.
    pub fn alter<'a>(
        &self,
        changes: impl IntoIterator<Item = Change<'a>>,
        settings: &Settings,
    ) -> Result<Self, DynamicConfigError> {
        let configs = Self(altered(&self.0, changes, find)?);
        for setting in &GROUP_SETTINGS {
            let Some(value) = configs.number(setting.name) else { continue };
            let (name, (least, most)) = (setting.name, (setting.limits)(settings));
            if value < least {
                return Err(DynamicConfigError::UnderLimit { name, limit: setting.least });
            }
            if value > most {
                return Err(DynamicConfigError::OverLimit { name, limit: setting.most });
            }
        }
        let config = GroupConfig::new(settings, &configs);
        if !configs.is_empty() && config.session_timeout <= config.heartbeat_interval {
            return Err(DynamicConfigError::SessionWithinHeartbeat);
        }
        Ok(configs)
    }

    /// Configurations as they were stored; what this version does not understand is left out and
    /// told.
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

    /// Whether nothing was set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every configuration of the group, sorted by name: its own value or the broker's, and
    /// everything that stands behind it.
    pub fn describe(&self, config: &Config) -> Vec<Described> {
        let described = GROUP_SETTINGS.iter().map(|setting| {
            let behind = config.describe_setting(setting.behind);
            let own = self.0.get(setting.name).map(|value| Synonym {
                name: setting.name,
                value: Some(value.clone()),
                source: DescribedSource::Group,
            });
            Described {
                name: setting.name,
                value: own.as_ref().map_or(behind.value, |own| own.value.clone()),
                source: own.as_ref().map_or(behind.source, |own| own.source),
                value_type: setting.value_type(),
                read_only: false,
                sensitive: false,
                synonyms: own.into_iter().chain(behind.synonyms).collect(),
                documentation: setting.documentation,
            }
        });
        described.collect()
    }

    fn number(&self, name: &str) -> Option<u32> {
        self.0.get(name).map(|value| value.parse().expect("the table checked the value"))
    }
}

/// The configurations of a group as its coordinator works with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupConfig {
    /// `consumer.session.timeout.ms`: a member that is silent for so long is out.
    pub session_timeout: Duration,
    /// `consumer.heartbeat.interval.ms`: how often members are told to send a heartbeat.
    pub heartbeat_interval: Duration,
}

impl GroupConfig {
    /// A group's own configurations over the broker's settings.
    pub fn new(settings: &Settings, own: &GroupConfigs) -> Self {
        let ms = |name, behind: u32| {
            Duration::from_millis(u64::from(own.number(name).unwrap_or(behind)))
        };
        Self {
            session_timeout: ms(SESSION_TIMEOUT, settings.group_consumer_session_timeout_ms),
            heartbeat_interval: ms(
                HEARTBEAT_INTERVAL,
                settings.group_consumer_heartbeat_interval_ms,
            ),
        }
    }
}

fn find(name: &str) -> Result<&'static GroupSetting, DynamicConfigError> {
    let found = GROUP_SETTINGS.iter().find(|setting| setting.name == name);
    found.ok_or_else(|| {
        let kinds = [("share.", "share"), ("streams.", "streams")];
        let other = kinds.iter().find(|(prefix, _)| name.starts_with(prefix));
        let name = shorten(name);
        if let Some((_, kind)) = other {
            return DynamicConfigError::NotOffered { name, kind };
        }
        let nearest = nearest(&name, GROUP_SETTINGS.iter().map(|setting| setting.name));
        DynamicConfigError::Unknown { of: "group", name, nearest }
    })
}

/// The reference page of a group's configurations, as a Markdown table.
pub fn group_settings_reference() -> String {
    let mut page =
        String::from("| config | value | default | what it is for |\n|---|---|---|---|\n");
    for setting in &GROUP_SETTINGS {
        let GroupSetting { name, behind, least, most, documentation, .. } = setting;
        writeln!(
            page,
            "| `{name}` | number, `{least}` to `{most}` | `{behind}` | {documentation} |"
        )
        .expect("writing to a String does not fail");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topic_config::Operation;

    fn set<'a>(name: &'a str, value: &'a str) -> Change<'a> {
        Change { name, operation: Operation::Set, value: Some(value) }
    }

    fn alter(changes: &[Change<'_>]) -> Result<GroupConfigs, String> {
        let settings = Settings::default();
        let altered = GroupConfigs::default().alter(changes.iter().copied(), &settings);
        altered.map_err(|error| error.to_string())
    }

    #[test]
    fn the_table_is_sorted_and_agrees_with_the_broker_s() {
        assert!(GROUP_SETTINGS.is_sorted_by(|one, next| one.name < next.name));
        let config = Config::default();
        for setting in &GROUP_SETTINGS {
            assert_eq!(setting.behind, format!("group.{}", setting.name));
            let behind = config.describe_setting(setting.behind);
            assert_eq!(behind.value.as_deref(), Some(setting.default), "{}", setting.name);
            let limit = |key| config.describe_setting(key).value.unwrap().parse::<u32>().unwrap();
            let limits = (limit(setting.least), limit(setting.most));
            assert_eq!((setting.limits)(&config.settings), limits, "{}", setting.name);
        }
    }

    #[test]
    fn a_group_s_own_values_are_over_the_broker_s() {
        let own = alter(&[set(SESSION_TIMEOUT, "50000")]).unwrap();
        let config = GroupConfig::new(&Settings::default(), &own);
        assert_eq!(config.session_timeout, Duration::from_secs(50));
        assert_eq!(config.heartbeat_interval, Duration::from_secs(5));
        assert_eq!(GroupConfigs::restore(own.iter()), (own.clone(), Vec::new()));
        let described = own.describe(&Config::default());
        let values = described.iter().map(|one| {
            let synonyms: Vec<_> = one.synonyms.iter().map(|synonym| synonym.source).collect();
            (one.name, one.value.as_deref().unwrap(), one.source, synonyms)
        });
        let (group, built_in) = (DescribedSource::Group, DescribedSource::Default);
        assert_eq!(
            values.collect::<Vec<_>>(),
            [
                (HEARTBEAT_INTERVAL, "5000", built_in, vec![built_in]),
                (SESSION_TIMEOUT, "50000", group, vec![group, built_in]),
            ]
        );
    }

    #[test]
    fn values_stay_within_what_the_broker_allows() {
        let refused = |name: &str, value: &str| alter(&[set(name, value)]).unwrap_err();
        for setting in &GROUP_SETTINGS {
            let (name, (least, most)) = (setting.name, (setting.limits)(&Settings::default()));
            let under = format!("{name} must be greater than or equal to {}", setting.least);
            assert_eq!(refused(name, &(least - 1).to_string()), under);
            let over = format!("{name} must be less than or equal to {}", setting.most);
            assert_eq!(refused(name, &(most + 1).to_string()), over);
            assert!(refused(name, "soon").starts_with("Invalid value soon for configuration"));
        }
        let shared = refused("share.session.timeout.ms", "1");
        assert!(shared.ends_with("is not offered: there are no share groups here"), "{shared}");
        assert_eq!(refused("retention.ms", "1"), "Unknown group config name: retention.ms");
        let near = refused("consumer.session.timeout", "1");
        assert!(near.ends_with("did you mean 'consumer.session.timeout.ms'?"), "{near}");
    }

    #[test]
    fn a_session_is_longer_than_the_time_between_heartbeats() {
        let settings =
            Settings { group_consumer_min_session_timeout_ms: 1000, ..Settings::default() };
        let short = GroupConfigs::default().alter([set(SESSION_TIMEOUT, "5000")], &settings);
        assert_eq!(short, Err(DynamicConfigError::SessionWithinHeartbeat));
        let error = short.unwrap_err();
        assert_eq!(error.fault(), Fault::Config);
        assert!(GroupConfigs::default().alter([set(SESSION_TIMEOUT, "5001")], &settings).is_ok());
    }

    #[test]
    fn the_page_has_a_row_of_four_cells_for_each_configuration() {
        let page = group_settings_reference();
        assert_eq!(page.lines().count(), GROUP_SETTINGS.len() + 2);
        for line in page.lines() {
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
    }
}
