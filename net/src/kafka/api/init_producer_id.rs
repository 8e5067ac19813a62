//! `InitProducerId`, key 22, versions 0-5, flexible from 2: an id for a producer.
//!
//! - 3: the producer's present id and epoch, to continue with (KIP-360).
//! - 4: `PRODUCER_FENCED` may be answered (KIP-588).
//! - 5: `TRANSACTION_ABORTABLE` may be answered (KIP-890).
//!
//! Version 1 changes nothing on the wire. Version 6 (two-phase commit) is not stable in Kafka 4.1.

use record::{ProducerEpoch, ProducerId};

use crate::kafka::error_code::ErrorCode;
use crate::kafka::wire::wire_struct;

wire_struct! {
    /// Asks for a producer id.
    pub struct InitProducerIdRequest<'a> {
        /// The transactional id, null for a producer that is only idempotent.
        transactional_id: Option<&'a str> = Some("");
        /// After how long the producer's open transactions are to be aborted.
        transaction_timeout_ms: i32;
        /// The producer's present id, -1 for none.
        producer_id: ProducerId [3.., strict] = ProducerId::NONE;
        /// The producer's present epoch, -1 for none.
        producer_epoch: ProducerEpoch [3.., strict] = ProducerEpoch::NONE;
    }
}

wire_struct! {
    /// A producer id.
    pub struct InitProducerIdResponse {
        /// How long the client should wait before its next request.
        throttle_time_ms: i32;
        /// Whether there is one.
        error_code: ErrorCode;
        /// The id.
        producer_id: ProducerId = ProducerId::NONE;
        /// The epoch to write with.
        producer_epoch: ProducerEpoch = ProducerEpoch(0);
    }
}
