//! One pass over a topic from its beginning: every connection reads one partition, fetch by fetch.
//!
//! A fetch asks from behind the last whole batch of the answer before, as a consumer does. Answers
//! are received whole into memory, which is the one copy that any consumer pays, and looked at by
//! their batch headers only.

use core::net::SocketAddr;
use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use record::{BatchView, Offset, PartitionIndex};
use runtime::floor::{Arrivals, pin_to};
use runtime::{IdlePolicy, Instant, Runtime, RuntimeConfig, block_on};

use crate::client::Client;
use crate::error::{BenchError, io_error};
use crate::latency::Latencies;
use crate::pace::{Plan, Rate, Spacing};

/// The version asked in: the last with names and without compact lengths.
const VERSION: i16 = 11;

/// How long the broker may wait for a byte: at the end of the log there is none.
const WAIT_MS: i32 = 0;

/// What to read.
pub(super) struct Pass {
    pub(super) address: SocketAddr,
    pub(super) topic: String,
    pub(super) connections: u32,
    pub(super) bytes_per_fetch: u32,
    /// The pass ends after so many bytes of records, or at the end of all partitions.
    pub(super) bytes_max: u64,
    /// Fetches a second over all connections.
    pub(super) rate: Rate,
    pub(super) core: usize,
}

/// What came of it.
pub(super) struct Passed {
    /// Of every fetch that brought records.
    pub(super) latencies: Latencies,
    /// Bytes of records.
    pub(super) bytes: u64,
    /// Records, by the batches' own counts.
    pub(super) records: u64,
    /// From the first request to the last answer.
    elapsed_ns: u64,
}

impl Passed {
    /// Bytes of records a second.
    pub(super) fn bytes_per_second(&self) -> f64 {
        self.bytes as f64 * 1e9 / self.elapsed_ns.max(1) as f64
    }
}

/// One connection's fetches.
struct Reader {
    client: Client,
    topic: String,
    partition: PartitionIndex,
    offset: Offset,
    bytes_per_fetch: i32,
}

/// What one answer brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Brought {
    bytes: u64,
    records: u64,
    next_offset: Option<Offset>,
}

impl Pass {
    /// Runs it on this thread. An error if any answer has one.
    pub(super) fn run(&self, seed: u64) -> Result<Passed, BenchError> {
        pin_to(self.core).map_err(io_error("pin the load"))?;
        // The load has its core to itself; a sleeping one would wake late for every answer.
        let idle = IdlePolicy::Adaptive(Duration::from_micros(200));
        let config = RuntimeConfig { idle, ..RuntimeConfig::default() };
        let this = self.clone_for_task();
        block_on(config, move |runtime| async move { this.read_all(&runtime, seed).await })?
    }

    fn clone_for_task(&self) -> Rc<Self> {
        Rc::new(Self { topic: self.topic.clone(), ..*self })
    }

    async fn read_all(self: Rc<Self>, runtime: &Runtime, seed: u64) -> Result<Passed, BenchError> {
        let bytes_per_fetch = i32::try_from(self.bytes_per_fetch)
            .map_err(|_| BenchError::Arguments("that many bytes in a fetch"))?;
        let mut readers = Vec::new();
        for partition in 0..self.connections {
            let room = self.bytes_per_fetch as usize + (1 << 16);
            readers.push(Reader {
                client: Client::connect(runtime, self.address, room).await?,
                topic: self.topic.clone(),
                partition: PartitionIndex(i32::try_from(partition).unwrap_or(i32::MAX)),
                offset: Offset::ZERO,
                bytes_per_fetch,
            });
        }
        let left = Rc::new(Cell::new(self.bytes_max));
        let start = Instant::now();
        let mut tasks = Vec::new();
        for (index, reader) in readers.into_iter().enumerate() {
            let (left, inner) = (Rc::clone(&left), runtime.clone());
            let plan = match self.rate {
                Rate::Max => None,
                Rate::PerSecond(rate) => {
                    let count = self.connections as usize;
                    Some((Plan::new(rate, Spacing::Poisson, count, seed), index))
                }
            };
            tasks.push(runtime.spawn(reader.read(inner, left, start, plan)));
        }
        let mut passed =
            Passed { latencies: Latencies::new()?, bytes: 0, records: 0, elapsed_ns: 0 };
        for task in tasks {
            let (times, bytes, records) = task.await?;
            for nanos in times {
                passed.latencies.enter(nanos);
            }
            passed.bytes += bytes;
            passed.records += records;
        }
        passed.elapsed_ns = Instant::now().nanos_since(start);
        if passed.bytes == 0 {
            return Err(BenchError::Nothing("the topic is empty: --fill it"));
        }
        Ok(passed)
    }
}

impl Reader {
    /// Fetches until `left` is used up or the partition ends. Returns the time of every fetch, the
    /// bytes and the records.
    async fn read(
        mut self,
        runtime: Runtime,
        left: Rc<Cell<u64>>,
        start: Instant,
        mut plan: Option<(Plan, usize)>,
    ) -> Result<(Vec<u64>, u64, u64), BenchError> {
        let (mut times, mut bytes, mut records) = (Vec::new(), 0, 0);
        while left.get() > 0 {
            let due = match &mut plan {
                None => Instant::now(),
                Some((plan, connection)) => {
                    let due = start.after(Duration::from_nanos(plan.next_ns(*connection)));
                    runtime.sleep_until(due).await;
                    due
                }
            };
            let brought = self.fetch().await?;
            let Some(next_offset) = brought.next_offset else { break };
            times.push(Instant::now().nanos_since(due));
            self.offset = next_offset;
            bytes += brought.bytes;
            records += brought.records;
            left.set(left.get().saturating_sub(brought.bytes));
        }
        Ok((times, bytes, records))
    }

    async fn fetch(&mut self) -> Result<Brought, BenchError> {
        let partitions = [FetchPartition {
            partition: self.partition,
            fetch_offset: self.offset,
            max_bytes: self.bytes_per_fetch,
            ..FetchPartition::default()
        }];
        let topics = [FetchTopic {
            name: &self.topic,
            partitions: (&partitions).into(),
            ..FetchTopic::default()
        }];
        let request = FetchRequest {
            max_wait_ms: WAIT_MS,
            min_bytes: 1,
            max_bytes: self.bytes_per_fetch,
            topics: (&topics).into(),
            ..FetchRequest::default()
        };
        let answer = self.client.ask(ApiKey::Fetch.version(VERSION)?, &request).await?;
        let response: FetchResponse<'_> = answer.decode()?;
        refuse(response.error_code)?;
        let topic = response.topics.iter().next();
        let partition = topic.and_then(|topic| topic.partitions.iter().next());
        let partition = partition.ok_or(BenchError::Nothing("an answer without the partition"))?;
        refuse(partition.data.error_code)?;
        let records = partition.records.map_or(&[][..], |records| records.bytes());
        count(records)
    }
}

fn refuse(code: ErrorCode) -> Result<(), BenchError> {
    if code.is_none() {
        return Ok(());
    }
    Err(BenchError::Refused { what: "a fetch", code })
}

/// Counts whole batches; the last one may be cut off, as Kafka allows.
fn count(mut records: &[u8]) -> Result<Brought, BenchError> {
    let mut brought = Brought { bytes: records.len() as u64, ..Brought::default() };
    let any = !records.is_empty();
    while let Ok((batch, rest)) = BatchView::parse(records) {
        brought.next_offset = Some(batch.next_offset());
        brought.records += u64::try_from(batch.header().record_count()).unwrap_or(0);
        records = rest;
    }
    if any && brought.next_offset.is_none() {
        return Err(BenchError::Nothing("an answer without a whole batch"));
    }
    Ok(brought)
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::{BatchBuilder, NewRecord, Seal, Timestamp};

    fn batch(records: u8, base_offset: i64) -> Vec<u8> {
        let mut builder = BatchBuilder::new();
        for _ in 0..records {
            let (timestamp, value) = (Timestamp(1), Some(&b"value"[..]));
            builder.append(&NewRecord { timestamp, key: None, value, headers: &[] }).unwrap();
        }
        let base_offset = Offset(base_offset);
        builder.seal(&Seal { base_offset, ..Seal::default() }).unwrap()
    }

    #[test]
    fn whole_batches_are_counted_and_a_cut_one_is_asked_for_again() {
        let whole = [batch(3, 10), batch(2, 13)].concat();
        let bytes = whole.len() as u64;
        let expected = Brought { bytes, records: 5, next_offset: Some(Offset(15)) };
        assert_eq!(count(&whole).unwrap(), expected);
        let cut = [whole, batch(4, 15)[..70].to_vec()].concat();
        let bytes = cut.len() as u64;
        assert_eq!(count(&cut).unwrap(), Brought { bytes, ..expected });
        assert_eq!(count(&[]).unwrap(), Brought::default());
        assert!(count(&batch(1, 0)[..50]).is_err());
    }
}
