//! The bench: what this machine can do, and what a broker makes of it.

#![forbid(unsafe_code)]

fn main() {}
