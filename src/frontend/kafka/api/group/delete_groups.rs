//! `DeleteGroups` (key 42): groups without members go, with their offsets (KIP-229). Durable when
//! it is answered.

use net::kafka::api::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse, DeletedGroup};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use super::error;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::coordinator::{Answer, Request};
use crate::group::id::GroupId;

impl Connection {
    /// Answers when every group that can go has gone.
    pub(in crate::frontend::kafka) async fn delete_groups(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = DeleteGroupsRequest::decode(head.version, &mut reader)?;
        let mut results = Vec::with_capacity(request.groups_names.len());
        for name in &request.groups_names {
            let group = GroupId::from(name);
            let asked = self.ask_group(&group, |ticket| Request::Delete(ticket, group.clone()));
            let error_code = match asked.await {
                Ok(Answer::Delete(Ok(()))) => ErrorCode::NONE,
                Ok(Answer::Delete(Err(error))) => error::of_group(error),
                Ok(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
                Err(unavailable) => error::of_unavailable(&unavailable),
            };
            self.shard.metrics.error(head.api(), error_code);
            results.push(DeletedGroup { group_id: name, error_code });
        }
        let results = Array::from(&results[..]);
        let response = DeleteGroupsResponse { throttle_time_ms: 0, results };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}
