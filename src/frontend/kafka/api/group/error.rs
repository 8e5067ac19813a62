//! What the coordinator's errors are in Kafka's numbers.

use net::kafka::error_code::ErrorCode;

use crate::broker::groups::Unavailable;
use crate::frontend::kafka::error::Problem;
use crate::group::classic::ClassicError;
use crate::group::consumer::{NotAMember, Refusal};
use crate::group::coordinator::{GroupError, HeartbeatError, NotDescribed};
use crate::group::offsets::OffsetError;

/// Nobody could be asked.
pub(super) fn unavailable(error: &Unavailable) -> Problem {
    Problem::new(of_unavailable(error), error.to_string())
}

/// Why a group, which is to be of this `kind`, is not described; in Kafka's words.
pub(super) fn not_described(name: &str, kind: &str, error: NotDescribed) -> Problem {
    let message = match error {
        NotDescribed::NotFound => format!("Group {name} not found."),
        NotDescribed::AnotherType => format!("Group {name} is not a {kind} group."),
    };
    Problem::new(ErrorCode::GROUP_ID_NOT_FOUND, message)
}

pub(super) fn of_unavailable(error: &Unavailable) -> ErrorCode {
    match error {
        Unavailable::NoCoordinator(_) => ErrorCode::COORDINATOR_NOT_AVAILABLE,
        Unavailable::Lost => ErrorCode::NOT_COORDINATOR,
    }
}

pub(super) fn of_classic(error: ClassicError) -> ErrorCode {
    match error {
        ClassicError::CoordinatorNotAvailable => ErrorCode::COORDINATOR_NOT_AVAILABLE,
        ClassicError::NotCoordinator => ErrorCode::NOT_COORDINATOR,
        ClassicError::UnknownMemberId => ErrorCode::UNKNOWN_MEMBER_ID,
        ClassicError::IllegalGeneration => ErrorCode::ILLEGAL_GENERATION,
        ClassicError::FencedInstanceId => ErrorCode::FENCED_INSTANCE_ID,
        ClassicError::RebalanceInProgress => ErrorCode::REBALANCE_IN_PROGRESS,
        ClassicError::InconsistentGroupProtocol => ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
        ClassicError::MemberIdRequired => ErrorCode::MEMBER_ID_REQUIRED,
        ClassicError::GroupMaxSizeReached => ErrorCode::GROUP_MAX_SIZE_REACHED,
        ClassicError::InvalidSessionTimeout => ErrorCode::INVALID_SESSION_TIMEOUT,
        ClassicError::InvalidRequest => ErrorCode::INVALID_REQUEST,
        ClassicError::NonEmptyGroup => ErrorCode::NON_EMPTY_GROUP,
        ClassicError::GroupIdNotFound => ErrorCode::GROUP_ID_NOT_FOUND,
    }
}

pub(super) fn of_group(error: GroupError) -> ErrorCode {
    match error {
        GroupError::Classic(error) => of_classic(error),
        GroupError::NotAMember(NotAMember::UnknownMemberId) => ErrorCode::UNKNOWN_MEMBER_ID,
        GroupError::NotAMember(NotAMember::IllegalGeneration) => ErrorCode::ILLEGAL_GENERATION,
        GroupError::NotAMember(NotAMember::StaleMemberEpoch { .. }) => {
            ErrorCode::STALE_MEMBER_EPOCH
        }
        GroupError::UnsupportedVersion => ErrorCode::UNSUPPORTED_VERSION,
        GroupError::TooManyGroups => ErrorCode::COORDINATOR_NOT_AVAILABLE,
    }
}

pub(super) fn of_offset(error: OffsetError) -> ErrorCode {
    match error {
        OffsetError::OffsetMetadataTooLarge => ErrorCode::OFFSET_METADATA_TOO_LARGE,
        OffsetError::InvalidRequest => ErrorCode::INVALID_REQUEST,
        OffsetError::GroupSubscribedToTopic => ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
    }
}

pub(super) fn of_heartbeat(error: &HeartbeatError) -> ErrorCode {
    match error {
        HeartbeatError::Refused(refusal) => of_refusal(refusal),
        HeartbeatError::NotAConsumerGroup => ErrorCode::GROUP_ID_NOT_FOUND,
        HeartbeatError::TooManyGroups => ErrorCode::GROUP_MAX_SIZE_REACHED,
    }
}

fn of_refusal(refusal: &Refusal) -> ErrorCode {
    match refusal {
        Refusal::InvalidRequest(_) => ErrorCode::INVALID_REQUEST,
        Refusal::UnknownMemberId => ErrorCode::UNKNOWN_MEMBER_ID,
        Refusal::FencedMemberEpoch { .. } => ErrorCode::FENCED_MEMBER_EPOCH,
        Refusal::FencedInstanceId => ErrorCode::FENCED_INSTANCE_ID,
        Refusal::UnreleasedInstanceId => ErrorCode::UNRELEASED_INSTANCE_ID,
        Refusal::UnsupportedAssignor => ErrorCode::UNSUPPORTED_ASSIGNOR,
        Refusal::GroupMaxSizeReached(_) => ErrorCode::GROUP_MAX_SIZE_REACHED,
        Refusal::InvalidRegularExpression(_) => ErrorCode::INVALID_REGULAR_EXPRESSION,
    }
}
