//! A log: one partition's records, from the batch that was just staged to the oldest segment.

pub mod epochs;
pub mod producers;
pub mod segments;
pub mod span;
pub mod state;
mod watch;

use std::cell::{Cell, Ref, RefCell, RefMut};

pub use self::watch::{Watch, WatchGuard};

use std::rc::Rc;

use record::{Offset, TopicPartition};
use runtime::local::Event;

use self::state::{LogState, Visible};
use crate::config::LogConfig;
use crate::segment::name::SegmentName;

/// Whether a log can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogStatus {
    /// It can.
    Online,
    /// Its files or its journal entries are damaged, or its disk fails; reads and writes are
    /// refused, and nothing of it is deleted.
    Offline {
        /// What is wrong, for the operator.
        reason: String,
    },
    /// It was deleted.
    Deleted,
}

/// One partition's log, on the shard that owns it.
pub struct Log {
    id: TopicPartition,
    state: RefCell<LogState>,
    config: Cell<LogConfig>,
    status: RefCell<LogStatus>,
    advanced: Event,
    watchers: watch::Watchers,
    /// A flush or a retention pass is working on its files.
    pub(crate) busy: Cell<bool>,
    /// Compaction is reading its segments and writing others.
    pub(crate) compacting: Cell<bool>,
    /// Files that nobody names any more were looked for since the start.
    pub(crate) swept: Cell<bool>,
    /// Up to where compaction has been; what it stored in the segments may be less.
    pub(crate) cleaned_to: Cell<Offset>,
    /// What compaction found damaged: it leaves the log alone while this is one of its segments.
    pub(crate) uncleanable: Cell<Option<SegmentName>>,
}

impl Log {
    /// A log with the state that it was created or recovered with.
    pub fn new(state: LogState, config: LogConfig, status: LogStatus) -> Self {
        Self {
            id: state.id,
            state: RefCell::new(state),
            config: Cell::new(config),
            status: RefCell::new(status),
            advanced: Event::default(),
            watchers: watch::Watchers::default(),
            busy: Cell::new(false),
            compacting: Cell::new(false),
            swept: Cell::new(false),
            cleaned_to: Cell::new(Offset::ZERO),
            uncleanable: Cell::new(None),
        }
    }

    /// Its name.
    pub fn id(&self) -> TopicPartition {
        self.id
    }

    /// Its state, to be looked at without waiting meanwhile.
    pub fn state(&self) -> Ref<'_, LogState> {
        self.state.borrow()
    }

    pub(crate) fn state_mut(&self) -> RefMut<'_, LogState> {
        self.state.borrow_mut()
    }

    /// Its settings.
    pub fn config(&self) -> LogConfig {
        self.config.get()
    }

    /// Changes its settings; they hold for what comes from now on.
    pub fn set_config(&self, config: LogConfig) {
        self.config.set(config);
    }

    /// Whether it can be used.
    pub fn status(&self) -> Ref<'_, LogStatus> {
        self.status.borrow()
    }

    /// Whether it is online.
    pub fn is_online(&self) -> bool {
        *self.status.borrow() == LogStatus::Online
    }

    /// Whether it was deleted.
    pub fn is_deleted(&self) -> bool {
        *self.status.borrow() == LogStatus::Deleted
    }

    /// Refuses all further use. The first reason stays.
    pub fn take_offline(&self, reason: impl Into<String>) {
        let mut status = self.status.borrow_mut();
        if *status == LogStatus::Online {
            let reason = reason.into();
            tracing::error!(log = %self.id, reason, "partition taken offline");
            *status = LogStatus::Offline { reason };
        }
        drop(status);
        self.notify();
    }

    pub(crate) fn mark_deleted(&self) {
        *self.status.borrow_mut() = LogStatus::Deleted;
        self.notify();
    }

    /// Told whenever the high watermark or the log start rises, or the status changes.
    pub fn advanced(&self) -> &Event {
        &self.advanced
    }

    pub(crate) fn advance(&self, visible: Visible) {
        if self.state.borrow_mut().committed(visible) {
            self.notify();
        }
    }

    pub(crate) fn notify(&self) {
        self.advanced.notify();
        self.watchers.notify();
    }

    /// Forgets idempotent producers that have not written since `before`.
    pub fn expire_producers(&self, before: record::Timestamp) {
        self.state.borrow_mut().producers.expire(before);
    }

    /// Marks `tag` in `watch` whenever [`Log::advanced`] would be told, until the guard is dropped.
    pub fn watch(self: &Rc<Self>, watch: &Rc<Watch>, tag: u32) -> WatchGuard {
        let key = self.watchers.add(watch, tag);
        WatchGuard::new(Rc::clone(self), key)
    }

    fn unwatch(&self, key: usize) {
        self.watchers.remove(key);
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Log({})", self.id)
    }
}
