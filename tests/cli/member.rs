//! Groups on the wire, for the commands to find: members of both protocols, and offsets.

use bytes::Bytes;
use kafka_protocol::messages::consumer_protocol_assignment::TopicPartition;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerProtocolAssignment, ConsumerProtocolSubscription,
    FindCoordinatorRequest, GroupId, JoinGroupRequest, LeaveGroupRequest, OffsetCommitRequest,
    SyncGroupRequest,
};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::broker::Broker;
use crate::support::connection::Connection;
use crate::support::produce::topic_name;

const MINUTE_MS: i32 = 60_000;
const MEMBER_ID_REQUIRED: i16 = 79;
/// The consumer protocol's version that every client can read.
const CONSUMER_PROTOCOL: i16 = 0;

/// The only member of a group. It stays one for its session timeout, heartbeats or not.
pub(crate) struct Member {
    connection: Connection,
    group: GroupId,
    pub(crate) id: String,
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A connection; groups can be coordinated by now.
fn connect(broker: &Broker, group: &str) -> Connection {
    let mut connection = broker.connect();
    let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![text(group)]);
    let found = connection.call(&request, 4).unwrap();
    assert_eq!(found.coordinators[0].error_code, 0);
    connection
}

/// Commits offsets of no member's.
pub(crate) fn commit(broker: &Broker, group: &str, topic: &str, offsets: &[(i32, i64)]) {
    let partitions = offsets.iter().map(|(partition, offset)| {
        OffsetCommitRequestPartition::default()
            .with_partition_index(*partition)
            .with_committed_offset(*offset)
    });
    let topic = OffsetCommitRequestTopic::default()
        .with_name(topic_name(topic))
        .with_partitions(partitions.collect());
    let request = OffsetCommitRequest::default()
        .with_group_id(GroupId(text(group)))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic]);
    let answer = connect(broker, group).call(&request, 8).unwrap();
    for partition in &answer.topics[0].partitions {
        assert_eq!(partition.error_code, 0, "{partition:?}");
    }
}

impl Member {
    /// Joins a classic group of consumers, and as its leader gives itself partitions.
    pub(crate) fn join_classic(
        broker: &Broker,
        group: &str,
        topic: &str,
        partitions: &[i32],
    ) -> Self {
        let mut connection = connect(broker, group);
        let group = GroupId(text(group));
        let subscription = ConsumerProtocolSubscription::default().with_topics(vec![text(topic)]);
        let range = JoinGroupRequestProtocol::default()
            .with_name(text("range"))
            .with_metadata(versioned(&subscription));
        let request = JoinGroupRequest::default()
            .with_group_id(group.clone())
            .with_session_timeout_ms(MINUTE_MS)
            .with_rebalance_timeout_ms(MINUTE_MS)
            .with_protocol_type(text("consumer"))
            .with_protocols(vec![range]);
        let known = connection.call(&request, 5).unwrap();
        assert_eq!(known.error_code, MEMBER_ID_REQUIRED);
        let request = request.with_member_id(known.member_id);
        let joined = connection.call(&request, 5).unwrap();
        assert_eq!((joined.error_code, &joined.leader), (0, &joined.member_id));

        let topic = TopicPartition::default()
            .with_topic(topic_name(topic))
            .with_partitions(partitions.to_vec());
        let assignment =
            ConsumerProtocolAssignment::default().with_assigned_partitions(vec![topic]);
        let assignment = SyncGroupRequestAssignment::default()
            .with_member_id(joined.member_id.clone())
            .with_assignment(versioned(&assignment));
        let request = SyncGroupRequest::default()
            .with_group_id(group.clone())
            .with_generation_id(joined.generation_id)
            .with_member_id(joined.member_id.clone())
            .with_assignments(vec![assignment]);
        assert_eq!(connection.call(&request, 3).unwrap().error_code, 0);
        Self { connection, group, id: joined.member_id.to_string() }
    }

    /// Joins a KIP-848 group, which gives it all partitions of the topic.
    pub(crate) fn join_consumer(broker: &Broker, group: &str, topic: &str) -> Self {
        let (connection, id) = (connect(broker, group), "member-of-848".to_owned());
        let mut member = Self { connection, group: GroupId(text(group)), id };
        let request = member
            .heartbeat(0)
            .with_rebalance_timeout_ms(MINUTE_MS)
            .with_subscribed_topic_names(Some(vec![topic_name(topic)]))
            .with_topic_partitions(Some(Vec::new()));
        let joined = member.connection.call(&request, 1).unwrap();
        assert_eq!(joined.error_code, 0, "{:?}", joined.error_message);
        member
    }

    fn heartbeat(&self, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(self.group.clone())
            .with_member_id(text(&self.id))
            .with_member_epoch(epoch)
    }

    /// Leaves a classic group.
    pub(crate) fn leave_classic(mut self) {
        let request = LeaveGroupRequest::default()
            .with_group_id(self.group.clone())
            .with_member_id(text(&self.id));
        assert_eq!(self.connection.call(&request, 2).unwrap().error_code, 0);
    }

    /// Leaves a KIP-848 group.
    pub(crate) fn leave_consumer(mut self) {
        let request = self.heartbeat(-1);
        assert_eq!(self.connection.call(&request, 1).unwrap().error_code, 0);
    }
}

/// A message of the consumer protocol, behind its version.
fn versioned(message: &impl Encodable) -> Bytes {
    let mut bytes = CONSUMER_PROTOCOL.to_be_bytes().to_vec();
    message.encode(&mut bytes, CONSUMER_PROTOCOL).unwrap();
    bytes.into()
}
