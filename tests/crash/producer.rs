//! An idempotent producer that outlives its broker: what is not acknowledged is sent again, with
//! the same id, epoch and sequences, until it is.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

use super::log::{Kind, Log};
use crate::support::batch::{self, Identity};
use crate::support::connection::Connection;
use crate::support::payload::{Mark, PAYLOAD_BYTES_MIN};
use crate::support::produce::{Outcome, Partition, code};
use crate::support::random::Random;

/// Requests on the way, and batches of one partition that are not acknowledged, as Kafka's clients
/// have it.
const IN_FLIGHT_MAX: usize = 5;
/// Partitions of one request at most.
const PARTITIONS_MAX: u64 = 3;

/// How much a round's batches weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Mixed,
    /// Mostly large ones: the journal is gone around within the round.
    Heavy,
}

/// A batch that is not acknowledged.
struct Batch {
    counter: u64,
    count: u64,
    bytes: Bytes,
}

/// A batch that is.
struct Acknowledged {
    counter: u64,
    count: u64,
    /// Unknown of a repeat.
    offset: Option<i64>,
}

/// One partition as this producer sees it. A record's sequence is its counter.
struct Lane {
    log: u32,
    partition: Partition,
    unacknowledged: VecDeque<Batch>,
    /// How many of them have been sent on this connection.
    sent: usize,
    created: u64,
    acknowledged: Vec<Acknowledged>,
}

/// What a round looks like to all who take part.
#[derive(Clone, Copy)]
pub(crate) struct Round<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) start: &'a Barrier,
    /// Set before the broker is asked or made to end: until then nothing may go wrong.
    pub(crate) ending: &'a AtomicBool,
    pub(crate) weight: Weight,
}

impl Round<'_> {
    /// A connection that was lost: as it should be, or a defect.
    pub(crate) fn lost(&self, who: &str, error: &io::Error) -> Result<(), String> {
        if self.ending.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(format!("{who}: the broker lives, and yet: {error}"))
    }
}

/// A producer.
pub(crate) struct Producer {
    number: u32,
    identity: Option<Identity>,
    lanes: Vec<Lane>,
    in_flight: VecDeque<Vec<usize>>,
    random: Random,
    /// Records acknowledged in all.
    pub(crate) total: u64,
}

impl Producer {
    pub(crate) fn new(number: u32, logs: &[Log], mut random: Random) -> Self {
        let mut lanes = Vec::new();
        for log in logs {
            if lanes.is_empty() || !random.one_in(3) {
                lanes.push(Lane {
                    log: log.number,
                    partition: log.partition.clone(),
                    unacknowledged: VecDeque::new(),
                    sent: 0,
                    created: 0,
                    acknowledged: Vec::new(),
                });
            }
        }
        let in_flight = VecDeque::new();
        Self { number, identity: None, lanes, in_flight, random, total: 0 }
    }

    /// Produces until the broker ends.
    pub(crate) fn run(&mut self, round: Round<'_>) -> Result<(), String> {
        let who = format!("producer {}", self.number);
        let connected = self.connect(round.address);
        round.start.wait();
        let mut connection = connected.map_err(|error| format!("{who}: {error}"))?;
        loop {
            match self.step(&mut connection, round.weight) {
                Ok(true) => {}
                Ok(false) if round.ending.load(Ordering::SeqCst) => return Ok(()),
                Ok(false) => return Err(format!("{who}: refused by a broker that is to serve")),
                Err(error) if error.kind() == io::ErrorKind::Other => {
                    return Err(format!("{who}: {error}"));
                }
                Err(error) => return round.lost(&who, &error),
            }
        }
    }

    fn connect(&mut self, address: SocketAddr) -> io::Result<Connection> {
        let mut connection = Connection::open(address)?;
        if self.identity.is_none() {
            self.identity = Some(connection.init_producer_id()?);
        }
        self.in_flight.clear();
        self.lanes.iter_mut().for_each(|lane| lane.sent = 0);
        Ok(connection)
    }

    /// Fills the pipeline and takes one answer; `false` if the broker is about to end.
    fn step(&mut self, connection: &mut Connection, weight: Weight) -> io::Result<bool> {
        while self.in_flight.len() < IN_FLIGHT_MAX {
            let chosen = self.choose(weight);
            if chosen.is_empty() {
                break;
            }
            let mut batches = Vec::new();
            for index in &chosen {
                let lane = &mut self.lanes[*index];
                let batch = &lane.unacknowledged[lane.sent];
                batches.push((lane.partition.clone(), batch.bytes.clone()));
                lane.sent += 1;
            }
            self.in_flight.push_back(chosen);
            connection.send_produce(&batches)?;
        }
        let outcomes = connection.receive_produce()?;
        let sent = self.in_flight.pop_front().expect("something was sent");
        assert_eq!(sent.len(), outcomes.len(), "an outcome for each partition");
        for (index, outcome) in sent.into_iter().zip(outcomes) {
            if !self.take(index, &outcome)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Some lanes that have something to send, each once. Repeats come before anything new.
    fn choose(&mut self, weight: Weight) -> Vec<usize> {
        let wanted = self.random.range(1, PARTITIONS_MAX + 1);
        let mut chosen: Vec<usize> = Vec::new();
        for _ in 0..wanted {
            let index = self.random.index(self.lanes.len());
            let lane = &self.lanes[index];
            if chosen.contains(&index) || lane.sent == IN_FLIGHT_MAX {
                continue;
            }
            if lane.sent == lane.unacknowledged.len() {
                self.create(index, weight);
            }
            chosen.push(index);
        }
        chosen
    }

    fn create(&mut self, index: usize, weight: Weight) {
        let (count, bytes) = self.draw_size(weight);
        let lane = &mut self.lanes[index];
        let mark = |counter| Mark { producer: self.number, log: lane.log, counter };
        let values = (lane.created..lane.created + count).map(|counter| mark(counter).write(bytes));
        let identity = self.identity.expect("it has connected");
        let sequence = i32::try_from(lane.created).expect("fewer than 2^31 records");
        let bytes = batch::encode(values, Some((identity, sequence)));
        lane.unacknowledged.push_back(Batch { counter: lane.created, count, bytes });
        lane.created += count;
    }

    /// Records of a batch, and bytes of each value.
    fn draw_size(&mut self, weight: Weight) -> (u64, usize) {
        let random = &mut self.random;
        let (count, bytes) = match (random.range(0, 10), weight) {
            (0..5, Weight::Mixed) => (random.range(1, 30), random.range(20, 400)),
            (5..9, Weight::Mixed) | (0..3, Weight::Heavy) => {
                (random.range(1, 8), random.range(400, 6_000))
            }
            _ => (random.range(1, 5), random.range(30_000, 200_000)),
        };
        let bytes = usize::try_from(bytes).expect("a size");
        (count, bytes.max(PAYLOAD_BYTES_MIN))
    }

    /// One batch's outcome; `false` if the broker is about to end.
    fn take(&mut self, index: usize, outcome: &Outcome) -> io::Result<bool> {
        let lane = &mut self.lanes[index];
        assert_eq!(lane.partition, outcome.partition, "outcomes are in the order of the request");
        let offset = match outcome.error_code {
            code::NONE => Some(outcome.base_offset),
            code::DUPLICATE_SEQUENCE_NUMBER => None,
            code::NOT_LEADER_OR_FOLLOWER => return Ok(false),
            error => {
                let counter = lane.unacknowledged.front().map(|batch| batch.counter);
                let partition = &lane.partition;
                let what = format!("error {error} for {partition:?}, sequence {counter:?}");
                return Err(io::Error::other(what));
            }
        };
        if offset.is_some_and(|offset| offset < 0) {
            return Err(io::Error::other(format!("{:?}: a negative offset", lane.partition)));
        }
        let Batch { counter, count, .. } =
            lane.unacknowledged.pop_front().expect("it is the oldest batch's outcome");
        lane.sent -= 1;
        self.total += count;
        lane.acknowledged.push(Acknowledged { counter, count, offset });
        Ok(true)
    }

    /// The end of the acknowledged records of a log, as far as this producer knows.
    pub(crate) fn acknowledged_end(&self, log: u32) -> i64 {
        let lanes = self.lanes.iter().filter(|lane| lane.log == log);
        let batches = lanes.flat_map(|lane| &lane.acknowledged);
        let ends = batches.filter_map(|batch| Some(batch.offset? + signed(batch.count)));
        ends.max().unwrap_or(0)
    }

    /// Every acknowledged record was read where it was acknowledged; none was read that was never
    /// sent. `logs` have been read to their ends.
    pub(crate) fn verify(&mut self, logs: &[Log]) -> Result<(), String> {
        for lane in &mut self.lanes {
            let log = &logs[lane.log as usize];
            let mut acknowledged_to = 0;
            for Acknowledged { counter, count, offset } in lane.acknowledged.drain(..) {
                acknowledged_to = counter + count;
                let Some(offset) = offset else { continue };
                for (at, counter) in (offset..).zip(counter..counter + count) {
                    let mark = Mark { producer: self.number, log: lane.log, counter };
                    // What was deleted before it was read can not be checked.
                    let is_deleted = at < log.start && log.kind == Kind::Shrinks;
                    if log.seen(at) != Some(mark) && !is_deleted {
                        let found = log.seen(at);
                        let what = format!("{at}: {mark:?} was acknowledged, {found:?} is there");
                        return Err(log.wrong(what));
                    }
                }
            }
            let Some(next) = log.next_of(self.number) else { continue };
            if next < acknowledged_to || next > lane.created {
                let (who, sent) = (self.number, lane.created);
                return Err(log.wrong(format!(
                    "of producer {who}, {acknowledged_to} records are acknowledged, {next} are \
                     there, {sent} were sent"
                )));
            }
        }
        Ok(())
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).expect("few records")
}
