//! What a shard does now and then: retention, compaction, idle connections, expired producers, and
//! stopping.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use record::{ShardId, Timestamp};

use super::Shard;
use crate::frontend::kafka::connection::Connection;

/// How often idle connections are looked for.
const IDLE_LOOK: Duration = Duration::from_secs(5);
/// How often producers that have not written for long are forgotten.
const EXPIRY_LOOK: Duration = Duration::from_mins(10);
/// How long memory that nobody uses is kept for reuse.
const MEMORY_LOOK: Duration = Duration::from_secs(10);

/// How many connections each shard has; the only count that shards share, and only to place new
/// connections by.
#[derive(Clone)]
pub struct ConnectionCounts(Arc<[AtomicUsize]>);

impl ConnectionCounts {
    /// Zero for each shard.
    pub fn new(shards: u16) -> Self {
        Self((0..shards).map(|_| AtomicUsize::new(0)).collect())
    }

    /// A shard has one more.
    pub fn opened(&self, shard: ShardId) {
        self.0[shard.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// A shard has one less.
    pub fn closed(&self, shard: ShardId) {
        self.0[shard.index()].fetch_sub(1, Ordering::Relaxed);
    }

    /// The shard with the fewest.
    pub fn fewest(&self) -> ShardId {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        let (shard, _) = (0..).zip(counts).min_by_key(|(_, count)| *count).expect("some shard");
        ShardId(shard)
    }

    /// All together.
    pub fn sum(&self) -> usize {
        self.0.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

/// The connections of one shard.
#[derive(Default)]
pub struct Registered(RefCell<Vec<Weak<Connection>>>);

impl Shard {
    /// Remembers a connection.
    pub fn register(&self, connection: &Rc<Connection>) {
        self.registered.0.borrow_mut().push(Rc::downgrade(connection));
    }

    /// Starts the recurring work; it ends with the loop.
    pub fn start_upkeep(self: &Rc<Self>) {
        let settings = &self.config.settings;
        let idle_max = u64::try_from(settings.connections_max_idle_ms).ok();
        if let Some(idle_max) = idle_max.map(Duration::from_millis) {
            self.every(IDLE_LOOK, move |shard| async move { shard.close_idle(idle_max) });
        }
        let retention = Duration::from_millis(settings.log_retention_check_interval_ms);
        self.every(retention, |shard| async move { shard.retain_all().await });
        self.limit_compaction();
        let compaction = Duration::from_millis(settings.log_cleaner_backoff_ms);
        self.every(compaction, |shard| async move { shard.compact_all().await });
        self.every(EXPIRY_LOOK, |shard| async move { shard.expire_producers().await });
        self.every(MEMORY_LOOK, |shard| async move { shard.runtime.pool().release_idle() });
    }

    fn every<F: Future<Output = ()> + 'static>(
        self: &Rc<Self>,
        interval: Duration,
        work: impl Fn(Rc<Self>) -> F + 'static,
    ) {
        let shard = Rc::clone(self);
        let task = self.runtime.spawn(async move {
            loop {
                shard.runtime.sleep(interval).await;
                work(Rc::clone(&shard)).await;
            }
        });
        task.detach();
    }

    fn close_idle(&self, idle_max: Duration) {
        let now = self.runtime.now();
        self.registered.0.borrow_mut().retain(|connection| {
            let connection = connection.upgrade();
            connection.inspect(|connection| connection.close_if_idle(now, idle_max)).is_some()
        });
    }

    async fn expire_producers(&self) {
        let settings = &self.dynamic.config().settings;
        let horizon = i64::from(settings.producer_id_expiration_ms);
        for log in self.store.logs() {
            let before = Timestamp(self.runtime.wall_millis().saturating_sub(horizon));
            log.expire_producers(before);
            self.runtime.yield_if_needed().await;
        }
    }

    /// Refuses new requests, answers long polls, and waits until all connections have ended.
    pub async fn quiesce(self: &Rc<Self>) {
        self.ready.set(false);
        self.connections.close().await;
    }
}
