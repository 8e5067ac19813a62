//! The latency lab: a load that is honest about when records were due, and what it leaves behind.

mod arrivals;
mod costs;
mod flags;
mod folder;
#[cfg(feature = "rivals")]
mod foreign;
mod ledger;
mod profile;
mod recorder;
mod sizes;
mod summary;
mod target;
mod verdict;
mod warm_up;
mod workload;
