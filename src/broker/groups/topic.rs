//! The topic `__consumer_offsets`: made when the first group is asked for.

use std::rc::Rc;

use super::Unavailable;
use crate::broker::topics::Topic;
use crate::registry::command::{Command, NewTopic};
use crate::shard::Shard;

/// The topic in which groups and offsets are kept, one record a change.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

impl Shard {
    /// The topic, made if there is none. Several may ask at once: the registry makes it once.
    pub async fn offsets_topic(self: &Rc<Self>) -> Result<Rc<Topic>, Unavailable> {
        loop {
            let found = self.topics.borrow().named(OFFSETS_TOPIC).cloned();
            if let Some(topic) = found {
                return Ok(topic);
            }
            let settings = &self.config.settings;
            let segment = settings.offsets_topic_segment_bytes.to_string();
            let configs = [
                ("cleanup.policy", "compact"),
                ("flush.messages", "1"),
                ("segment.bytes", segment.as_str()),
            ];
            let configs = configs.map(|(name, value)| (name.to_owned(), Some(value.to_owned())));
            let new = NewTopic {
                name: OFFSETS_TOPIC.to_owned(),
                partitions: i32::try_from(settings.offsets_topic_num_partitions).ok(),
                configs: configs.to_vec(),
                validate_only: false,
                automatic: true,
            };
            let made = self.command(Command::CreateTopic(new)).await;
            made.map_err(|error| Unavailable::NoCoordinator(error.to_string()))?;
        }
    }
}
