//! The bench: what this machine can do, and what a broker makes of it.

fn main() {}
