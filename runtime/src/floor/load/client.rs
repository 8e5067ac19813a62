//! One connection of the load: its requests in memory, what is sent, what is answered.
//!
//! Requests are numbered from 0; request `n` lies in slot `n % in_flight` and carries `n` as its
//! correlation id, so answers must come in that order. Nothing here does I/O.

use std::io;
use std::ops::Range;

/// Requests, and the answers to them.
pub(super) struct Client {
    /// `in_flight` requests back to back.
    requests: Vec<u8>,
    request_bytes: usize,
    in_flight: u64,
    /// When each record of each slot's request was due; nothing in a closed loop.
    due_ns: Vec<u64>,
    records: usize,
    /// When each slot's request was handed to the kernel.
    started_ns: Vec<u64>,
    /// The next request to be made.
    next: u64,
    /// The next request to be sent.
    unsent: u64,
    /// The next request to be answered.
    unanswered: u64,
    /// Bytes of the send in flight.
    sending: Option<usize>,
    pub(super) listed: bool,
    answer: Answer,
}

/// The answer that is being received.
#[derive(Default)]
struct Answer {
    /// Length prefix and correlation id.
    head: [u8; 8],
    /// Bytes of it received.
    received: usize,
    refused: bool,
}

/// A whole answer.
pub(super) struct Answered<'a> {
    /// When each record of its request was due; in a closed loop, when it was sent.
    pub(super) due_ns: &'a [u64],
    /// When its request was handed to the kernel.
    pub(super) started_ns: u64,
    /// Bytes of the answer.
    pub(super) bytes: usize,
    /// A byte that should be zero is not.
    pub(super) refused: bool,
}

impl Client {
    /// `records` is how many due times a request has, none in a closed loop.
    pub(super) fn new(request: &[u8], in_flight: usize, records: usize) -> Client {
        Client {
            requests: request.repeat(in_flight),
            request_bytes: request.len(),
            in_flight: in_flight as u64,
            due_ns: vec![0; in_flight * records],
            records,
            started_ns: vec![0; in_flight],
            next: 0,
            unsent: 0,
            unanswered: 0,
            sending: None,
            listed: false,
            answer: Answer::default(),
        }
    }

    fn slot(&self, number: u64) -> usize {
        usize::try_from(number % self.in_flight).expect("a slot is below in_flight")
    }

    /// Makes the next request, its records due at `due_ns`, if fewer than `in_flight` are
    /// unanswered. `patch` is what else differs from request to request: where, and which bytes.
    pub(super) fn make_request(&mut self, due_ns: &[u64], patch: Option<(usize, [u8; 4])>) -> bool {
        assert_eq!(due_ns.len(), self.records, "every record has its time");
        if self.next - self.unanswered == self.in_flight {
            return false;
        }
        let id = correlation_id(self.next);
        let slot = self.slot(self.next);
        let request = &mut self.requests[slot * self.request_bytes..][..self.request_bytes];
        request[8..12].copy_from_slice(&id);
        if let Some((at, bytes)) = patch {
            request[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        self.due_ns[slot * self.records..][..self.records].copy_from_slice(due_ns);
        self.next += 1;
        true
    }

    /// Requests made so far.
    pub(super) fn made(&self) -> u64 {
        self.next
    }

    /// The requests that have no answer, in order: when their records were due, and when they were
    /// sent, if they were.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = (&[u64], Option<u64>)> {
        (self.unanswered..self.next).map(|number| {
            let slot = self.slot(number);
            let sent_ns = (number < self.unsent).then_some(self.started_ns[slot]);
            (self.times_of(slot), sent_ns)
        })
    }

    fn times_of(&self, slot: usize) -> &[u64] {
        match self.records {
            0 => &self.started_ns[slot..=slot],
            records => &self.due_ns[slot * records..][..records],
        }
    }

    /// The bytes to send now, if there are any and no send is in flight; their requests' time
    /// starts at `now_ns`. They stay where they are until `sent`.
    pub(super) fn take(&mut self, now_ns: u64) -> Option<&[u8]> {
        if self.sending.is_some() || self.unsent == self.next {
            return None;
        }
        let first = self.slot(self.unsent);
        let mut last = first;
        // Up to the end of the memory: a send is one piece.
        while self.unsent < self.next && last < self.started_ns.len() {
            self.started_ns[last] = now_ns;
            self.unsent += 1;
            last += 1;
        }
        let bytes = &self.requests[first * self.request_bytes..last * self.request_bytes];
        self.sending = Some(bytes.len());
        Some(bytes)
    }

    /// Ends the send in flight. Returns whether all of it went.
    pub(super) fn sent(&mut self, count: usize) -> bool {
        self.sending.take().expect("a send has been started") == count
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.unsent < self.next
    }

    pub(super) fn is_idle(&self) -> bool {
        self.unanswered == self.next
    }

    /// Takes received bytes; calls `answered` for each answer that they complete. `InvalidData` if
    /// an answer is none of ours or out of order.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        zero: &Range<usize>,
        mut answered: impl FnMut(Answered<'_>, &[u8]),
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let answer = &mut self.answer;
            if answer.received < answer.head.len() {
                let count = bytes.len().min(answer.head.len() - answer.received);
                answer.head[answer.received..answer.received + count]
                    .copy_from_slice(&bytes[..count]);
            }
            let end = if answer.received + bytes.len() >= answer.head.len() {
                let [a, b, c, d, ..] = answer.head;
                let len = 4 + u32::from_be_bytes([a, b, c, d]) as usize;
                if len < answer.head.len() {
                    return Err(invalid("an answer without a correlation id"));
                }
                len
            } else {
                answer.head.len()
            };
            let (piece, rest) = bytes.split_at(bytes.len().min(end - answer.received));
            answer.refused |= piece_in(piece, answer.received, zero).iter().any(|&byte| byte != 0);
            answer.received += piece.len();
            bytes = rest;
            if answer.received == end && end >= answer.head.len() && self.is_whole() {
                self.finish(piece, &mut answered)?;
            }
        }
        Ok(())
    }

    /// True if as many bytes are there as the length prefix says.
    fn is_whole(&self) -> bool {
        let [a, b, c, d, ..] = self.answer.head;
        self.answer.received == 4 + u32::from_be_bytes([a, b, c, d]) as usize
    }

    fn finish(
        &mut self,
        piece: &[u8],
        answered: &mut impl FnMut(Answered<'_>, &[u8]),
    ) -> io::Result<()> {
        let answer = std::mem::take(&mut self.answer);
        let [.., a, b, c, d] = answer.head;
        if self.is_idle() || [a, b, c, d] != correlation_id(self.unanswered) {
            return Err(invalid("an answer out of order"));
        }
        let slot = self.slot(self.unanswered);
        self.unanswered += 1;
        let (due_ns, started_ns) = (self.times_of(slot), self.started_ns[slot]);
        let (bytes, refused) = (answer.received, answer.refused);
        answered(Answered { due_ns, started_ns, bytes, refused }, piece);
        Ok(())
    }
}

/// The part of `piece`, which begins at byte `start` of its answer, that lies in `range`.
fn piece_in<'a>(piece: &'a [u8], start: usize, range: &Range<usize>) -> &'a [u8] {
    let from = range.start.saturating_sub(start).min(piece.len());
    let to = range.end.saturating_sub(start).min(piece.len());
    if from < to { &piece[from..to] } else { &[] }
}

#[expect(clippy::cast_possible_truncation, reason = "correlation ids wrap around")]
fn correlation_id(number: u64) -> [u8; 4] {
    (number as u32).to_be_bytes()
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
