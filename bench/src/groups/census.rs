//! Asking for every group, and whether each is as it was made.

use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::consumer_group_describe::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse,
};
use net::kafka::api::describe_groups::{DescribeGroupsRequest, DescribeGroupsResponse};
use net::kafka::api_key::ApiKey;
use net::kafka::wire::Array;
use runtime::{Instant, Runtime};

use super::arguments::GroupProtocolArg;
use super::seat::Plan;
use crate::client::Client;
use crate::error::BenchError;

/// Groups in one request.
const TOGETHER: usize = 100;
/// How long the groups may take to be as they were made.
const PATIENCE: Duration = Duration::from_mins(1);

/// Asks until every group is stable with all its members; how long that took.
pub(super) async fn until_told(runtime: &Runtime, plan: &Rc<Plan>) -> Result<Duration, BenchError> {
    let start = Instant::now();
    loop {
        let are_told = are_told(runtime, plan).await?;
        let took = start.until(Instant::now());
        if are_told {
            return Ok(took);
        }
        if took > PATIENCE {
            return Err(BenchError::Nothing("not every group is as it was made"));
        }
    }
}

/// Whether every group is stable with all its members.
pub(super) async fn are_told(runtime: &Runtime, plan: &Rc<Plan>) -> Result<bool, BenchError> {
    let mut client = Client::connect(runtime, plan.address, 1 << 20).await?;
    let names: Vec<String> = (0..plan.groups).map(Plan::group).collect();
    let members = plan.members as usize;
    for names in names.chunks(TOGETHER) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let are_there = match plan.protocol {
            GroupProtocolArg::Classic => classic(&mut client, &names, members).await?,
            GroupProtocolArg::Consumer => consumer(&mut client, &names, members).await?,
        };
        if !are_there {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn classic(client: &mut Client, names: &[&str], all: usize) -> Result<bool, BenchError> {
    let request =
        DescribeGroupsRequest { groups: Array::from(names), include_authorized_operations: false };
    let answer = client.ask(ApiKey::DescribeGroups.version(5)?, &request).await?;
    let response: DescribeGroupsResponse<'_> = answer.decode()?;
    let is_there = |state: &str, members: usize| state == "Stable" && members == all;
    let mut groups = response.groups.iter();
    Ok(groups.all(|group| is_there(group.group_state, group.members.len())))
}

async fn consumer(client: &mut Client, names: &[&str], all: usize) -> Result<bool, BenchError> {
    let request = ConsumerGroupDescribeRequest {
        group_ids: Array::from(names),
        include_authorized_operations: false,
    };
    let answer = client.ask(ApiKey::ConsumerGroupDescribe.version(1)?, &request).await?;
    let response: ConsumerGroupDescribeResponse<'_> = answer.decode()?;
    let is_there = |state: &str, members: usize| state == "Stable" && members == all;
    let mut groups = response.groups.iter();
    Ok(groups.all(|group| is_there(group.group_state, group.members.len())))
}
