//! A compacted topic of a real broker: of each key the last value stays, whatever happens to the
//! rest, and through kills.
//!
//! `TIDEMILL_COMPACTION_SEED` repeats a run's choices (not the scheduler's),
//! `TIDEMILL_COMPACTION_KILLS` says how many kills there are.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod compaction {
    mod full_disk;
    pub(crate) mod table;
    pub(crate) mod world;
}
mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use compaction::world::World;
use kafka_protocol::records::Record;
use record::{BatchBuilder, Codec, NewRecord, Seal, Timestamp};
use support::batch::encode_keyed;
use support::broker::{Setup, Site};
use support::configs::{Change, Resource};
use support::connection::Connection;
use support::fetch::Appetite;
use support::metrics::Metrics;
use support::produce::{Partition, code};
use support::random::Random;
use support::topics::Blueprint;

const KEYS: usize = 100;
const ROUNDS: usize = 50;
/// A segment has a MiB, and a record about a thousand bytes.
const ACTIVE_MAX: usize = 1_100;
/// How long compaction may take that looks ten times a second.
const PATIENCE: Duration = Duration::from_mins(2);

type Latest = BTreeMap<Vec<u8>, (i64, Vec<u8>)>;

fn setup() -> Setup {
    Setup::new(2, &[("log.cleaner.backoff.ms", "100")])
}

fn connect(site: &Site) -> Connection {
    Connection::open(site.kafka()).unwrap()
}

/// All records of a log.
fn read(connection: &mut Connection, partition: &Partition) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    let mut offset = connection.earliest(partition).unwrap();
    loop {
        let appetite = Appetite { bytes_max: 1 << 20, wait_ms: 1 };
        let fetched = connection.fetch(partition, offset, appetite).unwrap();
        assert_eq!(fetched.error_code, code::NONE);
        records.extend(fetched.records);
        let Some(next) = fetched.next_offset else { return records };
        offset = next;
    }
}

fn latest(records: &[Record]) -> Latest {
    assert!(records.is_sorted_by(|one, next| one.offset < next.offset));
    let records = records.iter().map(|record| {
        let (key, value) = (record.key.clone().unwrap(), record.value.clone().unwrap());
        (key.to_vec(), (record.offset, value.to_vec()))
    });
    records.collect()
}

/// Every key once a round.
fn produce(connection: &mut Connection, partition: &Partition, expected: &mut Latest, from: usize) {
    for round in from..from + ROUNDS {
        let filler = |key: usize| format!("{round}/{key}/{}", "x".repeat(1_000)).into_bytes();
        let key = |key: usize| format!("key {}", (key * 7 + round) % KEYS).into_bytes();
        let records: Vec<_> = (0..KEYS).map(|index| (key(index), filler(index))).collect();
        let batch = records.iter().map(|(key, value)| (Some(key.clone()), Some(value.clone())));
        let bytes = encode_keyed(batch, None);
        let outcome = connection.produce(partition, bytes).unwrap();
        assert_eq!(outcome.error_code, code::NONE);
        for ((key, value), offset) in records.into_iter().zip(outcome.base_offset..) {
            expected.insert(key, (offset, value));
        }
    }
}

/// Reads again and again, and finds the last of each key each time, until not much else is left.
fn wait_until_compacted(connection: &mut Connection, partition: &Partition, expected: &Latest) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let records = read(connection, partition);
        assert_eq!(&latest(&records), expected);
        if records.len() <= KEYS + ACTIVE_MAX {
            return;
        }
        assert!(Instant::now() < deadline, "{} records are left", records.len());
    }
}

#[test]
fn of_each_key_the_last_value_stays() {
    let mut site = Site::new();
    let (mut broker, _) = site.start(&setup());
    let mut connection = connect(&site);
    let topic = Blueprint::new(
        "table",
        1,
        &[
            ("cleanup.policy", "compact"),
            ("segment.bytes", "1048576"),
            ("min.cleanable.dirty.ratio", "0.01"),
        ],
    );
    assert_eq!(connection.create_topic(&topic).unwrap(), code::NONE);
    let (partition, mut expected) = (Partition::new("table", 0), Latest::new());
    produce(&mut connection, &partition, &mut expected, 0);
    wait_until_compacted(&mut connection, &partition, &expected);
    assert!(Metrics::scrape(broker.http()).sum("tidemill_compactions_total", "") > 0);
    broker.kill();
    let (mut broker, _) = site.start(&setup());
    let mut connection = connect(&site);
    assert_eq!(latest(&read(&mut connection, &partition)), expected);
    // Killed again somewhere in the midst of it.
    produce(&mut connection, &partition, &mut expected, ROUNDS);
    broker.kill();
    let (mut broker, _) = site.start(&setup());
    let mut connection = connect(&site);
    wait_until_compacted(&mut connection, &partition, &expected);
    broker.stop();
}

/// A batch of two records, the first one with a key.
/// Both passes go over all but the last segment.
#[test]
fn compaction_is_held_back_and_let_go_while_the_broker_runs() {
    const LIMIT: &str = "log.cleaner.io.max.bytes.per.second";
    const BYTES_PER_SECOND: u32 = 4 << 20;
    let mut site = Site::new();
    let (mut broker, _) = site.start(&setup());
    let mut connection = connect(&site);
    let brokers = Resource::brokers();
    let limit = BYTES_PER_SECOND.to_string();
    connection.alter(&brokers, &[Change::Set(LIMIT, &limit)]).unwrap();
    let topic = Blueprint::new(
        "table",
        1,
        &[
            ("cleanup.policy", "compact"),
            ("segment.bytes", "1048576"),
            ("min.cleanable.dirty.ratio", "0.75"),
        ],
    );
    assert_eq!(connection.create_topic(&topic).unwrap(), code::NONE);
    let (partition, mut expected) = (Partition::new("table", 0), Latest::new());
    let start = Instant::now();
    produce(&mut connection, &partition, &mut expected, 0);
    wait_until_compacted(&mut connection, &partition, &expected);
    // A shard has half of the limit, and what was compacted was 3 MiB at least.
    let least = Duration::from_secs(2 * 3) / (BYTES_PER_SECOND >> 21);
    assert!(start.elapsed() >= least, "{:?}", start.elapsed());
    let one = [Change::Set(LIMIT, "1")];
    connection.alter(&brokers, &one).unwrap();
    produce(&mut connection, &partition, &mut expected, ROUNDS);
    connection.alter(&brokers, &[Change::Delete(LIMIT)]).unwrap();
    wait_until_compacted(&mut connection, &partition, &expected);
    connection.alter(&brokers, &one).unwrap();
    produce(&mut connection, &partition, &mut expected, 2 * ROUNDS);
    // It ends though compaction, if it has begun, would take months.
    broker.stop();
}

fn two_records(codec: Codec, second: Option<&[u8]>, len: usize) -> Bytes {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let timestamp = Timestamp(i64::try_from(now.as_millis()).unwrap());
    let value: Vec<u8> = (0..len).map(|number| number.to_le_bytes()[number % 2]).collect();
    let mut builder = BatchBuilder::new();
    for key in [Some(&b"a"[..]), second] {
        let record = NewRecord { timestamp, key, value: Some(&value), headers: &[] };
        builder.append(&record).unwrap();
    }
    builder.seal(&Seal { codec, ..Seal::default() }).unwrap().into()
}

#[test]
fn a_compacted_topic_refuses_records_without_a_key() {
    let mut site = Site::new();
    let (mut broker, _) = site.start(&setup());
    let mut connection = connect(&site);
    for (name, policy, answer) in [
        ("table", "compact", code::INVALID_RECORD),
        ("both", "compact,delete", code::INVALID_RECORD),
        ("log", "delete", code::NONE),
    ] {
        let topic = Blueprint::new(name, 1, &[("cleanup.policy", policy)]);
        assert_eq!(connection.create_topic(&topic).unwrap(), code::NONE);
        assert_eq!(connection.configs(name).unwrap()["cleanup.policy"], policy);
        let partition = Partition::new(name, 0);
        for codec in Codec::ALL {
            for (len, second, answer) in
                [(10, None, answer), (10, Some(&b"b"[..]), code::NONE), (90_000, None, answer)]
            {
                let outcome = connection.produce(&partition, two_records(codec, second, len));
                assert_eq!(outcome.unwrap().error_code, answer, "{name} {codec} {len}");
            }
        }
    }
    broker.stop();
}

/// Kills without `TIDEMILL_COMPACTION_KILLS`.
const KILLS: u64 = 6;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

#[test]
fn kills_in_the_midst_of_compaction_lose_nothing() {
    let seed = number("TIDEMILL_COMPACTION_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::try_from(now.unwrap().as_nanos() % 1_000_000_000).unwrap()
    });
    let kills = number("TIDEMILL_COMPACTION_KILLS").unwrap_or(KILLS);
    println!("TIDEMILL_COMPACTION_SEED={seed} TIDEMILL_COMPACTION_KILLS={kills}");
    let mut world = World::new(Random::new(seed));
    for _ in 0..kills {
        world.round();
    }
    world.close();
    println!("{:#?}", world.tally);
    assert_eq!(world.tally.kills, kills);
    assert!(world.tally.compactions > 0 && world.tally.reads > kills, "{:?}", world.tally);
}
