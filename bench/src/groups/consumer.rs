//! KIP-848 groups: everybody joins, and reconciles until nobody has to.

use std::rc::Rc;

use net::kafka::api::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, TopicPartitions,
};
use net::kafka::api_key::ApiKey;
use net::kafka::group::MemberEpoch;
use net::kafka::wire::Array;
use record::{PartitionIndex, TopicId};
use runtime::Runtime;

use super::TOPIC;
use super::census;
use super::seat::{Plan, Seat, Seats};
use crate::client::Client;
use crate::error::BenchError;

const REBALANCE_MS: i32 = 300_000;
/// Times that everybody is let know where everybody is, before it is given up.
const PASSES_MAX: usize = 50;

/// A member and what it has.
struct Member {
    seat: Seat,
    topic: TopicId,
    owned: Vec<PartitionIndex>,
    says_owned: bool,
}

/// A connection and its members.
struct Line {
    client: Client,
    members: Vec<Member>,
}

/// Makes all groups; the members by connection.
pub(super) async fn gather(runtime: &Runtime, plan: &Rc<Plan>) -> Result<Seats, BenchError> {
    let mut lines = Vec::new();
    for lane in 0..plan.lanes {
        for place in 0..plan.members {
            let client = Client::connect(runtime, plan.address, 0).await?;
            let members = plan.groups_of(lane).map(|group| Member {
                seat: Seat { member: format!("{group}-member-{place:02}"), group, epoch: 0 },
                topic: TopicId::NIL,
                owned: Vec::new(),
                says_owned: true,
            });
            let members = members.collect();
            lines.push(Line { client, members });
        }
    }
    for _ in 0..PASSES_MAX {
        let tasks: Vec<_> = lines.drain(..).map(|line| runtime.spawn(line.beat())).collect();
        for task in tasks {
            lines.push(task.await?);
        }
        if census::are_told(runtime, plan).await? {
            let seats = |line: Line| line.members.into_iter().map(|it| it.seat).collect();
            return Ok(lines.into_iter().map(seats).collect());
        }
    }
    Err(BenchError::Nothing("the groups do not come to rest"))
}

impl Line {
    /// A heartbeat of each member.
    async fn beat(mut self) -> Result<Self, BenchError> {
        for member in &mut self.members {
            member.beat(&mut self.client).await?;
        }
        Ok(self)
    }
}

impl Member {
    async fn beat(&mut self, client: &mut Client) -> Result<(), BenchError> {
        let joins = self.seat.epoch == 0;
        let names = [TOPIC];
        let owned = [TopicPartitions { topic_id: self.topic, partitions: (&self.owned).into() }];
        let owned = if self.owned.is_empty() { Array::EMPTY } else { Array::from(&owned) };
        let request = ConsumerGroupHeartbeatRequest {
            group_id: &self.seat.group,
            member_id: &self.seat.member,
            member_epoch: MemberEpoch(self.seat.epoch),
            rebalance_timeout_ms: if joins { REBALANCE_MS } else { -1 },
            subscribed_topic_names: joins.then(|| Array::from(&names)),
            topic_partitions: self.says_owned.then_some(owned),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        let answer = client.ask(ApiKey::ConsumerGroupHeartbeat.version(1)?, &request).await?;
        let response: ConsumerGroupHeartbeatResponse<'_> = answer.decode()?;
        if !response.error_code.is_none() {
            return Err(BenchError::Refused { what: "a heartbeat", code: response.error_code });
        }
        self.seat.epoch = response.member_epoch.0;
        self.says_owned = false;
        let Some(assignment) = response.assignment else { return Ok(()) };
        let mut owned = Vec::new();
        for topic in &assignment.topic_partitions {
            self.topic = topic.topic_id;
            owned.extend(topic.partitions.iter());
        }
        self.says_owned = owned != self.owned;
        self.owned = owned;
        Ok(())
    }
}
