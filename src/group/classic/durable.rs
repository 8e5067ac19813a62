//! What lasts of a group: its record, and a group from it.

use std::sync::Arc;
use std::time::Duration;

use record::Timestamp;

use super::config::ClassicConfig;
use super::event::Now;
use super::group::{ClassicGroup, Out};
use super::member::Member;
use super::protocols::{Protocol, Protocols};
use super::state::GroupState;
use crate::group::effects::GroupRecord;
use crate::group::id::{GroupId, MemberId};
use crate::group::log::{GroupLogRecord, GroupMetadataMember, GroupMetadataValue};

impl ClassicGroup {
    /// The group as its record says. Sessions begin now. A member or an instance that the record
    /// has twice is taken once.
    ///
    /// More members than `group.max.size` are let go by a rebalance, which waits for the next
    /// [`super::Event::Tick`].
    pub fn load(
        now: Now,
        id: GroupId,
        value: GroupMetadataValue,
        config: Arc<ClassicConfig>,
    ) -> Self {
        let mut group = Self::new(id, config);
        group.generation = value.generation;
        group.state_since = Some(value.state_since).filter(|at| *at != Timestamp::NONE);
        group.protocol_type = Some(value.protocol_type).filter(|name| !name.is_empty());
        if value.members.is_empty() {
            group.subscribed = group.subscribed_topics();
            return group;
        }
        let protocol = value.protocol.unwrap_or_else(|| Arc::from(""));
        for member in value.members {
            group.load_member(now, &protocol, member);
        }
        group.protocol = Some(protocol);
        group.leader =
            value.leader.filter(|id| group.roster.contains(id)).or_else(|| group.roster.first());
        group.state = GroupState::Stable;
        group.subscribed = group.subscribed_topics();
        if group.roster.len() > group.config.max_size {
            let mut out = Out::default();
            group.prepare_rebalance(now, &mut out);
            assert_eq!(out, Out::default(), "nobody waits yet, and members are there");
        }
        group
    }

    fn load_member(&mut self, now: Now, protocol: &Arc<str>, loaded: GroupMetadataMember) {
        let instance = loaded.instance.as_ref();
        let is_twice = self.roster.contains(&loaded.member)
            || instance.is_some_and(|instance| self.roster.by_instance(instance).is_some());
        if is_twice {
            return;
        }
        let session_timeout = from_ms(loaded.session_timeout_ms);
        let protocol = Protocol { name: protocol.clone(), metadata: loaded.subscription };
        let member = Member {
            instance: loaded.instance,
            client_id: loaded.client_id,
            client_host: loaded.client_host,
            session_timeout,
            rebalance_timeout: match loaded.rebalance_timeout_ms {
                -1 => session_timeout,
                ms => from_ms(ms),
            },
            protocols: Protocols::new(vec![protocol]),
            assignment: loaded.assignment,
            is_new: false,
            awaiting_join: None,
            awaiting_sync: None,
            deadline: None,
        };
        let id = loaded.member;
        self.roster.insert(id.clone(), member);
        self.restart_session(now, &id);
    }

    /// The generation as it stands.
    pub(super) fn record(&self) -> GroupRecord {
        let protocol = self.protocol.as_deref();
        let member = |(id, member): (&MemberId, &Member)| GroupMetadataMember {
            member: id.clone(),
            instance: member.instance.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            rebalance_timeout_ms: to_ms(member.rebalance_timeout),
            session_timeout_ms: to_ms(member.session_timeout),
            subscription: member.protocols.metadata(protocol),
            assignment: member.assignment.clone(),
        };
        let value = GroupMetadataValue {
            protocol_type: self.protocol_type.clone().unwrap_or_else(|| Arc::from("")),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_since: self.state_since.unwrap_or(Timestamp::NONE),
            members: self.roster.iter().map(member).collect(),
        };
        GroupLogRecord::GroupMetadata { group: self.id.clone(), value: Some(value) }.encode()
    }
}

/// Negative times are none at all.
fn from_ms(ms: i32) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

fn to_ms(time: Duration) -> i32 {
    i32::try_from(time.as_millis()).unwrap_or(i32::MAX)
}
