//! Moves records from the plan to a client library and their ends into the account.
//!
//! One thread: the plan, the library and its sockets take turns on it. A record that is due waits
//! for a slot of its connection, as it would in an application; that is its publish delay. A slot
//! is taken until the library says how the record ended, even if it has timed out before.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, Stream};
use runtime::Instant;

use super::alarm::Alarm;
use crate::lab::sizes::Sizes;
use crate::lab::target::Job;
use crate::random::Random;

/// How often timeouts are looked for, and the longest sleep.
const LOOK_NS: u64 = 20_000_000;

/// How long before a record is due the thread stays awake, where the library has no threads that
/// need the core: one that sleeps sees records and answers late by what its core takes to wake.
const AWAKE_NS: u64 = 1_000_000_000;

/// A connection that records are published on.
pub(super) trait Lane {
    /// Hands a record to the library; resolves when the system has acknowledged it, or with what
    /// went wrong. Nothing happens before it is polled.
    fn publish(
        &self,
        record: Bytes,
        partition: u32,
    ) -> impl Future<Output = Result<(), String>> + use<Self>;
}

/// A record that was handed over.
#[derive(Clone, Copy, Debug)]
struct Sent {
    lane: usize,
    due_ns: u64,
    left_ns: u64,
    bytes: u64,
    timed_out: bool,
}

/// The state of a load.
struct Pump<'a, 'w, L, F> {
    lanes: &'a [L],
    job: &'a mut Job<'w>,
    waiting: Vec<VecDeque<u64>>,
    out: Vec<u32>,
    slots: Vec<Option<Sent>>,
    free: Vec<usize>,
    futures: FuturesUnordered<Slotted<F>>,
    content: Bytes,
    sizes: Sizes,
    random: Random,
    partition: u32,
    looked_ns: u64,
    awake_ns: u64,
    first_error: Option<String>,
}

/// Runs the load. The first error of a record, if there was one: all of them are counted.
pub(super) async fn pump<L: Lane>(
    lanes: &[L],
    job: &mut Job<'_>,
    may_sleep_only: bool,
) -> io::Result<Option<String>> {
    let workload = job.workload;
    let slots = lanes.len() * workload.inflight as usize;
    let mut pump = Pump {
        lanes,
        waiting: vec![VecDeque::new(); lanes.len()],
        out: vec![0; lanes.len()],
        slots: vec![None; slots],
        free: (0..slots).rev().collect(),
        futures: FuturesUnordered::new(),
        content: Bytes::from(vec![0xA5; workload.record_size.max() as usize]),
        sizes: workload.record_size.clone(),
        random: Random::new(workload.seed),
        partition: 0,
        looked_ns: 0,
        awake_ns: if may_sleep_only { 0 } else { AWAKE_NS },
        first_error: None,
        job,
    };
    pump.run(L::publish).await?;
    Ok(pump.first_error)
}

impl<L, F: Future<Output = Result<(), String>>> Pump<'_, '_, L, F> {
    async fn run(&mut self, publish: impl Fn(&L, Bytes, u32) -> F) -> io::Result<()> {
        let alarm = Alarm::new()?;
        loop {
            let now_ns = Instant::now().nanos();
            self.job.on_time(now_ns);
            self.take_due(now_ns);
            self.send(&publish);
            self.expire(now_ns);
            if self.job.is_over(now_ns) {
                self.give_up();
                return Ok(());
            }
            let due_ns = self.job.next_due_ns().unwrap_or(u64::MAX);
            let ended = if due_ns <= now_ns.saturating_add(self.awake_ns) {
                // Gives the library and its sockets their turn, and the kernel's threads theirs.
                std::thread::yield_now();
                tokio::task::yield_now().await;
                ended_already(&mut self.futures).await
            } else {
                let wake_ns = (due_ns - self.awake_ns).min(now_ns + LOOK_NS);
                let wake = pin!(alarm.after(wake_ns - now_ns));
                match select(pin!(next(&mut self.futures)), wake).await {
                    Either::Left((ended, _)) => Some(ended),
                    Either::Right((rung, _)) => rung.map(|()| None)?,
                }
            };
            if let Some((slot, result)) = ended {
                self.end(slot, result);
                while let Some((slot, result)) = ended_already(&mut self.futures).await {
                    self.end(slot, result);
                }
            }
        }
    }

    fn take_due(&mut self, now_ns: u64) {
        while let Some(due) = self.job.take_due(now_ns) {
            for _ in 0..due.records {
                self.waiting[due.producer].push_back(due.due_ns);
            }
        }
    }

    /// Fills the slots of every connection.
    fn send(&mut self, publish: impl Fn(&L, Bytes, u32) -> F) {
        let workload = self.job.workload;
        for (number, lane) in self.lanes.iter().enumerate() {
            while self.out[number] < workload.inflight {
                let now_ns = Instant::now().nanos();
                let due_ns = match self.waiting[number].pop_front() {
                    Some(due_ns) => due_ns,
                    None if self.job.is_sending(now_ns) => now_ns,
                    None => break,
                };
                let Some(slot) = self.free.pop() else { break };
                let bytes = self.sizes.draw(&mut self.random);
                let record = self.content.slice(..bytes.min(self.content.len()));
                let left_ns = now_ns.max(due_ns);
                let bytes = record.len() as u64;
                let sent = Sent { lane: number, due_ns, left_ns, bytes, timed_out: false };
                self.slots[slot] = Some(sent);
                self.out[number] += 1;
                self.job.ledger.on_sent(&[due_ns], left_ns);
                let future = publish(lane, record, self.partition);
                self.futures.push(Slotted { slot, future: Box::pin(future) });
                self.partition = (self.partition + 1) % workload.partitions;
            }
        }
    }

    fn end(&mut self, slot: usize, result: Result<(), String>) {
        let Some(sent) = self.slots[slot].take() else { return };
        self.free.push(slot);
        self.out[sent.lane] -= 1;
        if sent.timed_out {
            return;
        }
        let now_ns = Instant::now().nanos();
        match result {
            Ok(()) => self.job.ledger.on_acked(&[sent.due_ns], sent.left_ns, now_ns, sent.bytes),
            Err(error) => {
                self.first_error.get_or_insert(error);
                self.job.ledger.on_error(&[sent.due_ns], now_ns);
            }
        }
    }

    /// Records that were not acknowledged in time, sent or not.
    fn expire(&mut self, now_ns: u64) {
        if now_ns < self.looked_ns + LOOK_NS {
            return;
        }
        self.looked_ns = now_ns;
        let timeout_ns = u64::try_from(self.job.workload.timeout.as_nanos()).unwrap_or(u64::MAX);
        let late = |due_ns: u64| now_ns.saturating_sub(due_ns) >= timeout_ns;
        for sent in self.slots.iter_mut().flatten() {
            if !sent.timed_out && late(sent.due_ns) {
                sent.timed_out = true;
                self.job.ledger.on_timed_out(&[sent.due_ns], Some(sent.left_ns), now_ns);
            }
        }
        for waiting in &mut self.waiting {
            while let Some(due_ns) = waiting.pop_front_if(|due_ns| late(*due_ns)) {
                self.job.ledger.on_timed_out(&[due_ns], None, now_ns);
            }
        }
    }

    /// Enters what is still out, or was never sent, at its age.
    fn give_up(&mut self) {
        let now_ns = Instant::now().nanos();
        for sent in self.slots.iter().flatten().filter(|sent| !sent.timed_out) {
            self.job.ledger.on_waiting(&[sent.due_ns], Some(sent.left_ns), now_ns);
        }
        for due_ns in self.waiting.iter().flatten() {
            self.job.ledger.on_waiting(&[*due_ns], None, now_ns);
        }
    }
}

/// A record's future, and the slot that it takes.
struct Slotted<F> {
    slot: usize,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Slotted<F> {
    type Output = (usize, F::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let slot = self.slot;
        self.future.as_mut().poll(context).map(|output| (slot, output))
    }
}

/// The next record that ends; never resolves while none is out.
async fn next<F: Future>(futures: &mut FuturesUnordered<Slotted<F>>) -> (usize, F::Output) {
    std::future::poll_fn(|context| match Pin::new(&mut *futures).poll_next(context) {
        Poll::Ready(Some(ended)) => Poll::Ready(ended),
        Poll::Ready(None) | Poll::Pending => Poll::Pending,
    })
    .await
}

/// A record that has ended, without waiting for one.
async fn ended_already<F: Future>(
    futures: &mut FuturesUnordered<Slotted<F>>,
) -> Option<(usize, F::Output)> {
    std::future::poll_fn(|context| match Pin::new(&mut *futures).poll_next(context) {
        Poll::Ready(ended) => Poll::Ready(ended),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests;
