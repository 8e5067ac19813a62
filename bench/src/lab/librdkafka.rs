//! Kafka's protocol through librdkafka: a cross-check of the lab's own client.
//!
//! A producer of librdkafka's for each connection, polled by a thread of its own, and the load's
//! thread, which sleeps while nothing is due: the library's threads need the cores. A record is
//! sent when it is handed to the library, so its queue and its linger are in `publish`, and
//! acknowledged when the delivery callback runs.

use core::net::SocketAddr;
use std::time::Duration;

use flume::{Receiver, Sender};
use rdkafka::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, Producer, ProducerContext, PurgeConfig, ThreadedProducer,
};
use runtime::Instant;

use super::kafka::KafkaTarget;
use super::sizes::Keys;
use super::target::{Job, Target};
use super::workload::Workload;
use crate::cli::AcksArg;
use crate::error::{BenchError, io_error};
use crate::folder::run::Durability;
use crate::random::Random;

/// The most messages that the library holds; what is due beyond is not handed over, and late.
const QUEUE_MESSAGES_MAX: usize = 1_000_000;

/// The longest sleep.
const WAIT_NS_MAX: u64 = 20_000_000;
/// How long the library may take to say what it has given up.
const PURGE_TIME: Duration = Duration::from_secs(1);

/// Kafka, by librdkafka. What is asked before and after a load goes through the lab's client.
pub(crate) struct LibrdkafkaTarget {
    address: SocketAddr,
    kafka: KafkaTarget,
}

/// A message that the library has.
struct Message {
    due_ns: u64,
    sent_ns: u64,
    bytes: u64,
}

/// What became of one.
struct Delivered {
    sent: Message,
    now_ns: u64,
    error: Option<KafkaError>,
}

/// Hears of deliveries, on the thread that polls.
struct Deliveries(Sender<Delivered>);

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<Message>;

    fn delivery(&self, result: &DeliveryResult<'_>, sent: Self::DeliveryOpaque) {
        let error = result.as_ref().err().map(|(error, _)| error.clone());
        let delivered = Delivered { sent: *sent, now_ns: Instant::now().nanos(), error };
        // The receiver lives as long as the load.
        let _ = self.0.send(delivered);
    }
}

impl LibrdkafkaTarget {
    /// The broker at an address.
    pub(crate) fn new(address: SocketAddr, kafka: KafkaTarget) -> Self {
        Self { address, kafka }
    }
}

impl Target for LibrdkafkaTarget {
    fn system(&self) -> (String, String) {
        self.kafka.system()
    }

    fn prepare(&mut self, workload: &Workload) -> Result<(), BenchError> {
        if workload.consumers > 0 || workload.whole_batches {
            return Err(BenchError::Arguments("librdkafka has no consumers and batches here"));
        }
        self.kafka.prepare(workload)
    }

    fn journal_bytes(&self) -> Option<u64> {
        self.kafka.journal_bytes()
    }

    fn fill(&mut self, workload: &Workload, bytes: u64) -> Result<(), BenchError> {
        self.kafka.fill(workload, bytes)
    }

    fn run(&mut self, job: &mut Job<'_>) -> Result<(), BenchError> {
        Load::new(job, self.address)?.run();
        Ok(())
    }

    fn readable(&mut self, workload: &Workload) -> Result<Option<u64>, BenchError> {
        self.kafka.readable(workload)
    }

    fn durability(&self) -> Durability {
        self.kafka.durability()
    }

    fn configuration(&self) -> Vec<(String, String)> {
        let mut all = self.kafka.configuration();
        let (_, version) = rdkafka::util::get_rdkafka_version();
        all.push(("librdkafka".to_owned(), version));
        all
    }
}

/// One load.
struct Load<'j, 'a> {
    job: &'j mut Job<'a>,
    producers: Vec<ThreadedProducer<Deliveries>>,
    delivered: Receiver<Delivered>,
    random: Random,
    value: Vec<u8>,
    /// Records that are due and that no queue takes.
    refused: std::collections::VecDeque<(usize, u64)>,
    out: usize,
    /// Unanswered records at most, in a closed loop.
    out_max: usize,
    first_error: Option<KafkaError>,
}

impl<'j, 'a> Load<'j, 'a> {
    fn new(job: &'j mut Job<'a>, address: SocketAddr) -> Result<Self, BenchError> {
        let workload = job.workload;
        // The library's threads are where the thread is that makes them.
        if !workload.cores.is_empty() {
            runtime::affinity::pin_to(&workload.cores)?;
        }
        let (sender, delivered) = flume::unbounded();
        let producers = (0..workload.connections).map(|_| {
            let mut config = ClientConfig::new();
            config
                .set("bootstrap.servers", address.to_string())
                .set(
                    "acks",
                    match workload.acks {
                        AcksArg::Leader => "1",
                        AcksArg::All => "all",
                    },
                )
                .set("linger.ms", format!("{}", workload.linger.as_secs_f64() * 1e3))
                .set("batch.num.messages", workload.batch_records.to_string())
                .set("max.in.flight", workload.inflight.to_string())
                .set("message.timeout.ms", workload.timeout.as_millis().to_string())
                .set("message.max.bytes", "1000000000")
                .set("queue.buffering.max.messages", QUEUE_MESSAGES_MAX.to_string())
                .set("queue.buffering.max.kbytes", "2097151");
            let made = config.create_with_context(Deliveries(sender.clone()));
            made.map_err(|error| library(&error))
        });
        let producers = producers.collect::<Result<Vec<_>, _>>()?;
        if let Some(core) = workload.core() {
            runtime::floor::pin_to(core).map_err(io_error("pin the load"))?;
        }
        let records = workload.inflight as usize * workload.batch_records as usize;
        Ok(Self {
            producers,
            delivered,
            random: Random::new(workload.seed ^ 0x5EED),
            value: vec![0xA5; workload.record_size.max() as usize],
            refused: std::collections::VecDeque::new(),
            out: 0,
            out_max: records * workload.connections as usize,
            first_error: None,
            job,
        })
    }

    fn run(mut self) {
        loop {
            let now_ns = Instant::now().nanos();
            self.job.on_time(now_ns);
            self.send_due(now_ns);
            if self.job.is_over(now_ns) {
                break;
            }
            self.wait(now_ns);
        }
        self.give_up();
        if let Some(error) = &self.first_error {
            eprintln!("tidemill-bench: the first error: {error}");
        }
    }

    fn send_due(&mut self, now_ns: u64) {
        while let Some((producer, due_ns)) = self.refused.pop_front() {
            if !self.send(producer, due_ns) {
                self.refused.push_front((producer, due_ns));
                break;
            }
        }
        while let Some(due) = self.job.take_due(now_ns) {
            if !self.refused.is_empty() || !self.send(due.producer, due.due_ns) {
                self.refused.push_back((due.producer, due.due_ns));
            }
        }
        while self.out < self.out_max && self.job.is_sending(now_ns) {
            let producer = self.out % self.producers.len();
            if !self.send(producer, 0) {
                break;
            }
        }
    }

    /// Hands a record to the library; false if its queue is full. In a closed loop it is due now.
    fn send(&mut self, producer: usize, due_ns: u64) -> bool {
        let workload = self.job.workload;
        let size = workload.record_size.draw(&mut self.random);
        let key = workload.keys.draw(&mut self.random).map(|key| format!("key-{key:010}"));
        let sent_ns = Instant::now().nanos();
        let due_ns = if workload.is_closed() { sent_ns } else { due_ns };
        let bytes = (size + key.as_ref().map_or(0, String::len)) as u64;
        let sent = Box::new(Message { due_ns, sent_ns, bytes });
        let value = self.value.get(..size).unwrap_or_default();
        let mut record = BaseRecord::with_opaque_to(&workload.topic, sent).payload(value);
        if let Some(key) = &key {
            record = record.key(key.as_str());
        }
        debug_assert!(key.is_some() == (workload.keys != Keys::None), "keys or none");
        match self.producers[producer].send(record) {
            Ok(()) => {
                self.out += 1;
                self.job.ledger.on_sent(&[due_ns], sent_ns);
                true
            }
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => false,
            Err((error, _)) => {
                self.job.ledger.on_error(&[due_ns], sent_ns);
                self.first_error.get_or_insert(error);
                true
            }
        }
    }

    /// Sleeps until a record is due, or one was delivered.
    fn wait(&mut self, now_ns: u64) {
        let due_ns = self.job.next_due_ns().unwrap_or(u64::MAX).min(now_ns + WAIT_NS_MAX);
        let time = Duration::from_nanos(due_ns.saturating_sub(now_ns));
        let first = self.delivered.recv_timeout(time).ok();
        let rest: Vec<_> = self.delivered.try_iter().collect();
        for Delivered { sent, now_ns, error } in first.into_iter().chain(rest) {
            self.out -= 1;
            let due = [sent.due_ns];
            match error {
                None => self.job.ledger.on_acked(&due, sent.sent_ns, now_ns, sent.bytes),
                Some(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut)) => {
                    self.job.ledger.on_timed_out(&due, Some(sent.sent_ns), now_ns);
                }
                Some(error) => {
                    self.job.ledger.on_error(&due, now_ns);
                    self.first_error.get_or_insert(error);
                }
            }
        }
    }

    /// What the library still has is purged, so that it says which records they are.
    fn give_up(&mut self) {
        for producer in &self.producers {
            producer.purge(PurgeConfig::default().queue().inflight());
            // What is not told within that time is not told: the account misses it as unanswered.
            let _ = producer.flush(PURGE_TIME);
        }
        let now_ns = Instant::now().nanos();
        for Delivered { sent, error, .. } in self.delivered.try_iter() {
            let due = [sent.due_ns];
            match error {
                None => self.job.ledger.on_acked(&due, sent.sent_ns, now_ns, sent.bytes),
                Some(_) => self.job.ledger.on_waiting(&due, Some(sent.sent_ns), now_ns),
            }
        }
        for (_, due_ns) in self.refused.drain(..) {
            self.job.ledger.on_waiting(&[due_ns], None, now_ns);
        }
    }
}

fn library(error: &KafkaError) -> BenchError {
    BenchError::Library(error.to_string())
}
