//! What is said when something about a group is refused, and what to try.

use net::client::{Client, ClientError, Groups};
use net::kafka::error_code::ErrorCode;

use crate::cli::bootstrap::explain;
use crate::cli::failure::Failure;
use crate::cli::table::printable;
use crate::config::nearest;

/// Why a group was refused; if there is none of that name, which was probably meant.
pub(super) async fn explain_for_group(client: &Client, group: &str, error: ClientError) -> Failure {
    let failure = explain(&error);
    let group_name = printable(group);
    match error.code() {
        Some(ErrorCode::GROUP_ID_NOT_FOUND) => missing(client, group).await,
        Some(ErrorCode::INVALID_GROUP_ID) => failure.hint("a group's name is not empty"),
        Some(
            ErrorCode::NON_EMPTY_GROUP
            | ErrorCode::UNKNOWN_MEMBER_ID
            | ErrorCode::ILLEGAL_GENERATION
            | ErrorCode::REBALANCE_IN_PROGRESS,
        ) => failure.hint(stop_members(&group_name)),
        Some(ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC) => failure.hint(format_args!(
            "a member still reads it: `tidemill group describe {group_name} --members` shows who"
        )),
        _ => failure,
    }
}

/// What has to be done before a group with members can be changed from outside.
pub(super) fn stop_members(group: &str) -> String {
    format!(
        "stop its members first: `tidemill group describe {group} --members` shows them. One that \
         was killed stays until its session timeout is over"
    )
}

async fn missing(client: &Client, group: &str) -> Failure {
    let known = Groups::new(client.clone()).list().await.unwrap_or_default();
    let names = known.iter().map(|known| known.name.as_str());
    let failure = Failure::new(format_args!("group '{}' does not exist", printable(group)));
    match nearest(group, names) {
        Some(near) => failure.hint(format_args!("did you mean '{}'?", printable(near))),
        None => failure.hint("`tidemill group list` shows all"),
    }
}
