//! A data directory whose broker is killed again and again while it compacts.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::table::{Table, Tombstones};
use crate::support::broker::{Broker, Setup, Site};
use crate::support::connection::Connection;
use crate::support::dump::Dump;
use crate::support::metrics::Metrics;
use crate::support::produce::{Partition, code};
use crate::support::random::Random;
use crate::support::topics::Blueprint;

/// How long compaction may take to end once nobody writes.
const PATIENCE: Duration = Duration::from_mins(2);

/// Settings so small that the journal goes around and compaction is always at work.
const SETTINGS: [(&str, &str); 7] = [
    ("journal.file.bytes", "16MiB"),
    ("journal.files", "4"),
    ("tail.bytes", "16MiB"),
    ("socket.request.max.bytes", "8MiB"),
    ("log.cleaner.backoff.ms", "5"),
    ("log.retention.check.interval.ms", "20"),
    ("log.cleaner.dedupe.buffer.size", "1MiB"),
];

/// What happened in all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u64,
    /// Kills that left files which no segment names: in the midst of compaction.
    pub(crate) kills_with_files_left: u64,
    pub(crate) compactions: u64,
    pub(crate) compacted_bytes: u64,
    pub(crate) acknowledged: i64,
    /// Whole logs that were read and checked.
    pub(crate) reads: u64,
    pub(crate) shard_changes: u64,
}

/// The directory, its tables and what happened.
pub(crate) struct World {
    site: Site,
    setup: Setup,
    tables: Vec<Table>,
    random: Random,
    pub(crate) tally: Tally,
}

fn blueprints() -> [(Blueprint, Tombstones); 2] {
    let small = [
        ("cleanup.policy", "compact"),
        ("segment.bytes", "1048576"),
        ("min.cleanable.dirty.ratio", "0.0"),
    ];
    let short = [&small[..], &[("delete.retention.ms", "100")]].concat();
    [
        (Blueprint::new("table", 2, &small), Tombstones::Stay),
        (Blueprint::new("short", 2, &short), Tombstones::Go),
    ]
}

impl World {
    /// Makes the topics.
    pub(crate) fn new(mut random: Random) -> Self {
        let (mut site, setup) = (Site::new(), Setup::new(2, &SETTINGS));
        let (mut broker, _) = site.start(&setup);
        let mut connection = broker.connect();
        let mut tables = Vec::new();
        for (blueprint, tombstones) in blueprints() {
            assert_eq!(connection.create_topic(&blueprint).unwrap(), code::NONE);
            for index in 0..blueprint.partitions {
                let partition = Partition::new(&blueprint.name, index);
                tables.push(Table::new(partition, tombstones, random.fork()));
            }
        }
        broker.stop();
        Self { site, setup, tables, random, tally: Tally::default() }
    }

    /// A start, checks, load, and a kill.
    pub(crate) fn round(&mut self) {
        let mut broker = self.start();
        let micros_max = [30_000, 300_000, 1_500_000][self.random.index(3)];
        let delay = Duration::from_micros(self.random.range(0, micros_max));
        let (ended, reads) = (AtomicBool::new(false), AtomicU64::new(0));
        let mut reader_random = self.random.fork();
        let (site, tables) = (&self.site, &mut self.tables);
        let readable: Vec<Table> = tables.iter().map(Table::reader).collect();
        std::thread::scope(|scope| {
            for table in tables {
                scope.spawn(|| {
                    let mut connection = Connection::open(site.kafka())?;
                    while !ended.load(Ordering::Acquire) {
                        table.append(&mut connection)?;
                    }
                    Ok::<_, std::io::Error>(())
                });
            }
            scope.spawn(|| {
                let mut connection = Connection::open(site.kafka())?;
                for table in readable.iter().cycle() {
                    table.read(&mut connection, &mut reader_random)?;
                    reads.fetch_add(1, Ordering::Relaxed);
                    if ended.load(Ordering::Acquire) {
                        break;
                    }
                }
                Ok::<_, std::io::Error>(())
            });
            assert!(broker.wait_end(delay).is_none(), "it serves: {}", broker.errors());
            self.tally.compactions += counted(&broker, "tidemill_compactions_total");
            self.tally.compacted_bytes += counted(&broker, "tidemill_compacted_bytes_total");
            broker.kill();
            ended.store(true, Ordering::Release);
        });
        self.tally.kills += 1;
        self.tally.reads += reads.into_inner();
        self.look_at_files();
        if self.random.one_in(4) {
            let shards = [1, 2, 3][self.random.index(3)];
            self.tally.shard_changes += u64::from(shards != self.setup.shards);
            self.setup.shards = shards;
        }
    }

    /// Starts the broker; every log must be whole, and every producer goes on.
    fn start(&mut self) -> Broker {
        let (broker, screen) = self.site.start(&self.setup);
        assert!(!screen.text.contains("OFFLINE"), "{}\n{}", screen.text, broker.errors());
        let mut connection = Connection::open(self.site.kafka()).unwrap();
        for table in &mut self.tables {
            table.read(&mut connection, &mut self.random).unwrap();
            table.resume(&mut connection).unwrap();
            table.read(&mut connection, &mut self.random).unwrap();
            self.tally.reads += 2;
        }
        broker
    }

    /// What the kill has left is sound, and some of it may belong to no segment.
    fn look_at_files(&mut self) {
        let dump = Dump::sound(&self.site.data(), &["segments"]);
        let named: BTreeSet<PathBuf> = dump
            .items("segment")
            .iter()
            .map(|segment| PathBuf::from(segment["file"].as_str().unwrap()))
            .collect();
        let mut left = 0;
        // There is no such directory before the first flush.
        let topics = fs::read_dir(self.site.data().join("logs"));
        for topic in topics.into_iter().flatten() {
            for partition in fs::read_dir(topic.unwrap().path()).unwrap() {
                let files = fs::read_dir(partition.unwrap().path()).unwrap();
                let files = files.map(|file| file.unwrap().path());
                let logs = files.filter(|file| file.extension().is_some_and(|end| end == "log"));
                left += logs.filter(|file| !named.contains(file)).count();
            }
        }
        self.tally.kills_with_files_left += u64::from(left > 0);
    }

    /// Waits until compaction has nothing left to do, stops, and looks at everything once more.
    pub(crate) fn close(&mut self) {
        let mut broker = self.start();
        let mut connection = Connection::open(self.site.kafka()).unwrap();
        let deadline = Instant::now() + PATIENCE;
        for table in &mut self.tables {
            // Enough that what comes before it is sealed.
            for _ in 0..100 {
                table.append(&mut connection).unwrap();
            }
        }
        for table in &self.tables {
            loop {
                let read = table.read(&mut connection, &mut self.random).unwrap();
                if table.is_compacted(&read) {
                    break;
                }
                assert!(Instant::now() < deadline, "{} records are left", read.len());
            }
            self.tally.acknowledged += table.acknowledged();
        }
        broker.stop();
        self.look_at_files();
        let mut broker = self.start();
        broker.stop();
    }
}

fn counted(broker: &Broker, name: &str) -> u64 {
    Metrics::scrape(broker.http()).sum(name, "")
}
