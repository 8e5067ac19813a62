//! The checks: a directory a topic, a file a subject, and which of them `serve` shows at its start.

mod cpu;
mod disk;
mod kernel;
mod memory;
mod network;

use crate::{Check, Finding, Profile, Snapshot};

/// For whom a check counts, whatever the machine is for.
const EVERYBODY: &[Profile] = &Profile::ALL;

/// For whom a check counts that costs others something.
const DEDICATED: &[Profile] = &[Profile::Latency, Profile::Throughput];

/// For whom a check counts that costs throughput or power.
const LATENCY: &[Profile] = &[Profile::Latency];

/// What is said where something matters that was not named.
const NO_CORES: &str = "no cores were named (--cores)";
const NO_DATA: &str = "no data directory was named (--data)";
const NO_NIC: &str = "no network device was named (--nic)";

/// What `serve` shows at its start, in this order: first what it can not do without.
const AT_START: [&str; 6] =
    ["kernel", "io_uring", "open_files", "clocksource", "cpu_governor", "swap"];

/// Every check, by topic.
pub fn all() -> impl Iterator<Item = &'static Check> {
    let topics = [cpu::CHECKS, memory::CHECKS, disk::CHECKS, network::CHECKS, kernel::CHECKS];
    topics.into_iter().flatten().copied().flatten()
}

/// Asks everything, by topic.
pub fn examine(snapshot: &Snapshot, profile: Profile) -> Vec<Finding> {
    all().map(|check| check.ask(snapshot, profile)).collect()
}

/// What `serve` shows at its start.
pub fn at_start(snapshot: &Snapshot) -> Vec<Finding> {
    let named = |id: &str| all().find(|check| check.id == id);
    let checks = AT_START.iter().filter_map(|id| named(id));
    // What is asked here counts for everybody.
    checks.map(|check| check.ask(snapshot, Profile::Latency)).collect()
}

#[cfg(test)]
mod tests;
