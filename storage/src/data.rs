//! The data directory as a whole: its lock and its layout.
//!
//! ```text
//! <data>/lock               held by this process, and by its rings until their last write
//! <data>/layout             how many shards, how many starts
//! <data>/journal-0000/      one directory a shard: superblock, checkpoints, journal files
//! <data>/logs/...           segments, by topic and partition, whichever shard owns them
//! ```

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::{DirectoryLock, Runtime};

use crate::recovery::RecoveryError;
use crate::recovery::journal::journal_directory;
use crate::superblock::{FORMAT_VERSION, LAYOUT_MAGIC, Layout};
use crate::twin::{TwinError, TwinFile};

/// How long a start waits for the process before to let go of the directory.
pub const LOCK_PATIENCE: Duration = Duration::from_mins(1);

/// Why a data directory can not be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It could not be made or locked.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which path.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Another process has it.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It was written by a newer version.
    #[error("{} has format {found}, this version knows up to {known}", path.display())]
    Format {
        /// The directory.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format known here.
        known: u32,
    },
    /// Its records can not be read.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
}

impl From<TwinError> for DataError {
    fn from(error: TwinError) -> Self {
        Self::Recovery(RecoveryError::Twin(error))
    }
}

/// Creates the directory if it is not there, and locks it. Blocks for up to `patience` while
/// another process, or what the kernel still does for one that was killed, holds it.
pub fn lock(data: &Path, patience: Duration) -> Result<DirectoryLock, DataError> {
    let failed = |source| DataError::Io { path: data.to_owned(), source };
    runtime::create_directory_all(data).map_err(failed)?;
    match DirectoryLock::acquire(&data.join("lock"), patience) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            Err(DataError::InUse { path: data.to_owned() })
        }
        other => other.map_err(failed),
    }
}

/// Where the layout is.
pub fn layout_path(data: &Path) -> PathBuf {
    data.join("layout")
}

/// Reads the layout; `None` in a new directory. The layout comes before the first journal, so a
/// directory with a journal and no layout has lost it.
pub async fn read_layout(runtime: &Runtime, data: &Path) -> Result<Option<Layout>, DataError> {
    let path = layout_path(data);
    let Some((_, bytes)) = TwinFile::open(runtime, &path, LAYOUT_MAGIC).await? else {
        let paths = match runtime::list_directory(data) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.map_err(|source| DataError::Io { path: data.to_owned(), source })?,
        };
        let first = journal_directory(data, 0);
        return if paths.contains(&first) {
            Err(TwinError::Damaged { path }.into())
        } else {
            Ok(None)
        };
    };
    let layout = Layout::decode(&bytes).ok_or(RecoveryError::Unknown { path })?;
    if layout.format > FORMAT_VERSION {
        let (found, known) = (layout.format, FORMAT_VERSION);
        return Err(DataError::Format { path: data.to_owned(), found, known });
    }
    Ok(Some(layout))
}

/// Writes the layout; durable when it resolves.
pub async fn write_layout(runtime: &Runtime, data: &Path, layout: &Layout) -> io::Result<()> {
    let path = layout_path(data);
    let existing = TwinFile::open(runtime, &path, LAYOUT_MAGIC).await.map_err(io::Error::other)?;
    if let Some((mut twin, _)) = existing {
        return twin.write(runtime, &layout.encode()).await;
    }
    TwinFile::create(runtime, &path, LAYOUT_MAGIC, &layout.encode()).await?;
    runtime::sync_directory(runtime, data).await
}

/// The layout of a new directory.
pub fn new_layout(shards: u16) -> Layout {
    let mut cluster = [0; 16];
    runtime::fill_random(&mut cluster);
    Layout {
        format: FORMAT_VERSION,
        cluster,
        shards,
        generation: 0,
        shards_since: 0,
        clean: true,
        unclean_starts: 0,
    }
}
