//! One batch to its leader and the answer back; a new producer id.

use std::rc::Rc;
use std::time::Duration;

use record::{PartitionIndex, ProducerEpoch, ProducerId, Sequence};

use super::sealed::Identity;
use super::{Acknowledgement, Shared};
use crate::client::connection::{Answer, Awaiting, Connection};
use crate::client::error::ClientError;
use crate::kafka::api::init_producer_id::{InitProducerIdRequest, InitProducerIdResponse};
use crate::kafka::api::produce::{PartitionProduce, ProduceRequest, ProduceResponse, TopicProduce};
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;

/// How long the broker may wait for replicas and for room.
const TIMEOUT: Duration = Duration::from_secs(20);
const TIMEOUT_MS: i32 = 20_000;
/// The last Produce version that names topics, for brokers whose topics have no ids.
const BY_NAME_MAX: i16 = 12;

impl Shared {
    /// Sends a batch to its partition's leader; `None` where no answer will come.
    pub(super) async fn start_produce(
        &self,
        partition: PartitionIndex,
        batch: &[u8],
    ) -> Result<(Rc<Connection>, Option<Awaiting>), ClientError> {
        let (topic, _, connection) = self.client.leader(&self.topic, partition).await?;
        let limit = if topic.id.is_nil() { BY_NAME_MAX } else { i16::MAX };
        let version = connection.version(ApiKey::Produce, limit)?;
        let partitions = [PartitionProduce { partition, records: Some(batch.into()) }];
        let partitions = (&partitions).into();
        let topics = [TopicProduce { name: &self.topic, id: topic.id, partitions }];
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.config.acks.to_wire(),
            timeout_ms: TIMEOUT_MS,
            topics: (&topics).into(),
        };
        if self.config.acks == Acknowledgement::None {
            connection.start_unanswered(version, &request).await?;
            return Ok((connection, None));
        }
        let answer = connection.start(version, &request, TIMEOUT).await?;
        Ok((connection, Some(answer)))
    }

    /// What an answer says about the one batch of its request.
    pub(super) fn read_produced(
        &self,
        partition: PartitionIndex,
        answer: &Answer,
    ) -> Result<(), ClientError> {
        let body = answer.body::<ProduceResponse<'_>>()?;
        let result = body.topics.iter().next().and_then(|topic| topic.partitions.iter().next());
        let result = result.filter(|result| result.partition == partition);
        let result = result.ok_or(ClientError::Incomplete { api: ApiKey::Produce })?;
        if result.error_code == ErrorCode::DUPLICATE_SEQUENCE_NUMBER {
            // It was appended before, and the answer to that was lost.
            return Ok(());
        }
        let first_refused = result.record_errors.iter().find_map(|error| error.message);
        ClientError::check(result.error_code, result.error_message.or(first_refused), || {
            format!("append to partition {partition} of topic '{}'", self.topic)
        })
    }

    /// A producer id that nobody had before.
    pub(super) async fn new_identity(&self) -> Result<Identity, ClientError> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
        };
        let answer = self.client.any().await?.ask(&request).await?;
        let body = answer.body::<InitProducerIdResponse>()?;
        ClientError::check(body.error_code, None, || "get a producer id".to_owned())?;
        Ok(Identity { id: body.producer_id, epoch: body.producer_epoch, next: Sequence(0) })
    }
}
