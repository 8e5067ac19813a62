//! Any bytes as a response of any API and version.

#![no_main]

#[path = "../src/kafka_response.rs"]
mod kafka_response;

libfuzzer_sys::fuzz_target!(|data: &[u8]| kafka_response::check(data));
