//! Configurations that are changed while the broker runs and belong to no topic: those of brokers
//! (KIP-226) and those of groups (KIP-848).
//!
//! As for topics, what was set is kept as text, by name, in the form in which the table prints it;
//! what is not set comes from what stands behind: for a broker what it was started with, for a
//! group the broker's setting `group.` + name. An alteration is made whole or refused, and pure:
//! who makes it durable is in `registry`, who lets it take effect in `broker::dynamic_configs`.
//! Knows no wire format: the front end maps sources, types and errors.

mod alter;
mod broker;
mod error;
mod group;

pub use broker::BrokerConfigs;
pub use error::DynamicConfigError;
pub use group::{
    GROUP_SETTINGS, GroupConfig, GroupConfigs, GroupSetting, group_settings_reference,
};
