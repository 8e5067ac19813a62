//! Is this machine fit to run on, and to be measured?
//!
//! [`Machine`] is what `/proc` and `/sys` say, [`Check`] what we make of it. It reads files under
//! a root that the caller names, so that tests run on a made-up machine, and changes nothing: a
//! check says how to set things right, whoever owns the machine does it.
//!
//! Knows no other crate, makes no system call but reading those files, and keeps no state. What
//! is not in a file (the limit on open files) comes as an argument.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

mod check;
mod checks;
mod cpu_list;
mod kernel;
mod machine;

pub use check::{Check, Severity, Verdict};
pub use checks::{OpenFiles, at_start};
pub use cpu_list::CpuList;
pub use kernel::KernelRelease;
pub use machine::{IoUring, Machine, Memory};
