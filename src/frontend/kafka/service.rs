//! From a frame to the API that it is for, and the order in which requests may be done.
//!
//! The next request is dispatched only when the one before is queued on all its shards. Anything
//! but Produce and Fetch waits until all earlier ones are answered.

use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::api_versions::ApiVersionsResponse;
use net::kafka::api_key::ApiKey;
use net::kafka::reply::Reply;
use net::kafka::wire::Reader;
use runtime::Instant;

use super::connection::Connection;
use super::large::LargeFrame;
use super::outbox::{Outgoing, Slot};
use super::request::{Hangup, Head, Opened, open};
use super::slow::Work;
use crate::broker::range::Range;

impl Connection {
    /// Dispatches a small frame at once if it need not wait for anything. `false`: nothing of it
    /// was done.
    pub(super) fn dispatch_now(
        self: &Rc<Self>,
        frame: &[u8],
        received: Instant,
    ) -> Result<bool, Hangup> {
        if !self.outbox.has_room() {
            return Ok(false);
        }
        let opened = open(frame, received)?;
        let Opened::For(head, reader, client_id) = opened else { return Ok(false) };
        self.name_unknown_client(client_id);
        match head.api() {
            ApiKey::Produce => {
                let done = self.produce_now(head, reader, frame)?;
                if done {
                    self.shard.metrics.request(ApiKey::Produce);
                }
                Ok(done)
            }
            ApiKey::Fetch => {
                self.shard.metrics.request(ApiKey::Fetch);
                self.fetch(head, reader)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Dispatches a frame that may have to wait.
    pub(super) async fn dispatch(
        self: &Rc<Self>,
        frame: Vec<u8>,
        received: Instant,
    ) -> Result<(), Hangup> {
        self.outbox.room().await;
        match open(&frame, received)? {
            Opened::NewerApiVersions(correlation_id) => {
                self.outbox.idle().await;
                let version = ApiKey::ApiVersions.version(0).expect("version 0 is served");
                let mut reply = Reply::new();
                reply.push(version, correlation_id, &ApiVersionsResponse::UNSUPPORTED)?;
                self.outbox.push(Slot::Ready(Outgoing {
                    reply,
                    received,
                    stage: None,
                    work: None,
                }));
                Ok(())
            }
            Opened::For(head, reader, client_id) => {
                self.name_client(client_id);
                self.shard.metrics.request(head.api());
                match head.api() {
                    ApiKey::Produce => self.produce(head, reader, &frame).await,
                    ApiKey::Fetch => self.fetch(head, reader),
                    _ => self.exclusive(head, reader).await,
                }
            }
        }
    }

    /// Dispatches a large frame.
    pub(super) async fn dispatch_large(self: &Rc<Self>, large: LargeFrame) -> Result<(), Hangup> {
        let received = self.shard.runtime.now();
        self.outbox.room().await;
        let is_produce = match open(&large.buffer.as_slice()[..large.len], received)? {
            Opened::For(head, _, client_id) => {
                self.name_unknown_client(client_id);
                head.api() == ApiKey::Produce
            }
            Opened::NewerApiVersions(_) => false,
        };
        if is_produce {
            self.shard.metrics.request(ApiKey::Produce);
            return self.produce_large(large, received).await;
        }
        let frame = large.buffer.as_slice()[..large.len].to_vec();
        drop(large);
        self.dispatch(frame, received).await
    }

    /// Handles a request that waits for all earlier ones.
    async fn exclusive(self: &Rc<Self>, head: Head, reader: Reader<'_>) -> Result<(), Hangup> {
        self.outbox.idle().await;
        let mut reply = Reply::new();
        let mut work = Work::of(head, self.shard.runtime.now());
        self.handle(head, reader, &mut reply).await?;
        if matches!(head.api(), ApiKey::JoinGroup | ApiKey::SyncGroup) {
            // Nearly all of it is a wait for the other members.
            work.waited_nanos = self.shard.runtime.now().nanos_since(work.started);
        }
        let received = head.received.after(Duration::from_nanos(work.waited_nanos));
        self.outbox.push(Slot::Ready(Outgoing { reply, received, stage: None, work: Some(work) }));
        Ok(())
    }

    async fn handle(
        self: &Rc<Self>,
        head: Head,
        reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        match head.api() {
            ApiKey::AlterConfigs => self.alter_configs(head, reader, reply).await,
            ApiKey::AlterPartitionReassignments => {
                self.alter_partition_reassignments(head, reader, reply).await
            }
            ApiKey::AlterReplicaLogDirs => self.alter_replica_log_dirs(head, reader, reply).await,
            ApiKey::ApiVersions => self.api_versions(head, reader, reply),
            ApiKey::CreatePartitions => self.create_partitions(head, reader, reply).await,
            ApiKey::CreateTopics => self.create_topics(head, reader, reply).await,
            ApiKey::DeleteRecords => self.delete_records(head, reader, reply).await,
            ApiKey::DeleteTopics => self.delete_topics(head, reader, reply).await,
            ApiKey::DescribeCluster => self.describe_cluster(head, reader, reply),
            ApiKey::DescribeConfigs => self.describe_configs(head, reader, reply).await,
            ApiKey::DescribeLogDirs => self.describe_log_dirs(head, reader, reply).await,
            ApiKey::DescribeProducers => self.describe_producers(head, reader, reply).await,
            ApiKey::DescribeQuorum => self.describe_quorum(head, reader, reply).await,
            ApiKey::DescribeTopicPartitions => {
                self.describe_topic_partitions(head, reader, reply).await
            }
            ApiKey::ElectLeaders => self.elect_leaders(head, reader, reply).await,
            ApiKey::FindCoordinator => self.find_coordinator(head, reader, reply).await,
            ApiKey::IncrementalAlterConfigs => {
                self.incremental_alter_configs(head, reader, reply).await
            }
            ApiKey::InitProducerId => self.init_producer_id(head, reader, reply).await,
            ApiKey::ListConfigResources => self.list_config_resources(head, reader, reply),
            ApiKey::ListOffsets => self.list_offsets(head, reader, reply).await,
            ApiKey::ListPartitionReassignments => {
                Self::list_partition_reassignments(head, reader, reply)
            }
            ApiKey::Metadata => self.metadata(head, reader, reply).await,
            ApiKey::OffsetForLeaderEpoch => self.offset_for_leader_epoch(head, reader, reply).await,
            ApiKey::ConsumerGroupDescribe => {
                self.consumer_group_describe(head, reader, reply).await
            }
            ApiKey::ConsumerGroupHeartbeat => {
                self.consumer_group_heartbeat(head, reader, reply).await
            }
            ApiKey::DeleteGroups => self.delete_groups(head, reader, reply).await,
            ApiKey::DescribeGroups => self.describe_groups(head, reader, reply).await,
            ApiKey::Heartbeat => self.heartbeat(head, reader, reply).await,
            ApiKey::JoinGroup => self.join_group(head, reader, reply).await,
            ApiKey::LeaveGroup => self.leave_group(head, reader, reply).await,
            ApiKey::ListGroups => self.list_groups(head, reader, reply).await,
            ApiKey::OffsetCommit => self.offset_commit(head, reader, reply).await,
            ApiKey::OffsetDelete => self.offset_delete(head, reader, reply).await,
            ApiKey::OffsetFetch => self.offset_fetch(head, reader, reply).await,
            ApiKey::SyncGroup => self.sync_group(head, reader, reply).await,
            ApiKey::Fetch | ApiKey::Produce => {
                unreachable!("what does not wait for earlier requests is dispatched before")
            }
        }
    }
}
