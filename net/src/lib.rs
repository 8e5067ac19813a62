//! Wire formats: pure codecs, bytes in and values out; and clients that speak them. Knows no
//! storage, and no socket outside the transport and the clients.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod client;
pub mod http;
pub mod kafka;
