//! Who would put back what one has set?

use super::{DEDICATED, EVERYBODY};
use crate::Snapshot;
use crate::answer::{Answer, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// Profiles of tuned that want the same.
const PROFILES: [&str; 6] = [
    "latency-performance",
    "network-latency",
    "network-throughput",
    "realtime",
    "throughput-performance",
    "cpu-partitioning",
];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "tuned",
        topic: Topic::Kernel,
        why: "It sets governor, swappiness, huge pages and more anew by its own profile.",
        severity: Severity::Advised,
        wanted: "not running, or with a profile for latency or throughput",
        remedy: "tuned-adm profile network-latency, or systemctl disable --now tuned",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: tuned,
    },
    Check {
        id: "power_profiles",
        topic: Topic::Kernel,
        why: "It lowers the clock for battery, noise or heat whenever a desktop asks.",
        severity: Severity::Advised,
        wanted: "power-profiles-daemon not running",
        remedy: "systemctl disable --now power-profiles-daemon",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: DEDICATED,
        look: |snapshot| {
            let runs = snapshot.runs("power-profiles-daemon")?;
            Ok(Answer::of(!runs, if runs { "it runs" } else { "it does not run" }))
        },
    },
];

fn tuned(snapshot: &Snapshot) -> Looked {
    if !snapshot.runs("tuned")? {
        return Ok(Answer::of(true, "it does not run"));
    }
    let profile = snapshot.text("etc/tuned/active_profile")?;
    let is_ours = profile.split_whitespace().any(|name| PROFILES.contains(&name));
    Ok(Answer::of(is_ours, format_args!("it runs with {profile}")))
}
