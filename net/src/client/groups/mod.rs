//! Consumer groups seen from outside: listed, described, deleted, and how far they have read.

mod committed;
mod description;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use record::{NodeId, Offset, PartitionIndex};

pub use self::description::{GroupDescription, GroupMember, GroupProtocol};
use super::cluster::Client;
use super::connection::Connection;
use super::error::ClientError;
use crate::kafka::api::delete_groups::{DeleteGroupsRequest, DeleteGroupsResponse};
use crate::kafka::api::find_coordinator::{
    CoordinatorType, FindCoordinatorRequest, FindCoordinatorResponse,
};
use crate::kafka::api::list_groups::{ListGroupsRequest, ListGroupsResponse};
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;

/// The first version of `FindCoordinator` with many keys.
const MANY_KEYS_FROM: i16 = 4;

/// Partitions by their topic's name.
pub type TopicPartitions = BTreeMap<String, BTreeSet<PartitionIndex>>;
/// Offsets by topic and partition.
pub type TopicOffsets = BTreeMap<String, BTreeMap<PartitionIndex, Offset>>;

/// Looks at groups and changes them, as no member of any. Each call finds the group's coordinator,
/// and again while that is moving. A change that was sent is not sent again when its connection is
/// lost: it may have been made.
#[derive(Clone)]
pub struct Groups {
    client: Client,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its name.
    pub name: String,
    /// The kind of group, `consumer` for consumers; empty if only offsets were committed.
    pub protocol_type: String,
    /// Its state, in Kafka's words; empty from a broker that does not tell.
    pub state: String,
    /// Its type, in Kafka's words; `classic` from a broker that knows no other.
    pub group_type: String,
}

impl Groups {
    /// Through this client's connections.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The groups of all brokers, by name.
    pub async fn list(&self) -> Result<Vec<GroupListing>, ClientError> {
        let brokers = self.client.describe(Some(&[])).await?.brokers;
        let mut groups = Vec::new();
        for broker in brokers {
            groups.extend(self.retrying(async || self.list_of(broker.id).await).await?);
        }
        groups.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(groups)
    }

    async fn list_of(&self, node: NodeId) -> Result<Vec<GroupListing>, ClientError> {
        let action = || format!("list the groups of broker {node}");
        let Some(broker) = self.client.node(node).await? else { return Ok(Vec::new()) };
        let answer = broker.ask(&ListGroupsRequest::default()).await?;
        let body = answer.body::<ListGroupsResponse<'_>>()?;
        ClientError::check(body.error_code, None, action)?;
        let groups = body.groups.iter().map(|group| GroupListing {
            name: group.group_id.to_owned(),
            protocol_type: group.protocol_type.to_owned(),
            state: group.group_state.to_owned(),
            group_type: match group.group_type {
                "" => "classic".to_owned(),
                told => told.to_owned(),
            },
        });
        Ok(groups.collect())
    }

    /// Deletes a group without members, and its offsets. Durable when it resolves.
    pub async fn delete(&self, group: &str) -> Result<(), ClientError> {
        let names = [group];
        let request = DeleteGroupsRequest { groups_names: (&names).into() };
        self.at_coordinator(group, async |coordinator| {
            let answer = coordinator.ask(&request).await?;
            let body = answer.body::<DeleteGroupsResponse<'_>>()?;
            let incomplete = ClientError::Incomplete { api: ApiKey::DeleteGroups };
            let result = body.results.iter().next().ok_or(incomplete)?;
            ClientError::check(result.error_code, None, || format!("delete group '{group}'"))
        })
        .await
    }

    /// Asks a group's coordinator, and again while there is none, or it is another one.
    async fn at_coordinator<T>(
        &self,
        group: &str,
        act: impl AsyncFn(Rc<Connection>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        self.retrying(async || act(self.coordinator(group).await?).await).await
    }

    async fn retrying<T>(
        &self,
        act: impl AsyncFn() -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut backoff = self.client.config().backoff();
        loop {
            let error = match act().await {
                Err(error) if error.code().is_some_and(is_moving) => error,
                other => return other,
            };
            self.client.runtime().sleep(backoff.next().ok_or(error)?).await;
        }
    }

    async fn coordinator(&self, group: &str) -> Result<Rc<Connection>, ClientError> {
        let node = self.find(group).await?;
        if let Some(connection) = self.client.node(node).await? {
            return Ok(connection);
        }
        // A broker that has come since the brokers were asked for.
        self.client.describe(Some(&[])).await?;
        self.client.node(node).await?.ok_or_else(|| ClientError::Refused {
            action: to_find(group),
            code: ErrorCode::COORDINATOR_NOT_AVAILABLE,
            message: None,
        })
    }

    async fn find(&self, group: &str) -> Result<NodeId, ClientError> {
        let broker = self.client.any().await?;
        let version = broker.version(ApiKey::FindCoordinator, i16::MAX)?;
        let has_many = version.number() >= MANY_KEYS_FROM;
        let keys = [group];
        let mut request = FindCoordinatorRequest {
            key_type: CoordinatorType::GROUP,
            ..FindCoordinatorRequest::default()
        };
        if has_many {
            request.coordinator_keys = (&keys).into();
        } else {
            request.key = group;
        }
        let answer = broker.ask_in(version, &request, Duration::ZERO).await?;
        let body = answer.body::<FindCoordinatorResponse<'_>>()?;
        let (code, message, node) = if has_many {
            let incomplete = ClientError::Incomplete { api: ApiKey::FindCoordinator };
            let found = body.coordinators.iter().next().ok_or(incomplete)?;
            (found.error_code, found.error_message, found.node_id)
        } else {
            (body.error_code, body.error_message, body.node_id)
        };
        ClientError::check(code, message, || to_find(group))?;
        Ok(node)
    }
}

fn to_find(group: &str) -> String {
    format!("find the coordinator of group '{group}'")
}

/// Whether a coordinator is on its way from one broker to another, or reads its groups.
fn is_moving(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR
    )
}
