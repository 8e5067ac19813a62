//! `ConsumerGroupHeartbeat` (key 68): a member of a KIP-848 group comes, lives or goes, says what
//! it reads, and is told what it gets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use net::kafka::api::consumer_group_heartbeat::{
    Assignment, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::group::MemberEpoch;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{PartitionIndex, TopicPartition};

use super::{error, instance_id, millis, random};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self as problem, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::consumer::{self, Heartbeat, Told};
use crate::group::coordinator::{Answer, HeartbeatError, Request};
use crate::group::id::{GroupId, MemberId};

/// The first version in which members make their own ids (KIP-1082).
const OWN_ID_FROM: i16 = 1;

impl Connection {
    /// Answers when what the heartbeat changes is durable.
    pub(in crate::frontend::kafka) async fn consumer_group_heartbeat(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ConsumerGroupHeartbeatRequest::decode(head.version, &mut reader)?;
        let told = self.told(head, &request).await;
        self.shard.metrics.error(head.api(), problem::code(&told));
        let assigned: Vec<_> = told
            .iter()
            .flat_map(|told| &told.assignment)
            .flat_map(consumer::Assignment::by_topic)
            .map(|(topic, partitions)| {
                let partitions = partitions.iter().map(|partition| partition.partition);
                (topic, partitions.collect::<Vec<PartitionIndex>>())
            })
            .collect();
        let topics = assigned.iter().map(|(topic_id, partitions)| TopicPartitions {
            topic_id: *topic_id,
            partitions: Array::from(&partitions[..]),
        });
        let topics: Vec<_> = topics.collect();
        let response = match &told {
            Ok(told) => ConsumerGroupHeartbeatResponse {
                member_id: Some(told.member_id.as_str()),
                member_epoch: MemberEpoch(told.member_epoch),
                heartbeat_interval_ms: i32::try_from(told.heartbeat_interval.as_millis())
                    .unwrap_or(i32::MAX),
                assignment: told
                    .assignment
                    .as_ref()
                    .map(|_| Assignment { topic_partitions: Array::from(&topics[..]) }),
                ..ConsumerGroupHeartbeatResponse::default()
            },
            Err(problem) => ConsumerGroupHeartbeatResponse {
                error_code: problem.code,
                error_message: Some(&problem.message),
                ..ConsumerGroupHeartbeatResponse::default()
            },
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn told(
        &self,
        head: Head,
        request: &ConsumerGroupHeartbeatRequest<'_>,
    ) -> Result<Told, Problem> {
        if request.group_id.is_empty() {
            return Err(Problem::invalid_request("GroupId can't be empty."));
        }
        let group = GroupId::from(request.group_id);
        let beat = self.consumer_heartbeat(head, request);
        let timing = self.shard.timing_of(&group);
        let asked = self.ask_group(&group, |ticket| {
            Request::Heartbeat(ticket, group.clone(), Box::new(beat), timing)
        });
        match asked.await {
            Ok(Answer::Heartbeat(told)) => told.map_err(|refused| {
                let message = match &refused {
                    HeartbeatError::NotAConsumerGroup => {
                        format!("Group {group} is not a consumer group.")
                    }
                    other => other.to_string(),
                };
                Problem::new(error::of_heartbeat(&refused), message)
            }),
            Ok(_) => Err(Problem::new(ErrorCode::UNKNOWN_SERVER_ERROR, "no answer")),
            Err(unavailable) => Err(error::unavailable(&unavailable)),
        }
    }

    fn consumer_heartbeat(
        &self,
        head: Head,
        request: &ConsumerGroupHeartbeatRequest<'_>,
    ) -> Heartbeat {
        let (client_id, client_host) = self.client();
        let gives_id = head.version.number() < OWN_ID_FROM;
        let new_id = gives_id.then(|| URL_SAFE_NO_PAD.encode(random().to_be_bytes()));
        let owned = request.topic_partitions.map(|topics| {
            let partitions = topics.iter().flat_map(|topic| {
                let of = move |partition| TopicPartition { topic: topic.topic_id, partition };
                topic.partitions.iter().map(of)
            });
            partitions.collect()
        });
        let timeout = request.rebalance_timeout_ms;
        Heartbeat {
            member_id: MemberId::from(request.member_id),
            new_id: new_id.as_deref().map(MemberId::from),
            member_epoch: request.member_epoch.0,
            instance_id: instance_id(request.instance_id),
            rack_id: request.rack_id.map(Into::into),
            rebalance_timeout: (timeout >= 0).then(|| millis(timeout)),
            client_id,
            client_host,
            topics: request
                .subscribed_topic_names
                .map(|names| names.iter().map(Into::into).collect()),
            regex: request.subscribed_topic_regex.map(Into::into),
            assignor: request.server_assignor.map(Into::into),
            owned,
        }
    }
}
