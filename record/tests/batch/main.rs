//! The batch as a whole, through the crate's public face.

// Always so; it tells clippy that the helpers are test code too.
#![cfg(test)]

mod control;
mod golden;
mod hostile;
mod retain;
mod roundtrip;
mod sample;
mod stamping;
