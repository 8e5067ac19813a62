//! Classic groups: joining, getting the assignment, living and leaving.

use std::io;

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::error::{ParseResponseErrorCode, ResponseError};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    GroupId, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest, SyncGroupResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;

/// What a member joins with.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub(crate) version: i16,
    pub(crate) group: String,
    pub(crate) member: String,
    pub(crate) instance: Option<String>,
    pub(crate) session_ms: i32,
    pub(crate) rebalance_ms: i32,
    pub(crate) protocol_type: String,
    /// The member's protocols with their metadata, the dearest first.
    pub(crate) protocols: Vec<(String, Bytes)>,
}

/// A member in a generation, as it says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    pub(crate) group: String,
    pub(crate) member: String,
    pub(crate) instance: Option<String>,
    pub(crate) generation: i32,
}

/// Text as the wire has it.
pub(crate) fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

/// A group's name as the wire has it.
pub(crate) fn group_id(name: &str) -> GroupId {
    GroupId(text(name))
}

/// What an error code stands for; none for 0.
pub(crate) fn error(code: i16) -> Option<ResponseError> {
    code.err()
}

/// A subscription of the consumer protocol, version 0.
pub(crate) fn subscription(topics: &[&str]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(i32::try_from(topics.len()).expect("few topics"));
    for topic in topics {
        bytes.put_i16(i16::try_from(topic.len()).expect("a short name"));
        bytes.put_slice(topic.as_bytes());
    }
    bytes.put_i32(-1);
    bytes.freeze()
}

impl Join {
    /// A dynamic consumer of the topic `t` with long timeouts, which speaks the last version.
    pub(crate) fn new(group: &str) -> Self {
        Self {
            version: 9,
            group: group.to_owned(),
            member: String::new(),
            instance: None,
            session_ms: 60_000,
            rebalance_ms: 120_000,
            protocol_type: "consumer".to_owned(),
            protocols: vec![("range".to_owned(), subscription(&["t"]))],
        }
    }

    /// The same as the static member `instance`.
    pub(crate) fn with_instance(self, instance: &str) -> Self {
        Self { instance: Some(instance.to_owned()), ..self }
    }

    /// The same with a member id.
    pub(crate) fn with_member(self, member: &str) -> Self {
        Self { member: member.to_owned(), ..self }
    }

    fn request(&self) -> JoinGroupRequest {
        let protocols = self.protocols.iter().map(|(name, metadata)| {
            JoinGroupRequestProtocol::default()
                .with_name(text(name))
                .with_metadata(metadata.clone())
        });
        let request = JoinGroupRequest::default()
            .with_group_id(group_id(&self.group))
            .with_session_timeout_ms(self.session_ms)
            .with_member_id(text(&self.member))
            .with_protocol_type(text(&self.protocol_type))
            .with_protocols(protocols.collect());
        let request = if self.version >= 1 {
            request.with_rebalance_timeout_ms(self.rebalance_ms)
        } else {
            request
        };
        request.with_group_instance_id(self.instance.as_deref().map(text))
    }

    /// Who is in the generation that `joined` tells of.
    pub(crate) fn seat(&self, joined: &JoinGroupResponse) -> Seat {
        assert_eq!(error(joined.error_code), None, "{joined:?}");
        Seat {
            group: self.group.clone(),
            member: joined.member_id.to_string(),
            instance: self.instance.clone(),
            generation: joined.generation_id,
        }
    }
}

/// The connection must hold, unless an [`io::Result`] is given back.
impl Connection {
    pub(crate) fn send_join(&mut self, join: &Join) {
        self.send(&join.request(), join.version).expect("it can be sent");
    }

    pub(crate) fn receive_join(&mut self, join: &Join) -> JoinGroupResponse {
        self.receive::<JoinGroupRequest>(join.version).expect("an answer to JoinGroup")
    }

    pub(crate) fn try_join(&mut self, join: &Join) -> io::Result<JoinGroupResponse> {
        self.call(&join.request(), join.version)
    }

    pub(crate) fn join(&mut self, join: &Join) -> JoinGroupResponse {
        self.try_join(join).expect("an answer to JoinGroup")
    }

    /// Has an id given to a new member, and sends the join that it comes back with.
    pub(crate) fn send_entry(&mut self, join: &Join) -> Join {
        let told = self.join(join);
        assert_eq!(error(told.error_code), Some(ResponseError::MemberIdRequired), "{told:?}");
        let join = join.clone().with_member(&told.member_id);
        self.send_join(&join);
        join
    }

    /// Sends the assignments of a leader; those of a follower are none.
    pub(crate) fn send_sync(&mut self, version: i16, seat: &Seat, assignments: &[(&str, Bytes)]) {
        self.send(&sync_request(version, seat, assignments), version).expect("it can be sent");
    }

    pub(crate) fn receive_sync(&mut self, version: i16) -> SyncGroupResponse {
        self.receive::<SyncGroupRequest>(version).expect("an answer to SyncGroup")
    }

    pub(crate) fn try_sync(
        &mut self,
        seat: &Seat,
        assignments: &[(&str, Bytes)],
    ) -> io::Result<SyncGroupResponse> {
        self.call(&sync_request(5, seat, assignments), 5)
    }

    pub(crate) fn sync(&mut self, seat: &Seat, assignments: &[(&str, Bytes)]) -> SyncGroupResponse {
        self.try_sync(seat, assignments).expect("an answer to SyncGroup")
    }

    pub(crate) fn try_beat(&mut self, seat: &Seat) -> io::Result<Option<ResponseError>> {
        let version = if seat.instance.is_some() { 4 } else { 2 };
        let request = HeartbeatRequest::default()
            .with_group_id(group_id(&seat.group))
            .with_generation_id(seat.generation)
            .with_member_id(text(&seat.member))
            .with_group_instance_id(seat.instance.as_deref().map(text));
        Ok(error(self.call(&request, version)?.error_code))
    }

    /// A heartbeat; why it is refused.
    pub(crate) fn beat(&mut self, seat: &Seat) -> Option<ResponseError> {
        self.try_beat(seat).expect("an answer to Heartbeat")
    }

    /// Members leave by their ids and instances, together from version 3 on.
    pub(crate) fn leave(
        &mut self,
        version: i16,
        group: &str,
        members: &[(&str, Option<&str>)],
    ) -> LeaveGroupResponse {
        let mut request = LeaveGroupRequest::default().with_group_id(group_id(group));
        if version >= 3 {
            let members = members.iter().map(|(member, instance)| {
                MemberIdentity::default()
                    .with_member_id(text(member))
                    .with_group_instance_id(instance.map(text))
            });
            request = request.with_members(members.collect());
        } else {
            request = request.with_member_id(text(members[0].0));
        }
        self.call(&request, version).expect("an answer to LeaveGroup")
    }
}

fn sync_request(version: i16, seat: &Seat, assignments: &[(&str, Bytes)]) -> SyncGroupRequest {
    let assignments = assignments.iter().map(|(member, assignment)| {
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(assignment.clone())
    });
    let request = SyncGroupRequest::default()
        .with_group_id(group_id(&seat.group))
        .with_generation_id(seat.generation)
        .with_member_id(text(&seat.member))
        .with_group_instance_id(seat.instance.as_deref().map(text))
        .with_assignments(assignments.collect());
    if version < 5 {
        return request;
    }
    request.with_protocol_type(Some(text("consumer"))).with_protocol_name(Some(text("range")))
}
