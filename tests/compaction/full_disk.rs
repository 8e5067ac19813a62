//! Compaction on a disk that is full before it has ended: the log stays as it was, nothing is
//! lost, not by a kill either, and it goes on once there is space.

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::support::batch::encode_keyed;
use crate::support::broker::{Broker, Setup, Site};
use crate::support::configs::{Change, Resource};
use crate::support::connection::Connection;
use crate::support::dump::Dump;
use crate::support::metrics::Metrics;
use crate::support::produce::{Partition, code};
use crate::support::small_disk::SmallDisk;
use crate::support::topics::Blueprint;
use crate::{ACTIVE_MAX, Latest, PATIENCE, latest, read};

/// Room for 64 MiB of journal, some 150 of segments, and the 256 MiB and more that must be free.
const DISK_MIB: u32 = 640;
const KEYS: usize = 24_000;
const BATCH_RECORDS: usize = 500;
const VALUE_BYTES: usize = 1_000;
/// What compaction may read and write: a pass takes seconds then, and filling the disk does not.
const BYTES_PER_SECOND: u32 = 32 << 20;
/// How often the disk may be full too late, after the last file was written.
const ATTEMPTS: usize = 10;
const LOOK: Duration = Duration::from_millis(1);

/// A broker on a small disk, with one log.
struct World {
    site: Site,
    setup: Setup,
    disk: SmallDisk,
    broker: Broker,
    connection: Connection,
    partition: Partition,
    expected: Latest,
    rounds: usize,
}

impl World {
    fn new() -> Self {
        let mut site = Site::new();
        let disk = SmallDisk::mount(site.directory(), DISK_MIB);
        let mut setup = Setup::small();
        setup.entrance = disk.entrance();
        setup.settings.push(("log.cleaner.backoff.ms", "50".to_owned()));
        let (broker, _) = site.start(&setup);
        let mut connection = broker.connect();
        let limit = BYTES_PER_SECOND.to_string();
        let change = [Change::Set("log.cleaner.io.max.bytes.per.second", &limit)];
        assert_eq!(connection.alter(&Resource::brokers(), &change), Ok(()));
        let configs = [("segment.bytes", "1048576"), ("min.cleanable.dirty.ratio", "0.01")];
        let topic = Blueprint::new("table", 1, &configs);
        assert_eq!(connection.create_topic(&topic).unwrap(), code::NONE);
        let partition = Partition::new("table", 0);
        let (expected, rounds) = (Latest::new(), 0);
        Self { site, setup, disk, broker, connection, partition, expected, rounds }
    }

    /// Every key once more.
    fn produce(&mut self) {
        self.rounds += 1;
        for first in (0..KEYS).step_by(BATCH_RECORDS) {
            let keys = first..first + BATCH_RECORDS;
            assert_eq!(self.append(keys), code::NONE);
        }
    }

    /// A batch; why not.
    fn append(&mut self, keys: std::ops::Range<usize>) -> i16 {
        let filler = "x".repeat(VALUE_BYTES);
        let records = keys.map(|key| {
            let value = format!("{}/{key}/{filler}", self.rounds);
            (format!("key {}", key * 7 % KEYS).into_bytes(), value.into_bytes())
        });
        let records: Vec<_> = records.collect();
        let batch = records.iter().map(|(key, value)| (Some(key.clone()), Some(value.clone())));
        let outcome = self.connection.produce(&self.partition, encode_keyed(batch, None)).unwrap();
        if outcome.error_code == code::NONE {
            for ((key, value), offset) in records.into_iter().zip(outcome.base_offset..) {
                self.expected.insert(key, (offset, value));
            }
        }
        outcome.error_code
    }

    fn set_policy(&mut self, policy: &str) {
        let change = [Change::Set("cleanup.policy", policy)];
        assert_eq!(self.connection.alter(&Resource::topic("table"), &change), Ok(()));
    }

    fn compactions(&self) -> u64 {
        Metrics::scrape(self.broker.http()).sum("tidemill_compactions_total", "")
    }

    /// Fills the disk while a pass writes. Whether that has ended the pass.
    fn fill_in_the_midst(&mut self) -> bool {
        let logs = self.disk.path().join("data/logs");
        let (files, passes) = (rewritten(&logs), self.compactions());
        self.set_policy("compact");
        wait("compaction begins to write", || rewritten(&logs) != files);
        self.disk.fill();
        let mut has_failed = false;
        wait("the pass ends in one way or the other", || {
            has_failed = self.broker.errors().contains("partition not compacted");
            has_failed || self.compactions() > passes
        });
        has_failed
    }

    /// What is there is what was acknowledged; how many records it takes.
    fn check(&mut self) -> usize {
        let records = read(&mut self.connection, &self.partition);
        // Not compared as a whole: a difference would print megabytes.
        let found = latest(&records);
        let wrong = found.iter().zip(&self.expected).find(|(found, expected)| found != expected);
        let wrong = wrong.map(|((key, (offset, _)), (expected, (at, _)))| {
            let text = String::from_utf8_lossy;
            format!("{} at {offset}, not {} at {at}", text(key), text(expected))
        });
        assert_eq!((wrong, found.len()), (None, self.expected.len()));
        records.len()
    }

    fn start(&mut self) {
        (self.broker, _) = self.site.start(&self.setup);
        self.connection = self.broker.connect();
    }
}

/// The files that compaction has written: their names have a revision.
fn rewritten(logs: &Path) -> Vec<String> {
    let entries = |directory: &Path| std::fs::read_dir(directory).into_iter().flatten().flatten();
    let partitions = entries(logs).flat_map(|topic| entries(&topic.path()));
    let files = partitions.flat_map(|partition| entries(&partition.path()));
    let names = files.map(|file| file.file_name().into_string().expect("names are UTF-8"));
    let mut names: Vec<String> = names.filter(|name| name.contains('-')).collect();
    names.sort_unstable();
    names
}

fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let (_never_sends, pause) = channel::<()>();
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        assert!(pause.recv_timeout(LOOK).is_err(), "nothing is ever sent");
    }
}

#[test]
fn a_disk_that_fills_up_in_the_midst_of_compaction_loses_nothing() {
    let mut world = World::new();
    for _ in 0..3 {
        world.produce();
    }
    let mut attempts = 0;
    while !world.fill_in_the_midst() {
        attempts += 1;
        assert!(attempts < ATTEMPTS, "the disk was full too late each time");
        world.disk.relieve();
        wait("appends are taken again", || world.append(0..1) == code::NONE);
        world.set_policy("delete");
        world.produce();
    }
    assert!(world.broker.errors().contains("No space left on device"), "{}", world.broker.errors());
    world.check();
    wait("appends are refused", || {
        let code = world.append(0..1);
        assert!([code::NONE, code::KAFKA_STORAGE_ERROR].contains(&code), "{code}");
        code != code::NONE
    });
    world.check();
    world.broker.kill();
    Dump::sound(&world.disk.path().join("data"), &["segments"]);
    world.start();
    world.check();
    world.disk.relieve();
    wait("appends are taken again", || world.append(0..1) == code::NONE);
    wait("compaction goes on to its end", || world.check() <= KEYS + ACTIVE_MAX);
    world.broker.stop();
    Dump::sound(&world.disk.path().join("data"), &["segments"]);
}
