//! What a produced batch goes through before it is appended, in the order of the broker's produce.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput};
use record::{BatchView, Codec, Framing, ProduceLimits};

use crate::payload::{Shape, batch};

/// One record; a producer's default `batch.size`; many small records; `message.max.bytes`.
const SHAPES: [(&str, Shape); 4] = [
    ("1 x 1 KiB", Shape { records: 1, value_bytes: 1 << 10 }),
    ("15 x 1 KiB", Shape { records: 15, value_bytes: 1 << 10 }),
    ("1000 x 100 B", Shape { records: 1_000, value_bytes: 100 }),
    ("950 x 1 KiB", Shape { records: 950, value_bytes: 1 << 10 }),
];

const LIMITS: ProduceLimits = ProduceLimits { batch_bytes_max: 1 << 20 };

/// The checks of a batch that is not to be unpacked: header, claims, CRC, and the framing of its
/// records if they are plain.
fn validate(bytes: &[u8]) -> Option<Framing> {
    let (view, rest) = BatchView::parse(bytes).expect("a header that makes sense");
    assert!(rest.is_empty(), "one batch");
    view.check_produced(LIMITS).expect("claims that a producer may make");
    assert!(view.crc_is_valid(), "a right CRC");
    view.plain_records().map(|records| records.check_framing().expect("records framed right"))
}

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("batch");
    for (name, shape) in SHAPES {
        let plain = batch(shape, Codec::None);
        assert!(validate(&plain).is_some(), "plain records are walked");
        group.throughput(Throughput::Bytes(plain.len() as u64));
        group.bench_function(BenchmarkId::new("validate", name), |bencher| {
            bencher.iter(|| validate(black_box(&plain)));
        });
    }
    let (name, shape) = SHAPES[2];
    let packed = batch(shape, Codec::Lz4);
    assert!(validate(&packed).is_none(), "packed records are left alone");
    group.throughput(Throughput::Bytes(packed.len() as u64));
    group.bench_function(BenchmarkId::new("validate lz4", name), |bencher| {
        bencher.iter(|| validate(black_box(&packed)));
    });
    let plain = batch(shape, Codec::None);
    group.throughput(Throughput::Elements(u64::from(shape.records)));
    group.bench_function(BenchmarkId::new("walk records", name), |bencher| {
        let (view, _) = BatchView::parse(&plain).expect("a sound batch");
        let records = view.plain_records().expect("plain records");
        bencher.iter(|| black_box(&records).check_framing().expect("records framed right"));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("parse header", |bencher| {
        bencher.iter(|| {
            let (view, _) = BatchView::parse(black_box(&plain)).expect("a sound batch");
            view.check_produced(LIMITS).expect("claims that a producer may make");
            view.header().decode()
        });
    });
    group.finish();
}
