//! `FindCoordinator` (key 10): who coordinates a group or a transaction. Nobody, so far.
//!
//! It is served all the same, as librdkafka compresses nothing with lz4 where it is missing. For a
//! group the answer is the retriable `COORDINATOR_NOT_AVAILABLE`: consumers that assign their
//! partitions work with it. For a transaction it is the error that clients take as final, or they
//! would ask until their time is over and then report that.

use net::kafka::api::find_coordinator::{
    Coordinator, CoordinatorType, FindCoordinatorRequest, FindCoordinatorResponse,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::{Array, Reader};
use record::NodeId;

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};

/// The first version with many keys.
const MANY_FROM: i16 = 4;
/// The first version with share groups.
const SHARE_FROM: i16 = 6;
/// Kafka's "no node".
const NOBODY: Coordinator<'static> = Coordinator {
    key: "",
    node_id: NodeId(-1),
    host: "",
    port: -1,
    error_code: ErrorCode::NONE,
    error_message: None,
};

impl Connection {
    /// Answers at once.
    pub(in crate::frontend::kafka) fn find_coordinator(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = FindCoordinatorRequest::decode(head.version, &mut reader)?;
        let (error_code, message) = refusal(request.key_type, head.version.number());
        let refused = |key| {
            self.shard.metrics.error(head.api(), error_code);
            Coordinator { key, error_code, error_message: Some(message), ..NOBODY }
        };
        if head.version.number() < MANY_FROM {
            let one = refused(request.key);
            let response = FindCoordinatorResponse {
                error_code: one.error_code,
                error_message: one.error_message,
                node_id: one.node_id,
                host: one.host,
                port: one.port,
                ..FindCoordinatorResponse::default()
            };
            return Ok(reply.push(head.version, head.correlation_id, &response)?);
        }
        let coordinators: Vec<_> = request.coordinator_keys.iter().map(refused).collect();
        let response = FindCoordinatorResponse {
            coordinators: Array::from(&coordinators[..]),
            ..FindCoordinatorResponse::default()
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

/// Why there is no coordinator for this kind of key.
fn refusal(key_type: CoordinatorType, version: i16) -> (ErrorCode, &'static str) {
    match key_type {
        CoordinatorType::GROUP => {
            (ErrorCode::COORDINATOR_NOT_AVAILABLE, "groups are not served yet")
        }
        CoordinatorType::TRANSACTION => (
            ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            "transactions are not supported yet; unset transactional.id",
        ),
        CoordinatorType::SHARE if version >= SHARE_FROM => {
            (ErrorCode::INVALID_REQUEST, "share groups are not served")
        }
        _ => (ErrorCode::INVALID_REQUEST, "no such type of coordinator in this version"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_may_be_asked_for_again_and_transactions_not() {
        let (group, _) = refusal(CoordinatorType::GROUP, 0);
        assert_eq!(group, ErrorCode::COORDINATOR_NOT_AVAILABLE);
        let (transaction, message) = refusal(CoordinatorType::TRANSACTION, 4);
        assert!(!transaction.is_retriable() && message.contains("transactional.id"));
        for (kind, version) in [(CoordinatorType::SHARE, 5), (CoordinatorType::SHARE, 6)] {
            assert_eq!(refusal(kind, version).0, ErrorCode::INVALID_REQUEST);
        }
        assert_eq!(refusal(CoordinatorType(-1), 6).0, ErrorCode::INVALID_REQUEST);
    }
}
