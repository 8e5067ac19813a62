//! A producer to one topic: records are batched by partition, and each partition's batches are
//! sent in order by a task of its own.
//!
//! If every replica in sync must acknowledge, batches carry sequences (KIP-98): each partition has
//! a producer id of its own, up to five batches under way, and a batch that is sent again is
//! appended once. Otherwise one batch is under way, so that order is kept without sequences.

mod batching;
mod exchange;
mod lane;
mod sealed;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use record::{Codec, NewRecord, PartitionIndex};
use runtime::Task;
use runtime::local::Event;

use self::batching::{BatchLimits, Batching};
use self::lane::Lane;
use super::cluster::Client;
use super::error::ClientError;
use super::partitioner::{StickyPartition, partition_of_key};
use crate::kafka::api::produce::Acks;

/// Batches of one partition under way: as many as a broker remembers the sequences of.
const IN_FLIGHT_MAX: usize = 5;
/// What a record takes besides its key, value and headers, at most: its own integers, and the
/// header of a batch that holds nothing else.
const RECORD_OVERHEAD: usize = 128;

/// Who must have a record before it counts as acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Acknowledgement {
    /// Nobody: a record counts when the kernel has it.
    None,
    /// The partition's leader.
    Leader,
    /// Every replica in sync; sent idempotently.
    #[default]
    All,
}

/// How a producer batches, waits and retries.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// Who must have a record.
    pub acks: Acknowledgement,
    /// How batches are compressed.
    pub codec: Codec,
    /// The most records of a batch.
    pub batch_records: i32,
    /// The most bytes of a batch, before compression; a larger record has one of its own.
    pub batch_bytes: usize,
    /// How long a batch waits for more records.
    pub linger: Duration,
    /// The most bytes of records that are not resolved.
    pub buffer_bytes: usize,
    /// How long a batch may take from its first record on, retries included.
    pub delivery_patience: Duration,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: Acknowledgement::All,
            codec: Codec::None,
            batch_records: 100_000,
            batch_bytes: 512 << 10,
            linger: Duration::from_millis(5),
            buffer_bytes: 32 << 20,
            delivery_patience: Duration::from_secs(30),
        }
    }
}

/// A record and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewMessage<'a> {
    /// The partition; without one it is chosen by the key, or any if there is no key.
    pub partition: Option<PartitionIndex>,
    /// The record.
    pub record: NewRecord<'a>,
}

/// What became of the records so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Records that are acknowledged.
    pub acknowledged: u64,
    /// Records that were given up.
    pub failed: u64,
    /// Records that are still to be resolved.
    pub unresolved: u64,
    /// Bytes of acknowledged batches, compressed.
    pub bytes: u64,
    /// Why the first of the failed records was given up.
    pub first_failure: Option<ClientError>,
}

/// A producer. Dropping it drops what was not sent: call [`Producer::flush`] first.
pub struct Producer {
    shared: Rc<Shared>,
    lanes: RefCell<Lanes>,
    sticky: Cell<StickyPartition>,
    partitions: u32,
    limits: BatchLimits,
}

/// The lanes in use, each with the task that sends what is in it.
type Lanes = BTreeMap<PartitionIndex, (Rc<Lane>, Task<()>)>;

/// What the producer and its partitions' tasks have in common.
struct Shared {
    client: Client,
    topic: String,
    config: ProducerConfig,
    buffered: Cell<usize>,
    flushing: Cell<bool>,
    tally: RefCell<Tally>,
    /// Something was resolved.
    resolved: Event,
}

impl Producer {
    /// A producer to a topic that must exist. It keeps to the partitions that the topic has now.
    pub async fn open(
        client: Client,
        topic: &str,
        config: ProducerConfig,
    ) -> Result<Self, ClientError> {
        let info = client.refresh(topic).await?;
        let partitions = u32::try_from(info.partitions.len()).unwrap_or(u32::MAX);
        if partitions == 0 {
            let partition = PartitionIndex(0);
            return Err(ClientError::NoLeader { topic: topic.to_owned(), partition });
        }
        let limits = BatchLimits {
            records: config.batch_records,
            bytes: config.batch_bytes,
            linger: config.linger,
        };
        // Any spread will do, and the clock is one that a replay gives again.
        let seed = u32::try_from(client.runtime().wall_millis() & 0xffff).unwrap_or_default();
        let shared = Shared {
            client,
            topic: topic.to_owned(),
            config,
            buffered: Cell::new(0),
            flushing: Cell::new(false),
            tally: RefCell::default(),
            resolved: Event::default(),
        };
        Ok(Self {
            shared: Rc::new(shared),
            lanes: RefCell::default(),
            sticky: Cell::new(StickyPartition::starting_at(seed)),
            partitions,
            limits,
        })
    }

    /// How many partitions the topic had when the producer was opened.
    pub fn partitions(&self) -> u32 {
        self.partitions
    }

    /// Takes a record, copied, as soon as the buffer has room. What becomes of it is in the tally.
    pub async fn send(&self, message: &NewMessage<'_>) -> Result<(), ClientError> {
        while !self.try_send(message)? {
            let size = reserved_by(&message.record);
            let room = || self.has_room(size).then_some(());
            self.shared.resolved.wait_until(room).await;
        }
        Ok(())
    }

    /// Takes a record, copied; `false` if the buffer has no room for it now.
    pub fn try_send(&self, message: &NewMessage<'_>) -> Result<bool, ClientError> {
        let size = reserved_by(&message.record);
        let limit = self.shared.config.buffer_bytes;
        if size > limit {
            return Err(ClientError::RecordTooLarge { bytes: size, limit });
        }
        if !self.has_room(size) {
            return Ok(false);
        }
        let (partition, is_sticky) = self.choose(message)?;
        let lane = self.lane(partition);
        let full = lane.append(&message.record, size, self.shared.client.runtime().now())?;
        if is_sticky && full > 0 {
            let mut sticky = self.sticky.get();
            sticky.advance();
            self.sticky.set(sticky);
        }
        self.shared.buffered.set(self.shared.buffered.get() + size);
        self.shared.tally.borrow_mut().unresolved += 1;
        Ok(true)
    }

    /// Sends all that was taken without waiting for more, and resolves when each record is
    /// acknowledged or given up: the tally says which. Dropping the future stops no sending.
    pub async fn flush(&self) -> Tally {
        self.shared.flushing.set(true);
        let lanes: Vec<_> = self.lanes.borrow().values().map(|(lane, _)| Rc::clone(lane)).collect();
        for lane in &lanes {
            lane.wake();
        }
        let done = || (self.shared.tally.borrow().unresolved == 0).then_some(());
        self.shared.resolved.wait_until(done).await;
        self.shared.flushing.set(false);
        if self.shared.config.acks == Acknowledgement::None {
            for lane in lanes {
                if let Err(error) = lane.flush_connection().await {
                    self.shared.tally.borrow_mut().first_failure.get_or_insert(error.into());
                }
            }
        }
        self.tally()
    }

    /// What became of the records so far.
    pub fn tally(&self) -> Tally {
        self.shared.tally.borrow().clone()
    }

    /// How many records were given up.
    pub fn failed(&self) -> u64 {
        self.shared.tally.borrow().failed
    }

    /// Resolves when a record has been given up.
    pub async fn failure(&self) {
        let failed = || (self.failed() > 0).then_some(());
        self.shared.resolved.wait_until(failed).await;
    }

    fn has_room(&self, size: usize) -> bool {
        self.shared.buffered.get() + size <= self.shared.config.buffer_bytes
    }

    fn choose(&self, message: &NewMessage<'_>) -> Result<(PartitionIndex, bool), ClientError> {
        if let Some(partition) = message.partition {
            if !u32::try_from(partition.0).is_ok_and(|number| number < self.partitions) {
                let partitions = usize::try_from(self.partitions).unwrap_or(usize::MAX);
                let topic = self.shared.topic.clone();
                return Err(ClientError::UnknownPartition { topic, partition, partitions });
            }
            return Ok((partition, false));
        }
        Ok(match message.record.key {
            Some(key) => (partition_of_key(key, self.partitions), false),
            None => (self.sticky.get().current(self.partitions), true),
        })
    }

    fn lane(&self, partition: PartitionIndex) -> Rc<Lane> {
        let mut lanes = self.lanes.borrow_mut();
        let (lane, _) = lanes.entry(partition).or_insert_with(|| {
            let lane = Rc::new(Lane::new(partition, Batching::new(self.limits)));
            let task = lane::run(Rc::clone(&self.shared), Rc::clone(&lane));
            let task = self.shared.client.runtime().spawn(task);
            (lane, task)
        });
        Rc::clone(lane)
    }
}

impl Shared {
    /// How many batches of a partition may be under way.
    fn in_flight_max(&self) -> usize {
        if self.is_idempotent() { IN_FLIGHT_MAX } else { 1 }
    }

    fn is_idempotent(&self) -> bool {
        self.config.acks == Acknowledgement::All
    }

    /// Records are no longer under way.
    fn resolve(&self, records: u64, reserved: usize, result: Result<usize, ClientError>) {
        let mut tally = self.tally.borrow_mut();
        match result {
            Ok(bytes) => {
                tally.acknowledged += records;
                tally.bytes += u64::try_from(bytes).unwrap_or_default();
            }
            Err(error) => {
                tally.failed += records;
                tally.first_failure.get_or_insert(error);
            }
        }
        tally.unresolved -= records;
        drop(tally);
        self.buffered.set(self.buffered.get() - reserved);
        self.resolved.notify();
    }
}

impl Acknowledgement {
    fn to_wire(self) -> Acks {
        match self {
            Self::None => Acks::NONE,
            Self::Leader => Acks::LEADER,
            Self::All => Acks::ALL,
        }
    }
}

/// What a record takes of the buffer: at least its size in a batch of its own.
fn reserved_by(record: &NewRecord<'_>) -> usize {
    let headers = record.headers.iter();
    let headers = headers.map(|h| h.key.len() + h.value.map_or(0, <[u8]>::len) + 10);
    let content = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
    content + headers.sum::<usize>() + RECORD_OVERHEAD
}
