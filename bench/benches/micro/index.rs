//! The index of a full segment of 1 GiB: look-ups in memory, and reading it from its file's bytes.

use std::hint::black_box;

use criterion::{Criterion, Throughput};
use record::{Offset, PartitionIndex, Timestamp, TopicId, TopicPartition};
use storage::limits::INDEX_INTERVAL_BYTES;
use storage::segment::index::{INDEX_ENTRY_BYTES, Index, IndexEntry};

use crate::sequence::Sequence;

const LOG: TopicPartition =
    TopicPartition { topic: TopicId([7; 16]), partition: PartitionIndex(3) };
const SEGMENT_BYTES: u32 = 1 << 30;
const ENTRIES: u32 = SEGMENT_BYTES / INDEX_INTERVAL_BYTES;
/// Look-ups in one round: enough that the branch predictor does not know them by heart.
const LOOKUPS: usize = 4096;
/// Offsets, and milliseconds, between two entries: records of 1 KiB, a thousand a second.
const STEP: i64 = 64;

fn index() -> Index {
    let mut index = Index::default();
    for number in 1..ENTRIES {
        index.push(IndexEntry {
            offset: Offset(i64::from(number) * STEP),
            max_timestamp: Timestamp(i64::from(number) * STEP),
            position: number * INDEX_INTERVAL_BYTES,
            data_crc: number,
        });
    }
    index
}

/// All of this file.
pub(crate) fn measure(criterion: &mut Criterion) {
    let index = index();
    let mut sequence = Sequence::new(4);
    let end = (i64::from(ENTRIES) * STEP).cast_unsigned();
    let targets: Vec<i64> = (0..LOOKUPS).map(|_| sequence.below(end).cast_signed()).collect();
    let mut group = criterion.benchmark_group("index");
    group.throughput(Throughput::Elements(LOOKUPS as u64));
    group.bench_function("look up offset", |bencher| {
        bencher.iter(|| {
            let found = targets.iter().map(|at| black_box(&index).floor_offset(Offset(*at)));
            found.flatten().fold(0, |sum, entry| sum ^ entry.position)
        });
    });
    group.bench_function("look up time", |bencher| {
        bencher.iter(|| {
            let found = targets.iter().map(|at| black_box(&index).floor_time(Timestamp(*at)));
            found.flatten().fold(0, |sum, entry| sum ^ entry.position)
        });
    });
    let file: Vec<u8> = index.entries().iter().flat_map(|entry| entry.encode(LOG)).collect();
    assert_eq!(file.len(), index.entries().len() * INDEX_ENTRY_BYTES, "every entry is stored");
    assert_eq!(Index::read(&file, LOG, SEGMENT_BYTES), index, "it is read back");
    group.throughput(Throughput::Elements(index.entries().len() as u64));
    group.bench_function("read file", |bencher| {
        bencher.iter(|| Index::read(black_box(&file), LOG, SEGMENT_BYTES));
    });
    group.finish();
}
