//! The group-commit loop by chance: what a broker's clients wait for, from what was measured.
//!
//! Requests of one record each arrive at random (Poisson) on so many connections, each of which
//! waits for an answer before it sends the next. One core takes them one after another; what it
//! has taken joins the next commit, of which one is under way at a time; with a commit's end all
//! its requests are answered. Half of a measured loopback round trip lies before, half behind.
//! Whatever is drawn comes from a seed, arrivals apart from disk and network, so that two rates
//! meet the same luck.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;

use serde::Serialize;

use super::measured::{CommitTimes, Measured};
use super::sampler::{CommitSampler, Random, Sampler};

/// Requests that are simulated and count.
const REQUESTS: usize = 100_000;

/// Requests before them.
const WARM_UP: usize = 2_000;

/// Bytes of a commit beside its records, and the least it writes.
const COMMIT_HEADER_BYTES: f64 = 192.0;
const BLOCK_BYTES: f64 = 4096.0;

/// Who answers less of what is asked than this can not keep up.
const KEEPS_UP: f64 = 0.98;

/// A part of the time between a record's being due and its acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Until its connection has the answer to the request before.
    Connection,
    /// On the way there and back, the wake-ups included.
    Network,
    /// Until the broker's core has taken it.
    Core,
    /// Until the commit before has ended.
    Queue,
    /// Its own commit: write and barrier.
    Commit,
}

impl Term {
    /// All of them, in the order of a request's way.
    pub const ALL: [Self; 5] =
        [Self::Connection, Self::Network, Self::Core, Self::Queue, Self::Commit];
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connection => "waiting for the connection",
            Self::Network => "loopback and wake-ups",
            Self::Core => "the broker's core",
            Self::Queue => "waiting for the commit before",
            Self::Commit => "the commit itself",
        })
    }
}

/// What clients will see of one kind of acknowledgement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answers {
    /// The median, nanoseconds.
    pub p50_ns: f64,
    /// The time that 99 of 100 are below, nanoseconds.
    pub p99_ns: f64,
    /// The mean, nanoseconds.
    pub mean_ns: f64,
    /// Records acknowledged a second.
    pub rate: f64,
    /// Whether that is as many as were asked for.
    pub keeps_up: bool,
    /// What a request near the median waits for, nanoseconds.
    pub median_terms: Vec<(Term, f64)>,
    /// What one of the slowest hundredth waits for, nanoseconds.
    pub tail_terms: Vec<(Term, f64)>,
}

impl Answers {
    /// The term that most of the median is.
    pub fn largest(&self) -> Term {
        largest(&self.median_terms)
    }

    /// The term that most of the slowest hundredth is.
    pub fn largest_of_tail(&self) -> Term {
        largest(&self.tail_terms)
    }
}

fn largest(terms: &[(Term, f64)]) -> Term {
    let largest = terms.iter().max_by(|one, other| one.1.total_cmp(&other.1));
    largest.map_or(Term::Commit, |(term, _)| *term)
}

/// What clients will see.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prediction {
    /// Records a second that were asked about.
    pub rate: f64,
    /// Connections that they come on.
    pub connections: u32,
    /// Where an acknowledgement waits for the barrier; none if no barrier was measured.
    pub durable: Option<Answers>,
    /// Where it waits for the write alone.
    pub written: Option<Answers>,
}

/// What `connections` clients with `rate` records a second in all will see, one record a request
/// and one request unanswered on each.
pub fn simulate(measured: &Measured, rate: f64, connections: u32, seed: u64) -> Prediction {
    let answers = |commits: &[CommitTimes]| {
        let (network, disk) = (Sampler::new(&measured.loopback)?, CommitSampler::new(commits)?);
        let world = World { measured, network, disk, rate: rate.max(1e-3), seed };
        Some(Loop::new(world, connections.max(1)).run())
    };
    let (durable, written) = (answers(&measured.durable), answers(&measured.written));
    Prediction { rate, connections, durable, written }
}

/// What does not change while it is simulated.
struct World<'a> {
    measured: &'a Measured,
    network: Sampler,
    disk: CommitSampler,
    rate: f64,
    seed: u64,
}

/// What happens next; times are nanoseconds from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// The next record is due.
    Due,
    /// A request has reached the broker.
    Arrived(usize),
    /// The core has taken a request.
    Taken(usize),
    /// The commit under way has ended.
    Committed,
    /// A request's answer has reached its client.
    Answered(usize),
}

#[derive(Clone, Copy, Debug)]
struct Timed {
    at: f64,
    /// Of two at once, the one that was planned first.
    number: u64,
    event: Event,
}

impl Ord for Timed {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Timed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Timed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Timed {}

/// A request's times.
#[derive(Clone, Copy, Debug, Default)]
struct Request {
    connection: usize,
    due: f64,
    sent: f64,
    way: f64,
    taken: f64,
    begun: f64,
    committed: f64,
    answered: f64,
}

impl Request {
    fn total(&self) -> f64 {
        self.answered - self.due
    }

    fn terms(&self) -> [f64; 5] {
        let arrived = self.sent + self.way;
        [
            self.sent - self.due,
            self.way + (self.answered - self.committed),
            self.taken - arrived,
            self.begun - self.taken,
            self.committed - self.begun,
        ]
    }
}

struct Loop<'a> {
    world: World<'a>,
    events: BinaryHeap<Timed>,
    planned: u64,
    requests: Vec<Request>,
    /// Of each connection, what is due and not sent; the first one is under way.
    waiting: Vec<VecDeque<usize>>,
    core_free: f64,
    staged: Vec<usize>,
    flying: Vec<usize>,
    is_flying: bool,
    answered: usize,
    arrivals: Random,
    network: Random,
    disk: Random,
}

impl<'a> Loop<'a> {
    fn new(world: World<'a>, connections: u32) -> Self {
        let random = |which| Random::new(world.seed, which);
        let (arrivals, network, disk) = (random(0), random(1), random(2));
        Self {
            world,
            events: BinaryHeap::new(),
            planned: 0,
            requests: Vec::with_capacity(WARM_UP + REQUESTS),
            waiting: vec![VecDeque::new(); connections as usize],
            core_free: 0.0,
            staged: Vec::new(),
            flying: Vec::new(),
            is_flying: false,
            answered: 0,
            arrivals,
            network,
            disk,
        }
    }

    fn plan(&mut self, at: f64, event: Event) {
        self.planned += 1;
        self.events.push(Timed { at, number: self.planned, event });
    }

    fn run(mut self) -> Answers {
        self.plan(0.0, Event::Due);
        while let Some(Timed { at, event, .. }) = self.events.pop() {
            match event {
                Event::Due => self.on_due(at),
                Event::Arrived(request) => self.on_arrived(at, request),
                Event::Taken(request) => self.on_taken(at, request),
                Event::Committed => self.on_committed(at),
                Event::Answered(request) => self.on_answered(at, request),
            }
        }
        self.answers()
    }

    fn on_due(&mut self, now: f64) {
        let mean_ns = 1e9 / self.world.rate;
        if self.requests.len() + 1 < WARM_UP + REQUESTS {
            let next = now + self.arrivals.exponential() * mean_ns;
            self.plan(next, Event::Due);
        }
        let count = u32::try_from(self.waiting.len()).unwrap_or(u32::MAX);
        let connection = self.arrivals.below(count) as usize;
        let request = self.requests.len();
        self.requests.push(Request { connection, due: now, ..Request::default() });
        let Some(waiting) = self.waiting.get_mut(connection) else { return };
        waiting.push_back(request);
        if waiting.len() == 1 {
            self.send(now, request);
        }
    }

    fn send(&mut self, now: f64, request: usize) {
        let way = self.world.network.at(self.network.unit()) / 2.0;
        if let Some(request) = self.requests.get_mut(request) {
            (request.sent, request.way) = (now, way);
        }
        self.plan(now + way, Event::Arrived(request));
    }

    fn on_arrived(&mut self, now: f64, request: usize) {
        self.core_free = self.core_free.max(now) + self.world.measured.request_ns;
        self.plan(self.core_free, Event::Taken(request));
    }

    fn on_taken(&mut self, now: f64, request: usize) {
        if let Some(request) = self.requests.get_mut(request) {
            request.taken = now;
        }
        self.staged.push(request);
        self.commit(now);
    }

    /// Starts a commit if none is under way and there is something to commit.
    fn commit(&mut self, now: f64) {
        if self.is_flying || self.staged.is_empty() {
            return;
        }
        std::mem::swap(&mut self.flying, &mut self.staged);
        self.is_flying = true;
        for index in &self.flying {
            if let Some(request) = self.requests.get_mut(*index) {
                request.begun = now;
            }
        }
        let records = self.flying.len() as f64;
        let bytes = records * self.world.measured.record_bytes as f64 + COMMIT_HEADER_BYTES;
        let bytes = (bytes / BLOCK_BYTES).ceil() * BLOCK_BYTES;
        let taken = self.world.disk.at(bytes, self.disk.unit()) + self.world.measured.commit_ns;
        self.plan(now + taken, Event::Committed);
    }

    fn on_committed(&mut self, now: f64) {
        self.is_flying = false;
        let mut done = std::mem::take(&mut self.flying);
        for index in done.drain(..) {
            let way = self.world.network.at(self.network.unit()) / 2.0;
            if let Some(request) = self.requests.get_mut(index) {
                request.committed = now;
            }
            self.plan(now + way, Event::Answered(index));
        }
        self.flying = done;
        self.commit(now);
    }

    fn on_answered(&mut self, now: f64, request: usize) {
        self.answered += 1;
        let Some(done) = self.requests.get_mut(request) else { return };
        done.answered = now;
        let connection = done.connection;
        let Some(waiting) = self.waiting.get_mut(connection) else { return };
        waiting.pop_front();
        if let Some(next) = waiting.front().copied() {
            self.send(now, next);
        }
    }

    fn answers(mut self) -> Answers {
        let mut counted = self.requests.split_off(WARM_UP.min(self.requests.len()));
        let first = counted.first().map_or(0.0, |request| request.due);
        let last_due = counted.last().map_or(0.0, |request| request.due);
        let last = counted.iter().map(|request| request.answered).fold(0.0, f64::max);
        counted.sort_by(|one, other| one.total().total_cmp(&other.total()));
        let count = counted.len();
        // What is still on its way when the last one is due takes no longer than the slowest
        // hundredth, if the broker keeps up.
        let at = |percent: usize| counted.get(count * percent / 100).map_or(0.0, Request::total);
        let keeps_up = (last_due - first) >= KEEPS_UP * (last - at(99) - first);
        let rate = if keeps_up { self.world.rate } else { count as f64 * 1e9 / (last - first) };
        let share = |from: usize, to: usize| {
            terms(counted.get(count * from / 100..count * to / 100).unwrap_or_default())
        };
        Answers {
            p50_ns: at(50),
            p99_ns: at(99),
            mean_ns: counted.iter().map(Request::total).sum::<f64>() / count.max(1) as f64,
            rate,
            keeps_up,
            median_terms: share(45, 55),
            tail_terms: share(99, 100),
        }
    }
}

/// The mean of each term.
fn terms(requests: &[Request]) -> Vec<(Term, f64)> {
    let mut sums = [0.0; 5];
    for request in requests {
        for (sum, term) in sums.iter_mut().zip(request.terms()) {
            *sum += term;
        }
    }
    let count = requests.len().max(1) as f64;
    Term::ALL.into_iter().zip(sums).map(|(term, sum)| (term, sum / count)).collect()
}

#[cfg(test)]
mod tests;
