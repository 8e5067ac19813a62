//! `InitProducerId` (key 22): an id for an idempotent producer. Each request gets a new one, also
//! when the producer says which it has: as in Kafka, only a transactional id keeps its number.
//!
//! Transactions are refused with the one error that clients take as final and report at once.

use net::kafka::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::Request as _;
use net::kafka::reply::Reply;
use net::kafka::wire::Reader;
use record::{ProducerEpoch, ProducerId};

use crate::broker::range::Range;
use crate::frontend::kafka::connection::Connection;
use crate::frontend::kafka::request::{Hangup, Head};

impl Connection {
    /// Answers when the id is the producer's alone, whatever happens to the broker.
    pub(in crate::frontend::kafka) async fn init_producer_id(
        &self,
        head: Head,
        mut reader: Reader<'_>,
        reply: &mut Reply<Range>,
    ) -> Result<(), Hangup> {
        let request = InitProducerIdRequest::decode(head.version, &mut reader)?;
        let given = match check(&request) {
            Ok(()) => self.shard.new_producer_id().await.map_err(|error| {
                tracing::warn!(%error, "there is no producer id to give out");
                // The retriable error that asks nobody to look for a coordinator.
                ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            }),
            Err(code) => Err(code),
        };
        let response = match given {
            Ok(producer_id) => InitProducerIdResponse {
                producer_id,
                producer_epoch: ProducerEpoch(0),
                ..InitProducerIdResponse::default()
            },
            Err(error_code) => {
                self.shard.metrics.error(head.api(), error_code);
                InitProducerIdResponse {
                    error_code,
                    producer_id: ProducerId::NONE,
                    producer_epoch: ProducerEpoch::NONE,
                    ..InitProducerIdResponse::default()
                }
            }
        };
        Ok(reply.push(head.version, head.correlation_id, &response)?)
    }
}

fn check(request: &InitProducerIdRequest<'_>) -> Result<(), ErrorCode> {
    match request.transactional_id {
        Some("") => return Err(ErrorCode::INVALID_REQUEST),
        Some(_) => return Err(ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
        None => {}
    }
    let has_id = request.producer_id != ProducerId::NONE;
    let has_epoch = request.producer_epoch != ProducerEpoch::NONE;
    if has_id == has_epoch { Ok(()) } else { Err(ErrorCode::INVALID_REQUEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idempotent() -> InitProducerIdRequest<'static> {
        InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() }
    }

    #[test]
    fn an_idempotent_producer_may_say_which_id_it_has() {
        assert_eq!(check(&idempotent()), Ok(()));
        let (producer_id, producer_epoch) = (ProducerId(4000), ProducerEpoch(3));
        let again = InitProducerIdRequest { producer_id, producer_epoch, ..idempotent() };
        assert_eq!(check(&again), Ok(()));
    }

    #[test]
    fn half_of_an_id_and_an_empty_transactional_id_are_invalid() {
        let id = InitProducerIdRequest { producer_id: ProducerId(1), ..idempotent() };
        assert_eq!(check(&id), Err(ErrorCode::INVALID_REQUEST));
        let epoch = InitProducerIdRequest { producer_epoch: ProducerEpoch(1), ..idempotent() };
        assert_eq!(check(&epoch), Err(ErrorCode::INVALID_REQUEST));
        let empty = InitProducerIdRequest { transactional_id: Some(""), ..idempotent() };
        assert_eq!(check(&empty), Err(ErrorCode::INVALID_REQUEST));
    }

    #[test]
    fn a_transactional_id_is_refused_for_good() {
        let named = InitProducerIdRequest { transactional_id: Some("t"), ..idempotent() };
        let refused = check(&named).unwrap_err();
        assert_eq!(refused, ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
        assert!(!refused.is_retriable());
    }
}
