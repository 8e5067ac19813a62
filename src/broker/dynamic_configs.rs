//! What was configured while the broker ran, as one shard knows it: on brokers, which changes the
//! settings in force and with them every topic that has none of its own, and on groups.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use runtime::hash::FixedMap;

use crate::config::Config;
use crate::dynamic_config::{BrokerConfigs, DynamicConfigError, GroupConfig, GroupConfigs};
use crate::registry::event::Resource;

/// The dynamic configurations of one shard.
pub struct DynamicConfigs {
    started: Arc<Config>,
    live: RefCell<Rc<Config>>,
    for_all: RefCell<BrokerConfigs>,
    for_this: RefCell<BrokerConfigs>,
    groups: RefCell<FixedMap<String, GroupConfigs>>,
}

impl DynamicConfigs {
    /// What counts before anything was set.
    pub fn new(started: Arc<Config>) -> Self {
        Self {
            live: RefCell::new(Rc::new(Config::clone(&started))),
            started,
            for_all: RefCell::default(),
            for_this: RefCell::default(),
            groups: RefCell::default(),
        }
    }

    /// The settings in force. To be asked for again where the next change is to be seen.
    pub fn config(&self) -> Rc<Config> {
        Rc::clone(&self.live.borrow())
    }

    /// What was set for all brokers.
    pub fn for_all_brokers(&self) -> BrokerConfigs {
        self.for_all.borrow().clone()
    }

    /// What was set on a group; empty for a group that nobody configured.
    pub fn of_group(&self, id: &str) -> GroupConfigs {
        self.groups.borrow().get(id).cloned().unwrap_or_default()
    }

    /// What counts for a group now: its own configurations over the broker's settings.
    pub fn group_config(&self, id: &str) -> GroupConfig {
        let config = self.live.borrow();
        match self.groups.borrow().get(id) {
            Some(own) => GroupConfig::new(&config.settings, own),
            None => GroupConfig::new(&config.settings, &GroupConfigs::default()),
        }
    }

    /// The groups that have configurations, sorted.
    pub fn groups(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.groups.borrow().keys().cloned().collect();
        ids.sort();
        ids
    }

    /// Puts these configurations in the place of all that a thing had. Tells what this version
    /// does not understand, and whether the settings in force are others now.
    pub fn replace(&self, resource: &Resource, configs: &[(String, String)]) -> Replaced {
        let stored = configs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let own = self.started.settings.node_id;
        let (kept, errors) = match resource {
            Resource::Group(id) => {
                let (kept, errors) = GroupConfigs::restore(stored);
                let mut groups = self.groups.borrow_mut();
                if kept.is_empty() {
                    groups.remove(id);
                } else {
                    groups.insert(id.clone(), kept);
                }
                return Replaced { errors, settings_changed: false };
            }
            // What was set on a broker of another number, which this one may have had once.
            Resource::Broker(node) if *node != own => return Replaced::default(),
            Resource::Broker(_) | Resource::Brokers => BrokerConfigs::restore(stored),
        };
        let level = if *resource == Resource::Brokers { &self.for_all } else { &self.for_this };
        *level.borrow_mut() = kept;
        let (for_all, for_this) = (self.for_all.borrow(), self.for_this.borrow());
        let (live, unread) = self.started.with_dynamic(for_all.iter(), for_this.iter());
        debug_assert!(unread.is_none(), "what was restored can be laid over");
        *self.live.borrow_mut() = Rc::new(live);
        Replaced { errors, settings_changed: true }
    }
}

/// What came of [`DynamicConfigs::replace`].
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replaced {
    /// What was left out.
    pub errors: Vec<DynamicConfigError>,
    /// Whether the settings in force may be others now.
    pub settings_changed: bool,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pairs(configs: &[(&str, &str)]) -> Vec<(String, String)> {
        configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_settings_in_force_follow_what_is_set() {
        let dynamic = DynamicConfigs::new(Arc::new(Config::default()));
        let retention = || dynamic.config().settings.log_retention_ms;
        let set = |resource, configs| {
            let replaced = dynamic.replace(&resource, &pairs(configs));
            assert!(replaced.errors.is_empty());
            replaced.settings_changed
        };
        assert!(set(Resource::Brokers, &[("log.retention.ms", "5")]));
        assert_eq!(retention(), 5);
        assert!(set(Resource::Broker(1), &[("log.retention.ms", "6")]));
        assert!(!set(Resource::Broker(2), &[("log.retention.ms", "7")]));
        assert_eq!(retention(), 6);
        set(Resource::Broker(1), &[]);
        assert_eq!(retention(), 5);
        set(Resource::Brokers, &[]);
        assert_eq!(retention(), 604_800_000);
    }

    #[test]
    fn a_group_has_its_own_or_the_broker_s() {
        let dynamic = DynamicConfigs::new(Arc::new(Config::default()));
        let group = Resource::Group("g".into());
        let replaced = dynamic.replace(&group, &pairs(&[("consumer.session.timeout.ms", "50000")]));
        assert_eq!(replaced, Replaced::default());
        assert_eq!(dynamic.groups(), ["g"]);
        assert_eq!(dynamic.group_config("g").session_timeout, Duration::from_secs(50));
        assert_eq!(dynamic.group_config("h").session_timeout, Duration::from_secs(45));
        dynamic.replace(&group, &[]);
        assert!(dynamic.groups().is_empty() && dynamic.of_group("g").is_empty());
    }

    #[test]
    fn what_a_later_version_stored_is_left_out_and_told() {
        let dynamic = DynamicConfigs::new(Arc::new(Config::default()));
        let stored = pairs(&[("log.retention.ms", "5"), ("log.something.new", "6")]);
        let replaced = dynamic.replace(&Resource::Brokers, &stored);
        assert_eq!(replaced.errors.len(), 1);
        assert_eq!(dynamic.config().settings.log_retention_ms, 5);
    }
}
