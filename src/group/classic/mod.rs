//! Classic consumer groups: the members agree on a protocol, one of them assigns.
//!
//! [`ClassicGroup`] is one group. What happens to it is an [`Event`], what follows are records
//! and [`Answer`]s. Its rules are those of Kafka 4.1 (`GroupMetadataManager`, `ClassicGroup`),
//! with these differences, none of which a client of Kafka depends on:
//!
//! - A request that another one of the same member overtakes is answered
//!   (`RebalanceInProgress`), as is the sync of a member that is removed (`UnknownMemberId`);
//!   Kafka lets both wait for ever.
//! - A group in which nobody has got through a rebalance yet has no record.
//! - How many member ids wait to be used is bounded, and one that is given back unused begins no
//!   rebalance.

mod answer;
mod config;
mod describe;
mod durable;
mod event;
mod group;
mod join;
mod leave;
mod member;
mod protocols;
mod rebalance;
mod roster;
mod session;
mod state;
mod static_member;
mod subscription;
mod sync;

#[cfg(test)]
mod tests;

pub use answer::{Answer, ClassicError, Joined, JoinedMember, LeftMember, RefusedJoin, Synced};
pub use config::ClassicConfig;
pub use describe::{DescribedGroup, DescribedMember};
pub use event::{Event, Heartbeat, Join, Leave, LeavingMember, Now, Sync};
pub use group::ClassicGroup;
pub use protocols::{Protocol, Protocols};
pub use state::GroupState;
