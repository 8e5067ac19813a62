//! `FindCoordinator` (key 10): who coordinates a group: this node, which makes `__consumer_offsets`
//! for the first who asks. Transactions have no coordinator so far; the answer is the error that
//! clients take as final, or they would ask until their time is over and then report that.

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
use crate::frontend::kafka::error::Problem;
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
    /// Answers when groups can be coordinated.
    pub(in crate::frontend::kafka) async fn find_coordinator(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = FindCoordinatorRequest::decode(head.version, &mut reader)?;
        let found = self.find(request.key_type, head.version.number()).await;
        let node = self.node();
        let answer = |key| match &found {
            Ok(()) => {
                let (host, port) = (&node.host, node.port.into());
                Coordinator { key, node_id: node.id, host, port, ..NOBODY }
            }
            Err(problem) => {
                self.shard.metrics.error(head.api(), problem.code);
                let error_message = Some(problem.message.as_str());
                Coordinator { key, error_code: problem.code, error_message, ..NOBODY }
            }
        };
        if head.version.number() < MANY_FROM {
            let one = answer(request.key);
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
        let coordinators: Vec<_> = request.coordinator_keys.iter().map(answer).collect();
        let response = FindCoordinatorResponse {
            coordinators: Array::from(&coordinators[..]),
            ..FindCoordinatorResponse::default()
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }

    async fn find(&self, key_type: CoordinatorType, version: i16) -> Result<(), Problem> {
        if let Some((code, message)) = refusal(key_type, version) {
            return Err(Problem::new(code, message));
        }
        let topic = self.shard.offsets_topic().await;
        let unavailable = |error: crate::broker::groups::Unavailable| {
            Problem::new(ErrorCode::COORDINATOR_NOT_AVAILABLE, error.to_string())
        };
        topic.map(drop).map_err(unavailable)
    }
}

/// Why nothing is coordinated under this kind of key.
fn refusal(key_type: CoordinatorType, version: i16) -> Option<(ErrorCode, &'static str)> {
    match key_type {
        CoordinatorType::GROUP => None,
        CoordinatorType::TRANSACTION => Some((
            ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            "transactions are not supported yet; unset transactional.id",
        )),
        CoordinatorType::SHARE if version >= SHARE_FROM => {
            Some((ErrorCode::INVALID_REQUEST, "share groups are not served"))
        }
        _ => Some((ErrorCode::INVALID_REQUEST, "no such type of coordinator in this version")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_a_coordinator_and_transactions_not() {
        assert_eq!(refusal(CoordinatorType::GROUP, 0), None);
        let (transaction, message) = refusal(CoordinatorType::TRANSACTION, 4).unwrap();
        assert!(!transaction.is_retriable() && message.contains("transactional.id"));
        for (kind, version) in [(CoordinatorType::SHARE, 5), (CoordinatorType::SHARE, 6)] {
            assert_eq!(refusal(kind, version).unwrap().0, ErrorCode::INVALID_REQUEST);
        }
        assert_eq!(refusal(CoordinatorType(-1), 6).unwrap().0, ErrorCode::INVALID_REQUEST);
    }
}
