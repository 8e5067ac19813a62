//! Who is to be in which group, and who is.

use core::net::SocketAddr;
use std::time::Duration;

use super::arguments::{GroupProtocolArg, GroupsArgs};

/// A member, as it says who it is.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) group: String,
    pub(super) member: String,
    /// Its generation or member epoch.
    pub(super) epoch: i32,
}

/// The members of each connection.
pub(super) type Seats = Vec<Vec<Seat>>;

/// What is to be made.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) address: SocketAddr,
    pub(super) protocol: GroupProtocolArg,
    pub(super) groups: u32,
    pub(super) members: u32,
    /// Groups that are made at once. Each has a connection for each of its members, which is that
    /// of one member of each further group too.
    pub(super) lanes: u32,
    /// From heartbeat to heartbeat of a member.
    pub(super) interval: Duration,
}

impl Plan {
    pub(super) fn new(args: &GroupsArgs, address: SocketAddr) -> Self {
        Self {
            address,
            protocol: args.protocol,
            groups: args.groups,
            members: args.members,
            lanes: args.lanes.min(args.groups),
            interval: args.interval.unwrap_or(match args.protocol {
                GroupProtocolArg::Classic => Duration::from_secs(3),
                GroupProtocolArg::Consumer => Duration::from_secs(5),
            }),
        }
    }

    pub(super) fn connections(&self) -> u32 {
        self.lanes * self.members
    }

    pub(super) fn group(number: u32) -> String {
        format!("bench-group-{number:05}")
    }

    /// The groups of a lane.
    pub(super) fn groups_of(&self, lane: u32) -> impl Iterator<Item = String> + use<> {
        (lane..self.groups).step_by(self.lanes as usize).map(Self::group)
    }
}
