//! Whether the broker can be sent clients, and why not.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::ask::{Questions, Silence};
use super::request::{ControlRequest, Health, ShardHandle, ShardState};

/// What the shards said of themselves last.
pub(super) struct Readiness {
    shards: Arc<[ShardHandle]>,
    questions: Questions<Health>,
    latest: Vec<Result<Health, Silence>>,
    wait: Duration,
    /// When the shards were last asked, by someone who waited for all of them.
    began: Option<Instant>,
}

impl Readiness {
    pub(super) fn new(shards: Arc<[ShardHandle]>, wait: Duration) -> Self {
        let questions = Questions::new(shards.len());
        let latest = vec![Err(Silence::Late(Duration::ZERO)); shards.len()];
        Self { shards, questions, latest, wait, began: None }
    }

    /// Whether all is well, and the report, for someone who asked at `arrived`: the shards were
    /// asked since then, maybe for another.
    pub(super) async fn report(&mut self, arrived: Instant) -> (bool, Value) {
        if self.began.is_none_or(|began| began < arrived) {
            let began = Instant::now();
            let Self { shards, questions, latest, wait, .. } = self;
            let make = |_, reply| ControlRequest::Health { reply };
            questions.ask(shards, *wait, make, |shard, answer| latest[shard] = answer).await;
            self.began = Some(began);
        }
        report(&self.latest)
    }
}

fn report(latest: &[Result<Health, Silence>]) -> (bool, Value) {
    let mut reasons = Vec::new();
    if latest.is_empty() {
        reasons.push("there is no shard".to_owned());
    }
    for (shard, answer) in latest.iter().enumerate() {
        match answer {
            Err(silence) => reasons.push(format!("shard {shard} {silence}")),
            Ok(Health { journal_failure: Some(failure), .. }) => {
                reasons.push(format!("the journal of shard {shard} has failed: {failure}"));
            }
            Ok(Health { state, .. }) if *state != ShardState::Serving => {
                reasons.push(format!("shard {shard} is {}", state.name()));
            }
            Ok(_) => {}
        }
    }
    let shards = latest.iter().enumerate().map(|(shard, answer)| {
        let state = answer.as_ref().map_or("silent", |health| health.state.name());
        json!({ "shard": shard, "state": state })
    });
    let shards: Vec<_> = shards.collect();
    let ready = reasons.is_empty();
    (ready, json!({ "ready": ready, "shards": shards, "reasons": reasons }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(state: ShardState, failure: Option<&str>) -> Health {
        Health { state, journal_failure: failure.map(str::to_owned) }
    }

    #[test]
    fn ready_is_when_every_shard_serves() {
        let (ready, report) = report(&[Ok(health(ShardState::Serving, None))]);
        assert!(ready);
        let expected =
            json!({ "ready": true, "shards": [{ "shard": 0, "state": "serving" }], "reasons": [] });
        assert_eq!(report, expected);
    }

    #[test]
    fn every_reason_names_its_shard() {
        let (ready, report) = report(&[
            Ok(health(ShardState::Recovering, None)),
            Ok(health(ShardState::Serving, Some("no space"))),
            Err(Silence::Late(Duration::from_secs(1))),
            Err(Silence::Ended),
            Ok(health(ShardState::Draining, None)),
        ]);
        assert!(!ready);
        let expected = json!([
            "shard 0 is recovering",
            "the journal of shard 1 has failed: no space",
            "shard 2 has not answered within 1s",
            "shard 3 has ended",
            "shard 4 is draining",
        ]);
        assert_eq!(report["reasons"], expected);
        assert_eq!(report["shards"][2], json!({ "shard": 2, "state": "silent" }));
    }

    #[test]
    fn a_broker_without_shards_is_not_ready() {
        assert!(!report(&[]).0);
    }
}
