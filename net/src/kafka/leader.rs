//! Where a partition went: what a broker that no longer leads it tells the client, so that the
//! client need not ask for metadata (KIP-951).

use record::{LeaderEpoch, NodeId};

use crate::kafka::wire::wire_struct;

wire_struct! {
    /// Who leads a partition, in answers with `NOT_LEADER_OR_FOLLOWER` or `FENCED_LEADER_EPOCH`.
    pub struct CurrentLeader {
        /// The leader, -1 if unknown.
        leader_id: NodeId = NodeId(-1);
        /// The leader's epoch, -1 if unknown.
        leader_epoch: LeaderEpoch = LeaderEpoch::NONE;
    }
}

wire_struct! {
    /// Where a broker named in a [`CurrentLeader`] is reached.
    pub struct NodeEndpoint<'a> {
        /// The broker.
        node_id: NodeId;
        /// Its host name or address.
        host: &'a str;
        /// Its port.
        port: i32;
        /// Its rack, if it has one.
        rack: Option<&'a str>;
    }
}
