//! Groups as an administrator sees and removes them.

use std::io;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_groups_response::DescribedGroup;
use kafka_protocol::messages::list_groups_response::ListedGroup;
use kafka_protocol::messages::{DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest};

use super::classic_group::{error, group_id, text};
use super::connection::Connection;

impl Connection {
    pub(crate) fn try_describe_group(
        &mut self,
        version: i16,
        group: &str,
    ) -> io::Result<DescribedGroup> {
        let request = DescribeGroupsRequest::default().with_groups(vec![group_id(group)]);
        let mut answer = self.call(&request, version)?;
        Ok(answer.groups.pop().expect("the group that was asked for"))
    }

    /// A classic group.
    pub(crate) fn describe_group(&mut self, version: i16, group: &str) -> DescribedGroup {
        self.try_describe_group(version, group).expect("an answer to DescribeGroups")
    }

    /// All groups in one of some states and of one of some types, sorted by name; no word stands
    /// for all.
    pub(crate) fn list_groups(
        &mut self,
        version: i16,
        states: &[&str],
        types: &[&str],
    ) -> Vec<ListedGroup> {
        let request = ListGroupsRequest::default()
            .with_states_filter(states.iter().map(|state| text(state)).collect())
            .with_types_filter(types.iter().map(|kind| text(kind)).collect());
        let answer = self.call(&request, version).expect("an answer to ListGroups");
        assert_eq!(error(answer.error_code), None, "{answer:?}");
        let mut groups = answer.groups;
        groups.sort_by(|one, other| one.group_id.0.as_str().cmp(other.group_id.0.as_str()));
        groups
    }

    /// Deletes groups; why not.
    pub(crate) fn delete_groups(&mut self, groups: &[&str]) -> Vec<Option<ResponseError>> {
        let names = groups.iter().map(|group| group_id(group));
        let request = DeleteGroupsRequest::default().with_groups_names(names.collect());
        let answer = self.call(&request, 2).expect("an answer to DeleteGroups");
        answer.results.iter().map(|result| error(result.error_code)).collect()
    }
}
