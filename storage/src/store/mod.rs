//! [`Store`]: all logs of one shard and what serves them: journal, tail, segments, checkpoint.

mod append;
mod checkpointing;
mod compact;
mod flush;
mod flush_log;
mod index_cache;
mod lifecycle;
mod locate;
mod migration;
mod pace;
mod read;
mod replace;
mod retain;
mod rewrite;
mod space;

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use record::TopicPartition;
use runtime::buffer::Usage;
use runtime::hash::FixedMap;
use runtime::local::{Event, Semaphore};
use runtime::{Housekeeping, Runtime, Task};

pub use self::append::{Ack, Admission, AppendError, Appended, NewBatch, Source};
pub use self::compact::CompactError;
pub use self::flush::FlushError;
use self::index_cache::IndexCache;
pub use self::lifecycle::LogError;
pub use self::locate::{TimeMatch, Timed};
use self::pace::Pace;
pub use self::read::{Extent, FileExtent, LogRange, Plan, ReadError, ReadLimits};
use self::replace::Obsolete;
use crate::config::StoreConfig;
use crate::journal::ticket::JournalFailed;
use crate::journal::writer::Journal;
use crate::log::Log;
use crate::segment::descriptors::Descriptors;
use crate::superblock::Superblock;
use crate::twin::TwinFile;

/// One shard's storage. Cheap to clone; stays on its shard.
#[derive(Clone)]
pub struct Store(Rc<Inner>);

type Listener = Box<dyn Fn(StoreStatistics)>;

struct Inner {
    runtime: Runtime,
    config: StoreConfig,
    housekeeping: Housekeeping,
    journal: Journal,
    journal_directory: PathBuf,
    logs: RefCell<FixedMap<TopicPartition, Rc<Log>>>,
    tail_usage: Usage,
    /// Appends that wait for room go through here one by one, in the order of their arrival.
    turnstile: Semaphore,
    /// Appends that wait for room.
    waiting: Cell<usize>,
    descriptors: Descriptors,
    indexes: IndexCache,
    superblock: RefCell<Superblock>,
    superblock_file: Semaphore,
    superblock_twin: RefCell<Option<TwinFile>>,
    /// Opens, syncs and the like that may be in flight at once beside the journal's own.
    background: Semaphore,
    /// One flush at a time.
    flushing: Semaphore,
    /// One pass of compaction at a time.
    compacting: Semaphore,
    /// Segments that compaction has replaced, until a checkpoint without them is in force.
    obsolete: RefCell<Vec<Obsolete>>,
    /// One checkpoint at a time: a stop does not wait for a flush, which ends with one too.
    checkpointing: Semaphore,
    flush_wanted: Event,
    /// How fast a flush may go.
    pace: Pace,
    /// The shard count is being changed: checkpoints are only pending.
    migrating: Cell<bool>,
    /// Too little free space for more records.
    low_space: Cell<bool>,
    stopping: Cell<bool>,
    statistics: RefCell<StoreStatistics>,
    on_upkeep: RefCell<Option<Listener>>,
}

/// What a store has done since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStatistics {
    /// Flush passes.
    pub flush_passes: u64,
    /// Bytes written to segments.
    pub flushed_bytes: u64,
    /// Bytes carried forward in the journal.
    pub carried_bytes: u64,
    /// Checkpoints written.
    pub checkpoints: u64,
    /// Segments deleted.
    pub segments_deleted: u64,
    /// Logs that compaction has gone through.
    pub compactions: u64,
    /// Bytes that compaction has taken out of segments.
    pub compacted_bytes: u64,
}

impl StoreStatistics {
    fn add(&mut self, other: &Self) {
        self.flush_passes += other.flush_passes;
        self.flushed_bytes += other.flushed_bytes;
        self.carried_bytes += other.carried_bytes;
        self.checkpoints += other.checkpoints;
        self.segments_deleted += other.segments_deleted;
        self.compactions += other.compactions;
        self.compacted_bytes += other.compacted_bytes;
    }
}

/// The parts that recovery has put together.
pub(crate) struct StoreParts {
    pub(crate) config: StoreConfig,
    pub(crate) housekeeping: Housekeeping,
    pub(crate) journal: Journal,
    pub(crate) journal_directory: PathBuf,
    pub(crate) logs: FixedMap<TopicPartition, Rc<Log>>,
    pub(crate) tail_usage: Usage,
    pub(crate) superblock: Superblock,
    pub(crate) superblock_twin: TwinFile,
}

/// The tasks of a store: they run until [`Store::stop`].
pub struct StoreTasks {
    commits: Task<Result<(), JournalFailed>>,
    upkeep: Vec<Task<()>>,
}

impl Store {
    pub(crate) fn assemble(runtime: &Runtime, parts: StoreParts) -> Self {
        let open_files = parts.config.open_files;
        let data = parts.config.data.clone();
        Self(Rc::new(Inner {
            runtime: runtime.clone(),
            config: parts.config,
            housekeeping: parts.housekeeping,
            journal: parts.journal,
            journal_directory: parts.journal_directory,
            logs: RefCell::new(parts.logs),
            tail_usage: parts.tail_usage,
            turnstile: Semaphore::new(1),
            waiting: Cell::new(0),
            descriptors: Descriptors::new(runtime, data, open_files),
            indexes: IndexCache::default(),
            superblock: RefCell::new(parts.superblock),
            superblock_file: Semaphore::new(1),
            superblock_twin: RefCell::new(Some(parts.superblock_twin)),
            background: Semaphore::new(crate::limits::BACKGROUND_CALLS),
            flushing: Semaphore::new(1),
            compacting: Semaphore::new(1),
            obsolete: RefCell::default(),
            checkpointing: Semaphore::new(1),
            flush_wanted: Event::default(),
            pace: Pace::default(),
            migrating: Cell::new(false),
            low_space: Cell::new(false),
            stopping: Cell::new(false),
            statistics: RefCell::default(),
            on_upkeep: RefCell::default(),
        }))
    }

    /// While the shard count is being changed, checkpoints are only pending and no journal file is
    /// let go.
    pub fn set_migrating(&self, migrating: bool) {
        self.0.migrating.set(migrating);
    }

    /// Starts committing, flushing and watching the free space.
    pub fn start(&self) -> StoreTasks {
        let runtime = &self.0.runtime;
        let commits = runtime.spawn(self.0.journal.clone().run());
        let upkeep = vec![
            runtime.spawn(self.clone().run_flushes()),
            runtime.spawn(self.clone().watch_space()),
        ];
        StoreTasks { commits, upkeep }
    }

    /// Flushes nothing, but makes everything durable, writes a checkpoint and ends the tasks.
    /// Nothing may be appended any more. What it could not finish, the next start's recovery does.
    pub async fn stop(&self, tasks: StoreTasks) -> Result<(), FlushError> {
        self.0.stopping.set(true);
        // Kept to the end: a flush that is cut off below must not be within its own checkpoint.
        let _turn = self.0.checkpointing.acquire().await;
        let checkpoint = self.checkpoint_in_turn().await;
        self.0.journal.stop();
        self.0.flush_wanted.notify();
        let commits = tasks.commits.await;
        drop(tasks.upkeep);
        checkpoint?;
        commits.map_err(|JournalFailed| FlushError::Journal)?;
        let last = self.0.journal.durable_through();
        self.change_superblock(|superblock| superblock.stopped_at = Some(last.0)).await?;
        Ok(())
    }

    /// The shard's journal.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Its settings.
    pub fn config(&self) -> &StoreConfig {
        &self.0.config
    }

    /// A log by its name.
    pub fn log(&self, id: TopicPartition) -> Option<Rc<Log>> {
        self.0.logs.borrow().get(&id).cloned()
    }

    /// All logs, in the order of their names.
    pub fn logs(&self) -> Vec<Rc<Log>> {
        let mut logs: Vec<_> = self.0.logs.borrow().values().cloned().collect();
        logs.sort_by_key(|log| log.id());
        logs
    }

    /// How many logs there are.
    pub fn log_count(&self) -> usize {
        self.0.logs.borrow().len()
    }

    /// How many logs can not be used.
    pub fn offline_count(&self) -> usize {
        self.0.logs.borrow().values().filter(|log| !log.is_online()).count()
    }

    /// What it has done since it was opened.
    pub fn statistics(&self) -> StoreStatistics {
        *self.0.statistics.borrow()
    }

    /// Bytes of recent batches in memory now.
    pub fn tail_bytes(&self) -> usize {
        self.0.tail_usage.bytes()
    }

    /// Bytes of all logs.
    pub fn log_bytes(&self) -> u64 {
        self.0.logs.borrow().values().map(|log| log.state().size()).sum()
    }

    /// Calls `tell` with what was done since the last call, after flushes and deletions.
    pub fn on_upkeep(&self, tell: impl Fn(StoreStatistics) + 'static) {
        *self.0.on_upkeep.borrow_mut() = Some(Box::new(tell));
    }

    fn note(&self, change: impl FnOnce(&mut StoreStatistics)) {
        let mut done = StoreStatistics::default();
        change(&mut done);
        self.0.statistics.borrow_mut().add(&done);
        if let Some(tell) = &*self.0.on_upkeep.borrow() {
            tell(done);
        }
    }

    /// Segment files open now.
    pub fn open_files(&self) -> usize {
        self.0.descriptors.count()
    }

    /// Appends that wait for room in journal or tail.
    pub fn waiting_appends(&self) -> usize {
        self.0.waiting.get()
    }

    /// Whether appends are refused for want of free space.
    pub fn is_low_on_space(&self) -> bool {
        self.0.low_space.get()
    }

    /// Replaces the superblock on disk by what `change` makes of it; durable when it resolves.
    async fn change_superblock(&self, change: impl FnOnce(&mut Superblock)) -> io::Result<()> {
        let _turn = self.0.superblock_file.acquire().await;
        let next = {
            let mut superblock = self.0.superblock.borrow().clone();
            change(&mut superblock);
            superblock
        };
        let mut twin = self.0.superblock_twin.take().expect("the turn is ours");
        let written = twin.write(&self.0.runtime, &next.encode()).await;
        *self.0.superblock_twin.borrow_mut() = Some(twin);
        written?;
        *self.0.superblock.borrow_mut() = next;
        Ok(())
    }
}
