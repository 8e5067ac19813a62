//! Groups whose coordinator moves, and offsets of which some are refused.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;

use net::client::{ClientError, Groups, TopicOffsets};
use net::kafka::api::delete_groups::{DeleteGroupsResponse, DeletedGroup};
use net::kafka::api::find_coordinator::{Coordinator, FindCoordinatorResponse};
use net::kafka::api::offset_commit::{
    OffsetCommitPartitionResult, OffsetCommitResponse, OffsetCommitTopicResult,
};
use net::kafka::error_code::ErrorCode;
use net::kafka::message::RequestBody;
use record::{NodeId, Offset, PartitionIndex};

use super::script::{Act, Asking, EMPTY, TOPIC, start, with_client};

fn coordinator(asking: &Asking<'_>, error_code: ErrorCode) -> Act {
    let found = Coordinator { key: "g", node_id: NodeId(1), error_code, ..Default::default() };
    let coordinators = [found];
    let coordinators = (&coordinators).into();
    asking.answer(&FindCoordinatorResponse { coordinators, ..Default::default() })
}

fn deleted(asking: &Asking<'_>, error_code: ErrorCode) -> Act {
    let results = [DeletedGroup { group_id: "g", error_code }];
    asking.answer(&DeleteGroupsResponse { results: (&results).into(), ..Default::default() })
}

/// Deletes a group; what came of it, and how often a coordinator was looked for and asked.
fn delete(
    finds: &'static [ErrorCode],
    deletes: &'static [ErrorCode],
) -> (Result<(), ClientError>, [usize; 2]) {
    let (results, result) = channel();
    let (counts, count) = channel();
    let mut asked = [0, 0];
    let endpoint = start(EMPTY, move |_, asking| {
        let script = [finds, deletes];
        let which = usize::from(matches!(asking.body, RequestBody::DeleteGroups(_)));
        // The last answer stands for all that follow.
        let code = script[which][asked[which].min(script[which].len() - 1)];
        asked[which] += 1;
        counts.send(asked).unwrap();
        match asking.body {
            RequestBody::FindCoordinator(_) => coordinator(&asking, code),
            RequestBody::DeleteGroups(_) => deleted(&asking, code),
            _ => panic!("nothing else is sent"),
        }
    });
    with_client(endpoint, move |client| async move {
        results.send(Groups::new(client).delete("g").await).unwrap();
    });
    (result.recv().unwrap(), count.try_iter().last().unwrap())
}

#[test]
fn a_coordinator_that_moves_is_looked_for_again() {
    const OK: ErrorCode = ErrorCode::NONE;
    let (result, asked) =
        delete(&[ErrorCode::COORDINATOR_NOT_AVAILABLE, OK], &[ErrorCode::NOT_COORDINATOR, OK]);
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(asked, [3, 2]);
}

#[test]
fn other_errors_are_final_and_so_is_a_coordinator_that_never_comes() {
    let (result, asked) = delete(&[ErrorCode::NONE], &[ErrorCode::NON_EMPTY_GROUP]);
    assert_eq!(result.unwrap_err().code(), Some(ErrorCode::NON_EMPTY_GROUP));
    assert_eq!(asked, [1, 1]);
    let (result, asked) = delete(&[ErrorCode::COORDINATOR_NOT_AVAILABLE], &[ErrorCode::NONE]);
    assert_eq!(result.unwrap_err().code(), Some(ErrorCode::COORDINATOR_NOT_AVAILABLE));
    assert_eq!(asked, [11, 0], "as often as the configuration says");
}

/// Commits two partitions, of which the answer has these.
fn commit(answered: &'static [(i32, ErrorCode)]) -> Result<(), ClientError> {
    let (results, result) = channel();
    let endpoint = start(EMPTY, move |_, asking| match asking.body {
        RequestBody::FindCoordinator(_) => coordinator(&asking, ErrorCode::NONE),
        RequestBody::OffsetCommit(request) => {
            assert_eq!((request.generation_id_or_member_epoch, request.member_id), (-1, ""));
            let partitions: Vec<_> = answered
                .iter()
                .map(|(partition, error_code)| OffsetCommitPartitionResult {
                    partition: PartitionIndex(*partition),
                    error_code: *error_code,
                })
                .collect();
            let partitions = (&partitions).into();
            let topics = [OffsetCommitTopicResult { name: TOPIC, partitions }];
            let topics = (&topics).into();
            asking.answer(&OffsetCommitResponse { topics, ..Default::default() })
        }
        _ => panic!("nothing else is sent"),
    });
    with_client(endpoint, move |client| async move {
        let offsets = [0, 1].map(|partition| (PartitionIndex(partition), Offset(7)));
        let offsets = TopicOffsets::from([(TOPIC.to_owned(), BTreeMap::from(offsets))]);
        results.send(Groups::new(client).commit("g", &offsets).await).unwrap();
    });
    result.recv().unwrap()
}

#[test]
fn a_commit_is_good_only_if_every_partition_is() {
    const OK: ErrorCode = ErrorCode::NONE;
    assert!(commit(&[(0, OK), (1, OK)]).is_ok());
    let error = commit(&[(0, OK), (1, ErrorCode::UNKNOWN_MEMBER_ID)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "set the offset of partition 1 of topic 't' of group 'g': UNKNOWN_MEMBER_ID"
    );
    let error = commit(&[(0, OK)]).unwrap_err();
    assert!(matches!(error, ClientError::Incomplete { .. }), "{error}");
}
