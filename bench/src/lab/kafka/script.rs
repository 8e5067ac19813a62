//! The load as a script for the wire: who sends what when, and who hears of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;

use runtime::floor::{Outbox, Script};

use super::super::target::Job;
use super::composer::{Composer, Mark};
use super::consumer::Consumer;
use super::producer::{Producer, Rules};
use crate::error::BenchError;
use crate::random::mix;

/// How often it is looked for records that have been due for too long, and for the end.
const LOOK_NS: u64 = 20_000_000;

/// Records waiting on all connections beyond which no more are taken from the plan: they are as
/// late as they are, and memory is not endless.
const PENDING_MAX: usize = 1 << 26;

/// The load.
pub(super) struct KafkaScript<'j, 'a> {
    job: &'j mut Job<'a>,
    rules: Rules,
    composer: Composer,
    mark: Mark,
    producers: Vec<Producer>,
    consumers: Vec<Consumer>,
    /// Producers that may make a request, each once.
    ready: Vec<usize>,
    is_ready: Vec<bool>,
    /// When producers whose requests are not full may make them.
    lingering: BinaryHeap<Reverse<(u64, usize)>>,
    pending: usize,
    correlation_id: i32,
    look_ns: u64,
    begun: bool,
    open: usize,
    groups: u64,
    failed: Option<BenchError>,
    first_error: Option<String>,
    /// Records read that are not of this run.
    others: u64,
}

impl<'j, 'a> KafkaScript<'j, 'a> {
    /// The load of a job; consumers begin at `from`.
    pub(super) fn new(job: &'j mut Job<'a>, from: &[i64]) -> Self {
        let workload = job.workload;
        let count = workload.connections as usize;
        let share = workload.consumers as usize;
        let consumers: Vec<_> = (0..workload.groups as usize * share)
            .map(|number| Consumer::new(&workload.topic, from, number % share.max(1), share.max(1)))
            .collect();
        let mark = Mark(mix(workload.seed ^ job.ledger.start_ns()));
        let stamps = (!consumers.is_empty()).then_some(mark);
        Self {
            rules: Rules::of(workload),
            composer: Composer::new(workload, stamps),
            mark,
            producers: (0..count).map(|_| Producer::default()).collect(),
            ready: Vec::with_capacity(count),
            is_ready: vec![false; count],
            lingering: BinaryHeap::new(),
            pending: 0,
            correlation_id: 0,
            look_ns: 0,
            begun: false,
            open: count,
            groups: if consumers.is_empty() { 0 } else { u64::from(workload.groups) },
            consumers,
            failed: None,
            first_error: None,
            others: 0,
            job,
        }
    }

    /// The end of the load. An error if it could not be run.
    pub(super) fn end(self) -> Result<(), BenchError> {
        if let Some(error) = self.first_error {
            eprintln!("tidemill-bench: the first error: {error}");
        }
        if self.others > 0 {
            eprintln!("tidemill-bench: consumers read {} records of the backlog", self.others);
        }
        match self.failed {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn make_ready(&mut self, producer: usize) {
        if !std::mem::replace(&mut self.is_ready[producer], true) {
            self.ready.push(producer);
        }
    }

    /// Takes what is due by now.
    fn take_due(&mut self, now_ns: u64) {
        while self.pending < PENDING_MAX
            && let Some(due) = self.job.take_due(now_ns)
        {
            let producer = &mut self.producers[due.producer];
            self.pending += due.records as usize;
            if let Some(until_ns) = producer.push(due.due_ns, due.records, &self.rules)
                && until_ns > now_ns
            {
                self.lingering.push(Reverse((until_ns, due.producer)));
            }
            self.make_ready(due.producer);
        }
        while let Some(Reverse((until_ns, producer))) = self.lingering.peek().copied() {
            if until_ns > now_ns {
                break;
            }
            self.lingering.pop();
            self.make_ready(producer);
        }
    }

    /// Makes the requests that can be made.
    fn make_requests(&mut self, now_ns: u64, outbox: &mut Outbox) -> Result<(), BenchError> {
        let sending = self.job.is_sending(now_ns) || !self.rules.is_closed_loop();
        let mut ready = std::mem::take(&mut self.ready);
        for number in ready.drain(..) {
            self.is_ready[number] = false;
            if !sending {
                continue;
            }
            let producer = &mut self.producers[number];
            let before = producer.pending();
            while let Some((made, due_ns)) = producer.next_request(now_ns, &self.rules) {
                let Some(queue) = outbox.queue(number) else { break };
                self.correlation_id = self.correlation_id.wrapping_add(1);
                let turn = number as u64 + made * self.rules.connections();
                let content = self.composer.compose(due_ns, turn, self.correlation_id, queue)?;
                producer.on_made(self.correlation_id, content);
            }
            let taken = before - producer.pending();
            self.pending -= taken.min(self.pending);
            if let Some(until_ns) = producer.linger_until_ns(&self.rules)
                && taken > 0
                && until_ns > now_ns
            {
                self.lingering.push(Reverse((until_ns, number)));
            }
        }
        self.ready = ready;
        Ok(())
    }

    fn look(&mut self, now_ns: u64) {
        let ledger = &mut self.job.ledger;
        let mut pending = 0;
        for producer in &mut self.producers {
            producer.time_out(now_ns, ledger, &self.rules);
            pending += producer.pending();
        }
        self.pending = pending;
    }

    /// Whether consumers still have something to wait for.
    fn is_reading(&self, now_ns: u64) -> bool {
        let wanted = self.job.ledger.all().acked * self.groups;
        self.job.ledger.all().read < wanted
            && self.job.give_up_ns().is_none_or(|give_up_ns| now_ns < give_up_ns)
    }

    fn turn(&mut self, now_ns: u64, outbox: &mut Outbox) -> Result<Option<u64>, BenchError> {
        if !std::mem::replace(&mut self.begun, true) {
            for number in 0..self.producers.len() {
                self.make_ready(number);
            }
            for (number, consumer) in self.consumers.iter_mut().enumerate() {
                if let Some(queue) = outbox.queue(self.producers.len() + number) {
                    consumer.ask(queue)?;
                }
            }
        }
        self.job.on_time(now_ns);
        self.take_due(now_ns);
        self.make_requests(now_ns, outbox)?;
        if now_ns >= self.look_ns {
            self.look_ns = now_ns + LOOK_NS;
            self.look(now_ns);
            let over = self.job.is_over(now_ns) && !self.is_reading(now_ns);
            let lost = self.open == 0 && self.job.ledger.window().is_none();
            if lost {
                self.fail(BenchError::Nothing("every connection ended before the warm-up did"));
            }
            if over {
                return Ok(None);
            }
        }
        let due_ns = self.job.next_due_ns().filter(|_| self.pending < PENDING_MAX);
        let linger_ns = self.lingering.peek().map(|Reverse((until_ns, _))| *until_ns);
        let next = [due_ns, linger_ns].into_iter().flatten().min().unwrap_or(u64::MAX);
        Ok(Some(next.min(self.look_ns)))
    }

    fn fail(&mut self, error: BenchError) {
        self.failed.get_or_insert(error);
    }
}

impl Script for KafkaScript<'_, '_> {
    fn on_turn(&mut self, now_ns: u64, outbox: &mut Outbox) -> Option<u64> {
        let next_ns = match self.turn(now_ns, outbox) {
            Ok(next_ns) => next_ns.filter(|_| self.failed.is_none()),
            Err(error) => {
                self.fail(error);
                None
            }
        };
        if next_ns.is_none() {
            for producer in &mut self.producers {
                producer.give_up(now_ns, &mut self.job.ledger);
            }
        }
        next_ns
    }

    fn on_sent(&mut self, connection: usize, now_ns: u64) {
        if let Some(producer) = self.producers.get_mut(connection) {
            producer.on_sent(now_ns, &mut self.job.ledger, &self.rules);
        }
    }

    fn on_frame(&mut self, connection: usize, frame: &[u8], now_ns: u64, outbox: &mut Outbox) {
        if let Some(producer) = self.producers.get_mut(connection) {
            match producer.on_answer(frame, now_ns, &mut self.job.ledger) {
                Ok(None) => {}
                Ok(Some(code)) => {
                    self.first_error.get_or_insert_with(|| code.to_string());
                }
                Err(error) => self.fail(error),
            }
            self.make_ready(connection);
            return;
        }
        let Some(consumer) = self.consumers.get_mut(connection - self.producers.len()) else {
            return;
        };
        let answered = consumer.on_answer(frame, self.mark, now_ns, &mut self.job.ledger);
        let asked = match outbox.queue(connection) {
            Some(queue) => consumer.ask(queue),
            None => Ok(()),
        };
        match answered {
            Ok(others) => self.others += others,
            Err(error) => self.fail(error),
        }
        if let Err(error) = asked {
            self.fail(error);
        }
    }

    fn on_closed(&mut self, connection: usize, now_ns: u64, error: &io::Error) {
        self.first_error.get_or_insert_with(|| format!("a connection ended: {error}"));
        match self.producers.get_mut(connection) {
            Some(producer) => {
                self.open -= 1;
                producer.on_closed(now_ns, &mut self.job.ledger);
            }
            None => self.fail(BenchError::Nothing("a consumer's connection ended")),
        }
    }
}
