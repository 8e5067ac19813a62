//! The APIs of consumer groups, one file each: from a request to what a group's coordinator is
//! asked, and from its answer to the response.

mod consumer_group_describe;
mod consumer_group_heartbeat;
mod delete_groups;
mod describe_groups;
mod error;
mod heartbeat;
mod join_group;
mod leave_group;
mod list_groups;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod sync_group;

use std::sync::Arc;
use std::time::Duration;

use net::kafka::error_code::ErrorCode;

use crate::broker::groups::Unavailable;
use crate::frontend::kafka::connection::Connection;
use crate::group::classic;
use crate::group::coordinator::{Answer, Request};
use crate::group::effects::Ticket;
use crate::group::id::{GroupId, InstanceId, MemberId};

impl Connection {
    /// What the client calls itself, and where it came from, as Kafka shows a host.
    fn client(&self) -> (Arc<str>, Arc<str>) {
        (Arc::from(self.client_id.borrow().as_str()), Arc::clone(&self.client_host))
    }

    /// Asks a group by the classic protocol.
    async fn ask_classic(
        &self,
        group: &str,
        event: impl FnOnce(Ticket) -> classic::Event,
    ) -> Result<classic::Answer, ErrorCode> {
        let group = group_id(group)?;
        let asked = self
            .shard
            .ask_group(&group, |ticket| Request::Classic(group.clone(), Box::new(event(ticket))));
        match asked.await {
            Ok(Answer::Classic(answer)) => Ok(answer),
            Ok(_) => Err(ErrorCode::UNKNOWN_SERVER_ERROR),
            Err(unavailable) => Err(error::of_unavailable(&unavailable)),
        }
    }

    /// Asks a group something else.
    async fn ask_group(
        &self,
        group: &GroupId,
        request: impl FnOnce(Ticket) -> Request,
    ) -> Result<Answer, Unavailable> {
        self.shard.ask_group(group, request).await
    }
}

/// A group's name; Kafka's own clients can not have an empty one.
fn group_id(name: &str) -> Result<GroupId, ErrorCode> {
    if name.is_empty() { Err(ErrorCode::INVALID_GROUP_ID) } else { Ok(GroupId::from(name)) }
}

/// A member's id; empty stands for none.
fn member_id(id: &str) -> Option<MemberId> {
    (!id.is_empty()).then(|| MemberId::from(id))
}

fn instance_id(id: Option<&str>) -> Option<InstanceId> {
    id.map(InstanceId::from)
}

/// Milliseconds; below zero is zero.
fn millis(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or(0))
}

/// Random bits, for ids.
fn random() -> u128 {
    let mut random = [0; 16];
    runtime::fill_random(&mut random);
    u128::from_be_bytes(random)
}
