//! Classic groups: all members of one join at the same time, and one of them assigns.

use std::rc::Rc;

use net::kafka::api::join_group::{JoinGroupProtocol, JoinGroupRequest, JoinGroupResponse};
use net::kafka::api::sync_group::{MemberAssignment, SyncGroupRequest, SyncGroupResponse};
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use net::kafka::group::GenerationId;
use net::kafka::wire::Array;
use runtime::Runtime;

use super::seat::{Plan, Seat, Seats};
use crate::client::Client;
use crate::error::BenchError;

/// Kafka's default.
const SESSION_MS: i32 = 45_000;
const REBALANCE_MS: i32 = 300_000;
/// A subscription of the topic `bench`, version 0.
const SUBSCRIPTION: &[u8] = b"\0\0\0\0\0\x01\0\x05bench\xff\xff\xff\xff";
/// An assignment of one partition of it, about.
const ASSIGNMENT: &[u8] = b"\0\0\0\0\0\x01\0\x05bench\0\0\0\x01\0\0\0\0\xff\xff\xff\xff";

/// A generation that a member is in.
struct Joined {
    seat: Seat,
    /// All members, for who leads.
    members: Vec<String>,
}

/// Makes all groups; the members by connection.
pub(super) async fn gather(runtime: &Runtime, plan: &Rc<Plan>) -> Result<Seats, BenchError> {
    let connections = (0..plan.lanes).flat_map(|lane| (0..plan.members).map(move |_| lane));
    let tasks: Vec<_> = connections
        .map(|lane| runtime.spawn(enter_all(runtime.clone(), Rc::clone(plan), lane)))
        .collect();
    let mut seats = Vec::with_capacity(tasks.len());
    for task in tasks {
        seats.push(task.await?);
    }
    Ok(seats)
}

/// One member of each group of a lane.
async fn enter_all(runtime: Runtime, plan: Rc<Plan>, lane: u32) -> Result<Vec<Seat>, BenchError> {
    let mut client = Client::connect(&runtime, plan.address, 0).await?;
    let mut seats = Vec::new();
    for group in plan.groups_of(lane) {
        let Err(id) = join(&mut client, &group, "").await? else {
            return Err(BenchError::Nothing("a member without an id"));
        };
        let Ok(joined) = join(&mut client, &group, &id).await? else {
            return Err(BenchError::Nothing("an id was given twice"));
        };
        let is_leader = !joined.members.is_empty();
        if is_leader && joined.members.len() != plan.members as usize {
            return Err(BenchError::Nothing("members came too late for the first generation"));
        }
        sync(&mut client, &joined).await?;
        seats.push(joined.seat);
    }
    Ok(seats)
}

/// A generation, or the id to come back with.
async fn join(
    client: &mut Client,
    group: &str,
    member: &str,
) -> Result<Result<Joined, String>, BenchError> {
    let protocols = [JoinGroupProtocol { name: "range", metadata: SUBSCRIPTION }];
    let request = JoinGroupRequest {
        group_id: group,
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        member_id: member,
        protocol_type: "consumer",
        protocols: Array::from(&protocols),
        ..JoinGroupRequest::default()
    };
    let answer = client.ask(ApiKey::JoinGroup.version(9)?, &request).await?;
    let response: JoinGroupResponse<'_> = answer.decode()?;
    let member = response.member_id.to_owned();
    match response.error_code {
        ErrorCode::NONE => {
            let seat = Seat { group: group.to_owned(), member, epoch: response.generation_id.0 };
            let members = response.members.iter().map(|member| member.member_id.to_owned());
            Ok(Ok(Joined { seat, members: members.collect() }))
        }
        ErrorCode::MEMBER_ID_REQUIRED => Ok(Err(member)),
        code => Err(BenchError::Refused { what: "a join", code }),
    }
}

async fn sync(client: &mut Client, joined: &Joined) -> Result<(), BenchError> {
    let assignments = joined.members.iter();
    let assignments: Vec<_> = assignments
        .map(|member| MemberAssignment { member_id: member, assignment: ASSIGNMENT })
        .collect();
    let request = SyncGroupRequest {
        group_id: &joined.seat.group,
        generation_id: GenerationId(joined.seat.epoch),
        member_id: &joined.seat.member,
        protocol_type: Some("consumer"),
        protocol_name: Some("range"),
        assignments: Array::from(&assignments),
        ..SyncGroupRequest::default()
    };
    let answer = client.ask(ApiKey::SyncGroup.version(5)?, &request).await?;
    let response: SyncGroupResponse<'_> = answer.decode()?;
    if response.error_code.is_none() {
        return Ok(());
    }
    Err(BenchError::Refused { what: "a sync", code: response.error_code })
}
