//! Topics that belong to the broker itself. Clients see them marked as such, so that subscriptions
//! by pattern leave them out; they can read them, but neither create them nor write to them.

const INTERNAL: [&str; 3] = ["__consumer_offsets", "__transaction_state", "__share_group_state"];

/// Whether the topic is one of Kafka's own (`Topic.isInternal`).
pub(super) fn is_internal(topic: &str) -> bool {
    // Cheap for all the others: this is asked with each Produce.
    topic.starts_with("__") && INTERNAL.contains(&topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_topics_of_the_broker_are_internal() {
        assert!(INTERNAL.into_iter().all(is_internal));
        for topic in ["", "_", "__", "__consumer_offset", "__consumer_offsets2", "consumer_offsets"]
        {
            assert!(!is_internal(topic), "{topic}");
        }
    }
}
