//! Systems that do not speak Kafka's protocol, each through a client library of its own.
//!
//! The libraries are asynchronous and bring their runtime, so they are behind the feature `rivals`.
//! What they share is here: one thread, one plan, one account; see [`pump`].

mod alarm;
mod amqp;
mod nats;
mod pump;
mod remoting;
mod rocketmq;

use tokio::runtime::Runtime;

use self::pump::{Lane, pump};
use super::target::{Job, Target};
use super::workload::{ClientKind, Workload};
use crate::error::{BenchError, io_error};
use crate::folder::run::Durability;

/// A system, as its library sees it.
trait System {
    /// A connection.
    type Lane: Lane;

    /// Whether the library has threads of its own, which need the load's core while it waits.
    const HAS_THREADS: bool;

    /// What it calls itself, and its version if it says one.
    fn name(&self) -> (String, String);

    /// Opens the workload's connections and makes its partitions.
    async fn connect(&mut self, workload: &Workload) -> Result<Vec<Self::Lane>, String>;

    /// How many records are there to be read.
    async fn records(&mut self, workload: &Workload) -> Result<u64, String>;
}

/// A target behind a client library.
struct Foreign<S: System> {
    runtime: Runtime,
    system: S,
    named: Option<(String, String)>,
    lanes: Vec<S::Lane>,
    before: u64,
}

/// The target of a client that is not Kafka's; `named` is what it is called, if that was told.
pub(crate) fn target(
    client: ClientKind,
    named: Option<(String, String)>,
) -> Result<Box<dyn Target>, BenchError> {
    Ok(match client {
        ClientKind::Nats => Box::new(Foreign::new(nats::Nats::default(), named)?),
        ClientKind::Amqp => Box::new(Foreign::new(amqp::Amqp::default(), named)?),
        ClientKind::Rocketmq => Box::new(Foreign::new(rocketmq::RocketMq::default(), named)?),
        ClientKind::Kafka | ClientKind::Librdkafka => {
            return Err(BenchError::Arguments("that client speaks Kafka's protocol"));
        }
    })
}

impl<S: System> Foreign<S> {
    fn new(system: S, named: Option<(String, String)>) -> Result<Self, BenchError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(io_error("start the client's runtime"))?;
        Ok(Self { runtime, system, named, lanes: Vec::new(), before: 0 })
    }
}

impl<S: System> Target for Foreign<S> {
    fn system(&self) -> (String, String) {
        self.named.clone().unwrap_or_else(|| self.system.name())
    }

    fn prepare(&mut self, workload: &Workload) -> Result<(), BenchError> {
        if workload.consumers > 0 || workload.backlog > 0 {
            return Err(BenchError::Arguments("this client only produces"));
        }
        // Before the first connection: threads of a library inherit it.
        if let Some(core) = workload.core() {
            runtime::floor::pin_to(core).map_err(io_error("pin the load to its core"))?;
        }
        let connected = self.runtime.block_on(self.system.connect(workload));
        self.lanes = connected.map_err(client_error("make ready"))?;
        let records = self.runtime.block_on(self.system.records(workload));
        self.before = records.map_err(client_error("count the records"))?;
        Ok(())
    }

    fn run(&mut self, job: &mut Job<'_>) -> Result<(), BenchError> {
        let error = self
            .runtime
            .block_on(pump(&self.lanes, job, S::HAS_THREADS))
            .map_err(io_error("wait for the next record"))?;
        match error {
            Some(error) if job.ledger.all().acked == 0 => Err(client_error("publish")(error)),
            _ => Ok(()),
        }
    }

    fn readable(&mut self, workload: &Workload) -> Result<Option<u64>, BenchError> {
        let records = self.runtime.block_on(self.system.records(workload));
        let records = records.map_err(client_error("count the records"))?;
        Ok(Some(records.saturating_sub(self.before)))
    }

    fn durability(&self) -> Durability {
        Durability::Unknown
    }

    fn configuration(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

fn client_error(what: &'static str) -> impl FnOnce(String) -> BenchError {
    move |said| BenchError::Client { what, said }
}

/// What a library said when something was tried.
fn said<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}
