//! KIP-848 groups: the heartbeat and the description.

use std::collections::BTreeSet;
use std::io;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::consumer_group_describe_response::{Assignment, DescribedGroup};
use kafka_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_protocol::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};

use super::classic_group::{error, group_id, text};
use super::connection::Connection;
use super::produce::{Partition, topic_name};

/// Partitions by the id of their topic, as text.
pub(crate) type Held = Vec<(String, Vec<i32>)>;

/// A member's heartbeat; what is none is as it was before.
#[derive(Clone, Debug)]
pub(crate) struct Beat {
    pub(crate) version: i16,
    pub(crate) group: String,
    pub(crate) member: String,
    pub(crate) epoch: i32,
    pub(crate) instance: Option<String>,
    pub(crate) rebalance_ms: i32,
    pub(crate) topics: Option<Vec<String>>,
    pub(crate) regex: Option<String>,
    pub(crate) assignor: Option<String>,
    pub(crate) owned: Option<Held>,
}

impl Beat {
    /// Joins with a subscription by name.
    pub(crate) fn join(group: &str, member: &str, topics: &[&str]) -> Self {
        Self {
            version: 1,
            group: group.to_owned(),
            member: member.to_owned(),
            epoch: 0,
            instance: None,
            rebalance_ms: 60_000,
            topics: Some(topics.iter().map(|&topic| topic.to_owned()).collect()),
            regex: None,
            assignor: None,
            owned: Some(Vec::new()),
        }
    }

    /// Nothing new, in `epoch`.
    pub(crate) fn at(group: &str, member: &str, epoch: i32) -> Self {
        Self {
            epoch,
            rebalance_ms: -1,
            topics: None,
            owned: None,
            ..Self::join(group, member, &[])
        }
    }

    /// The same as the static member `instance`.
    pub(crate) fn with_instance(self, instance: &str) -> Self {
        Self { instance: Some(instance.to_owned()), ..self }
    }

    /// The same with what the member has of one topic.
    pub(crate) fn with_owned(self, topic: &str, partitions: &[i32]) -> Self {
        Self { owned: Some(vec![(topic.to_owned(), partitions.to_vec())]), ..self }
    }

    fn request(&self) -> ConsumerGroupHeartbeatRequest {
        let owned = self.owned.as_ref().map(|owned| {
            let topics = owned.iter().map(|(topic_id, partitions)| {
                TopicPartitions::default()
                    .with_topic_id(topic_id.parse().expect("a topic's id"))
                    .with_partitions(partitions.clone())
            });
            topics.collect()
        });
        let topics = self.topics.as_ref();
        ConsumerGroupHeartbeatRequest::default()
            .with_group_id(group_id(&self.group))
            .with_member_id(text(&self.member))
            .with_member_epoch(self.epoch)
            .with_instance_id(self.instance.as_deref().map(text))
            .with_rack_id(None)
            .with_rebalance_timeout_ms(self.rebalance_ms)
            .with_subscribed_topic_names(
                topics.map(|topics| topics.iter().map(|topic| topic_name(topic)).collect()),
            )
            .with_subscribed_topic_regex(self.regex.as_deref().map(text))
            .with_server_assignor(self.assignor.as_deref().map(text))
            .with_topic_partitions(owned)
    }
}

/// A member that keeps to the protocol: what it is to give up it gives up at once, and says so.
#[derive(Clone, Debug)]
pub(crate) struct Consumer {
    join: Beat,
    pub(crate) epoch: i32,
    pub(crate) owned: BTreeSet<(String, i32)>,
    says_owned: bool,
    says_all: bool,
}

impl Consumer {
    /// One that will join.
    pub(crate) fn new(join: Beat) -> Self {
        Self { join, epoch: 0, owned: BTreeSet::new(), says_owned: true, says_all: false }
    }

    pub(crate) fn member(&self) -> &str {
        &self.join.member
    }

    /// Its partitions, whatever their topics.
    pub(crate) fn indices(&self) -> Vec<i32> {
        self.owned.iter().map(|(_, index)| *index).collect()
    }

    /// Its next heartbeat.
    pub(crate) fn next(&self) -> Beat {
        if self.epoch == 0 {
            return self.join.clone();
        }
        if self.says_all {
            return Beat { epoch: self.epoch, owned: Some(self.held()), ..self.join.clone() };
        }
        let instance = self.join.instance.clone();
        let next = Beat::at(&self.join.group, &self.join.member, self.epoch);
        Beat { instance, owned: self.says_owned.then(|| self.held()), ..next }
    }

    /// Takes the answer to it; whether that changes what it has.
    pub(crate) fn hear(&mut self, told: &ConsumerGroupHeartbeatResponse) -> bool {
        assert_eq!(error(told.error_code), None, "{self:?}: {told:?}");
        self.epoch = told.member_epoch;
        (self.says_owned, self.says_all) = (false, false);
        let Some(assigned) = assigned(told) else { return false };
        let assigned = assigned.into_iter();
        let assigned: BTreeSet<_> = assigned
            .flat_map(|(topic, indices)| indices.into_iter().map(move |i| (topic.clone(), i)))
            .collect();
        self.says_owned = assigned != self.owned;
        self.owned = assigned;
        self.says_owned
    }

    /// It is not in the group any more, and has nothing.
    pub(crate) fn start_over(&mut self) {
        *self = Self::new(self.join.clone());
    }

    /// Its next heartbeat says everything: an answer was lost.
    pub(crate) fn say_all(&mut self) {
        self.says_all = true;
    }

    /// Whether the next heartbeat says something new, and should not wait.
    pub(crate) fn is_eager(&self) -> bool {
        self.says_owned
    }

    fn held(&self) -> Held {
        let mut held = Held::new();
        for (topic, index) in &self.owned {
            match held.last_mut().filter(|(last, _)| last == topic) {
                Some((_, indices)) => indices.push(*index),
                None => held.push((topic.clone(), vec![*index])),
            }
        }
        held
    }
}

/// What a member was told to have of the topics that it was told of.
pub(crate) fn assigned(told: &ConsumerGroupHeartbeatResponse) -> Option<Held> {
    let topics = told.assignment.as_ref()?.topic_partitions.iter();
    Some(topics.map(|topic| (topic.topic_id.to_string(), topic.partitions.clone())).collect())
}

/// An assignment in a description, by name.
pub(crate) fn described(assignment: &Assignment) -> Vec<Partition> {
    let topics = assignment.topic_partitions.iter();
    let partitions = topics.flat_map(|topic| {
        topic.partitions.iter().map(|&index| Partition::new(&topic.topic_name.0, index))
    });
    partitions.collect()
}

/// The connection must hold, unless an [`io::Result`] is given back.
impl Connection {
    pub(crate) fn try_consumer_beat(
        &mut self,
        beat: &Beat,
    ) -> io::Result<ConsumerGroupHeartbeatResponse> {
        self.call(&beat.request(), beat.version)
    }

    /// A heartbeat and its answer, whatever it is.
    pub(crate) fn consumer_beat(&mut self, beat: &Beat) -> ConsumerGroupHeartbeatResponse {
        self.try_consumer_beat(beat).expect("an answer to ConsumerGroupHeartbeat")
    }

    /// One that is not refused.
    pub(crate) fn consumer_told(&mut self, beat: &Beat) -> ConsumerGroupHeartbeatResponse {
        let told = self.consumer_beat(beat);
        assert_eq!(error(told.error_code), None, "{beat:?}: {told:?}");
        told
    }

    /// Why a heartbeat is refused.
    pub(crate) fn consumer_refused(&mut self, beat: &Beat) -> Option<ResponseError> {
        let told = self.consumer_beat(beat);
        assert!(told.error_message.is_some() || told.error_code == 0, "{told:?}");
        error(told.error_code)
    }

    pub(crate) fn try_describe_consumer_group(
        &mut self,
        group: &str,
    ) -> io::Result<DescribedGroup> {
        let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![group_id(group)]);
        let mut answer = self.call(&request, 1)?;
        Ok(answer.groups.pop().expect("the group that was asked for"))
    }

    pub(crate) fn describe_consumer_group(&mut self, group: &str) -> DescribedGroup {
        self.try_describe_consumer_group(group).expect("an answer to ConsumerGroupDescribe")
    }

    /// A heartbeat of a member that keeps to the protocol.
    pub(crate) fn live(&mut self, consumer: &mut Consumer) {
        let told = self.consumer_beat(&consumer.next());
        consumer.hear(&told);
    }

    /// Heartbeats of all members until each is at its target.
    pub(crate) fn settle(&mut self, consumers: &mut [&mut Consumer]) -> DescribedGroup {
        loop {
            for consumer in consumers.iter_mut() {
                self.live(consumer);
            }
            let group = self.describe_consumer_group(&consumers[0].join.group);
            let epoch = group.group_epoch;
            let are_there = consumers.iter().all(|it| it.epoch == epoch && !it.is_eager());
            if are_there && group.group_state.as_str() == "Stable" {
                return group;
            }
        }
    }
}
