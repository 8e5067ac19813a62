//! One producer: records that wait for a request, requests that wait for an answer.
//!
//! Answers come in the order of the requests. A record that ends is told to the account once;
//! what is answered after it has timed out only frees its slot.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use net::kafka::api::produce::ProduceResponse;
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use net::kafka::header::{CorrelationId, ResponseHeader};
use net::kafka::message::Response;
use net::kafka::wire::Reader;

use super::super::ledger::Ledger;
use super::super::workload::Workload;
use super::composer::Content;
use crate::error::BenchError;
use crate::request::VERSION;

/// Records waiting, and requests out, of one connection.
#[derive(Debug, Default)]
pub(super) struct Producer {
    pending: VecDeque<u64>,
    flights: VecDeque<Flight>,
    /// Flights handed to the kernel.
    sent: usize,
    /// Requests made.
    made: u64,
    closed: bool,
}

#[derive(Debug)]
struct Flight {
    correlation_id: i32,
    content: Content,
    sent_ns: Option<u64>,
    /// Its records have been reported.
    ended: bool,
}

/// How requests are made of records.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    inflight: usize,
    batch_records: usize,
    linger_ns: u64,
    timeout_ns: u64,
    closed_loop: bool,
    connections: u64,
}

impl Rules {
    pub(super) fn of(workload: &Workload) -> Self {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX / 4);
        Self {
            inflight: workload.inflight as usize,
            batch_records: workload.batch_records as usize,
            linger_ns: nanos(workload.linger),
            timeout_ns: nanos(workload.timeout),
            closed_loop: workload.is_closed(),
            connections: u64::from(workload.connections),
        }
    }

    /// Requests are made as answers come.
    pub(super) fn is_closed_loop(&self) -> bool {
        self.closed_loop
    }

    /// Producers in all.
    pub(super) fn connections(&self) -> u64 {
        self.connections
    }
}

impl Producer {
    /// Takes records that are due. Returns when they have lingered enough, if they are the first
    /// that wait.
    pub(super) fn push(&mut self, due_ns: u64, records: u32, rules: &Rules) -> Option<u64> {
        let first = self.pending.is_empty();
        self.pending.extend((0..records).map(|_| due_ns));
        first.then_some(due_ns + rules.linger_ns)
    }

    /// Records that wait.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// When the records that wait have lingered enough.
    pub(super) fn linger_until_ns(&self, rules: &Rules) -> Option<u64> {
        self.pending.front().map(|due_ns| due_ns + rules.linger_ns)
    }

    fn has_slot(&self, rules: &Rules) -> bool {
        !self.closed && self.flights.len() < rules.inflight
    }

    /// The records of the next request, if one is to be made now: its number and their times.
    pub(super) fn next_request(&mut self, now_ns: u64, rules: &Rules) -> Option<(u64, Vec<u64>)> {
        if !self.has_slot(rules) {
            return None;
        }
        let due_ns = if rules.closed_loop {
            vec![now_ns; rules.batch_records]
        } else {
            let first_ns = *self.pending.front()?;
            let full = self.pending.len() >= rules.batch_records;
            if !full && now_ns < first_ns + rules.linger_ns {
                return None;
            }
            let count = self.pending.len().min(rules.batch_records);
            self.pending.drain(..count).collect()
        };
        self.made += 1;
        Some((self.made - 1, due_ns))
    }

    /// The request has been made, and waits to be handed to the kernel.
    pub(super) fn on_made(&mut self, correlation_id: i32, content: Content) {
        self.flights.push_back(Flight { correlation_id, content, sent_ns: None, ended: false });
    }

    /// All requests made are handed to the kernel now.
    pub(super) fn on_sent(&mut self, now_ns: u64, ledger: &mut Ledger<'_>, rules: &Rules) {
        for flight in self.flights.iter_mut().skip(self.sent) {
            flight.sent_ns = Some(now_ns);
            if rules.closed_loop {
                flight.content.due_ns.fill(now_ns);
            }
            ledger.on_sent(&flight.content.due_ns, now_ns);
        }
        self.sent = self.flights.len();
    }

    /// An answer has come. Returns the error of a partition, if there is one. An error if it is no
    /// answer to the request that is next.
    pub(super) fn on_answer(
        &mut self,
        frame: &[u8],
        now_ns: u64,
        ledger: &mut Ledger<'_>,
    ) -> Result<Option<ErrorCode>, BenchError> {
        let version = ApiKey::Produce.version(VERSION)?;
        let mut reader = Reader::response(frame);
        let header = ResponseHeader::read(version, &mut reader)?;
        let flight = self.flights.pop_front().ok_or(BenchError::Nothing("an answer to nothing"))?;
        self.sent = self.sent.saturating_sub(1);
        if header.correlation_id != CorrelationId(flight.correlation_id) {
            return Err(BenchError::Nothing("an answer out of order"));
        }
        let response = ProduceResponse::decode(version, &mut reader)?;
        if flight.ended {
            return Ok(None);
        }
        let Content { due_ns, parts, bytes } = flight.content;
        let sent_ns = flight.sent_ns.unwrap_or(now_ns);
        let answers = response.topics.iter().flat_map(|topic| topic.partitions.iter());
        let codes: BTreeMap<i32, ErrorCode> =
            answers.map(|answer| (answer.partition.0, answer.error_code)).collect();
        let code = |partition| codes.get(partition).copied();
        if parts.iter().all(|(partition, _)| code(partition).is_some_and(ErrorCode::is_none)) {
            ledger.on_acked(&due_ns, sent_ns, now_ns, bytes);
            return Ok(None);
        }
        let (mut rest, mut first_error) = (due_ns.as_slice(), None);
        for (partition, count) in &parts {
            let (part, behind) = rest.split_at((*count as usize).min(rest.len()));
            rest = behind;
            match code(partition) {
                Some(ErrorCode::NONE) => {
                    let share = bytes * part.len() as u64 / due_ns.len().max(1) as u64;
                    ledger.on_acked(part, sent_ns, now_ns, share);
                }
                error => {
                    first_error = first_error.or(error);
                    ledger.on_error(part, now_ns);
                }
            }
        }
        Ok(Some(first_error.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR)))
    }

    /// The connection has ended: what is out is an error, what waits can not leave any more.
    pub(super) fn on_closed(&mut self, now_ns: u64, ledger: &mut Ledger<'_>) {
        self.closed = true;
        for flight in self.flights.drain(..).filter(|flight| !flight.ended) {
            // What was not handed over had not been sent, and stays waiting.
            if flight.sent_ns.is_some() {
                ledger.on_error(&flight.content.due_ns, now_ns);
            } else {
                self.pending.extend(flight.content.due_ns);
            }
        }
        self.sent = 0;
    }

    /// Reports what has been due for too long.
    pub(super) fn time_out(&mut self, now_ns: u64, ledger: &mut Ledger<'_>, rules: &Rules) {
        let late = |due_ns: &u64| due_ns + rules.timeout_ns <= now_ns;
        for flight in self.flights.iter_mut().take(self.sent) {
            if !flight.ended && flight.content.due_ns.iter().all(late) {
                flight.ended = true;
                ledger.on_timed_out(&flight.content.due_ns, flight.sent_ns, now_ns);
            }
        }
        while let Some(due_ns) = self.pending.front().copied().filter(late) {
            self.pending.pop_front();
            ledger.on_timed_out(&[due_ns], None, now_ns);
        }
    }

    /// Reports everything that has not ended.
    pub(super) fn give_up(&mut self, now_ns: u64, ledger: &mut Ledger<'_>) {
        for flight in self.flights.drain(..).filter(|flight| !flight.ended) {
            ledger.on_waiting(&flight.content.due_ns, flight.sent_ns, now_ns);
        }
        for due_ns in self.pending.drain(..) {
            ledger.on_waiting(&[due_ns], None, now_ns);
        }
        self.sent = 0;
    }
}
