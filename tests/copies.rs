//! Large frames are not copied on their way in, nor any records on their way out: counted.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use support::batch;
use support::broker::{Broker, Setup, Site};
use support::connection::Connection;
use support::fetch::Appetite;
use support::metrics::Metrics;
use support::payload::Mark;
use support::produce::{Partition, code};
use support::topics::Blueprint;

const COPIED: &str = "tidemill_copied_bytes_total";
const FETCHED: &str = "tidemill_fetched_bytes_total";
const FRAMES: u64 = 60;
const VALUE_BYTES: usize = 400_000;
const APPETITE: Appetite = Appetite { bytes_max: 4 << 20, wait_ms: 100 };

/// Counters of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counted {
    copied_in: u64,
    copied_out: u64,
    hot: u64,
    cold: u64,
    produced: u64,
}

impl Counted {
    fn now(broker: &Broker) -> Self {
        let page = Metrics::scrape(broker.http());
        Self {
            copied_in: page.sum(COPIED, "path=\"produce\""),
            copied_out: page.sum(COPIED, "path=\"fetch\""),
            hot: page.sum(FETCHED, "source=\"hot\""),
            cold: page.sum(FETCHED, "source=\"cold\""),
            produced: page.sum("tidemill_produced_bytes_total", ""),
        }
    }
}

/// What was written into the answers of fetches is what stands around the batches: a hundredth of
/// them at most. The batches were sent from where they lay.
fn assert_only_headers(before: &Counted, after: &Counted, read_bytes: u64) {
    let copied = after.copied_out - before.copied_out;
    assert!(copied > 0, "the counter counts: {after:?}");
    assert!(copied * 100 <= read_bytes, "{copied} bytes for {read_bytes} bytes of batches");
}

/// A tail small enough that what is produced must go to segments.
fn setup() -> Setup {
    Setup::new(
        1,
        &[
            ("journal.file.bytes", "16MiB"),
            ("journal.files", "4"),
            ("socket.request.max.bytes", "8MiB"),
            ("tail.bytes", "16MiB"),
        ],
    )
}

fn mark(counter: u64) -> Mark {
    Mark { producer: 1, log: 0, counter }
}

/// Reads records `from` up to `to`, each checked; how many bytes of batches came.
fn read(connection: &mut Connection, partition: &Partition, from: u64, to: u64) -> u64 {
    let mut bytes = 0;
    let mut next = from;
    while next < to {
        let fetched = connection.fetch(partition, i64::try_from(next).unwrap(), APPETITE).unwrap();
        assert_eq!(fetched.error_code, code::NONE);
        assert!(!fetched.records.is_empty(), "there are records at {next}");
        for record in &fetched.records {
            assert_eq!(Mark::read(record.value.as_deref().unwrap()), Ok(mark(next)));
            next += 1;
        }
        bytes += fetched.bytes as u64;
    }
    bytes
}

fn produce(connection: &mut Connection, partition: &Partition, counters: std::ops::Range<u64>) {
    for counter in counters {
        let bytes = batch::encode([mark(counter).write(VALUE_BYTES)], None);
        let outcome = connection.produce(partition, bytes).unwrap();
        assert_eq!(outcome.error_code, code::NONE);
        assert_eq!(outcome.base_offset, i64::try_from(counter).unwrap());
    }
}

#[test]
fn large_frames_and_all_fetches_move_without_a_copy() {
    let mut site = Site::new();
    let (mut broker, _) = site.start(&setup());
    let mut connection = Connection::open(broker.kafka()).unwrap();
    connection.create_topic(&Blueprint::new("large", 1, &[])).unwrap();
    let partition = Partition::new("large", 0);
    let before = Counted::now(&broker);

    produce(&mut connection, &partition, 0..FRAMES);
    let produced = Counted::now(&broker);
    println!("produced: {before:?} to {produced:?}");
    let bytes = FRAMES * VALUE_BYTES as u64;
    assert!(produced.produced - before.produced >= bytes, "{produced:?}");
    assert_eq!(produced.copied_in, before.copied_in, "frames over 64 KiB are not copied");

    // The last ones are in the tail.
    let read_bytes = read(&mut connection, &partition, FRAMES - 3, FRAMES);
    let tail = Counted::now(&broker);
    println!("read from the tail, {read_bytes} bytes: {tail:?}");
    assert!(tail.hot - produced.hot >= 3 * VALUE_BYTES as u64, "the tail has them: {tail:?}");
    assert_eq!(tail.cold, produced.cold, "no file was read");
    assert_only_headers(&produced, &tail, read_bytes);

    // The first ones are in segments: the tail has no room for them.
    let read_bytes = read(&mut connection, &partition, 0, FRAMES);
    let cold = Counted::now(&broker);
    println!("read from the start, {read_bytes} bytes: {cold:?}");
    assert!(cold.cold > tail.cold, "segments were read: {cold:?}");
    assert_only_headers(&tail, &cold, read_bytes);

    // And after a restart.
    broker.stop();
    drop(broker);
    let (mut broker, _) = site.start(&setup());
    let mut connection = Connection::open(broker.kafka()).unwrap();
    let read_bytes = read(&mut connection, &partition, 0, FRAMES);
    let restarted = Counted::now(&broker);
    println!("read after a restart, {read_bytes} bytes: {restarted:?}");
    assert!(restarted.cold >= bytes / 4, "segments were read: {restarted:?}");
    assert_eq!(restarted.copied_in, 0, "nothing was produced");
    assert_only_headers(&Counted::default(), &restarted, read_bytes);
    broker.stop();
}

#[test]
fn a_small_batch_is_copied_once() {
    let mut site = Site::new();
    let (mut broker, _) = site.start(&setup());
    let mut connection = Connection::open(broker.kafka()).unwrap();
    connection.create_topic(&Blueprint::new("small", 1, &[])).unwrap();
    let before = Counted::now(&broker);
    let bytes = batch::encode([mark(0).write(1_000)], None);
    let len = bytes.len() as u64;
    connection.produce(&Partition::new("small", 0), bytes).unwrap();
    let after = Counted::now(&broker);
    assert_eq!(after.copied_in - before.copied_in, len, "the counter counts: {after:?}");
    broker.stop();
}
