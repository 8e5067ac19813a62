//! Any bytes as a request of any API and version.

#![no_main]

#[path = "../src/kafka_request.rs"]
mod kafka_request;

libfuzzer_sys::fuzz_target!(|data: &[u8]| kafka_request::check(data));
