//! Scraping: every shard is asked for its snapshot, and the registry's page is what is served.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::ask::{Questions, Silence};
use super::process;
use super::request::{ControlRequest, ShardHandle};
use super::stages::{self, StagesQuery};
use crate::metrics::{Registry, Snapshot};

/// The registry, and what is on its way to it.
pub(super) struct Collector {
    shards: Arc<[ShardHandle]>,
    questions: Questions<Box<Snapshot>>,
    /// A snapshot with empty histograms for each shard, unless it is with the shard.
    spares: Vec<Option<Box<Snapshot>>>,
    /// Answers that are not in the registry yet. Here and not in a variable, because whoever waits
    /// for the page may go away in between.
    answers: Vec<(usize, Result<Box<Snapshot>, Silence>)>,
    registry: Registry,
    wait: Duration,
    started_ms: i64,
    /// When the last collection that was waited for began.
    began: Option<Instant>,
    /// The page of that collection, once somebody wants it.
    page: Option<Arc<str>>,
}

impl Collector {
    pub(super) fn new(shards: Arc<[ShardHandle]>, wait: Duration, started_ms: i64) -> Self {
        let count = shards.len();
        Self {
            shards,
            questions: Questions::new(count),
            spares: vec![None; count],
            answers: Vec::new(),
            registry: Registry::new(count),
            wait,
            started_ms,
            began: None,
            page: None,
        }
    }

    /// The page for someone who asked at `arrived`: collected since then, maybe for another.
    pub(super) async fn page(&mut self, arrived: Instant) -> Arc<str> {
        self.refresh(arrived).await;
        let Self { registry, page, started_ms, .. } = self;
        let made = page.get_or_insert_with(|| registry.render(process::read(*started_ms)).into());
        Arc::clone(made)
    }

    /// All latencies since the start, for someone who asked at `arrived`.
    pub(super) async fn stages(
        &mut self,
        arrived: Instant,
        query: StagesQuery,
    ) -> Result<Value, String> {
        self.refresh(arrived).await;
        stages::report(&self.registry, query, self.started_ms, runtime::wall_millis())
    }

    /// Collects, unless somebody has done so since `arrived`.
    async fn refresh(&mut self, arrived: Instant) {
        if self.began.is_none_or(|began| began < arrived) {
            let began = Instant::now();
            self.collect().await;
            self.began = Some(began);
            self.page = None;
        }
    }

    /// Collects, so that no counter of a shard runs full while nobody asks, and begins a new window
    /// for quantiles.
    pub(super) async fn turn(&mut self) {
        self.collect().await;
        self.registry.turn();
    }

    async fn collect(&mut self) {
        let Self { shards, questions, spares, answers, wait, .. } = self;
        let make = |shard: usize, reply| {
            let spare = spares.get_mut(shard).and_then(Option::take).unwrap_or_default();
            ControlRequest::Scrape { spare, reply }
        };
        questions.ask(shards, *wait, make, |shard, answer| answers.push((shard, answer))).await;
        for (shard, answer) in self.answers.drain(..) {
            match answer {
                Ok(snapshot) => self.spares[shard] = Some(self.registry.absorb(shard, snapshot)),
                Err(_) => self.registry.silent(shard),
            }
        }
    }
}
