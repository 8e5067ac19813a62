//! The kernel, what it allows this process, and who else tunes the machine.

mod daemons;
mod debugging;
mod groups;
mod limits;
mod pressure;
mod ring;
mod watching;

use super::{DEDICATED, EVERYBODY, LATENCY, NO_CORES};
use crate::Check;

pub(super) const CHECKS: &[&[Check]] = &[
    ring::CHECKS,
    limits::CHECKS,
    groups::CHECKS,
    pressure::CHECKS,
    watching::CHECKS,
    debugging::CHECKS,
    daemons::CHECKS,
];
