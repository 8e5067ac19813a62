//! A member of a classic group.

use std::sync::Arc;
use std::time::Duration;

use super::event::Join;
use super::protocols::Protocols;
use crate::group::effects::Ticket;
use crate::group::id::InstanceId;

/// What the group knows of a member; its id is the key that it lies under.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) instance: Option<InstanceId>,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    pub(super) protocols: Protocols,
    pub(super) assignment: Arc<[u8]>,
    /// In its first join, it does not know its id: nothing but the deadline tells that it went.
    pub(super) is_new: bool,
    pub(super) awaiting_join: Option<Ticket>,
    pub(super) awaiting_sync: Option<Ticket>,
    /// When it counts as gone. None once that came while it waited for an answer: then it is the
    /// answer that starts the session again.
    pub(super) deadline: Option<Duration>,
}

impl Member {
    pub(super) fn new(join: &Join) -> Self {
        Self {
            instance: join.instance.clone(),
            client_id: join.client_id.clone(),
            client_host: join.client_host.clone(),
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            protocols: join.protocols.clone(),
            assignment: Arc::from([]),
            is_new: true,
            awaiting_join: None,
            awaiting_sync: None,
            deadline: None,
        }
    }

    /// Whether it need not send heartbeats: it is the group that keeps it waiting.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }
}
