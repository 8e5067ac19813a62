//! What configurations belong to, where their values come from, and how they are changed. Values
//! that have no name here are kept as they came.

use crate::kafka::wire::wire_newtype;

/// What a configuration belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ResourceType(pub i8);

impl ResourceType {
    /// A topic, by name.
    pub const TOPIC: Self = Self(2);
    /// A broker, by its id in decimal; the empty name is the cluster-wide default.
    pub const BROKER: Self = Self(4);
    /// The log levels of a broker.
    pub const BROKER_LOGGER: Self = Self(8);
    /// Telemetry subscriptions (KIP-714).
    pub const CLIENT_METRICS: Self = Self(16);
    /// A consumer or share group, by id.
    pub const GROUP: Self = Self(32);
}

/// Where a configuration's value comes from (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConfigSource(pub i8);

impl ConfigSource {
    /// The schema's default, not a source: `kafka-topics.sh` fails on a response that lists a
    /// configuration with it.
    pub const UNSET: Self = Self(-1);
    /// Set on the topic.
    pub const TOPIC: Self = Self(1);
    /// Set on the broker at run time.
    pub const DYNAMIC_BROKER: Self = Self(2);
    /// Set for all brokers at run time.
    pub const DYNAMIC_DEFAULT_BROKER: Self = Self(3);
    /// From the broker's configuration file.
    pub const STATIC_BROKER: Self = Self(4);
    /// Built in.
    pub const DEFAULT: Self = Self(5);
    /// Log levels set at run time.
    pub const DYNAMIC_BROKER_LOGGER: Self = Self(6);
    /// Set for client metrics.
    pub const CLIENT_METRICS: Self = Self(7);
    /// Set on the group.
    pub const GROUP: Self = Self(8);
}

/// The type of a configuration's value (KIP-569).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConfigType(pub i8);

impl ConfigType {
    /// Not known.
    pub const UNKNOWN: Self = Self(0);
    /// `true` or `false`.
    pub const BOOLEAN: Self = Self(1);
    /// Text.
    pub const STRING: Self = Self(2);
    /// A 32-bit integer.
    pub const INT: Self = Self(3);
    /// A 16-bit integer.
    pub const SHORT: Self = Self(4);
    /// A 64-bit integer.
    pub const LONG: Self = Self(5);
    /// A floating-point number.
    pub const DOUBLE: Self = Self(6);
    /// Texts with commas between.
    pub const LIST: Self = Self(7);
    /// A Java class.
    pub const CLASS: Self = Self(8);
    /// A secret, never given out.
    pub const PASSWORD: Self = Self(9);
}

/// How a configuration is changed (KIP-339).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ConfigOperation(pub i8);

impl ConfigOperation {
    /// Give it a value.
    pub const SET: Self = Self(0);
    /// Back to its default.
    pub const DELETE: Self = Self(1);
    /// Add to a list.
    pub const APPEND: Self = Self(2);
    /// Take out of a list.
    pub const SUBTRACT: Self = Self(3);
}

wire_newtype!(ResourceType(i8), ConfigSource(i8), ConfigType(i8), ConfigOperation(i8));
