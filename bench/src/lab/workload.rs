//! A workload: what is sent, to whom, how fast and for how long, with nothing left to be decided.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::arrivals::{Arrivals, Spacing};
use super::profile::{Pace, Profile, Step};
use super::sizes::{Keys, Sizes};
use crate::cli::AcksArg;
use crate::folder::run::LatencyKind;

/// Through which client the target is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ClientKind {
    /// Kafka's protocol, through the client of the lab.
    Kafka,
    /// Kafka's protocol, through librdkafka; needs the feature of that name.
    Librdkafka,
    /// NATS `JetStream`; needs the feature `rivals`.
    Nats,
    /// AMQP 0-9-1; needs the feature `rivals`.
    Amqp,
    /// `RocketMQ`; needs the feature `rivals`.
    Rocketmq,
}

impl ClientKind {
    /// As the flag names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Librdkafka => "librdkafka",
            Self::Nats => "nats",
            Self::Amqp => "amqp",
            Self::Rocketmq => "rocketmq",
        }
    }
}

/// How long nothing is counted at first; whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WarmUp {
    /// So long.
    Fixed(u32),
    /// Until the median holds still, so long at most.
    Settled {
        /// The most seconds.
        seconds_max: u32,
    },
}

/// The settings of a run.
#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// Its name: the file's, or `custom`.
    pub(crate) name: String,
    /// Where the target listens.
    pub(crate) bootstrap: String,
    pub(crate) client: ClientKind,
    pub(crate) topic: String,
    pub(crate) partitions: u32,
    /// Producers, each with a connection of its own.
    pub(crate) connections: u32,
    /// Requests unanswered on a connection at most.
    pub(crate) inflight: u32,
    pub(crate) record_size: Sizes,
    pub(crate) keys: Keys,
    /// Records in a request at most.
    pub(crate) batch_records: u32,
    /// How long a request that is not full waits for more records.
    pub(crate) linger: Duration,
    pub(crate) pace: Pace,
    /// The period of a tide.
    pub(crate) tide: Option<Duration>,
    pub(crate) arrivals: Spacing,
    /// Batches arrive whole: all records of one are due at once.
    pub(crate) whole_batches: bool,
    pub(crate) seed: u64,
    pub(crate) acks: AcksArg,
    pub(crate) warm_up: WarmUp,
    pub(crate) duration: Duration,
    /// A record not acknowledged so long after it was due has timed out.
    pub(crate) timeout: Duration,
    /// How long answers are waited for after the last record was due.
    pub(crate) drain: Duration,
    /// Consumers in each group; each has a connection and a share of the partitions.
    pub(crate) consumers: u32,
    /// Groups of consumers, each of which reads everything.
    pub(crate) groups: u32,
    /// Records that are there before anything starts; consumers begin with them.
    pub(crate) backlog: u64,
    /// The cores of the generator; the load runs on the first.
    pub(crate) cores: Vec<usize>,
    /// Settings of the topic, if it is created: `key=value`.
    pub(crate) configs: Vec<String>,
}

impl Workload {
    /// True if requests are made as answers come, not by a plan.
    pub(crate) fn is_closed(&self) -> bool {
        self.pace == Pace::Max
    }

    /// What latencies are of, as nobody must mistake one for the other.
    pub(crate) fn latency_kind(&self) -> LatencyKind {
        match (&self.pace, self.whole_batches) {
            (Pace::Max, _) => LatencyKind::Service,
            (Pace::Steps(_), true) => LatencyKind::PerBatch,
            (Pace::Steps(_), false) => LatencyKind::FromDue,
        }
    }

    /// The plan of an open loop; `None` of a closed one.
    pub(crate) fn plan(&self) -> Option<Arrivals> {
        let Pace::Steps(steps) = &self.pace else { return None };
        let steps: Vec<Step> = steps.clone();
        let profile = Profile::new(steps, self.tide.map(|period| period.as_secs_f64() * 1e9));
        let records = if self.whole_batches { self.batch_records } else { 1 };
        let producers = self.connections as usize;
        Some(Arrivals::new(profile, self.arrivals, producers, records, self.seed))
    }

    /// The core that the load runs on.
    pub(crate) fn core(&self) -> Option<usize> {
        self.cores.first().copied()
    }

    /// All settings, named as the flags.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let rate = match &self.pace {
            Pace::Steps(steps) if steps.len() == 1 => steps.first().map(|step| json!(step.rate)),
            pace => Some(json!(pace.to_string())),
        };
        let record_size = self.record_size.fixed();
        let (warmup_s, warmup_max_s) = match self.warm_up {
            WarmUp::Fixed(seconds) => (Some(seconds), None),
            WarmUp::Settled { seconds_max } => (None, Some(seconds_max)),
        };
        let all = json!({
            "name": self.name,
            "bootstrap": self.bootstrap,
            "client": self.client.name(),
            "topic": self.topic,
            "partitions": self.partitions,
            "connections": self.connections,
            "inflight": self.inflight,
            "record_size": record_size.map_or(json!(self.record_size.to_string()), Value::from),
            "keys": self.keys.to_string(),
            "batch_records": self.batch_records,
            "linger_us": u64::try_from(self.linger.as_micros()).unwrap_or(u64::MAX),
            "rate": rate,
            "tide_s": self.tide.map(|period| period.as_secs_f64()),
            "arrivals": self.arrivals.name(),
            "whole_batches": self.whole_batches,
            "seed": self.seed,
            "acks": match self.acks { AcksArg::Leader => "1", AcksArg::All => "all" },
            "warmup_s": warmup_s,
            "warmup_max_s": warmup_max_s,
            "duration_s": self.duration.as_secs_f64(),
            "timeout_s": self.timeout.as_secs_f64(),
            "drain_s": self.drain.as_secs_f64(),
            "consumers": self.consumers,
            "groups": self.groups,
            "backlog": self.backlog,
            "cores": self.cores,
            "config": self.configs,
        });
        let Value::Object(all) = all else { return Map::new() };
        all
    }
}
