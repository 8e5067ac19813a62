//! The network: buffers, queues of the device, and what the kernel does to each packet.

mod backlog;
mod buffers;
mod device;
mod steering;
mod tcp;

use super::{DEDICATED, EVERYBODY, LATENCY, NO_NIC};
use crate::Check;

pub(super) const CHECKS: &[&[Check]] =
    &[buffers::CHECKS, backlog::CHECKS, tcp::CHECKS, device::CHECKS, steering::CHECKS];
