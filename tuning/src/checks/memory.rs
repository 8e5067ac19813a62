//! Main memory: large pages, swap, and what the kernel does to memory on its own.

mod limits;
mod pages;
mod reclaim;

use super::{DEDICATED, EVERYBODY, LATENCY};
use crate::Check;

pub(super) const CHECKS: &[&[Check]] = &[pages::CHECKS, reclaim::CHECKS, limits::CHECKS];
