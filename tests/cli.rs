//! The commands as a person meets them: the binary against a real broker, its exit codes, and what
//! it writes to standard output and standard error.

#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod cli {
    mod bench;
    pub(crate) mod broker;
    pub(crate) mod command;
    mod config;
    mod consume;
    pub(crate) mod group;
    mod group_reset;
    pub(crate) mod member;
    mod mistakes;
    mod produce;
    mod slow;
    mod topic;
    mod tune;
    mod tune_effect;
}
mod support;
