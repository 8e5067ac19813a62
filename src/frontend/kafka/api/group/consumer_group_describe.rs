//! `ConsumerGroupDescribe` (key 69): KIP-848 groups and their members.

use std::rc::Rc;

use net::kafka::api::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, DescribedAssignment,
    DescribedConsumer, DescribedConsumerGroup, DescribedTopicPartitions, MemberType,
};
use net::kafka::api::metadata::OPERATIONS_NOT_ASKED;
use net::kafka::error_code::ErrorCode;
use net::kafka::group::{GroupEpoch, MemberEpoch};
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::{PartitionIndex, TopicId};

use super::error;
use crate::broker::range::Range;
use crate::broker::topics::Topics;
use crate::frontend::kafka::api::operations;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self as problem, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::consumer::{Assignment, Description, MemberDescription};
use crate::group::coordinator::{Answer, Request};
use crate::group::id::{GroupId, InstanceId};

/// An assignment with the names of its topics.
type Named = Vec<(TopicId, Rc<str>, Vec<PartitionIndex>)>;

/// A group with all that its description borrows from.
struct Shown<'a> {
    name: &'a str,
    group: Result<Description, Problem>,
    members: Vec<ShownMember>,
}

struct ShownMember {
    assigned: Named,
    target: Named,
}

impl Connection {
    /// Answers when every group has.
    pub(in crate::frontend::kafka) async fn consumer_group_describe(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ConsumerGroupDescribeRequest::decode(head.version, &mut reader)?;
        let mut shown = Vec::with_capacity(request.group_ids.len());
        for name in &request.group_ids {
            let group = self.described_consumer_group(name).await;
            self.shard.metrics.error(head.api(), problem::code(&group));
            let topics = self.shard.topics.borrow();
            let members = group.iter().flat_map(|group| &group.members);
            let members = members.map(|member| ShownMember {
                assigned: named(&topics, &member.assigned),
                target: named(&topics, &member.target),
            });
            let members = members.collect();
            shown.push(Shown { name, group, members });
        }
        push(head, &shown, request.include_authorized_operations, reply)
    }

    async fn described_consumer_group(&self, name: &str) -> Result<Description, Problem> {
        let group = GroupId::from(name);
        let request = |ticket| Request::DescribeConsumer(ticket, group.clone());
        match self.ask_group(&group, request).await {
            Ok(Answer::DescribeConsumer(described)) => {
                described.map_err(|error| error::not_described(name, "consumer", error))
            }
            Ok(_) => Err(Problem::new(ErrorCode::UNKNOWN_SERVER_ERROR, "no description")),
            Err(unavailable) => Err(error::unavailable(&unavailable)),
        }
    }
}

/// Topics that are gone by now have no name, and are left out as Kafka leaves them out.
fn named(topics: &Topics, assignment: &Assignment) -> Named {
    let by_topic = assignment.by_topic().filter_map(|(id, partitions)| {
        let name = Rc::clone(&topics.with_id(id)?.name);
        Some((id, name, partitions.iter().map(|partition| partition.partition).collect()))
    });
    by_topic.collect()
}

fn push(
    head: Head,
    shown: &[Shown<'_>],
    operations_asked: bool,
    reply: &mut Reply<Range>,
) -> Result<(), Hangup> {
    let assignments: Vec<Vec<_>> = shown
        .iter()
        .map(|shown| {
            let members = shown.members.iter();
            members.map(|member| (topics(&member.assigned), topics(&member.target))).collect()
        })
        .collect();
    let names: Vec<Vec<Vec<&str>>> = shown
        .iter()
        .map(|shown| {
            let members = shown.group.iter().flat_map(|group| &group.members);
            members.map(|it| it.metadata.topics.iter().map(|name| &**name).collect()).collect()
        })
        .collect();
    let members: Vec<Vec<_>> = shown
        .iter()
        .zip(&assignments)
        .zip(&names)
        .map(|((shown, assignments), names)| {
            let members = shown.group.iter().flat_map(|group| &group.members);
            let parts = members.zip(assignments).zip(names);
            parts.map(|((it, (has, gets)), names)| member(it, has, gets, names)).collect()
        })
        .collect();
    let operations = if operations_asked { operations::ON_GROUP } else { OPERATIONS_NOT_ASKED };
    let groups = shown.iter().zip(&members).map(|(shown, members)| {
        let known = shown.group.as_ref().ok();
        DescribedConsumerGroup {
            error_code: problem::code(&shown.group),
            error_message: problem::message(&shown.group),
            group_id: shown.name,
            group_state: known.map_or("", |group| group.state.as_str()),
            group_epoch: GroupEpoch(known.map_or(0, |group| group.epoch)),
            assignment_epoch: GroupEpoch(known.map_or(0, |group| group.target_epoch)),
            assignor_name: known.map_or("", |group| group.assignor.name()),
            members: Array::from(&members[..]),
            authorized_operations: operations,
        }
    });
    let groups: Vec<_> = groups.collect();
    let groups = Array::from(&groups[..]);
    let response = ConsumerGroupDescribeResponse { throttle_time_ms: 0, groups };
    Ok(reply.push(head.version, head.correlation_id, &response)?)
}

fn topics(named: &Named) -> Vec<DescribedTopicPartitions<'_>> {
    let topics = named.iter().map(|(topic_id, name, partitions)| DescribedTopicPartitions {
        topic_id: *topic_id,
        topic_name: name,
        partitions: Array::from(&partitions[..]),
    });
    topics.collect()
}

fn member<'a>(
    member: &'a MemberDescription,
    has: &'a [DescribedTopicPartitions<'a>],
    gets: &'a [DescribedTopicPartitions<'a>],
    names: &'a [&'a str],
) -> DescribedConsumer<'a> {
    let metadata = &member.metadata;
    DescribedConsumer {
        member_id: member.id.as_str(),
        instance_id: metadata.instance_id.as_ref().map(InstanceId::as_str),
        rack_id: metadata.rack_id.as_deref(),
        member_epoch: MemberEpoch(member.epoch),
        client_id: &metadata.client_id,
        client_host: &metadata.client_host,
        subscribed_topic_names: Array::from(names),
        subscribed_topic_regex: metadata.regex.as_deref(),
        assignment: DescribedAssignment { topic_partitions: Array::from(has) },
        target_assignment: DescribedAssignment { topic_partitions: Array::from(gets) },
        member_type: match metadata.classic {
            Some(_) => MemberType::CLASSIC,
            None => MemberType::CONSUMER,
        },
    }
}
