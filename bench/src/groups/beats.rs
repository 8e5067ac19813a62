//! Heartbeats of all members, each connection's evenly spread over the interval, one at a time:
//! what many clients with a connection each would send, and nothing is pipelined.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use net::kafka::api::consumer_group_heartbeat::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse,
};
use net::kafka::api::heartbeat::{HeartbeatRequest, HeartbeatResponse};
use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;
use net::kafka::group::{GenerationId, MemberEpoch};
use runtime::{Instant, Runtime};

use super::arguments::GroupProtocolArg;
use super::seat::{Plan, Seat, Seats};
use crate::client::Client;
use crate::error::BenchError;
use crate::report::ProcessUse;

/// What is looked at, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) process: u32,
    pub(super) warmup: Duration,
    pub(super) time: Duration,
}

/// What came of it in the window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beaten {
    pub(super) cpu_ms: u64,
    pub(super) answered: u64,
    /// From when a heartbeat was due until its answer.
    pub(super) mean_us: f64,
}

/// What the connections count together, while they are asked to.
#[derive(Default)]
struct Count {
    counts: Cell<bool>,
    answered: Cell<u64>,
    waited_ns: Cell<u64>,
}

/// Beats for the whole window. An error if any heartbeat is refused.
pub(super) async fn run(
    runtime: Runtime,
    plan: Plan,
    seats: Seats,
    window: Window,
) -> Result<Beaten, BenchError> {
    let plan = Rc::new(plan);
    let count = Rc::new(Count::default());
    let mut clients = Vec::with_capacity(seats.len());
    for _ in &seats {
        clients.push(Client::connect(&runtime, plan.address, 0).await?);
    }
    let start = Instant::now();
    let end = start.after(window.warmup + window.time);
    let lines = count_u32(seats.len());
    let mut tasks = Vec::with_capacity(seats.len());
    for (number, (client, seats)) in (0..).zip(clients.into_iter().zip(seats)) {
        let step = plan.interval / count_u32(seats.len());
        let first = start.after(step * number / lines);
        let line = Line { client, seats, first, step, end };
        let task = line.beat(runtime.clone(), plan.protocol, Rc::clone(&count));
        tasks.push(runtime.spawn(task));
    }
    runtime.sleep(window.warmup).await;
    let before = ProcessUse::read(window.process);
    count.counts.set(true);
    runtime.sleep(window.time).await;
    count.counts.set(false);
    let after = ProcessUse::read(window.process);
    for task in tasks {
        task.await?;
    }
    let answered = count.answered.get();
    Ok(Beaten {
        cpu_ms: after.cpu_ms.saturating_sub(before.cpu_ms),
        answered,
        mean_us: count.waited_ns.get() as f64 / answered.max(1) as f64 / 1e3,
    })
}

/// A count to divide by.
fn count_u32(count: usize) -> u32 {
    u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}

/// One connection.
struct Line {
    client: Client,
    seats: Vec<Seat>,
    first: Instant,
    step: Duration,
    end: Instant,
}

impl Line {
    async fn beat(
        mut self,
        runtime: Runtime,
        protocol: GroupProtocolArg,
        count: Rc<Count>,
    ) -> Result<(), BenchError> {
        let mut due = self.first;
        for seat in self.seats.iter().cycle() {
            if due >= self.end {
                break;
            }
            runtime.sleep_until(due).await;
            let code = match protocol {
                GroupProtocolArg::Classic => classic(&mut self.client, seat).await?,
                GroupProtocolArg::Consumer => consumer(&mut self.client, seat).await?,
            };
            if !code.is_none() {
                return Err(BenchError::Refused { what: "a heartbeat", code });
            }
            if count.counts.get() {
                count.answered.set(count.answered.get() + 1);
                let waited = Instant::now().nanos_since(due);
                count.waited_ns.set(count.waited_ns.get() + waited);
            }
            due = due.after(self.step);
        }
        Ok(())
    }
}

async fn classic(client: &mut Client, seat: &Seat) -> Result<ErrorCode, BenchError> {
    let request = HeartbeatRequest {
        group_id: &seat.group,
        generation_id: GenerationId(seat.epoch),
        member_id: &seat.member,
        ..HeartbeatRequest::default()
    };
    let answer = client.ask(ApiKey::Heartbeat.version(4)?, &request).await?;
    Ok(answer.decode::<HeartbeatResponse>()?.error_code)
}

async fn consumer(client: &mut Client, seat: &Seat) -> Result<ErrorCode, BenchError> {
    let request = ConsumerGroupHeartbeatRequest {
        group_id: &seat.group,
        member_id: &seat.member,
        member_epoch: MemberEpoch(seat.epoch),
        ..ConsumerGroupHeartbeatRequest::default()
    };
    let answer = client.ask(ApiKey::ConsumerGroupHeartbeat.version(1)?, &request).await?;
    Ok(answer.decode::<ConsumerGroupHeartbeatResponse<'_>>()?.error_code)
}
