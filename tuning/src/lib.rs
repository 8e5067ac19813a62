//! Is this machine fit to run on, and to be measured?
//!
//! A [`Snapshot`] is what `/proc` and `/sys` say, taken under a root that the caller names; a
//! [`Check`] is a pure function of it, so that a snapshot of one machine can be judged on another.
//! [`Machine`] is a handful of the same facts for the broker's start and for reports. Nothing is
//! changed: a check says how to set things right, whoever owns the machine does it. [`probe`] makes
//! of what was measured what a broker will do, [`effect`] of runs what a setting is worth.
//!
//! Knows no other crate, makes no system call but reading those files (and writing the snapshot
//! where it is told to), and keeps no state.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]
#![expect(clippy::cast_precision_loss, reason = "figures to be read, with three digits at most")]

mod answer;
mod check;
mod checks;
mod cpu_list;
pub mod effect;
mod kernel;
mod machine;
pub mod probe;
mod script;
mod snapshot;
mod words;

pub use check::{Check, Evidence, Finding, Needs, Profile, Setting, Severity, Topic, Verdict};
pub use checks::{all, at_start, examine};
pub use cpu_list::CpuList;
pub use kernel::KernelRelease;
pub use machine::{IoUring, Machine, Memory};
pub use script::script;
pub use snapshot::{Given, Snapshot, SnapshotError};
