//! What the broker's errors are in Kafka's numbers.

use net::kafka::error_code::ErrorCode;
use record::{HeaderError, ProduceError};
use storage::AppendError;

use crate::broker::produce::Refusal;
use crate::registry::command::CommandError;
use crate::shard::message::LogFailure;
use crate::topic_config::Fault;

/// The longest message that an answer carries, in bytes: some quote what the client sent.
const MESSAGE_BYTES_MAX: usize = 1_000;

/// What went wrong with one thing of a request: Kafka's number, and words for whoever reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The number.
    pub(super) code: ErrorCode,
    /// The words.
    pub(super) message: String,
}

impl Problem {
    /// A problem with its words, shortened to what an answer can carry.
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_BYTES_MAX {
            let dots = "...";
            let mut end = MESSAGE_BYTES_MAX - dots.len();
            while !message.is_char_boundary(end) {
                end -= 1;
            }
            message.truncate(end);
            message.push_str(dots);
        }
        Self { code, message }
    }

    /// `INVALID_REQUEST`: the request contradicts itself, or asks for what there is not.
    pub(super) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::INVALID_REQUEST, message)
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        Self::new(of_command(&error), error.to_string())
    }
}

/// The number of a result.
pub(super) fn code<T>(result: &Result<T, Problem>) -> ErrorCode {
    result.as_ref().err().map_or(ErrorCode::NONE, |problem| problem.code)
}

/// The words of a result; none for success.
pub(super) fn message<T>(result: &Result<T, Problem>) -> Option<&str> {
    result.as_ref().err().map(|problem| problem.message.as_str())
}

/// A refused batch.
pub(super) fn of_refusal(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::Header(HeaderError::Magic { .. }) => ErrorCode::UNSUPPORTED_FOR_MESSAGE_FORMAT,
        Refusal::Header(_) | Refusal::Crc | Refusal::Packed(_) => ErrorCode::CORRUPT_MESSAGE,
        Refusal::Claim(claim) => of_claim(claim),
        Refusal::Batches(_) | Refusal::Record(_) | Refusal::NoKey { .. } => {
            ErrorCode::INVALID_RECORD
        }
        Refusal::Timestamp(_) => ErrorCode::INVALID_TIMESTAMP,
        Refusal::Zstd => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
        Refusal::Transactional => ErrorCode::INVALID_TXN_STATE,
    }
}

fn of_claim(claim: &ProduceError) -> ErrorCode {
    match claim {
        ProduceError::TooLarge { .. } => ErrorCode::MESSAGE_TOO_LARGE,
        ProduceError::TimestampType => ErrorCode::INVALID_TIMESTAMP,
        ProduceError::Codec { .. } => ErrorCode::UNSUPPORTED_COMPRESSION_TYPE,
        ProduceError::ProducerEpoch { .. } => ErrorCode::INVALID_PRODUCER_EPOCH,
        _ => ErrorCode::INVALID_RECORD,
    }
}

/// A batch that was not appended.
pub(super) fn of_append(error: &AppendError) -> ErrorCode {
    use storage::log::producers::SequenceError;
    match error {
        AppendError::Sequence(SequenceError::Fenced { .. }) => ErrorCode::INVALID_PRODUCER_EPOCH,
        AppendError::Sequence(SequenceError::OutOfOrder { .. }) => {
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        }
        AppendError::Deleted => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        AppendError::TimedOut => ErrorCode::REQUEST_TIMED_OUT,
        AppendError::Offline { .. }
        | AppendError::Journal(_)
        | AppendError::NoSpace
        | AppendError::OffsetsExhausted => ErrorCode::KAFKA_STORAGE_ERROR,
    }
}

/// A log that could not be read or changed.
pub(super) fn of_log(failure: &LogFailure) -> ErrorCode {
    match failure {
        LogFailure::OutOfRange { .. } => ErrorCode::OFFSET_OUT_OF_RANGE,
        LogFailure::Deleted => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        LogFailure::Storage(_) => ErrorCode::KAFKA_STORAGE_ERROR,
        LogFailure::FencedEpoch => ErrorCode::FENCED_LEADER_EPOCH,
        LogFailure::UnknownEpoch => ErrorCode::UNKNOWN_LEADER_EPOCH,
        LogFailure::Stopping => ErrorCode::NOT_LEADER_OR_FOLLOWER,
    }
}

/// A topic change that was not made.
pub(super) fn of_command(error: &CommandError) -> ErrorCode {
    match error {
        CommandError::TopicExists { .. } => ErrorCode::TOPIC_ALREADY_EXISTS,
        CommandError::UnknownTopic => ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        CommandError::UnknownTopicId => ErrorCode::UNKNOWN_TOPIC_ID,
        CommandError::InvalidName(_) => ErrorCode::INVALID_TOPIC_EXCEPTION,
        CommandError::InvalidPartitions(_) => ErrorCode::INVALID_PARTITIONS,
        CommandError::InvalidConfig { fault: Fault::Config, .. } => ErrorCode::INVALID_CONFIG,
        CommandError::InvalidConfig { fault: Fault::Request, .. } => ErrorCode::INVALID_REQUEST,
        CommandError::LimitReached(_) => ErrorCode::POLICY_VIOLATION,
        CommandError::Unavailable(_) => ErrorCode::NOT_CONTROLLER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_cut_to_what_an_answer_can_carry() {
        let short = Problem::invalid_request("x".repeat(1_000));
        assert_eq!(short.message.len(), 1_000);
        // The cut would fall into a letter of two bytes.
        let long = Problem::invalid_request("\u{e4}".repeat(20_000));
        assert_eq!(long.message.len(), 999);
        assert!(long.message.ends_with("\u{e4}..."));
    }

    #[test]
    fn success_has_neither_number_nor_words() {
        let done: Result<(), Problem> = Ok(());
        assert_eq!((code(&done), message(&done)), (ErrorCode::NONE, None));
        let failed: Result<(), Problem> = Err(CommandError::UnknownTopic.into());
        assert_eq!(code(&failed), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        assert_eq!(message(&failed), Some("This server does not host this topic-partition."));
    }
}
