//! Kafka's protocol through the lab's own client: one thread, one ring, all connections.
//!
//! Producers and consumers share the thread and its clock. All partitions must be led by the
//! broker that is asked: the lab measures single brokers.

mod admin;
mod answer;
mod composer;
mod consumer;
mod producer;
mod script;
mod stub;
#[cfg(test)]
mod tests;

use core::net::SocketAddr;
use std::time::Duration;

use record::Timestamp;
use runtime::floor::{Idle, LoadEnd, WireConfig, converse};

use super::target::{Job, Target};
use super::workload::Workload;
use crate::cli::RecordArgs;
use crate::client::make_topic;
use crate::error::{BenchError, io_error};
use crate::folder::run::Durability;
use crate::pace::{Rate, Spacing};
use crate::produce::{Load, template};
use admin::Admin;
use script::KafkaScript;
pub(crate) use stub::stub;

/// Bytes of a backlog's request, nearly.
const BACKLOG_BATCH_BYTES: u64 = 1 << 20;
/// Receive buffers for consumers, and for acknowledgements alone.
const FETCH_RECEIVE_BYTES: usize = 1 << 16;
const ACK_RECEIVE_BYTES: usize = 4096;

/// How long a load with a core of its own stays awake for an answer: one that sleeps sees it 60 us
/// late here (`self-test`). It offers the core to others all the while.
const AWAKE_NS: u64 = 1_000_000_000;

/// A broker that speaks Kafka's protocol.
pub(crate) struct KafkaTarget {
    address: SocketAddr,
    system: (String, String),
    configuration: Vec<(String, String)>,
    topic_configuration: Vec<(String, String)>,
    /// Where consumers begin, and where the run's own records do.
    from: Vec<i64>,
    begin: Vec<i64>,
}

impl KafkaTarget {
    /// The broker at an address; its name and version, if they are known.
    pub(crate) fn new(address: SocketAddr, system: Option<(String, String)>) -> Self {
        Self {
            address,
            system: system.unwrap_or(("unknown".to_owned(), "unknown".to_owned())),
            configuration: Vec::new(),
            topic_configuration: Vec::new(),
            from: Vec::new(),
            begin: Vec::new(),
        }
    }

    /// Writes `records` records as fast as they are taken; they carry no mark of a run.
    fn write(&self, workload: &Workload, records: u64) -> Result<(), BenchError> {
        let size = workload.record_size.max();
        let batch = (BACKLOG_BATCH_BYTES / u64::from(size)).clamp(1, 1000).min(records);
        let batch = u32::try_from(batch).unwrap_or(1);
        let args = RecordArgs {
            record_size: size,
            batch_records: batch,
            connections: 4,
            inflight: 2,
            acks: workload.acks,
            configs: Vec::new(),
        };
        let template = template(&args, &workload.topic, workload.partitions)?;
        let load = Load {
            address: self.address,
            template: &template,
            connections: 4,
            in_flight: 2,
            rate: Rate::Max,
            spacing: Spacing::Uniform,
            seed: 0,
            warm_up: Duration::ZERO,
            end: LoadEnd::Answers(records.div_ceil(u64::from(batch))),
            core: workload.core().unwrap_or(0),
        };
        match load.run()?.latencies.refused() {
            0 => Ok(()),
            _ => Err(BenchError::Nothing("what was to be there first was refused")),
        }
    }
}

impl Target for KafkaTarget {
    fn system(&self) -> (String, String) {
        self.system.clone()
    }

    fn prepare(&mut self, workload: &Workload) -> Result<(), BenchError> {
        make_topic(self.address, &workload.topic, workload.partitions, &workload.configs)?;
        let admin = Admin { address: self.address, topic: &workload.topic };
        self.topic_configuration = admin.topic_configuration()?;
        self.configuration = admin.broker_configuration()?;
        let ours = self.configuration.iter().any(|(key, _)| key == "journal.files");
        if ours && self.system.0 == "unknown" {
            "tidemill".clone_into(&mut self.system.0);
        }
        self.from = admin.offsets(workload.partitions)?;
        if workload.backlog > 0 {
            self.write(workload, workload.backlog)?;
        }
        self.begin = admin.offsets(workload.partitions)?;
        Ok(())
    }

    fn journal_bytes(&self) -> Option<u64> {
        let of = |name: &str| {
            let pair = self.configuration.iter().find(|(key, _)| key == name);
            pair.and_then(|(_, value)| value.parse::<u64>().ok())
        };
        Some(of("journal.file.bytes")? * of("journal.files")?)
    }

    fn fill(&mut self, workload: &Workload, bytes: u64) -> Result<(), BenchError> {
        self.write(workload, bytes.div_ceil(u64::from(workload.record_size.max())))
    }

    fn run(&mut self, job: &mut Job<'_>) -> Result<(), BenchError> {
        let workload = job.workload;
        let readers = workload.consumers as usize * workload.groups as usize;
        let connections = workload.connections as usize + readers;
        let mut config = WireConfig::new(vec![self.address; connections]);
        config.core = workload.core();
        if config.core.is_some() {
            config.idle = Idle::Yield(AWAKE_NS);
        }
        config.receive_bytes = if readers > 0 { FETCH_RECEIVE_BYTES } else { ACK_RECEIVE_BYTES };
        let mut script = KafkaScript::new(job, &self.from);
        converse(&config, &mut script).map_err(io_error("run the load"))?;
        script.end()
    }

    fn readable(&mut self, workload: &Workload) -> Result<Option<u64>, BenchError> {
        let admin = Admin { address: self.address, topic: &workload.topic };
        let ends = admin.offsets(workload.partitions)?;
        let written = ends.iter().zip(&self.begin).map(|(end, begin)| end.saturating_sub(*begin));
        Ok(Some(written.map(|count| u64::try_from(count).unwrap_or(0)).sum()))
    }

    fn durability(&self) -> Durability {
        let flush = self.topic_configuration.iter().find(|(key, _)| key == "flush.messages");
        match flush.map(|(_, value)| value.as_str()) {
            Some("1") => Durability::Disk,
            Some(_) => Durability::Os,
            None => Durability::Unknown,
        }
    }

    fn configuration(&self) -> Vec<(String, String)> {
        let topic = self.topic_configuration.iter();
        let topic = topic.map(|(key, value)| (format!("topic {key}"), value.clone()));
        self.configuration.iter().cloned().chain(topic).collect()
    }
}

/// A moment as records carry it.
fn now_timestamp() -> Timestamp {
    Timestamp(runtime::wall_millis())
}
