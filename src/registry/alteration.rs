//! What an alteration makes of the configurations of brokers and groups: decided here without
//! changing anything, made durable by the authority.

use super::command::{Alteration, CommandError};
use super::event::Resource;
use super::state::RegistryState;
use crate::config::Config;
use crate::dynamic_config::{BrokerConfigs, DynamicConfigError, GroupConfigs};
use crate::topic_config::Fault;

/// Brokers and groups that can have configurations; the registry's snapshot holds them all.
const RESOURCES_MAX: usize = 10_000;
/// The longest id of a group that can have configurations, in bytes.
const GROUP_ID_BYTES_MAX: usize = 249;

/// What there is before the alteration.
#[derive(Clone, Copy)]
pub(super) struct Base<'a> {
    /// Everything that was configured.
    pub(super) state: &'a RegistryState,
    /// What this broker was started with.
    pub(super) started: &'a Config,
    /// That with what was set since.
    pub(super) live: &'a Config,
}

/// All configurations that a thing has after an alteration; none if that changes nothing.
pub(super) fn altered(
    base: Base<'_>,
    resource: &Resource,
    alteration: &Alteration,
) -> Result<Option<Vec<(String, String)>>, CommandError> {
    let stored = || base.state.configs_of(resource);
    let changes = alteration.changes(stored().map(|(name, _)| name));
    let after = match resource {
        Resource::Brokers | Resource::Broker(_) => {
            let (before, _) = BrokerConfigs::restore(stored());
            let after = before.alter(changes.iter().copied()).map_err(invalid)?;
            check_together(base, resource, &after)?;
            pairs(after.iter())
        }
        Resource::Group(_) => {
            let (before, _) = GroupConfigs::restore(stored());
            let settings = &base.live.settings;
            pairs(before.alter(changes.iter().copied(), settings).map_err(invalid)?.iter())
        }
    };
    if pairs(stored()) == after {
        return Ok(None);
    }
    check_room(base.state, resource, &after)?;
    Ok(Some(after))
}

/// Whether a broker's settings go together with all that it has besides.
fn check_together(
    base: Base<'_>,
    resource: &Resource,
    after: &BrokerConfigs,
) -> Result<(), CommandError> {
    let own = Resource::Broker(base.started.settings.node_id);
    let (for_all, _) = BrokerConfigs::restore(base.state.configs_of(&Resource::Brokers));
    let (for_this, _) = BrokerConfigs::restore(base.state.configs_of(&own));
    let (for_all, for_this) = match resource {
        Resource::Brokers => (after, &for_this),
        _ => (&for_all, after),
    };
    let (config, _) = base.started.with_dynamic(for_all.iter(), for_this.iter());
    let Some(clash) = config.size_clash() else { return Ok(()) };
    Err(CommandError::InvalidConfig { fault: Fault::Request, message: clash.to_string() })
}

/// Whether one more thing can have configurations.
fn check_room(
    state: &RegistryState,
    resource: &Resource,
    after: &[(String, String)],
) -> Result<(), CommandError> {
    if let Resource::Group(id) = resource
        && id.len() > GROUP_ID_BYTES_MAX
        && !after.is_empty()
    {
        return Err(CommandError::LimitReached(format!(
            "A group with configurations has an id of at most {GROUP_ID_BYTES_MAX} bytes."
        )));
    }
    let is_new = state.configs_of(resource).next().is_none();
    if is_new && !after.is_empty() && state.resource_count() >= RESOURCES_MAX {
        return Err(CommandError::LimitReached(format!(
            "At most {RESOURCES_MAX} groups have configurations; delete those of others."
        )));
    }
    Ok(())
}

fn pairs<'a>(configs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    configs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it maps errors")]
fn invalid(error: DynamicConfigError) -> CommandError {
    CommandError::InvalidConfig { fault: error.fault(), message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::command::ConfigChange;
    use crate::registry::event::Event;
    use crate::topic_config::Operation;

    fn set(name: &str, value: &str) -> Alteration {
        let (name, value) = (name.to_owned(), Some(value.to_owned()));
        Alteration::Changes(vec![ConfigChange { name, operation: Operation::Set, value }])
    }

    fn try_set(
        state: &RegistryState,
        resource: &Resource,
        alteration: &Alteration,
    ) -> Result<Option<Vec<(String, String)>>, CommandError> {
        let config = Config::default();
        altered(Base { state, started: &config, live: &config }, resource, alteration)
    }

    fn state(configured: &[(Resource, &str, &str)]) -> RegistryState {
        let mut state = RegistryState::default();
        for (resource, name, value) in configured {
            let configs = vec![((*name).to_owned(), (*value).to_owned())];
            state.apply(&Event::ResourceConfigsChanged { resource: resource.clone(), configs });
        }
        state
    }

    #[test]
    fn only_what_changes_something_is_an_event() {
        let state = state(&[(Resource::Brokers, "log.retention.ms", "5")]);
        let same = try_set(&state, &Resource::Brokers, &set("log.retention.ms", " 5"));
        assert_eq!(same, Ok(None));
        let own = try_set(&state, &Resource::Broker(1), &set("log.retention.ms", "5"));
        assert_eq!(own, Ok(Some(vec![("log.retention.ms".into(), "5".into())])));
        let gone = try_set(&state, &Resource::Brokers, &Alteration::All(Vec::new()));
        assert_eq!(gone, Ok(Some(Vec::new())));
    }

    #[test]
    fn a_batch_has_to_fit_a_request_whoever_set_what() {
        let over = (33 << 20).to_string();
        let refused = try_set(&state(&[]), &Resource::Brokers, &set("message.max.bytes", &over));
        let Err(CommandError::InvalidConfig { fault, message }) = refused else {
            panic!("a batch over socket.request.max.bytes can not come: {refused:?}")
        };
        assert_eq!(fault, Fault::Request);
        assert!(message.contains("socket.request.max.bytes"), "{message}");
        // Two settings of two places, each right alone.
        let own = state(&[(Resource::Broker(1), "log.segment.bytes", "1048576")]);
        let message = set("message.max.bytes", "2097152");
        assert!(try_set(&own, &Resource::Brokers, &message).is_err());
        let others = state(&[(Resource::Broker(2), "log.segment.bytes", "1048576")]);
        assert!(try_set(&others, &Resource::Brokers, &message).is_ok());
    }

    #[test]
    fn there_is_room_for_so_many_and_what_is_there_can_be_changed() {
        let mut full = RegistryState::default();
        let group = |number: usize| Resource::Group(format!("g{number}"));
        for number in 0..RESOURCES_MAX {
            let configs = vec![("consumer.session.timeout.ms".into(), "50000".into())];
            full.apply(&Event::ResourceConfigsChanged { resource: group(number), configs });
        }
        let longer = set("consumer.session.timeout.ms", "55000");
        let refused = try_set(&full, &group(RESOURCES_MAX), &longer);
        assert!(matches!(refused, Err(CommandError::LimitReached(_))), "{refused:?}");
        assert!(try_set(&full, &group(7), &longer).is_ok());
        assert!(try_set(&full, &group(7), &Alteration::All(Vec::new())).is_ok());
        let long = Resource::Group("g".repeat(250));
        let refused = try_set(&state(&[]), &long, &longer);
        assert!(matches!(refused, Err(CommandError::LimitReached(_))), "{refused:?}");
    }
}
