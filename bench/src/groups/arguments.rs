//! What `tidemill-bench groups` can be told.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::{OwnBrokerArgs, PlaceArgs, seconds};

/// Which protocol members of groups speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupProtocolArg {
    /// `JoinGroup` and its like
    Classic,
    /// The heartbeat of KIP-848
    Consumer,
}

/// `groups`
#[derive(Args, Clone, Debug)]
pub(crate) struct GroupsArgs {
    #[command(flatten)]
    pub(crate) own: OwnBrokerArgs,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// The protocol
    #[arg(long, default_value = "classic")]
    pub(crate) protocol: GroupProtocolArg,
    /// Groups
    #[arg(long, value_name = "N", default_value_t = 5_000,
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) groups: u32,
    /// Members of each
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) members: u32,
    /// Groups made at once; the connections are so many times --members
    #[arg(long, value_name = "N", default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) lanes: u32,
    /// Seconds between the heartbeats of a member; 3 for classic ones, else 5
    #[arg(long, value_name = "S", value_parser = seconds)]
    pub(crate) interval: Option<Duration>,
    /// Seconds before anything is counted
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub(crate) warmup: Duration,
    /// Seconds that count
    #[arg(long, value_name = "S", default_value = "15", value_parser = seconds)]
    pub(crate) seconds: Duration,
    /// Rounds of heartbeats, kill and restart, for the spread
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repeat: u32,
}
