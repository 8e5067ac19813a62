//! `Heartbeat` (key 12): a member of a classic group lives.

use net::kafka::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::Reader;

use super::{error, instance_id};
use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};
use crate::group::classic::{Answer, Event, Heartbeat};
use crate::group::id::MemberId;

impl Connection {
    /// Answers whether the member is still in its generation.
    pub(in crate::frontend::kafka) async fn heartbeat(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = HeartbeatRequest::decode(head.version, &mut reader)?;
        let beat = |ticket| {
            Event::Heartbeat(Heartbeat {
                ticket,
                member: MemberId::from(request.member_id),
                instance: instance_id(request.group_instance_id),
                generation: request.generation_id.0,
            })
        };
        let error_code = match self.ask_classic(request.group_id, beat).await {
            Ok(Answer::Heartbeat(Ok(()))) => ErrorCode::NONE,
            Ok(Answer::Heartbeat(Err(error))) => error::of_classic(error),
            Ok(_) => ErrorCode::UNKNOWN_SERVER_ERROR,
            Err(code) => code,
        };
        self.shard.metrics.error(head.api(), error_code);
        let response = HeartbeatResponse { throttle_time_ms: 0, error_code };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}
