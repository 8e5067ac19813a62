//! Logs come and go: creation, deletion, a new log start.

use std::io;
use std::rc::Rc;

use record::{LeaderEpoch, Offset, TopicPartition};

use super::Store;
use crate::config::LogConfig;
use crate::journal::entry::{Entry, EntryKind};
use crate::journal::files::RoomFor;
use crate::journal::ticket::{JournalFailed, Progress};
use crate::log::segments::Segment;
use crate::log::state::LogState;
use crate::log::{Log, LogStatus};
use crate::segment::descriptors::Access;
use crate::segment::name::{SegmentName, index_path, log_directory, segment_path, topic_directory};

/// Why a log was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The shard holds as many logs as it can.
    #[error("the shard can not hold more than {max} partitions")]
    TooMany {
        /// How many it can hold.
        max: u64,
    },
    /// The offset is not between log start and high watermark.
    #[error("offset {offset} is outside of the partition's {log_start} to {high_watermark}")]
    OutOfRange {
        /// The offset asked for.
        offset: Offset,
        /// The log's start.
        log_start: Offset,
        /// Its high watermark.
        high_watermark: Offset,
    },
    /// The log is not online.
    #[error("the partition is offline")]
    Offline,
    /// The shard's journal failed.
    #[error(transparent)]
    Journal(#[from] JournalFailed),
    /// A file could not be removed.
    #[error("delete the partition's files: {0}")]
    Io(#[from] io::Error),
}

impl Store {
    /// Creates empty logs. Durable when it resolves. One that is there already stays as it is:
    /// creating again after a crash is harmless.
    pub async fn create_logs(
        &self,
        logs: &[(TopicPartition, LogConfig)],
        leader_epoch: LeaderEpoch,
    ) -> Result<(), LogError> {
        let max = self.0.config.partitions_max();
        let fresh = logs.iter().filter(|(id, _)| self.log(*id).is_none()).count();
        if self.log_count() as u64 + fresh as u64 > max {
            return Err(LogError::TooMany { max });
        }
        let mut last = None;
        for (id, config) in logs {
            if self.log(*id).is_some() {
                continue;
            }
            self.room_for_a_mark().await?;
            // It may have been made while there was no room.
            if self.log(*id).is_some() {
                continue;
            }
            let entry = Entry::mark(EntryKind::Create, *id, leader_epoch, Offset::ZERO);
            last = Some(self.0.journal.mark(entry));
            let log = Log::new(LogState::new(*id, leader_epoch), *config, LogStatus::Online);
            self.0.logs.borrow_mut().insert(*id, Rc::new(log));
        }
        match last {
            Some(ticket) => Ok(ticket.reached(Progress::Durable).await?),
            None => Ok(()),
        }
    }

    /// Deletes a log: refused once that is staged, durably dead when it resolves. Its files go when
    /// no response refers to them any more: see [`Store::remove_files`].
    pub async fn delete_log(&self, log: &Rc<Log>) -> Result<(), LogError> {
        self.room_for_a_mark().await?;
        let (id, epoch) = (log.id(), log.state().leader_epoch);
        let dead = self.0.journal.mark(Entry::mark(EntryKind::Dead, id, epoch, Offset::ZERO));
        // At the same moment: nothing of the log comes behind its death in the journal, and a
        // checkpoint that leaves the log out waits until the death is durable.
        log.mark_deleted();
        dead.reached(Progress::Durable).await?;
        self.0.logs.borrow_mut().remove(&id);
        log.state_mut().tail.clear();
        Ok(())
    }

    /// Removes the files of a deleted log, once no response refers to them; those that still do
    /// after its `file.delete.delay.ms` read on from their open descriptors.
    pub async fn remove_files(&self, log: &Rc<Log>) -> Result<(), LogError> {
        assert_eq!(*log.status(), LogStatus::Deleted, "only a deleted log loses its files");
        while log.busy.get() || log.compacting.get() {
            self.0.runtime.sleep(std::time::Duration::from_millis(10)).await;
        }
        let id = log.id();
        let mut names: Vec<_> = log.state().segments.iter().map(Segment::name).collect();
        names.extend(self.forget_obsolete(id));
        for name in names {
            self.remove_segment_files(id, name).await?;
        }
        self.sweep(log).await?;
        let data = &self.0.config.data;
        runtime::remove_directory(&self.0.runtime, &log_directory(data, id)).await?;
        // The last partition on any shard takes the topic's directory along.
        match runtime::remove_directory(&self.0.runtime, &topic_directory(data, id)).await {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(()),
            other => Ok(other?),
        }
    }

    pub(super) async fn remove_segment_files(
        &self,
        id: TopicPartition,
        name: SegmentName,
    ) -> io::Result<()> {
        self.0.descriptors.close(id, name, Access::Read);
        self.0.descriptors.close(id, name, Access::Write);
        self.0.indexes.forget(id, name);
        let data = &self.0.config.data;
        runtime::remove_file(&self.0.runtime, &segment_path(data, id, name)).await?;
        runtime::remove_file(&self.0.runtime, &index_path(data, id, name)).await
    }

    /// Raises the log start (`DeleteRecords`, retention). Durable when it resolves. An offset at
    /// or below the present start changes nothing.
    pub async fn raise_log_start(&self, log: &Rc<Log>, offset: Offset) -> Result<Offset, LogError> {
        if !log.is_online() {
            return Err(LogError::Offline);
        }
        let (log_start, high_watermark) = {
            let state = log.state();
            (state.log_start, state.visible.offset)
        };
        if offset > high_watermark || offset < Offset::ZERO {
            return Err(LogError::OutOfRange { offset, log_start, high_watermark });
        }
        if offset <= log_start {
            return Ok(log_start);
        }
        self.room_for_a_mark().await?;
        // It may have died while there was no room: nothing of a log comes behind its death.
        if !log.is_online() {
            return Err(LogError::Offline);
        }
        let epoch = log.state().leader_epoch;
        let entry = Entry::mark(EntryKind::LogStart, log.id(), epoch, offset);
        let staged = self.0.journal.mark(entry);
        // At the same moment: a checkpoint that needs no commits before this one knows it.
        log.state_mut().stage_log_start(offset);
        staged.reached(Progress::Durable).await?;
        log.state_mut().raise_log_start(offset);
        log.notify();
        Ok(log.state().log_start)
    }

    /// Resolves when the journal takes an entry without bytes, for who stages it at once.
    async fn room_for_a_mark(&self) -> Result<(), JournalFailed> {
        let journal = &self.0.journal;
        let has_room = || {
            if journal.is_failed() {
                return Some(Err(JournalFailed));
            }
            journal.has_room(0, 1, RoomFor::Appends).then_some(Ok(()))
        };
        journal.room().wait_until(has_room).await
    }
}
