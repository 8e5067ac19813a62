//! A store on real files: appends, flushes, restarts, reads.

#![allow(clippy::unwrap_used, missing_docs)]

mod compact;
mod gaps;
mod harness;
mod mirror;
mod restart;
