//! Wire formats: pure codecs, bytes in and values out. Knows no storage, and no socket outside the
//! transport.

#![forbid(unsafe_code)]
#![warn(clippy::indexing_slicing)]

pub mod kafka;
