//! Micro-benchmarks of the parts on the data path: `cargo bench -p bench`. See bench/README.md.
//!
//! Each part is measured alone, warm and without a neighbour, as its callers use it and through
//! its crate's public face only.

#![forbid(unsafe_code)]

mod batch;
mod codec;
mod crc;
mod executor;
mod index;
mod mesh;
mod payload;
mod sequence;
mod timer;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    // Half of criterion's own measuring time: the whole set in some four minutes.
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_millis(2500))
        .configure_from_args();
    crc::measure(&mut criterion);
    batch::measure(&mut criterion);
    codec::measure(&mut criterion);
    index::measure(&mut criterion);
    timer::measure(&mut criterion);
    executor::measure(&mut criterion);
    mesh::measure(&mut criterion);
    criterion.final_summary();
}
