//! `/debug/slow`: the slowest requests of the last minutes, of all shards together.

use std::cmp::Reverse;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ask::{Questions, Silence};
use super::request::{ControlRequest, ShardHandle};
use crate::metrics::slow::{MINUTE_MS, MINUTES_KEPT, SlowMinute, SlowRequest, Step};

/// The most requests of one answer.
const LIMIT_MAX: usize = 1_000;

/// What of them is asked for: `?limit=N&minutes=N`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SlowQuery {
    /// Requests at most.
    limit: usize,
    /// So many minutes back, and the current one.
    minutes: usize,
}

impl Default for SlowQuery {
    fn default() -> Self {
        Self { limit: 32, minutes: 10 }
    }
}

impl SlowQuery {
    /// Itself, if it makes sense.
    pub(super) fn checked(self) -> Result<Self, String> {
        if !(1..=LIMIT_MAX).contains(&self.limit) {
            return Err(format!("limit is a number from 1 to {LIMIT_MAX}"));
        }
        if !(1..=MINUTES_KEPT).contains(&self.minutes) {
            return Err(format!("minutes is a number from 1 to {MINUTES_KEPT}"));
        }
        Ok(self)
    }
}

/// What the shards wrote down, as they said last.
pub(super) struct SlowRequests {
    shards: Arc<[ShardHandle]>,
    questions: Questions<Vec<SlowMinute>>,
    latest: Vec<Result<Vec<SlowMinute>, Silence>>,
    wait: Duration,
    /// When the shards were last asked, by someone who waited for all of them.
    began: Option<Instant>,
}

impl SlowRequests {
    pub(super) fn new(shards: Arc<[ShardHandle]>, wait: Duration) -> Self {
        let questions = Questions::new(shards.len());
        let latest = vec![Err(Silence::Late(Duration::ZERO)); shards.len()];
        Self { shards, questions, latest, wait, began: None }
    }

    /// The slowest first, for someone who asked at `arrived`: the shards were asked since then,
    /// maybe for another.
    pub(super) async fn report(
        &mut self,
        arrived: Instant,
        query: SlowQuery,
        now_ms: i64,
    ) -> Value {
        if self.began.is_none_or(|began| began < arrived) {
            let began = Instant::now();
            let Self { shards, questions, latest, wait, .. } = self;
            let make = |_, reply| ControlRequest::Slow { reply };
            questions.ask(shards, *wait, make, |shard, answer| latest[shard] = answer).await;
            self.began = Some(began);
        }
        report(&self.latest, query, now_ms)
    }
}

fn report(latest: &[Result<Vec<SlowMinute>, Silence>], query: SlowQuery, now_ms: i64) -> Value {
    let mut silent = Vec::new();
    let mut found: Vec<(u64, usize, &SlowRequest)> = Vec::new();
    // A minute counts as long as any of it lies within the time asked for.
    let back = i64::try_from(query.minutes).unwrap_or(i64::MAX).saturating_mul(MINUTE_MS);
    let after_ms = now_ms.saturating_sub(back).saturating_sub(MINUTE_MS);
    for (shard, answer) in latest.iter().enumerate() {
        let minutes = match answer {
            Ok(minutes) => minutes,
            Err(silence) => {
                silent.push(format!("shard {shard} {silence}"));
                continue;
            }
        };
        let recent = minutes.iter().filter(|minute| minute.start_ms > after_ms);
        let slow = recent.flat_map(|minute| minute.requests.iter());
        found.extend(slow.map(|request| (request.took.total(), shard, request)));
    }
    found.sort_by_key(|(total, shard, slow)| (Reverse(*total), slow.received_ms, *shard));
    found.truncate(query.limit);
    let requests: Vec<_> = found.into_iter().map(|(_, shard, slow)| shown(shard, slow)).collect();
    json!({
        "now_ms": now_ms,
        "minutes": query.minutes,
        "limit": query.limit,
        "silent": silent,
        "requests": requests,
    })
}

fn shown(shard: usize, slow: &SlowRequest) -> Value {
    let gone_through = Step::ALL.into_iter().filter(|step| slow.took.nanos(*step) > 0);
    let stages = gone_through.map(|step| (step.name().to_owned(), slow.took.nanos(step).into()));
    json!({
        "received_ms": slow.received_ms,
        "shard": shard,
        "client": slow.client.to_string(),
        "client_id": slow.client_id,
        "api": format!("{:?}", slow.version.api()),
        "version": slow.version.number(),
        "topic": slow.topic,
        "partitions": slow.partitions,
        "bytes": slow.bytes,
        "records": slow.records,
        "total_ns": slow.took.total(),
        "largest": slow.took.largest().name(),
        "stages_ns": stages.collect::<serde_json::Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use net::kafka::api_key::ApiKey;
    use runtime::Instant as Moment;

    use super::*;
    use crate::metrics::slow::Course;

    fn slow(received_ms: i64, micros: [u64; 3]) -> SlowRequest {
        let mut moment = Moment::default();
        let mut course = Course::from(moment);
        for (step, micros) in [Step::Turn, Step::Read, Step::Reply].into_iter().zip(micros) {
            moment = moment.after(Duration::from_micros(micros));
            course = course.until(step, moment);
        }
        SlowRequest {
            received_ms,
            client: ([10, 0, 0, 7], 4711).into(),
            client_id: "billing".into(),
            version: ApiKey::Fetch.version(12).unwrap(),
            topic: Some("orders".into()),
            partitions: 3,
            bytes: 1_024,
            records: None,
            took: course.end(),
        }
    }

    fn minute(start_ms: i64, requests: Vec<SlowRequest>) -> SlowMinute {
        SlowMinute { start_ms, requests: requests.into() }
    }

    fn query(limit: usize, minutes: usize) -> SlowQuery {
        SlowQuery { limit, minutes }
    }

    #[test]
    fn a_request_is_told_with_everything_known_of_it() {
        let latest = [Ok(vec![minute(60_000, vec![slow(61_000, [0, 30, 5])])])];
        let report = report(&latest, query(9, 1), 70_000);
        let expected = json!({
            "now_ms": 70_000, "minutes": 1, "limit": 9, "silent": [],
            "requests": [{
                "received_ms": 61_000, "shard": 0, "client": "10.0.0.7:4711",
                "client_id": "billing", "api": "Fetch", "version": 12, "topic": "orders",
                "partitions": 3, "bytes": 1_024, "records": null, "total_ns": 35_000,
                "largest": "read", "stages_ns": { "read": 30_000, "reply": 5_000 },
            }],
        });
        assert_eq!(report, expected);
    }

    #[test]
    fn the_slowest_of_all_shards_come_first_and_the_silent_are_named() {
        let one = Ok(vec![minute(0, vec![slow(1, [3, 0, 0]), slow(2, [9, 0, 0])])]);
        let other = Ok(vec![minute(0, vec![slow(3, [5, 0, 0])])]);
        let latest = [one, Err(Silence::Ended), other];
        let report = report(&latest, query(2, 60), 59_999);
        assert_eq!(report["silent"], json!(["shard 1 has ended"]));
        let found = report["requests"].as_array().unwrap().iter();
        let found: Vec<_> =
            found.map(|slow| (slow["shard"].clone(), slow["total_ns"].clone())).collect();
        assert_eq!(found, [(json!(0), json!(9_000)), (json!(2), json!(5_000))]);
    }

    #[test]
    fn older_minutes_are_left_out() {
        let minutes = (0..5).map(|at| minute(at * MINUTE_MS, vec![slow(at, [1, 0, 0])]));
        let latest = [Ok(minutes.collect())];
        // Half a minute into minute 4: minute 2 is partly within the last two.
        let report = report(&latest, query(9, 2), 4 * MINUTE_MS + 30_000);
        let found = report["requests"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|slow| slow["received_ms"].clone()).collect();
        assert_eq!(found, [2, 3, 4]);
    }

    #[test]
    fn what_is_asked_for_is_bounded() {
        assert!(SlowQuery::default().checked().is_ok() && query(1_000, 60).checked().is_ok());
        assert!(query(0, 1).checked().unwrap_err().starts_with("limit "));
        assert!(query(1_001, 1).checked().is_err());
        assert!(query(1, 0).checked().unwrap_err().starts_with("minutes "));
        assert!(query(1, 61).checked().is_err());
    }
}
