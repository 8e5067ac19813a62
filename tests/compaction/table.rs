//! One partition of a compacted topic: its producer, which is killed with its broker and goes on
//! behind it, and what whoever reads it must find.
//!
//! Each record follows from its offset, so that a batch whose answer was lost is sent again as it
//! was, and every record that is read is known.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::support::batch::{Identity, encode_keyed};
use crate::support::connection::Connection;
use crate::support::fetch::Appetite;
use crate::support::produce::{Partition, code};
use crate::support::random::Random;

/// Keys of a partition.
pub(crate) const KEYS: u64 = 150;
/// One record in so many deletes its key.
const TOMBSTONES: u64 = 40;

/// How long tombstones stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tombstones {
    Stay,
    Go,
}

/// A partition and its producer.
#[derive(Clone)]
pub(crate) struct Table {
    pub(crate) partition: Partition,
    tombstones: Tombstones,
    salt: u64,
    random: Random,
    identity: Option<Identity>,
    /// The last batch sent: its first offset, and the one behind it.
    last: Option<(i64, i64)>,
    /// Up to where records were acknowledged.
    acknowledged: Arc<AtomicI64>,
}

/// What a reader found.
pub(crate) struct Read {
    /// The offsets of all records.
    offsets: Vec<i64>,
    log_start: i64,
    end: i64,
}

type Record = (Vec<u8>, Option<Vec<u8>>);

impl Table {
    pub(crate) fn new(partition: Partition, tombstones: Tombstones, mut random: Random) -> Self {
        let salt = random.next();
        let acknowledged = Arc::default();
        Self { partition, tombstones, salt, random, identity: None, last: None, acknowledged }
    }

    /// The same for a reader, who sees what is acknowledged meanwhile.
    pub(crate) fn reader(&self) -> Self {
        self.clone()
    }

    pub(crate) fn acknowledged(&self) -> i64 {
        self.acknowledged.load(Ordering::Acquire)
    }

    fn draw(&self, offset: i64) -> Random {
        let number = u64::try_from(offset).expect("not negative");
        Random::new(self.salt ^ Random::new(number).next())
    }

    fn key(&self, offset: i64) -> u64 {
        // A few keys come all the time, most of them seldom.
        let mut random = self.draw(offset);
        if random.one_in(3) { random.range(0, 5) } else { random.range(0, KEYS) }
    }

    fn record(&self, offset: i64) -> Record {
        let key = format!("key {}", self.key(offset)).into_bytes();
        let mut random = self.draw(offset ^ (1 << 40));
        let value = (!random.one_in(TOMBSTONES)).then(|| {
            let mut value = format!("{offset} ").into_bytes();
            value.resize(value.len() + random.index(2_000), b'x');
            value
        });
        (key, value)
    }

    /// Sends the last batch again, if there is one: whether its answer was lost, or the batch, it
    /// is then there, once.
    pub(crate) fn resume(&mut self, connection: &mut Connection) -> io::Result<()> {
        if self.identity.is_none() {
            self.identity = Some(connection.init_producer_id()?);
        }
        let Some((first, behind)) = self.last else { return Ok(()) };
        let known = self.acknowledged();
        self.send(connection, first, behind)?;
        let end = connection.latest(&self.partition)?;
        assert_eq!(end, behind, "{:?} had {known}", self.partition);
        Ok(())
    }

    /// Appends a batch.
    pub(crate) fn append(&mut self, connection: &mut Connection) -> io::Result<()> {
        let first = self.acknowledged();
        let count = i64::try_from(self.random.range(1, 80)).expect("few");
        self.last = Some((first, first + count));
        self.send(connection, first, first + count)
    }

    fn send(&self, connection: &mut Connection, first: i64, behind: i64) -> io::Result<()> {
        let records = (first..behind).map(|offset| self.record(offset));
        let records = records.map(|(key, value)| (Some(key), value));
        let sequence = i32::try_from(first).expect("few records");
        let identity = self.identity.expect("it was resumed");
        let batch = encode_keyed(records, Some((identity, sequence)));
        let outcome = connection.produce(&self.partition, batch)?;
        assert_eq!((outcome.error_code, outcome.base_offset), (code::NONE, first), "{outcome:?}");
        self.acknowledged.store(behind, Ordering::Release);
        Ok(())
    }

    /// Reads all there is, from the front to the end that there was at the call, and checks each
    /// record, and that no key is older than it was at the call.
    pub(crate) fn read(
        &self,
        connection: &mut Connection,
        random: &mut Random,
    ) -> io::Result<Read> {
        let known = self.acknowledged();
        let log_start = connection.earliest(&self.partition)?;
        let end = connection.latest(&self.partition)?;
        assert!(end >= known, "{:?} has {end} of {known}", self.partition);
        let (mut offset, mut offsets) = (log_start, Vec::new());
        while offset < end {
            let bytes_max = [1, 5_000, 100_000, 1 << 20][random.index(4)];
            let appetite = Appetite { bytes_max, wait_ms: 0 };
            let fetched = connection.fetch(&self.partition, offset, appetite)?;
            assert_eq!(fetched.error_code, code::NONE);
            for found in &fetched.records {
                assert!(found.offset >= offset && Some(&found.offset) > offsets.last());
                let (key, value) = self.record(found.offset);
                assert_eq!(found.key.as_deref(), Some(key.as_slice()), "{}", found.offset);
                assert_eq!(found.value.as_deref(), value.as_deref(), "{}", found.offset);
                offsets.push(found.offset);
            }
            let next = fetched.next_offset.filter(|next| *next > offset);
            offset = next.unwrap_or_else(|| panic!("stuck at {offset} before {end}"));
        }
        let read = Read { offsets, log_start, end };
        self.check_latest(&read, known);
        Ok(read)
    }

    /// Each key is as new as it was when the log ended at `known`.
    fn check_latest(&self, read: &Read, known: i64) {
        let latest = self.latest(read.offsets.iter().copied());
        for (key, last) in self.latest(read.log_start..known) {
            let found = latest.get(&key).copied();
            // It may have gone between the front, where the reader met the key, and its own place.
            let may_go = self.tombstones == Tombstones::Go && self.record(last).1.is_none();
            assert!(may_go || found >= Some(last), "key {key}: {found:?}, but {last} was there");
        }
    }

    fn latest(&self, offsets: impl Iterator<Item = i64>) -> BTreeMap<u64, i64> {
        offsets.map(|offset| (self.key(offset), offset)).collect()
    }

    /// Whether compaction has nothing left to do: before the records that run on to the end without
    /// a gap, each is the last of its key.
    pub(crate) fn is_compacted(&self, read: &Read) -> bool {
        let run = read.offsets.iter().rev().zip((0..read.end).rev());
        let behind = run.take_while(|(found, offset)| **found == *offset).count();
        let before = read.offsets.split_at(read.offsets.len() - behind).0;
        let start = read.end - i64::try_from(behind).expect("few");
        let last = self.latest(read.log_start..start);
        !before.is_empty() && before.iter().all(|offset| last[&self.key(*offset)] == *offset)
    }
}

impl Read {
    pub(crate) fn len(&self) -> usize {
        self.offsets.len()
    }
}
