//! The life of a shard: open its storage, take orders, serve, drain, end.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use record::{ShardId, TopicPartition};
use runtime::local::Gate;
use runtime::mesh::{Endpoint, Wiring};
use runtime::{Housekeeping, Pipes, Runtime, Task};
use storage::config::StoreConfig;
use storage::identity::Generation;
use storage::open::{Opened, StoreStart, open};
use storage::recovery::JournalContents;
use storage::{Store, StoreTasks};

use super::listener;
use super::order::{Event, Order};
use crate::admin::{ControlRequest, Health, ShardState};
use crate::broker::dynamic_configs::DynamicConfigs;
use crate::broker::groups::Groups;
use crate::broker::producer_ids::ProducerIds;
use crate::config::Config;
use crate::frontend::kafka::fetch_sessions::FetchSessions;
use crate::metrics::{Counter, Gauge, ShardMetrics};
use crate::registry::authority::{Authority, AuthorityHandle};
use crate::registry::log::RegistryLog;
use crate::registry::state::RegistryState;
use crate::shard::frames::FrameBudget;
use crate::shard::leases::Leases;
use crate::shard::message::{Reply, Request};
use crate::shard::upkeep::{ConnectionCounts, Registered};
use crate::shard::watches::Watches;
use crate::shard::{Shard, router};

/// What a shard is started with.
pub struct ShardBoot {
    /// Its number.
    pub id: ShardId,
    /// How many there are.
    pub shards: u16,
    /// The settings.
    pub config: Arc<Config>,
    /// Its storage's settings.
    pub store: StoreConfig,
    /// Connections of the whole process at most.
    pub connections_max: u32,
    /// This start.
    pub generation: Generation,
    /// The journal of this number, as it was found.
    pub own: Option<Arc<JournalContents>>,
    /// All other journals, if the shard count has changed.
    pub others: Vec<Arc<JournalContents>>,
    /// The stop before was not orderly.
    pub raise_epochs: bool,
    /// Bulk work.
    pub housekeeping: Housekeeping,
    /// Its side of the mesh.
    pub wiring: Option<Wiring<Request, Reply>>,
    /// Orders to it.
    pub orders: flume::Receiver<Order>,
    /// What it has to say.
    pub events: flume::Sender<Event>,
    /// What the control plane asks.
    pub control: flume::Receiver<ControlRequest>,
    /// How many connections each shard has.
    pub connection_counts: ConnectionCounts,
    /// The cluster's id, as clients see it.
    pub cluster_id: String,
}

/// A shard that is open.
struct Running {
    shard: Rc<Shard>,
    tasks: Option<StoreTasks>,
    events: flume::Sender<Event>,
    connections_max: u32,
    state: Rc<Cell<ShardState>>,
    listening: Option<Task<()>>,
    authority: Option<Task<()>>,
    migrating: bool,
}

/// Runs a shard until it has been ordered to stop, or can not go on.
pub async fn run(runtime: Runtime, boot: ShardBoot) {
    let (id, events, orders) = (boot.id, boot.events.clone(), boot.orders.clone());
    let failed = |error: String| drop(events.send(Event::Failed(id, error)));
    let mut running = match start(&runtime, boot).await {
        Ok(running) => running,
        Err(error) => return failed(error),
    };
    while let Ok(order) = orders.recv_async().await {
        match running.obey(order).await {
            Ok(()) => drop(events.send(Event::Done(id, order))),
            Err(error) => failed(error),
        }
    }
}

async fn start(runtime: &Runtime, boot: ShardBoot) -> Result<Running, String> {
    let state = Rc::new(Cell::new(ShardState::Recovering));
    let metrics = Rc::new(ShardMetrics::default());
    metrics.slow().keep(boot.config.settings.slow_requests_per_minute);
    let failure = Rc::new(RefCell::new(None::<Store>));
    answer_control(runtime, boot.control, &metrics, &state, &failure);
    let (id, shards) = (boot.id, boot.shards);
    let migrating = !boot.others.is_empty();
    let start = StoreStart {
        config: boot.store,
        housekeeping: boot.housekeeping,
        generation: boot.generation,
        own: boot.own,
        others: boot.others,
        migrating,
        raise_epochs: boot.raise_epochs,
    };
    let owned = |log: TopicPartition| router::owner(log, shards) == id;
    let opened = open(runtime, start, owned).await.map_err(|error| error.to_string())?;
    let Opened { store, tasks, report } = opened;
    *failure.borrow_mut() = Some(store.clone());
    observe(&metrics, runtime, &store);
    let slots = boot.config.settings.fetch_session_slots;
    let shard = Rc::new(Shard {
        id,
        shards,
        runtime: runtime.clone(),
        store: store.clone(),
        topics: RefCell::default(),
        mesh: boot.wiring.map(|wiring| Endpoint::join(runtime, wiring)),
        dynamic: DynamicConfigs::new(Arc::clone(&boot.config)),
        config: boot.config,
        metrics: Rc::clone(&metrics),
        leases: Leases::default(),
        watches: Watches::default(),
        producer_ids: ProducerIds::default(),
        authority: RefCell::default(),
        fetch_sessions: RefCell::new(FetchSessions::new(slots, id, shards)),
        groups: Groups::default(),
        frames: FrameBudget::default(),
        pipes: Pipes::new(runtime),
        connections: Gate::default(),
        registered: Registered::default(),
        connection_counts: boot.connection_counts,
        cluster_id: boot.cluster_id.into(),
        ready: Cell::new(false),
    });
    observe_shard(&metrics, &shard);
    runtime.spawn(Rc::clone(&shard).serve_mesh()).detach();
    if migrating {
        store.take_over().await.map_err(|error| format!("move to the new shards: {error}"))?;
    }
    drop(boot.events.send(Event::Opened(id, Box::new(report))));
    Ok(Running {
        shard,
        tasks: Some(tasks),
        events: boot.events,
        connections_max: boot.connections_max,
        state,
        listening: None,
        authority: None,
        migrating,
    })
}

/// Answers the control plane for as long as the loop runs.
fn answer_control(
    runtime: &Runtime,
    control: flume::Receiver<ControlRequest>,
    metrics: &Rc<ShardMetrics>,
    state: &Rc<Cell<ShardState>>,
    store: &Rc<RefCell<Option<Store>>>,
) {
    let (metrics, state, store) = (Rc::clone(metrics), Rc::clone(state), Rc::clone(store));
    let answering = async move {
        while let Ok(request) = control.recv_async().await {
            request.answer(&metrics, || {
                let failed = store.borrow().as_ref().is_some_and(|s| s.journal().is_failed());
                let journal_failure = failed.then(|| "a journal write failed".to_owned());
                Health { state: state.get(), journal_failure }
            });
        }
    };
    runtime.spawn(answering).detach();
}

/// Connects the shard's numbers with the metrics.
fn observe_shard(metrics: &Rc<ShardMetrics>, shard: &Rc<Shard>) {
    let frames = shard.frames.clone();
    metrics.watch(Gauge::FrameBytes, move || frames.used() as u64);
    let asked = Rc::downgrade(shard);
    let groups = move |count: fn(&Groups) -> usize| {
        asked.upgrade().map_or(0, |shard| count(&shard.groups) as u64)
    };
    let asked = groups.clone();
    metrics.watch(Gauge::Groups, move || asked(Groups::count));
    metrics.watch(Gauge::GroupWaits, move || groups(|groups| groups.tickets.len()));
}

/// Connects the storage's numbers with the metrics.
fn observe(metrics: &Rc<ShardMetrics>, runtime: &Runtime, store: &Store) {
    let counted = Rc::clone(metrics);
    store.journal().on_commit(move |commit| {
        counted.count(Counter::Commits);
        counted.add(Counter::JournalBytes, commit.bytes as u64);
    });
    let counted = Rc::clone(metrics);
    store.journal().on_barrier(move || counted.count(Counter::Barriers));
    let watch = |gauge, read: fn(&Store) -> u64| {
        let store = store.clone();
        metrics.watch(gauge, move || read(&store));
    };
    watch(Gauge::TailBytes, |store| store.tail_bytes() as u64);
    watch(Gauge::JournalUsedBytes, |store| store.journal().files().used_bytes());
    watch(Gauge::Logs, |store| store.log_count() as u64);
    watch(Gauge::OfflineLogs, |store| store.offline_count() as u64);
    watch(Gauge::LogBytes, Store::log_bytes);
    watch(Gauge::OpenSegmentFiles, |store| store.open_files() as u64);
    watch(Gauge::WaitingProduces, |store| store.waiting_appends() as u64);
    let runtime = runtime.clone();
    metrics.watch(Gauge::ProvidedBuffersFree, move || u64::from(runtime.provided_free()));
    let counted = Rc::clone(metrics);
    store.on_upkeep(move |done| {
        counted.add(Counter::FlushPasses, done.flush_passes);
        counted.add(Counter::FlushedBytes, done.flushed_bytes);
        counted.add(Counter::CheckpointWrites, done.checkpoints);
        counted.add(Counter::Compactions, done.compactions);
        counted.add(Counter::CompactedBytes, done.compacted_bytes);
        counted.add(Counter::DeletedSegments, done.segments_deleted);
    });
}

impl Running {
    async fn obey(&mut self, order: Order) -> Result<(), String> {
        match order {
            Order::Migrated => self.migrated().await,
            Order::LoadTopics => self.load_topics().await,
            Order::Serve => self.serve().await,
            Order::Quiesce => {
                self.quiesce().await;
                Ok(())
            }
            Order::Stop => self.stop().await,
        }
    }

    async fn migrated(&self) -> Result<(), String> {
        if !self.migrating {
            return Ok(());
        }
        self.shard.store.finish_migration().await.map_err(|error| error.to_string())
    }

    /// Reads the registry, on shard 0, and lets every shard apply it.
    async fn load_topics(&mut self) -> Result<(), String> {
        let shard = &self.shard;
        let log = RegistryLog::open(&shard.runtime, &shard.store).await;
        let log = log.map_err(|error| error.to_string())?;
        let snapshot = RegistryState::snapshot(&log.state);
        shard.apply(&snapshot).await?;
        for other in shard.others() {
            match shard.call(other, Request::Apply(snapshot.clone())).await {
                Ok(Reply::Done) => {}
                Ok(Reply::Failed(error)) => return Err(format!("shard {other}: {error}")),
                Ok(_) | Err(_) => return Err(format!("shard {other} is gone")),
            }
        }
        let handle = AuthorityHandle::default();
        *shard.authority.borrow_mut() = Some(handle.clone());
        let authority = Authority::new(Rc::clone(shard), log);
        self.authority = Some(shard.runtime.spawn(authority.run(handle)));
        Ok(())
    }

    async fn serve(&mut self) -> Result<(), String> {
        let shard = &self.shard;
        shard.start_upkeep();
        shard.open_group_partitions();
        shard.ready.set(true);
        self.state.set(ShardState::Serving);
        if shard.id != router::REGISTRY_SHARD {
            return Ok(());
        }
        let listen = shard.config.settings.listen;
        let listener = listener::bind(&shard.runtime, shard).await;
        let listener = listener.map_err(|error| {
            format!("listen on {listen}: {error}; is another broker running there?")
        })?;
        drop(self.events.send(Event::Listening(listener.local_addr())));
        let accepting = listener::accept_all(Rc::clone(shard), listener, self.connections_max);
        self.listening = Some(shard.runtime.spawn(accepting));
        Ok(())
    }

    async fn quiesce(&mut self) {
        self.state.set(ShardState::Draining);
        drop(self.listening.take());
        self.shard.quiesce().await;
        let handle = self.shard.authority.borrow_mut().take();
        if let Some(handle) = handle {
            handle.close();
        }
        if let Some(authority) = self.authority.take() {
            authority.await;
        }
    }

    async fn stop(&mut self) -> Result<(), String> {
        let Some(tasks) = self.tasks.take() else { return Ok(()) };
        self.shard.store.stop(tasks).await.map_err(|error| error.to_string())
    }
}
