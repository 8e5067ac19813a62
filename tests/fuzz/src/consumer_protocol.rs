//! Subscriptions and assignments of the consumer protocol: what decodes can be encoded, and comes
//! back the same.

use net::kafka::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, VERSION_MAX,
};

/// `data` is a version and a message, both a subscription and an assignment.
pub(crate) fn check(data: &[u8]) {
    let Some(version) = data.first_chunk().map(|version| i16::from_be_bytes(*version)) else {
        return;
    };
    let version = version.min(VERSION_MAX);
    if let Ok(subscription) = ConsumerProtocolSubscription::decode(data) {
        let topics = ConsumerProtocolSubscription::decode_topics(data);
        assert_eq!(topics, Ok(subscription.topics), "the topics come first");
        let mut encoded = Vec::new();
        subscription.encode(version, &mut encoded).expect("what was decoded can be encoded");
        assert_eq!(ConsumerProtocolSubscription::decode(&encoded), Ok(subscription));
        assert_eq!(encoded[2..], data[2..encoded.len()]);
    }
    if let Ok(assignment) = ConsumerProtocolAssignment::decode(data) {
        let mut encoded = Vec::new();
        assignment.encode(version, &mut encoded).expect("what was decoded can be encoded");
        assert_eq!(ConsumerProtocolAssignment::decode(&encoded), Ok(assignment));
        assert_eq!(encoded[2..], data[2..encoded.len()]);
    }
}
