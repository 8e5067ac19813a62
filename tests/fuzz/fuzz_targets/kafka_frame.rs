//! Any bytes as a stream of frames.

#![no_main]

#[path = "../src/kafka_frame.rs"]
mod kafka_frame;

libfuzzer_sys::fuzz_target!(|data: &[u8]| kafka_frame::check(data));
