//! `ListGroups` (key 16): all groups, or those in some states or of some types.

use net::kafka::api::list_groups::{ListGroupsRequest, ListGroupsResponse, ListedGroup};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::PartitionIndex;

use super::error;
use crate::broker::groups::OFFSETS_TOPIC;
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::coordinator::{Answer, GroupListing, Request};

impl Connection {
    /// Answers when every partition of `__consumer_offsets` has.
    pub(in crate::frontend::kafka) async fn list_groups(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = ListGroupsRequest::decode(head.version, &mut reader)?;
        let listed = self.listed_groups().await;
        let error_code = listed.as_ref().err().copied().unwrap_or(ErrorCode::NONE);
        self.shard.metrics.error(head.api(), error_code);
        let wanted = |filter: Array<'_, &str>, word: &str| {
            filter.is_empty() || filter.iter().any(|wanted| wanted.eq_ignore_ascii_case(word))
        };
        let groups = listed.iter().flatten().filter(|group| {
            wanted(request.states_filter, group.state)
                && wanted(request.types_filter, group.protocol.as_str())
        });
        let groups = groups.map(|group| ListedGroup {
            group_id: group.group.as_str(),
            protocol_type: &group.protocol_type,
            group_state: group.state,
            group_type: group.protocol.as_str(),
        });
        let groups: Vec<_> = groups.collect();
        let groups = Array::from(&groups[..]);
        let response = ListGroupsResponse { throttle_time_ms: 0, error_code, groups };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    /// Where nobody has ever asked for a group, there is none.
    async fn listed_groups(&self) -> Result<Vec<GroupListing>, ErrorCode> {
        let topic = self.shard.topics.borrow().named(OFFSETS_TOPIC).cloned();
        let Some(topic) = topic else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for partition in 0..topic.partition_count() {
            let log = topic.log_id(PartitionIndex(partition));
            match self.shard.ask_partition(log, Request::List).await {
                Ok(Answer::List(groups)) => all.extend(groups),
                Ok(_) => return Err(ErrorCode::UNKNOWN_SERVER_ERROR),
                Err(unavailable) => return Err(error::of_unavailable(&unavailable)),
            }
        }
        Ok(all)
    }
}
