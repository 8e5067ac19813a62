//! Reading one journal: superblock, checkpoint and files, into what replay needs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use record::{Offset, Timestamp, TopicPartition};
use runtime::local::for_each_concurrently;
use runtime::{Housekeeping, Runtime};

use super::choose::{Chosen, choose, is_of_its_start};
use super::mirror::{MIRROR, Mirrored, mirror_path};
use super::peek::{Front, not_whole, passed};
use super::replay::{Replayed, replay};
use super::scan::{Flushed, FoundCommit, scan_file};
use crate::checkpoint::record::LogRecord;
use crate::checkpoint::writer::{checkpoint_path, read_records};
use crate::identity::{CommitSequence, Generation, JournalId};
use crate::journal::files::FileNumber;
use crate::limits::{BLOCK, MIRROR_BYTES};
use crate::superblock::{CheckpointRef, Layout, SUPERBLOCK_MAGIC, Superblock};
use crate::twin::{TwinError, TwinFile};

/// Files scanned at once.
const SCANS: usize = 2;
/// Files whose first commit is looked at at once.
const PEEKS: usize = 16;

/// Why a journal can not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// Layout or superblock.
    #[error(transparent)]
    Twin(#[from] TwinError),
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A record is intact but makes no sense to this version.
    #[error("{}: written by another version", path.display())]
    Unknown {
        /// Which file.
        path: PathBuf,
    },
    /// The checkpoint that the superblock names is damaged.
    #[error("{}: the checkpoint is damaged; nothing was changed", path.display())]
    Checkpoint {
        /// Which file.
        path: PathBuf,
    },
    /// A journal file is not what its making left: whole, under its own name only once it is.
    #[error(
        "{}: not a plain file of {expected} bytes, as every journal file is; nothing was changed",
        path.display()
    )]
    NotWhole {
        /// Which file.
        path: PathBuf,
        /// The bytes that it must have.
        expected: u64,
    },
    /// Journal commits that were durable are gone.
    #[error("{}: commit {sequence} was durable and is gone; nothing was changed", path.display())]
    Missing {
        /// The journal's directory.
        path: PathBuf,
        /// The first commit that is gone.
        sequence: CommitSequence,
    },
}

/// A journal as it was found. Can be sent to the shards that own its logs.
pub struct JournalContents {
    /// Its superblock.
    pub superblock: Superblock,
    /// Its last valid commit.
    pub last: CommitSequence,
    /// The first commit that is still needed.
    pub floor: CommitSequence,
    /// Files that hold needed commits, oldest first, with the last of each.
    pub full: Vec<(FileNumber, CommitSequence)>,
    /// Files that are whole and hold nothing that is needed.
    pub free: Vec<FileNumber>,
    /// Needed commits that are in none of the files.
    pub mirrored: Mirrored,
    records: Vec<LogRecord>,
    records_of: Generation,
    chosen: Chosen,
}

/// Where a journal is.
pub fn journal_directory(data: &Path, shard: u16) -> PathBuf {
    data.join(format!("journal-{shard:04}"))
}

/// Where one of its files is.
pub fn journal_file_path(directory: &Path, file: FileNumber) -> PathBuf {
    directory.join(format!("{:06}.journal", file.0))
}

/// Where its superblock is.
pub fn superblock_path(directory: &Path) -> PathBuf {
    directory.join("superblock")
}

pub(crate) fn parse_journal_file(path: &Path) -> Option<FileNumber> {
    let name = path.file_name()?.to_str()?.strip_suffix(".journal")?;
    (name.len() == 6).then(|| name.parse().ok().map(FileNumber)).flatten()
}

impl JournalContents {
    /// Reads a journal; `None` if there is none: it was never finished being made. The superblock
    /// comes before the first file, so files without one are a journal that has lost it.
    pub async fn read(
        runtime: &Runtime,
        housekeeping: &Housekeeping,
        directory: &Path,
        layout: &Layout,
    ) -> Result<Option<Self>, RecoveryError> {
        let path = superblock_path(directory);
        let Some((_, bytes)) = TwinFile::open(runtime, &path, SUPERBLOCK_MAGIC).await? else {
            return if has_files(directory)? {
                Err(TwinError::Damaged { path }.into())
            } else {
                Ok(None)
            };
        };
        let superblock = Superblock::decode(&bytes).ok_or(RecoveryError::Unknown { path })?;
        let reference = superblock.checkpoint_under(layout);
        let records = read_checkpoint(housekeeping, directory, reference).await?;
        let records_of = Generation(reference.map_or(0, |named| named.generation));
        let floor = CommitSequence(reference.map_or(1, |named| named.floor));
        let reading = Reading { runtime, housekeeping, directory, superblock: &superblock, floor };
        let Scanned { files: scanned, passed } = reading.scan(&records).await?;
        let files: Vec<FileNumber> = scanned.keys().copied().chain(passed).collect();
        let in_mirror = reading.mirror(&records).await?;
        let found: Vec<(FileNumber, FoundCommit)> = scanned
            .into_iter()
            .chain([(MIRROR, in_mirror)])
            .flat_map(|(number, file)| file.into_iter().map(move |found| (number, found)))
            .collect();
        let chosen = choose(found, &superblock, floor);
        if let Some(sequence) = chosen.missing {
            return Err(RecoveryError::Missing { path: directory.to_owned(), sequence });
        }
        let (full, free) = sort_files(&files, &chosen);
        let (last, mirrored) = (chosen.last, Mirrored::of(&chosen));
        Ok(Some(Self {
            superblock,
            last,
            floor,
            full,
            free,
            mirrored,
            records,
            records_of,
            chosen,
        }))
    }

    /// Makes the logs that `owned` names. `now` stands for times that nobody stored.
    pub(crate) fn replay(
        &self,
        owned: impl Fn(TopicPartition) -> bool,
        now: Timestamp,
    ) -> Replayed {
        replay(&self.records, self.records_of, &self.chosen, owned, now)
    }
}

async fn read_checkpoint(
    housekeeping: &Housekeeping,
    directory: &Path,
    reference: Option<CheckpointRef>,
) -> Result<Vec<LogRecord>, RecoveryError> {
    let Some(named) = reference else { return Ok(Vec::new()) };
    let path = checkpoint_path(directory, named.slot);
    let read = move |bytes: &[u8]| read_records(bytes, named.len, named.crc);
    let records = housekeeping.scan(path.clone(), named.len, read).await;
    let records = records.map_err(|source| RecoveryError::Io { path: path.clone(), source })?;
    records.ok_or(RecoveryError::Checkpoint { path })
}

/// One journal being read.
struct Reading<'a> {
    runtime: &'a Runtime,
    housekeeping: &'a Housekeeping,
    directory: &'a Path,
    superblock: &'a Superblock,
    floor: CommitSequence,
}

/// What its files hold.
struct Scanned {
    files: BTreeMap<FileNumber, Vec<FoundCommit>>,
    /// Those that were not scanned, because they hold nothing that is needed.
    passed: Vec<FileNumber>,
}

impl Reading<'_> {
    async fn scan(&self, records: &[LogRecord]) -> Result<Scanned, RecoveryError> {
        let paths = runtime::list_directory(self.directory).map_err(failed(self.directory))?;
        let mut paths: BTreeMap<FileNumber, PathBuf> =
            paths.into_iter().filter_map(|path| Some((parse_journal_file(&path)?, path))).collect();
        let fronts = self.fronts(&paths).await?;
        let mut passed = passed(&fronts, self.floor);
        if let Some(path) = not_whole(&fronts).and_then(|number| paths.remove(&number)) {
            return Err(RecoveryError::NotWhole { path, expected: self.superblock.file_bytes });
        }
        paths.retain(|number, _| !passed.contains(number));
        let flushed = Arc::new(flushed(records));
        let has_begun = |number: &FileNumber| fronts.get(number).is_some_and(Front::has_begun);
        let (begun, blank): (BTreeMap<_, _>, BTreeMap<_, _>) =
            paths.into_iter().partition(|(number, _)| has_begun(number));
        let mut files = self.scan_files(begun, &flushed).await?;
        if self.is_whole(&files) {
            passed.extend(blank.into_keys());
        } else {
            files.extend(self.scan_files(blank, &flushed).await?);
        }
        Ok(Scanned { files, passed })
    }

    async fn fronts(
        &self,
        paths: &BTreeMap<FileNumber, PathBuf>,
    ) -> Result<BTreeMap<FileNumber, Front>, RecoveryError> {
        let fronts = RefCell::new(BTreeMap::new());
        for_each_concurrently(paths, PEEKS, |(number, path)| {
            let fronts = &fronts;
            async move {
                let front = Front::read(self.runtime, path, self.superblock).await;
                fronts.borrow_mut().insert(*number, front.map_err(failed(path))?);
                Ok::<_, RecoveryError>(())
            }
        })
        .await?;
        Ok(fronts.into_inner())
    }

    async fn scan_files(
        &self,
        paths: BTreeMap<FileNumber, PathBuf>,
        flushed: &Arc<Flushed>,
    ) -> Result<BTreeMap<FileNumber, Vec<FoundCommit>>, RecoveryError> {
        let (journal, len) = (JournalId(self.superblock.journal), self.superblock.file_bytes);
        let floor = self.floor;
        let scanned = RefCell::new(BTreeMap::new());
        for_each_concurrently(paths, SCANS, |(number, path)| {
            let (scanned, flushed) = (&scanned, Arc::clone(flushed));
            async move {
                let step = move |bytes: &[u8]| scan_file(bytes, journal, floor, &flushed);
                let found = self.housekeeping.scan(path.clone(), len, step).await;
                scanned.borrow_mut().insert(number, found.map_err(failed(&path))?);
                Ok::<_, RecoveryError>(())
            }
        })
        .await?;
        Ok(scanned.into_inner())
    }

    /// What the mirror holds. After an orderly stop nothing in it is needed.
    async fn mirror(&self, records: &[LogRecord]) -> Result<Vec<FoundCommit>, RecoveryError> {
        if self.superblock.stopped_at.is_some() {
            return Ok(Vec::new());
        }
        let (journal, floor) = (JournalId(self.superblock.journal), self.floor);
        let flushed = flushed(records);
        let step = move |bytes: &[u8]| scan_file(bytes, journal, floor, &flushed);
        let path = mirror_path(self.directory);
        match self.housekeeping.scan(path.clone(), MIRROR_BYTES as u64, step).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            scanned => scanned.map_err(failed(&path)),
        }
    }

    /// Whether every commit that is needed was found: known only after an orderly stop, which
    /// recorded its last one. Then no file without a commit at its front has to be searched.
    fn is_whole(&self, files: &BTreeMap<FileNumber, Vec<FoundCommit>>) -> bool {
        let Some(last) = self.superblock.stopped_at else { return false };
        let headers = files.values().flatten().map(|found| &found.header);
        let valid = headers
            .filter(|header| is_of_its_start(self.superblock, header.generation, header.sequence));
        let found: BTreeSet<u64> = valid.map(|header| header.sequence.0).collect();
        (self.floor.0..=last).all(|sequence| found.contains(&sequence))
    }
}

/// Up to where the logs are in their files.
fn flushed(records: &[LogRecord]) -> Flushed {
    let mut flushed = Flushed::default();
    for record in records {
        if let Some((segment, position)) = record.flushed() {
            flushed.note(record.log(), segment, position);
        }
    }
    flushed
}

/// Whether there are journal files, whatever is in them.
fn has_files(directory: &Path) -> Result<bool, RecoveryError> {
    match runtime::list_directory(directory) {
        Ok(paths) => Ok(paths.iter().any(|path| parse_journal_file(path).is_some())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(directory)(error)),
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> RecoveryError + use<> {
    let path = path.to_owned();
    move |source| RecoveryError::Io { path, source }
}

/// Makes a file of a journal: under another name until it is written and synced.
pub(crate) async fn prewrite(
    runtime: &Runtime,
    housekeeping: &Housekeeping,
    path: &Path,
    bytes: u64,
) -> io::Result<()> {
    assert!(bytes.is_multiple_of(BLOCK), "files are whole blocks");
    let unfinished = path.with_extension("unfinished");
    housekeeping.prewrite(unfinished.clone(), bytes).await?;
    runtime::rename(runtime, &unfinished, path).await?;
    runtime::sync_directory(runtime, path.parent().unwrap_or(path)).await
}

/// Which files hold valid commits, by age, and which hold none.
fn sort_files(
    files: &[FileNumber],
    chosen: &Chosen,
) -> (Vec<(FileNumber, CommitSequence)>, Vec<FileNumber>) {
    let mut last_of: BTreeMap<FileNumber, CommitSequence> = BTreeMap::new();
    let in_files = chosen.commits.iter().filter(|(_, (file, _))| *file != MIRROR);
    for (sequence, (file, _)) in in_files {
        let last = last_of.entry(*file).or_insert(*sequence);
        *last = (*last).max(*sequence);
    }
    let mut full: Vec<_> = last_of.iter().map(|(file, last)| (*file, *last)).collect();
    full.sort_by_key(|(_, last)| *last);
    let free = files.iter().filter(|file| !last_of.contains_key(file)).copied().collect();
    (full, free)
}

impl LogRecord {
    /// Up to where the log is in its files: the first segment that is not finished, and how far.
    fn flushed(&self) -> Option<(Offset, u32)> {
        let state = self.to_state().ok()?;
        let unfinished = state.segments.iter().find(|segment| !segment.finished);
        let segment = unfinished.or(state.segments.active())?;
        Some((segment.base, segment.flushed))
    }
}
