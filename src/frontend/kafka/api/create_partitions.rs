//! `CreatePartitions` (key 37): more partitions for a topic. They are durable and on every shard
//! before they are answered.

use std::collections::BTreeSet;

use net::kafka::api::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsResponse,
    CreatePartitionsResult, CreatePartitionsTopic,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::NodeId;

use super::assignment::check_replicas;
use super::repeated::repeated;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::error::{self, Problem};
use crate::frontend::kafka::request::{Hangup, Head};
use crate::registry::command::{Command, CommandError};

impl Connection {
    /// Grows the topics one after the other.
    pub(in crate::frontend::kafka) async fn create_partitions(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = CreatePartitionsRequest::decode(head.version, &mut reader)?;
        let twice = repeated(request.topics.iter().map(|topic| topic.name));
        let mut answered_twice = BTreeSet::new();
        let mut results = Vec::with_capacity(request.topics.len());
        for topic in &request.topics {
            let result = if twice.contains(topic.name) {
                if !answered_twice.insert(topic.name) {
                    continue;
                }
                Err(Problem::invalid_request("Duplicate topic name."))
            } else {
                self.grow_topic(&topic, request.validate_only).await
            };
            self.shard.metrics.error(head.api(), error::code(&result));
            results.push((topic.name, result));
            self.shard.runtime.yield_if_needed().await;
        }
        let results = results.iter().map(|(name, result)| CreatePartitionsResult {
            name,
            error_code: error::code(result),
            error_message: error::message(result),
        });
        let results: Vec<_> = results.collect();
        let response =
            CreatePartitionsResponse { throttle_time_ms: 0, results: Array::from(&results[..]) };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn grow_topic(
        &self,
        topic: &CreatePartitionsTopic<'_>,
        validate_only: bool,
    ) -> Result<(), Problem> {
        let found = self.shard.topics.borrow().named(topic.name).cloned();
        let now = found.ok_or(CommandError::UnknownTopic)?.partition_count();
        let node = NodeId(self.shard.config.settings.node_id);
        if let Some(assignments) = topic.assignments {
            check_assignments(topic.count.saturating_sub(now), assignments, node)?;
        }
        let (name, partitions) = (topic.name.to_owned(), topic.count);
        let command = Command::CreatePartitions { name, partitions, validate_only };
        self.shard.command(command).await?;
        Ok(())
    }
}

/// Checks where the new partitions are to be put. If there are none, the registry says so.
fn check_assignments<'a>(
    additional: i32,
    assignments: Array<'a, CreatePartitionsAssignment<'a>>,
    node: NodeId,
) -> Result<(), Problem> {
    if additional <= 0 {
        return Ok(());
    }
    let count = assignments.len();
    if usize::try_from(additional) != Ok(count) {
        let text = format!(
            "Attempted to add {additional} additional partition(s), but only {count} assignment(s) \
             were specified."
        );
        return Err(Problem::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, text));
    }
    assignments.iter().try_for_each(|assignment| check_replicas(assignment.broker_ids, node))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_partitions_placed_by_hand_are_all_placed_and_here() {
        let (here, other) = ([NodeId(1)], [NodeId(2)]);
        let check = |additional, places: &[&[NodeId]]| {
            let places = places.iter().copied();
            let assignments: Vec<_> = places
                .map(|place| CreatePartitionsAssignment { broker_ids: Array::from(place) })
                .collect();
            check_assignments(additional, Array::from(&assignments[..]), NodeId(1))
                .map_err(|problem| problem.code)
        };
        let refused = Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT);
        assert_eq!(check(2, &[&here, &here]), Ok(()));
        assert_eq!(check(2, &[&here]), refused);
        assert_eq!(check(1, &[&here, &here]), refused);
        assert_eq!(check(2, &[&here, &other]), refused);
        // The number of partitions is what is wrong then.
        assert_eq!(check(0, &[&here]), Ok(()));
        assert_eq!(check(-3, &[]), Ok(()));
    }
}
