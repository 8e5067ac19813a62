//! Any bytes as a subscription and as an assignment of the consumer protocol.

#![no_main]

#[path = "../src/consumer_protocol.rs"]
mod consumer_protocol;

libfuzzer_sys::fuzz_target!(|data: &[u8]| consumer_protocol::check(data));
