//! Opening a shard's storage: from what recovery found to a store that serves.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use record::{Timestamp, TopicPartition};
use runtime::buffer::Usage;
use runtime::hash::FixedMap;
use runtime::local::for_each_concurrently;
use runtime::{Barrier, File, Housekeeping, Instant, OpenOptions, Runtime, SharedFile};

use crate::config::{LogConfig, StoreConfig};
use crate::identity::{CommitSequence, Generation, JournalId};
use crate::journal::files::{FileNumber, Files};
use crate::journal::writer::{Journal, JournalStart};
use crate::limits::GENERATIONS_MAX;
use crate::log::{Log, LogStatus};
use crate::recovery::RecoveredLog;
use crate::recovery::journal::{
    JournalContents, journal_directory, journal_file_path, prewrite, superblock_path,
};
use crate::recovery::mirror::open_mirror;
use crate::segment::name::{SegmentName, index_path, segment_path};
use crate::store::{Store, StoreParts, StoreTasks};
use crate::superblock::{SUPERBLOCK_MAGIC, Superblock};
use crate::twin::TwinFile;

/// Files that a store must have free before it serves.
const FREE_FILES_MIN: usize = 2;
/// Writes that the barrier probe times, each way.
const PROBE_ROUNDS: usize = 5;
/// Bytes of each.
const PROBE_BYTES: usize = 16 << 10;
/// Segment files looked at at once.
const CHECKS: usize = 16;

/// What a shard's storage is opened with.
pub struct StoreStart {
    /// Its settings.
    pub config: StoreConfig,
    /// For bulk work.
    pub housekeeping: Housekeeping,
    /// This start.
    pub generation: Generation,
    /// This shard's journal as it was found; none for a new shard.
    pub own: Option<Arc<JournalContents>>,
    /// Journals of other shards that may hold logs of this one: the shard count has changed.
    pub others: Vec<Arc<JournalContents>>,
    /// The shard count has changed: see [`Store::take_over`].
    pub migrating: bool,
    /// The stop before was not orderly: leader epochs are raised.
    pub raise_epochs: bool,
}

/// What opening found.
#[derive(Clone, Debug)]
pub struct OpenReport {
    /// The barrier in use.
    pub barrier: Barrier,
    /// The median of a 16 KiB write with it.
    pub barrier_time: Duration,
    /// Logs that were recovered.
    pub logs: usize,
    /// Those of them that can not be used.
    pub offline: usize,
    /// Logs whose deletion is not confirmed yet.
    pub dead: Vec<TopicPartition>,
    /// Journal entries of logs that nobody knows.
    pub quarantined: usize,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("{action} {}: {source}", path.display())]
pub struct OpenError {
    /// What was tried.
    pub action: &'static str,
    /// With which path.
    pub path: PathBuf,
    /// The kernel's answer.
    pub source: io::Error,
}

/// A store that was opened, with its running tasks.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// Its tasks, for [`Store::stop`].
    pub tasks: StoreTasks,
    /// What was found.
    pub report: OpenReport,
}

struct Opening {
    runtime: Runtime,
    start: StoreStart,
    directory: PathBuf,
}

/// Opens a shard's storage, of which it owns the logs that `owned` names. When it resolves, the
/// store can serve, and this start is durable in the journal's superblock.
pub async fn open(
    runtime: &Runtime,
    start: StoreStart,
    owned: impl Fn(TopicPartition) -> bool,
) -> Result<Opened, OpenError> {
    let directory = journal_directory(&start.config.data, start.config.shard);
    let opening = Opening { runtime: runtime.clone(), start, directory };
    opening.run(owned).await
}

impl Opening {
    async fn run(self, owned: impl Fn(TopicPartition) -> bool) -> Result<Opened, OpenError> {
        let now = Timestamp(self.runtime.wall_millis());
        let migrating = self.start.migrating;
        let (recovered, dead, quarantined) = self.replay(owned, now);
        let last = self.start.own.as_ref().map_or(CommitSequence::ZERO, |own| own.last);
        let file_bytes = match &self.start.own {
            Some(own) => own.superblock.file_bytes,
            None => self.start.config.journal_file_bytes,
        };
        let (mut files, mut handles, next_number) = self.open_files(file_bytes).await?;
        let (superblock, superblock_twin) = self.begin(last).await?;
        // Few free files, or many starts whose commits are still needed: empty the journal first.
        let must_drain =
            files.free() < FREE_FILES_MIN || superblock.ends.len() > GENERATIONS_MAX / 4;
        let mut next_number = next_number;
        while files.free() < FREE_FILES_MIN {
            let number = FileNumber(next_number);
            handles.insert(number, self.prewrite(number, file_bytes).await?);
            files.add_free(number);
            next_number += 1;
        }
        let missing = self.start.config.journal_files.saturating_sub(files.count());
        let (barrier, barrier_time) = self.probe_barrier(&files, &handles).await?;
        let tail_usage = Usage::default();
        let logs = self.make_logs(recovered).await?;
        let offline = logs.values().filter(|log| !log.is_online()).count();
        let report =
            OpenReport { barrier, barrier_time, logs: logs.len(), offline, dead, quarantined };
        let journal = Journal::new(
            &self.runtime,
            JournalStart {
                id: JournalId(superblock.journal),
                generation: self.start.generation,
                last,
                files,
                handles,
                barrier,
                relaxed_barrier: Duration::from_millis(self.start.config.relaxed_barrier_ms),
                mirror: self.mirror(file_bytes).await,
                tail_usage: tail_usage.clone(),
            },
        );
        let config = self.start.config.clone();
        let store = Store::assemble(
            &self.runtime,
            StoreParts {
                config,
                housekeeping: self.start.housekeeping.clone(),
                journal: journal.clone(),
                journal_directory: self.directory.clone(),
                logs,
                tail_usage,
                superblock,
                superblock_twin,
            },
        );
        store.set_migrating(migrating);
        let tasks = store.start();
        if must_drain && last > CommitSequence::ZERO && !migrating {
            self.drain(&store, last).await;
        }
        self.fill_up(journal, next_number, missing, file_bytes);
        Ok(Opened { store, tasks, report })
    }

    /// The logs of this shard, each from the journal that knows most of it.
    fn replay(
        &self,
        owned: impl Fn(TopicPartition) -> bool,
        now: Timestamp,
    ) -> (BTreeMap<TopicPartition, RecoveredLog>, Vec<TopicPartition>, usize) {
        let mut logs: BTreeMap<TopicPartition, RecoveredLog> = BTreeMap::new();
        let mut dead = Vec::new();
        let mut unknown: BTreeMap<TopicPartition, usize> = BTreeMap::new();
        for contents in self.start.own.iter().chain(&self.start.others) {
            let replayed = contents.replay(&owned, now);
            dead.extend(replayed.dead);
            for (log, entries) in replayed.unknown {
                *unknown.entry(log).or_default() += entries;
            }
            for log in replayed.logs {
                let id = log.state.id;
                let known = logs.get(&id).map(|known| known.known_at);
                if known.is_none_or(|known| known < log.known_at) {
                    logs.insert(id, log);
                }
            }
        }
        // A log that has moved away and come back left entries behind in this journal; so did one
        // that died elsewhere.
        unknown.retain(|id, _| !logs.contains_key(id) && !dead.contains(id));
        let quarantined = unknown.values().sum();
        dead.retain(|id| !logs.contains_key(id));
        if quarantined > 0 {
            tracing::error!(quarantined, "journal entries of unknown partitions were left alone");
        }
        (logs, dead, quarantined)
    }

    /// Makes this start durable, with the end of the one before: what lies behind that is dead.
    async fn begin(&self, last: CommitSequence) -> Result<(Superblock, TwinFile), OpenError> {
        let path = superblock_path(&self.directory);
        let failed = |source| failed_with("write", path.clone(), source);
        if let Some(own) = &self.start.own {
            let mut superblock = own.superblock.clone();
            if !superblock.begin(self.start.generation, last, own.floor) {
                return Err(failed(io::Error::other("too many starts that were not finished")));
            }
            let opened = TwinFile::open(&self.runtime, &path, SUPERBLOCK_MAGIC).await;
            let opened = opened.map_err(io::Error::other).map_err(failed)?;
            let gone = || failed(io::ErrorKind::NotFound.into());
            let (mut twin, _) = opened.ok_or_else(gone)?;
            twin.write(&self.runtime, &superblock.encode()).await.map_err(failed)?;
            return Ok((superblock, twin));
        }
        let mut id = [0; 16];
        runtime::fill_random(&mut id);
        let file_bytes = self.start.config.journal_file_bytes;
        let superblock = Superblock::new(JournalId(id), self.start.generation, file_bytes);
        let bytes = superblock.encode();
        let twin = TwinFile::create(&self.runtime, &path, SUPERBLOCK_MAGIC, &bytes).await;
        let twin = twin.map_err(failed)?;
        for directory in [&self.directory, &self.start.config.data] {
            let synced = runtime::sync_directory(&self.runtime, directory).await;
            synced.map_err(|source| failed_with("sync", directory.clone(), source))?;
        }
        Ok((superblock, twin))
    }

    /// Opens the journal's files as they were found; the number of the next one is returned too.
    async fn open_files(
        &self,
        file_bytes: u64,
    ) -> Result<(Files, BTreeMap<FileNumber, File>, u32), OpenError> {
        let mut files = Files::new(file_bytes);
        let mut handles = BTreeMap::new();
        let Some(own) = &self.start.own else {
            let made = runtime::create_directory(&self.runtime, &self.directory).await;
            made.map_err(|source| failed_with("create", self.directory.clone(), source))?;
            return Ok((files, handles, 0));
        };
        let (mut full, mut free) = (own.full.clone(), own.free.clone());
        if !own.mirrored.is_empty() {
            let number = self.restore(own, &mut free).await?;
            full.push((number, own.mirrored.last));
            full.sort_by_key(|(_, last)| *last);
        }
        for (number, last) in full {
            handles.insert(number, self.open_file(number).await?);
            files.add_full(number, last);
        }
        for number in free {
            handles.insert(number, self.open_file(number).await?);
            files.add_free(number);
        }
        let next = handles.keys().map(|number| number.0 + 1).max().unwrap_or(0);
        Ok((files, handles, next))
    }

    /// Writes the commits that only the mirror has to a free file, or to a new one.
    async fn restore(
        &self,
        own: &JournalContents,
        free: &mut Vec<FileNumber>,
    ) -> Result<FileNumber, OpenError> {
        let (number, file) = if let Some(number) = free.pop() {
            (number, self.open_file(number).await?)
        } else {
            let next = own.full.iter().map(|(number, _)| number.0 + 1).max();
            let number = FileNumber(next.unwrap_or(0));
            (number, self.prewrite(number, own.superblock.file_bytes).await?)
        };
        let restored = own.mirrored.restore(&self.runtime, &self.directory, &file).await;
        let path = journal_file_path(&self.directory, number);
        restored.map_err(|source| failed_with("restore commits to", path, source))?;
        Ok(number)
    }

    /// Where commits survive the process before they are written; without it they wait.
    async fn mirror(&self, file_bytes: u64) -> Option<SharedFile> {
        let (housekeeping, directory) = (&self.start.housekeeping, &self.directory);
        let opened = open_mirror(&self.runtime, housekeeping, directory, file_bytes).await;
        let warn = |error: &io::Error| {
            let directory = directory.display();
            tracing::warn!(%error, %directory, "no mirror: relaxed topics wait for the device");
        };
        opened.inspect_err(warn).ok()
    }

    async fn open_file(&self, number: FileNumber) -> Result<File, OpenError> {
        let path = journal_file_path(&self.directory, number);
        let options = OpenOptions { write: true, direct: true, ..OpenOptions::default() };
        let file = File::open(&self.runtime, &path, options).await;
        file.map_err(|source| failed_with("open", path, source))
    }

    async fn prewrite(&self, number: FileNumber, file_bytes: u64) -> Result<File, OpenError> {
        let path = journal_file_path(&self.directory, number);
        let made = prewrite(&self.runtime, &self.start.housekeeping, &path, file_bytes).await;
        made.map_err(|source| failed_with("pre-write", path, source))?;
        self.open_file(number).await
    }

    /// Which barrier is faster here: median of a few writes each way, on a file that is free.
    async fn probe_barrier(
        &self,
        files: &Files,
        handles: &BTreeMap<FileNumber, File>,
    ) -> Result<(Barrier, Duration), OpenError> {
        let number = files.next_free().expect("there are free files");
        let file = handles.get(&number).expect("the ring's files are open");
        let zeros = vec![0; PROBE_BYTES];
        let mut times = [(Barrier::DataSync, Vec::new()), (Barrier::WriteThrough, Vec::new())];
        for _ in 0..PROBE_ROUNDS {
            for (barrier, times) in &mut times {
                let mut chunk = self.runtime.pool().chunk(PROBE_BYTES);
                chunk.append(&zeros);
                let slices = vec![chunk.freeze()];
                let started = Instant::now();
                let written = file.write_at(slices, 0, *barrier).await;
                let path = journal_file_path(&self.directory, number);
                written.map_err(|source| failed_with("write", path, source))?;
                times.push(Instant::now().nanos_since(started));
            }
        }
        let medians = times.map(|(barrier, mut times)| {
            times.sort_unstable();
            (barrier, Duration::from_nanos(times.get(PROBE_ROUNDS / 2).copied().unwrap_or(0)))
        });
        Ok(*medians.iter().min_by_key(|(_, time)| *time).expect("two were probed"))
    }

    /// Logs of what was recovered, each with its files looked at.
    async fn make_logs(
        &self,
        recovered: BTreeMap<TopicPartition, RecoveredLog>,
    ) -> Result<FixedMap<TopicPartition, Rc<Log>>, OpenError> {
        let mut logs = FixedMap::default();
        let mut gone = Vec::new();
        for (id, found) in recovered {
            let RecoveredLog { mut state, status, gone: before_start, .. } = found;
            if let LogStatus::Offline { reason } = &status {
                tracing::error!(log = %id, reason, "partition taken offline");
            }
            if self.start.raise_epochs {
                state.leader_epoch = state.leader_epoch.next().unwrap_or(state.leader_epoch);
            }
            let data = &self.start.config.data;
            for name in before_start {
                gone.extend([segment_path(data, id, name), index_path(data, id, name)]);
            }
            logs.insert(id, Rc::new(Log::new(state, LogConfig::default(), status)));
        }
        for_each_concurrently(logs.values(), CHECKS, |log| self.check_files(log)).await?;
        let removed = self.start.housekeeping.unlink(gone).await;
        removed.map_err(|source| {
            failed_with("remove segments below", self.directory.clone(), source)
        })?;
        Ok(logs)
    }

    /// A log whose segments are not all there, as plain files of the length that is known to be
    /// durable, can not be used.
    async fn check_files(&self, log: &Rc<Log>) -> Result<(), OpenError> {
        if *log.status() != LogStatus::Online {
            return Ok(());
        }
        let id = log.id();
        let known: Vec<(SegmentName, u64)> = log
            .state()
            .segments
            .iter()
            .filter(|segment| segment.flushed > 0)
            .map(|segment| (segment.name(), u64::from(segment.flushed)))
            .collect();
        for (name, len) in known {
            let path = segment_path(&self.start.config.data, id, name);
            let wrong = match runtime::metadata(&self.runtime, &path).await {
                Ok(found) if !found.is_file => Some("is not a plain file".to_owned()),
                Ok(found) if found.len < len => Some(format!("has {} bytes of {len}", found.len)),
                Ok(_) => None,
                Err(error) => Some(error.to_string()),
            };
            if let Some(what) = wrong {
                log.take_offline(format!("{}: {what}", path.display()));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Empties the old journal files before anything new is taken.
    async fn drain(&self, store: &Store, last: CommitSequence) {
        if let Err(error) = store.flush_through(last).await {
            tracing::error!(%error, "the journal could not be emptied at start");
        }
        while store.journal().files().count() > self.start.config.journal_files {
            let Some(number) = store.journal().remove_file() else { break };
            let path = journal_file_path(&self.directory, number);
            if let Err(error) = runtime::remove_file(&self.runtime, &path).await {
                tracing::warn!(%error, path = %path.display(), "surplus journal file not removed");
            }
        }
    }

    /// Lets housekeeping pre-write the files that are missing; appends wait for them if they must.
    fn fill_up(self, journal: Journal, next_number: u32, missing: usize, file_bytes: u64) {
        let runtime = self.runtime.clone();
        let task = runtime.spawn(async move {
            for number in (next_number..).take(missing).map(FileNumber) {
                match self.prewrite(number, file_bytes).await {
                    Ok(file) => journal.add_file(number, file),
                    Err(error) => {
                        tracing::error!(%error, "the journal stays smaller than configured");
                        return;
                    }
                }
            }
        });
        task.detach();
    }
}

fn failed_with(action: &'static str, path: PathBuf, source: io::Error) -> OpenError {
    OpenError { action, path, source }
}
