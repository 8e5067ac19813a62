//! Consumer groups whose partitions the coordinator assigns: the heartbeat of KIP-848.
//!
//! A group has an epoch, which grows with each change of members, subscriptions or topics. A
//! target assignment is computed for it, and each member goes there by itself, in a heartbeat or
//! two, giving up partitions first. [`ConsumerGroup`] is the whole of it: events in, records for
//! the log and answers out. Its state changes by records alone, so reading them back gives it
//! again.
//!
//! It follows `GroupMetadataManager` of Kafka 4.1, without classic members within such a group.

mod assignment;
mod assignor;
mod change;
mod departure;
mod describe;
mod heartbeat;
mod limits;
mod member;
mod offsets;
mod reconcile;
mod replay;
mod settings;
mod state;
mod subscription;
mod target;
mod topics;

#[cfg(test)]
mod tests;

pub use assignment::Assignment;
pub use assignor::Assignor;
pub use describe::{Description, GroupState, MemberDescription};
pub use heartbeat::{
    Answer, Heartbeat, JOIN_EPOCH, LEAVE_EPOCH, Refusal, STATIC_LEAVE_EPOCH, Told,
};
pub use member::{Current, MemberState, Metadata};
pub use offsets::{Asker, NotAMember};
pub use settings::Settings;
pub use state::{ConsumerGroup, Event};
pub use topics::{Topic, Topics};
