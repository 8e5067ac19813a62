//! The codecs of record batches, both ways; bytes are those of the plain form.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use record::{Codec, Decompressor, compress};

use crate::payload::event;
use crate::sequence::Sequence;

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("codec");
    for bytes in [16 << 10, 1 << 20] {
        let plain = event(&mut Sequence::new(3), bytes);
        group.throughput(Throughput::Bytes(bytes as u64));
        for codec in Codec::ALL.into_iter().filter(|codec| *codec != Codec::None) {
            let mut packed = Vec::new();
            compress(codec, &plain, &mut packed).expect("any bytes can be compressed");
            assert!(packed.len() < plain.len() / 2, "{codec}: events compress well");
            group.bench_function(BenchmarkId::new(format!("compress {codec}"), bytes), |bencher| {
                let mut output = Vec::with_capacity(plain.len());
                bencher.iter(|| {
                    output.clear();
                    compress(codec, black_box(&plain), &mut output).expect("it did before");
                    output.len()
                });
            });
            let name = BenchmarkId::new(format!("decompress {codec}"), bytes);
            group.bench_function(name, |bencher| {
                // One for many blocks, as the broker has it.
                let mut decompressor = Decompressor::new();
                let unpacked = decompressor.decompress(codec, &packed, bytes);
                assert_eq!(unpacked, Ok(&plain[..]), "{codec}");
                bencher.iter(|| {
                    let unpacked = decompressor.decompress(codec, black_box(&packed), bytes);
                    black_box(unpacked.expect("it could before")).len()
                });
            });
        }
    }
    group.finish();
}
