//! A data directory that is being looked at: locked, with its layout read.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::{DirectoryLock, Housekeeping, Runtime, StartError};
use storage::identity::CommitSequence;
use storage::inspect::{Copies, Copy, inspect_layout, inspect_superblock};
use storage::recovery::journal::journal_directory;
use storage::superblock::{CheckpointRef, FORMAT_VERSION, Layout, Superblock};

use super::printer::Printer;

/// How long a lock may still be held by what the kernel does for a process that was killed.
const LOCK_PATIENCE: Duration = Duration::from_secs(1);

/// Why a directory can not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum DumpError {
    /// The ring or the housekeeping thread.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no layout.
    #[error("{} is not a data directory: it has no layout", .0.display())]
    NoLayout(PathBuf),
    /// A broker has it.
    #[error(
        "{} is in use: stop the broker, or read anyway with --no-lock (the end may look torn)",
        .0.display()
    )]
    InUse(PathBuf),
    /// Neither copy of the layout checks.
    #[error("{}: neither copy can be read", .0.display())]
    Layout(PathBuf),
    /// It was written by a newer version.
    #[error("{} has format {found}, this version knows up to {FORMAT_VERSION}", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// No topic is called that.
    #[error("there is no topic '{0}'; its id does as well")]
    Topic(String),
    /// A file can not be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
}

/// Names the path of an error.
pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> DumpError + use<> {
    let path = path.to_owned();
    move |source| DumpError::Io { path, source }
}

/// The directory.
pub(super) struct Dump {
    pub(super) runtime: Runtime,
    pub(super) housekeeping: Housekeeping,
    pub(super) data: PathBuf,
    pub(super) layout: Layout,
    pub(super) layout_copies: Copies<Layout>,
    _lock: Option<DirectoryLock>,
}

/// One shard's journal.
pub(super) struct Journal {
    pub(super) shard: u16,
    pub(super) directory: PathBuf,
    pub(super) copies: Copies<Superblock>,
    pub(super) superblock: Superblock,
}

impl Journal {
    /// The checkpoint in force.
    pub(super) fn checkpoint(&self, layout: &Layout) -> Option<CheckpointRef> {
        self.superblock.checkpoint_under(layout)
    }

    /// The first commit that is needed.
    pub(super) fn floor(&self, layout: &Layout) -> CommitSequence {
        CommitSequence(self.checkpoint(layout).map_or(1, |named| named.floor))
    }
}

impl Dump {
    /// Locks the directory, unless told not to, and reads its layout.
    pub(super) async fn open(
        runtime: Runtime,
        data: PathBuf,
        no_lock: bool,
    ) -> Result<Self, DumpError> {
        let path = storage::data::layout_path(&data);
        match runtime::metadata(&runtime, &path).await {
            Ok(found) if found.is_file => {}
            Ok(_) => return Err(DumpError::NoLayout(data)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DumpError::NoLayout(data));
            }
            Err(error) => return Err(failed(&path)(error)),
        }
        let lock = if no_lock { None } else { Some(lock(&data)?) };
        let layout_copies = inspect_layout(&runtime, &data).await.map_err(failed(&path))?;
        let layout = layout_copies.value().cloned().ok_or(DumpError::Layout(path))?;
        if layout.format > FORMAT_VERSION {
            return Err(DumpError::Format { path: data, found: layout.format });
        }
        let housekeeping = Housekeeping::start(None)?;
        Ok(Self { runtime, housekeeping, data, layout, layout_copies, _lock: lock })
    }

    /// The journals of all shards, or of one. What can not be read is a fault.
    pub(super) async fn journals(
        &self,
        shard: Option<u16>,
        printer: &mut Printer,
    ) -> Result<Vec<Journal>, DumpError> {
        let mut journals = Vec::new();
        for shard in (0..self.layout.shards).filter(|n| shard.is_none_or(|shard| shard == *n)) {
            let directory = journal_directory(&self.data, shard);
            let path = storage::recovery::journal::superblock_path(&directory);
            let copies = match inspect_superblock(&self.runtime, &directory).await {
                Ok(copies) => copies,
                Err(error) => {
                    printer.fault(&path, None, &error.to_string());
                    continue;
                }
            };
            match copies.value().cloned() {
                Some(superblock) => {
                    journals.push(Journal { shard, directory, copies, superblock });
                }
                None => printer.fault(&path, Some(0), "neither copy can be read"),
            }
        }
        Ok(journals)
    }
}

fn lock(data: &Path) -> Result<DirectoryLock, DumpError> {
    match DirectoryLock::acquire(&data.join("lock"), LOCK_PATIENCE) {
        Ok(lock) => Ok(lock),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(DumpError::InUse(data.to_owned()))
        }
        Err(error) => Err(failed(&data.join("lock"))(error)),
    }
}

/// Prints what is wrong with a file of two copies.
pub(super) fn check_copies<T>(copies: &Copies<T>, printer: &mut Printer) {
    for (number, copy) in copies.copies.iter().enumerate() {
        let what = match copy {
            Copy::Valid { .. } | Copy::Blank => continue,
            Copy::Damaged => format!("copy {number} is damaged; the other one is in force"),
            Copy::Unknown => format!("copy {number} was written by another version"),
        };
        printer.fault(&copies.path, Some(Copies::<T>::position(number)), &what);
    }
}

/// The versions of both copies, in words.
pub(super) fn versions<T>(copies: &Copies<T>) -> [String; 2] {
    copies.copies.each_ref().map(|copy| match copy {
        Copy::Valid { version, .. } => format!("version {version}"),
        Copy::Blank => "never written".to_owned(),
        Copy::Damaged => "damaged".to_owned(),
        Copy::Unknown => "unknown".to_owned(),
    })
}
