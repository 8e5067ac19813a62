//! What shards say to each other: bounded rings, a doorbell, and calls over them.
//!
//! A pair of shards is joined by a ring of requests and a ring of replies each way ([`spsc`]); a
//! shard that has nothing to do goes to sleep behind its [`Doorbell`], and whoever then sends to it
//! learns that it must ring. Those two are pure memory. [`Endpoint`] makes calls of them.

mod doorbell;
mod endpoint;
pub mod spsc;

pub use doorbell::Doorbell;
pub use endpoint::{Call, Endpoint, PeerGone, Responder, Wiring, wire};
