//! `ListPartitionReassignments` (key 46): no partition has another place to go to, so none is on
//! its way. Topics that are unknown are no error, as in Kafka.

use net::kafka::api::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};

impl Connection {
    /// Answers at once.
    pub(in crate::frontend::kafka) fn list_partition_reassignments(
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        ListPartitionReassignmentsRequest::decode(head.version, &mut reader)?;
        let response = ListPartitionReassignmentsResponse {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: None,
            topics: Array::EMPTY,
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}
