//! Cores: how fast they run, how deeply they sleep, who else uses them, and the clock.

mod clock;
mod frequency;
mod idle;
mod interrupts;
mod isolation;
mod numa;
mod scheduling;
mod siblings;
mod steal;

use super::{DEDICATED, EVERYBODY, LATENCY, NO_CORES, NO_DATA, NO_NIC};
use crate::Check;

pub(super) const CHECKS: &[&[Check]] = &[
    frequency::CHECKS,
    idle::CHECKS,
    siblings::CHECKS,
    isolation::CHECKS,
    scheduling::CHECKS,
    interrupts::CHECKS,
    clock::CHECKS,
    numa::CHECKS,
    steal::CHECKS,
];
