//! How new segments take the place of old ones, and how the old ones go.
//!
//! The checkpoint in force names every finished segment, and that is all that decides which files
//! are the log:
//!
//! 1. The new files are written under names that no checkpoint has had, and synced, their
//!    directory too. A crash up to here leaves files that nobody names.
//! 2. The segments are exchanged in memory, in one step. Whoever plans a read from here on reads
//!    the new files; who has planned before reads the old ones, which are still there. A crash
//!    leaves the old files named and the new ones not.
//! 3. A checkpoint is written, and in force. Now the new files are named, and the old ones not.
//! 4. Once no response refers to them, the old files are removed.
//!
//! Files that a crash left without a name are removed when compaction looks at the log next, or
//! when it is deleted.

use std::collections::BTreeSet;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use record::TopicPartition;

use super::Store;
use super::compact::CompactError;
use crate::log::segments::Segment;
use crate::log::{Log, LogStatus};
use crate::segment::index::Index;
use crate::segment::name::{SegmentName, log_directory, parse_file_name};

/// How long old files wait for responses that refer to them.
const PIN_PATIENCE: Duration = Duration::from_mins(1);
const PIN_LOOK: Duration = Duration::from_millis(100);

/// A segment that was replaced, and that the checkpoint in force may still name.
pub(super) struct Obsolete {
    log: TopicPartition,
    segment: Segment,
}

impl Store {
    /// Step 2. Refused, and nothing is changed, if the log's old segments are not what they were.
    pub(super) fn replace(
        &self,
        log: &Log,
        old: &[SegmentName],
        new: Option<Segment>,
        index: Index,
    ) -> Result<(), CompactError> {
        self.check_in_use(log)?;
        let name = new.as_ref().map(Segment::name);
        let replaced = log.state_mut().segments.replace(old, new);
        let replaced = replaced.ok_or(CompactError::Changed)?;
        if let Some(name) = name {
            self.0.indexes.keep(log.id(), name, Rc::new(index));
        }
        let log = log.id();
        let replaced = replaced.into_iter().map(|segment| Obsolete { log, segment });
        self.0.obsolete.borrow_mut().extend(replaced);
        Ok(())
    }

    /// What was replaced and is still there.
    pub(super) fn obsolete_bytes(&self) -> u64 {
        self.0.obsolete.borrow().iter().map(|found| u64::from(found.segment.end)).sum()
    }

    /// Steps 3 and 4, for all that was replaced before the call.
    pub(super) async fn let_replaced_go(&self) -> Result<(), CompactError> {
        let waiting: BTreeSet<(TopicPartition, SegmentName)> = {
            let obsolete = self.0.obsolete.borrow();
            obsolete.iter().map(|found| (found.log, found.segment.name())).collect()
        };
        if waiting.is_empty() || self.0.migrating.get() {
            return Ok(());
        }
        self.checkpoint().await?;
        let gone: Vec<Obsolete> = {
            let is_due =
                |found: &mut Obsolete| waiting.contains(&(found.log, found.segment.name()));
            self.0.obsolete.borrow_mut().extract_if(.., is_due).collect()
        };
        let deadline = self.0.runtime.now().after(PIN_PATIENCE);
        for Obsolete { log, segment } in gone {
            while segment.pins.get() > 0 && self.0.runtime.now() < deadline {
                self.0.runtime.sleep(PIN_LOOK).await;
            }
            self.remove_segment_files(log, segment.name()).await?;
        }
        Ok(())
    }

    /// Forgets what was replaced in a log that is deleted: its files go with the log's.
    pub(super) fn forget_obsolete(&self, log: TopicPartition) -> Vec<SegmentName> {
        let mut obsolete = self.0.obsolete.borrow_mut();
        let own = obsolete.extract_if(.., |found| found.log == log);
        own.map(|found| found.segment.name()).collect()
    }

    /// Removes the files of segments that a log does not have: what a crash has left of steps 1,
    /// 2 and 4. Only names that this version would give are touched.
    pub(super) async fn sweep(&self, log: &Rc<Log>) -> io::Result<()> {
        // What retention has let go of waits for readers, and is not named any more.
        while log.busy.get() {
            self.0.runtime.sleep(PIN_LOOK).await;
        }
        let is_deleted = *log.status() == LogStatus::Deleted;
        if !(is_deleted || log.is_online()) {
            return Ok(());
        }
        // Named at either time: retention may let go of a segment meanwhile, in its own way.
        let mut named: BTreeSet<SegmentName> = self.named(log);
        let directory = log_directory(&self.0.config.data, log.id());
        let list = move || runtime::list_directory(&directory);
        let found = match self.0.housekeeping.compute(list).await? {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => other?,
        };
        named.extend(self.named(log));
        let is_left = |path: &std::path::PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            let parsed = name.and_then(parse_file_name);
            parsed.is_some_and(|(name, _)| !named.contains(&name))
        };
        let left: Vec<_> = found.into_iter().filter(is_left).collect();
        if !left.is_empty() {
            tracing::info!(log = %log.id(), files = left.len(), "files of no segment removed");
            self.0.housekeeping.unlink(left).await?;
        }
        log.swept.set(true);
        Ok(())
    }

    /// The segments that a log has, or has had and may not have lost yet.
    fn named(&self, log: &Log) -> BTreeSet<SegmentName> {
        let obsolete = self.0.obsolete.borrow();
        let replaced = obsolete.iter().filter(|found| found.log == log.id());
        let replaced = replaced.map(|found| found.segment.name());
        log.state().segments.iter().map(Segment::name).chain(replaced).collect()
    }
}
