//! The latency lab: a load that is honest about when records were due, and what it leaves behind.

mod arguments;
mod arrivals;
mod command;
mod costs;
mod flags;
mod folder;
#[cfg(feature = "rivals")]
mod foreign;
mod kafka;
mod knee;
mod ledger;
#[cfg(feature = "librdkafka")]
mod librdkafka;
mod profile;
mod recorder;
mod self_test;
mod session;
mod sizes;
mod summary;
mod target;
mod verdict;
mod warm_up;
mod watch;
mod workload;

pub(crate) use arguments::{FindArgs, RunArgs};
pub(crate) use command::{find, run};
pub(crate) use self_test::{SelfTestArgs, self_test};
