//! A configuration as `DescribeConfigs` tells it, free of any wire format.

/// The type of a value (KIP-569 names these; the front end has the numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// Text.
    Text,
    /// A 32-bit integer.
    Int,
    /// A 64-bit integer.
    Long,
    /// A floating-point number.
    Double,
    /// Texts with commas between.
    List,
}

impl ValueType {
    /// The type's name in the reference page.
    pub fn name(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::Text => "string",
            Self::Int => "int",
            Self::Long => "long",
            Self::Double => "double",
            Self::List => "list",
        }
    }
}

/// Where a value comes from (KIP-226).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DescribedSource {
    /// Set on the topic: `DYNAMIC_TOPIC_CONFIG`.
    Topic,
    /// Set on this broker while it ran: `DYNAMIC_BROKER_CONFIG`.
    DynamicBroker,
    /// Set for all brokers while they ran: `DYNAMIC_DEFAULT_BROKER_CONFIG`.
    DynamicDefaultBroker,
    /// Set on the group: `GROUP_CONFIG`.
    Group,
    /// From the broker's file, environment or command line: `STATIC_BROKER_CONFIG`.
    StaticBroker,
    /// Built in: `DEFAULT_CONFIG`.
    Default,
}

/// One place that a value could come from; the first of a list is the one in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The name there.
    pub name: &'static str,
    /// The value there.
    pub value: Option<String>,
    /// Where.
    pub source: DescribedSource,
}

/// One configuration of a topic, of the broker or of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// Its value, `None` where nothing is set and nothing is built in.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: DescribedSource,
    /// Its type.
    pub value_type: ValueType,
    /// Whether it can not be changed while the broker runs.
    pub read_only: bool,
    /// Whether the value is secret; no setting of today is.
    pub sensitive: bool,
    /// Everywhere it could come from, best first.
    pub synonyms: Vec<Synonym>,
    /// What it is for.
    pub documentation: &'static str,
}
