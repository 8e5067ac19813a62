//! Front ends: one a protocol, each mapping requests to what the broker does.

pub mod kafka;
