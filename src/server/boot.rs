//! Start and stop of the whole process, in one readable order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use record::{ShardId, TopicId};
use runtime::signal::Termination;
use runtime::{
    DirectoryLock, Housekeeping, IdlePolicy, Instant, RuntimeConfig, ShardJoin, ShardThread,
    StartError, affinity, block_on, mesh,
};
use storage::config::StoreConfig;
use storage::data;
use storage::identity::Generation;
use storage::open::OpenReport;

use super::migrate::{self, Found};
use super::order::{Event, Order};
use super::report::StartReport;
use super::shard_main::{self, ShardBoot};
use crate::admin::{Admin, AdminHandle, AdminLimits, ShardHandle, bind};
use crate::config::{Config, Machine, Plan, Poll};
use crate::shard::upkeep::ConnectionCounts;

/// Calls under way between two shards, each way.
const MESH_CREDITS: usize = 1024;
/// How long each phase of a stop may take.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long an idle shard looks around before it sleeps.
const ADAPTIVE_SPIN: Duration = Duration::from_micros(20);
/// Unused buffers that a busy shard keeps at least.
const POOL_BYTES_MIN: usize = 32 << 20;

/// Why the broker does not start, or did not stop as it should.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The kernel or the process's limits.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The settings do not fit each other or the machine.
    #[error(transparent)]
    Config(#[from] crate::config::ConfigErrors),
    /// The data directory.
    #[error(transparent)]
    Data(#[from] data::DataError),
    /// The HTTP listener.
    #[error(transparent)]
    Admin(#[from] crate::admin::AdminError),
    /// A shard.
    #[error("shard {shard}: {error}")]
    Shard {
        /// Which.
        shard: ShardId,
        /// What is wrong.
        error: String,
    },
    /// The stop took too long; nothing that was acknowledged is lost.
    #[error("not everything was drained in time; the next start recovers it from the journal")]
    Drain,
    /// Something else of the system.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The kernel's answer.
        source: std::io::Error,
    },
}

/// A running broker.
pub struct Broker {
    data: Arc<Path>,
    found: Found,
    events: flume::Receiver<Event>,
    orders: Vec<flume::Sender<Order>>,
    threads: Vec<ShardJoin<()>>,
    admin: Option<AdminHandle>,
    _lock: DirectoryLock,
}

/// Starts the broker and returns when it serves.
pub fn start(config: Config) -> Result<(Broker, StartReport), ServeError> {
    let started = Instant::now();
    let termination = Termination::block()
        .map_err(|source| ServeError::System { action: "block signals", source })?;
    let features = runtime::probe()?;
    let machine = machine()?;
    let plan = config.plan(&machine)?;
    let config = Arc::new(config);
    let data: Arc<Path> = config.settings.data_dir.clone().into();
    let lock = data::lock(&data, data::LOCK_PATIENCE)?;
    let http = config.settings.http_listen.map(bind).transpose()?;
    let housekeeping = Housekeeping::start(config.settings.housekeeping_core)?;
    let shards = u16::try_from(plan.shards.len()).expect("at most 1,024 shards");
    let found = {
        let (data, housekeeping) = (Arc::clone(&data), housekeeping.clone());
        block_on(small_runtime(), |runtime| migrate::find(runtime, housekeeping, data, shards))??
    };
    let (event_sender, events) = flume::bounded(256);
    let parts = Parts {
        config: &config,
        plan: &plan,
        found: &found,
        housekeeping: housekeeping.clone(),
        lock: &lock,
    };
    let (orders, threads, handles) = parts.start_shards(&event_sender)?;
    let admin = http
        .map(|listener| {
            let (cores, started_ms) = (plan.housekeeping.clone(), runtime::wall_millis());
            let limits = AdminLimits::default();
            Admin { listener, shards: handles, cores, started_ms, limits }.start()
        })
        .transpose()?;
    let mut broker = Broker { data, found, events, orders, threads, admin, _lock: lock };
    let opened = broker.wait_opened()?;
    let listen = broker.bring_up(shards)?;
    housekeeping.lower_priority();
    watch_signals(termination, event_sender);
    let settings = &config.settings;
    let report = StartReport {
        data: settings.data_dir.display().to_string(),
        cores: plan.shards.iter().map(|shard| shard.core).collect(),
        kernel: features.kernel.clone(),
        features: features.names(),
        shards: opened,
        tail_bytes: plan.tail_bytes,
        journal_bytes: settings.journal_file_bytes * settings.journal_files as u64,
        listen,
        http: broker.admin.as_ref().map(AdminHandle::address),
        took: Duration::from_nanos(Instant::now().nanos_since(started)),
        clean: broker.found.clean,
        failing_checks: failing_checks(),
    };
    Ok((broker, report))
}

/// What the doctor finds wrong with this machine at a glance: the ids of its checks.
fn failing_checks() -> Vec<&'static str> {
    let snapshot = tuning::Snapshot::capture(Path::new("/"), tuning::Given::default());
    let found = tuning::at_start(&snapshot);
    let failing = found.iter().filter(|found| found.verdict == tuning::Verdict::Fail);
    failing.map(|found| found.check.id).collect()
}

fn machine() -> Result<Machine, ServeError> {
    let read = tuning::Machine::read(Path::new("/"));
    let open_files = runtime::raise_open_files_limit()
        .map_err(|source| ServeError::System { action: "raise the limit of open files", source })?;
    let memory_bytes = read.memory.map_or(1 << 30, |memory| memory.usable_bytes());
    Ok(Machine { memory_bytes, cores: affinity::available_cores()?, open_files })
}

/// A runtime for the little that is done before and after the shards run.
fn small_runtime() -> RuntimeConfig {
    let provided = runtime::ProvidedLayout { count: 2, size: 4096 };
    RuntimeConfig { idle: IdlePolicy::Block, provided, pool_bytes_max: 0 }
}

fn watch_signals(termination: Termination, events: flume::Sender<Event>) {
    runtime::signal::watch(termination, move |signal| drop(events.send(Event::Signal(signal))));
}

/// What the shards are made of.
struct Parts<'a> {
    config: &'a Arc<Config>,
    plan: &'a Plan,
    found: &'a Found,
    housekeeping: Housekeeping,
    lock: &'a DirectoryLock,
}

type Started = (Vec<flume::Sender<Order>>, Vec<ShardJoin<()>>, Vec<ShardHandle>);

impl Parts<'_> {
    fn start_shards(self, events: &flume::Sender<Event>) -> Result<Started, ServeError> {
        let shards = u16::try_from(self.plan.shards.len()).expect("at most 1,024 shards");
        let mut wirings: Vec<_> = match shards {
            1 => vec![None],
            _ => mesh::wire(usize::from(shards), MESH_CREDITS).into_iter().map(Some).collect(),
        };
        let counts = ConnectionCounts::new(shards);
        let (mut orders, mut threads, mut handles) = (Vec::new(), Vec::new(), Vec::new());
        for (shard, wiring) in (0..shards).zip(wirings.drain(..)) {
            let (order, order_receiver) = flume::bounded(8);
            let (handle, control) = ShardHandle::channel();
            let boot = ShardBoot {
                id: ShardId(shard),
                shards,
                config: Arc::clone(self.config),
                store: self.store_config(shard),
                connections_max: self.plan.connections_max,
                generation: Generation(self.found.layout.generation),
                own: self.found.journals.get(usize::from(shard)).cloned().flatten(),
                others: self.others(shard),
                raise_epochs: !self.found.clean,
                housekeeping: self.housekeeping.clone(),
                wiring,
                orders: order_receiver,
                events: events.clone(),
                control,
                connection_counts: counts.clone(),
                cluster_id: self.cluster_id(),
            };
            let thread = ShardThread {
                name: format!("shard-{shard}"),
                core: Some(self.plan.shards[usize::from(shard)].core),
                config: self.runtime_config(),
                lock: Some(self.lock.share().map_err(|source| ServeError::System {
                    action: "share the directory's lock",
                    source,
                })?),
            };
            threads.push(thread.spawn(|runtime| shard_main::run(runtime, boot))?);
            orders.push(order);
            handles.push(handle);
        }
        Ok((orders, threads, handles))
    }

    /// All journals but the shard's own, if logs have to move.
    fn others(&self, shard: u16) -> Vec<Arc<storage::recovery::JournalContents>> {
        if self.found.migrate_to.is_none() {
            return Vec::new();
        }
        let others = self.found.journals.iter().enumerate();
        let others = others.filter(|(number, _)| *number != usize::from(shard));
        others.filter_map(|(_, journal)| journal.clone()).collect()
    }

    fn store_config(&self, shard: u16) -> StoreConfig {
        let settings = &self.config.settings;
        let mut store = StoreConfig::new(settings.data_dir.clone(), shard);
        store.journal_file_bytes = settings.journal_file_bytes;
        store.journal_files = settings.journal_files;
        store.tail_bytes = usize::try_from(self.plan.tail_bytes).unwrap_or(usize::MAX);
        let shards = self.plan.shards.len().max(1) as u64;
        let key_bytes = settings.log_cleaner_dedupe_buffer_size / shards;
        store.key_bytes = usize::try_from(key_bytes).unwrap_or(usize::MAX);
        store.open_files = usize::try_from(self.plan.segment_files).unwrap_or(usize::MAX).max(1);
        store
    }

    fn runtime_config(&self) -> RuntimeConfig {
        let idle = match self.config.settings.poll {
            Poll::Block => IdlePolicy::Block,
            Poll::Adaptive => IdlePolicy::Adaptive(ADAPTIVE_SPIN),
            Poll::Spin => IdlePolicy::Spin,
        };
        // A flush gives back half the tail at once, and the next records want it again.
        let half = usize::try_from(self.plan.tail_bytes / 2).unwrap_or(usize::MAX);
        let pool_bytes_max = half.max(POOL_BYTES_MIN);
        RuntimeConfig { idle, pool_bytes_max, ..RuntimeConfig::default() }
    }

    /// The cluster's id as Kafka shows it.
    fn cluster_id(&self) -> String {
        let given = self.config.settings.cluster_id.clone();
        given.unwrap_or_else(|| TopicId(self.found.layout.cluster).to_string())
    }
}

impl Broker {
    /// Waits until the process is asked to end, or a shard can not go on; then stops in order.
    pub fn run(mut self) -> Result<(), ServeError> {
        let ended = loop {
            match self.events.recv() {
                Ok(Event::Signal(signal)) => {
                    tracing::info!(signal, "stopping");
                    break Ok(());
                }
                Ok(Event::Failed(shard, error)) => break Err(ServeError::Shard { shard, error }),
                Ok(_) => {}
                Err(_) => break Err(ServeError::Drain),
            }
        };
        let stopped = self.stop();
        ended.and(stopped)
    }

    fn stop(&mut self) -> Result<(), ServeError> {
        let drained = self.order_all(Order::Quiesce, Some(STOP_PATIENCE));
        let stopped = self.order_all(Order::Stop, Some(STOP_PATIENCE));
        let clean = drained.is_ok() && stopped.is_ok();
        // No shard leaves its loop before all have drained.
        self.orders.clear();
        if clean {
            for thread in self.threads.drain(..) {
                thread.join()?;
            }
            let (data, layout) = (Arc::clone(&self.data), self.found.layout.clone());
            block_on(small_runtime(), |runtime| migrate::mark_clean(runtime, data, layout))??;
        }
        if let Some(admin) = self.admin.take() {
            admin.stop()?;
        }
        drained.and(stopped)
    }

    /// Waits until every shard has opened its storage.
    fn wait_opened(&mut self) -> Result<Vec<OpenReport>, ServeError> {
        let mut reports: Vec<Option<OpenReport>> = vec![None; self.orders.len()];
        while reports.iter().any(Option::is_none) {
            match self.events.recv() {
                Ok(Event::Opened(shard, report)) => reports[shard.index()] = Some(*report),
                Ok(Event::Failed(shard, error)) => {
                    return Err(ServeError::Shard { shard, error });
                }
                Ok(_) => {}
                Err(_) => return Err(self.thread_error()),
            }
        }
        Ok(reports.into_iter().flatten().collect())
    }

    /// Why a shard's thread ended before it could say so.
    fn thread_error(&mut self) -> ServeError {
        for thread in self.threads.drain(..) {
            if let Err(error) = thread.join() {
                return error.into();
            }
        }
        ServeError::Drain
    }

    /// From open storage to serving.
    fn bring_up(&mut self, shards: u16) -> Result<core::net::SocketAddr, ServeError> {
        if self.found.migrate_to.is_some() {
            let (data, layout) = (Arc::clone(&self.data), self.found.layout.clone());
            let before = layout.shards;
            self.found.layout = block_on(small_runtime(), |runtime| {
                migrate::switch(runtime, data, layout, shards)
            })??;
            self.order_all(Order::Migrated, None)?;
            migrate::remove_journals(&self.data, shards, before);
        }
        self.order_one(0, Order::LoadTopics)?;
        let mut listen = None;
        self.send(0..self.orders.len(), Order::Serve);
        let mut left = self.orders.len();
        while left > 0 || listen.is_none() {
            match self.next_event(None)? {
                Event::Listening(address) => listen = Some(address),
                Event::Done(_, Order::Serve) => left -= 1,
                _ => {}
            }
        }
        Ok(listen.expect("the loop waits for it"))
    }

    fn send(&self, shards: std::ops::Range<usize>, order: Order) {
        for sender in &self.orders[shards] {
            // A shard that has ended has said why.
            let _ = sender.send(order);
        }
    }

    fn order_one(&mut self, shard: usize, order: Order) -> Result<(), ServeError> {
        self.send(shard..shard + 1, order);
        self.wait_done(1, order, None)
    }

    fn order_all(&mut self, order: Order, patience: Option<Duration>) -> Result<(), ServeError> {
        self.send(0..self.orders.len(), order);
        self.wait_done(self.orders.len(), order, patience)
    }

    fn wait_done(
        &mut self,
        count: usize,
        order: Order,
        patience: Option<Duration>,
    ) -> Result<(), ServeError> {
        let deadline = patience.map(|patience| Instant::now().after(patience));
        let mut left = count;
        while left > 0 {
            if matches!(self.next_event(deadline)?, Event::Done(_, done) if done == order) {
                left -= 1;
            }
        }
        Ok(())
    }

    fn next_event(&mut self, deadline: Option<Instant>) -> Result<Event, ServeError> {
        let event = match deadline {
            None => self.events.recv().map_err(|_| ServeError::Drain)?,
            Some(deadline) => {
                let left = Instant::now().until(deadline);
                self.events.recv_timeout(left).map_err(|_| ServeError::Drain)?
            }
        };
        match event {
            Event::Failed(shard, error) => Err(ServeError::Shard { shard, error }),
            event => Ok(event),
        }
    }
}
