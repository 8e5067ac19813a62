//! CRC-32C: over whole batches, and the arithmetic that spares a second pass.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use record::Crc32c;

use crate::payload::event;
use crate::sequence::Sequence;

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("crc");
    for bytes in [64, 1 << 10, 16 << 10, 1 << 20] {
        let content = event(&mut Sequence::new(2), bytes);
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("sum", bytes), |bencher| {
            bencher.iter(|| Crc32c::of(black_box(&content)));
        });
    }
    group.throughput(Throughput::Elements(1));
    let (old, new) = ([1_u8; 22], [2_u8; 22]);
    // What it saves is a pass over the rest, and what it costs grows with the bits of its length.
    for rest in [16 << 10, 1 << 20] {
        group.bench_function(BenchmarkId::new("front replaced", rest), |bencher| {
            bencher.iter(|| {
                let (old, new) = (black_box(&old), black_box(&new));
                Crc32c::with_front_replaced(black_box(0x1234_5678), old, new, black_box(rest))
            });
        });
    }
    group.finish();
}
