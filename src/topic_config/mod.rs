//! The configurations of a topic: Kafka's names, types, ranges and defaults.
//!
//! One table ([`TOPIC_SETTINGS`]) has every name that Kafka 4.3 knows; a few values are refused
//! with the reason (compression by the broker, tiered storage), and what has no effect here says so
//! in its documentation. What was set on a topic is kept as text ([`Overrides`]), the rest comes
//! from the broker's settings; [`Effective`] is both together, typed.
//!
//! Two things differ from Kafka: `flush.messages` is 1 unless the broker says otherwise, so that
//! an acknowledgement is durable, and a value is kept as it is understood and not as it was sent
//! (`" 5 "` as `5`). Knows no wire format: the front end maps sources, types and errors.

mod describe;
mod effective;
mod error;
mod overrides;
mod reference;
mod replicas;
mod table;

pub use describe::describe;
pub use effective::Effective;
pub(crate) use error::shorten;
pub use error::{Fault, TopicConfigError};
pub use overrides::{Change, Operation, Overrides};
pub use reference::topic_settings_reference;
pub use table::{TOPIC_SETTINGS, TopicSetting};
