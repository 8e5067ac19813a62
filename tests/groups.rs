//! Groups and their offsets as clients meet them: every API of groups in the versions that
//! differ, over the wire, against a real broker, and over its restarts.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod groups {
    mod admin;
    mod consumer;
    mod durable;
    mod hostile;
    mod joining;
    mod loading;
    mod membership;
    mod offsets;
    mod rig;
    mod statics;
    mod subscription;
    mod syncing;
    mod topics;
}
mod support;
