//! A real broker in a directory of its own, a client for it, and the dump of what it left.

pub(crate) mod broker;
pub(crate) mod client;
pub(crate) mod dump;
