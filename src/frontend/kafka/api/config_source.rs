//! Sources and types of configurations in Kafka's numbers.

use net::kafka::config::{ConfigSource, ConfigType};

use crate::config::{DescribedSource, ValueType};

/// Where a value comes from.
pub(super) fn source(source: DescribedSource) -> ConfigSource {
    match source {
        DescribedSource::Topic => ConfigSource::TOPIC,
        DescribedSource::DynamicBroker => ConfigSource::DYNAMIC_BROKER,
        DescribedSource::DynamicDefaultBroker => ConfigSource::DYNAMIC_DEFAULT_BROKER,
        DescribedSource::Group => ConfigSource::GROUP,
        DescribedSource::StaticBroker => ConfigSource::STATIC_BROKER,
        DescribedSource::Default => ConfigSource::DEFAULT,
    }
}

/// The type of a value.
pub(super) fn config_type(value_type: ValueType) -> ConfigType {
    match value_type {
        ValueType::Boolean => ConfigType::BOOLEAN,
        ValueType::Text => ConfigType::STRING,
        ValueType::Int => ConfigType::INT,
        ValueType::Long => ConfigType::LONG,
        ValueType::Double => ConfigType::DOUBLE,
        ValueType::List => ConfigType::LIST,
    }
}
