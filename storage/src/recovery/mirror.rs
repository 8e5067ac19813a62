//! Commits that a killed process had acknowledged and not written yet: their copies in the mirror.
//!
//! The mirror is one more place where commits are found. What only it has is written to a file of
//! the journal before the next start counts; only then may the mirror be used again.

use std::io;
use std::path::{Path, PathBuf};

use runtime::buffer::DmaBuf;
use runtime::{Barrier, File, Housekeeping, OpenOptions, Runtime, SharedFile};

use super::choose::Chosen;
use crate::identity::CommitSequence;
use crate::journal::files::FileNumber;
use crate::limits::{BLOCK, BLOCK_BYTES, MIRROR_BYTES};

/// Stands for the mirror where a commit's file is named.
pub(crate) const MIRROR: FileNumber = FileNumber(u32::MAX);

/// Where a journal's mirror is.
pub(crate) fn mirror_path(directory: &Path) -> PathBuf {
    directory.join("mirror")
}

/// Valid commits that no file of the journal has.
#[derive(Debug, Default)]
pub struct Mirrored {
    /// Where each is in the mirror, and its bytes; in their order.
    commits: Vec<(u64, usize)>,
    /// The last of them.
    pub(crate) last: CommitSequence,
}

impl Mirrored {
    pub(super) fn of(chosen: &Chosen) -> Self {
        let all = chosen.commits.iter().filter(|(_, (file, _))| *file == MIRROR);
        let mut mirrored = Self::default();
        for (sequence, (_, commit)) in all {
            mirrored.commits.push((commit.offset, commit.len));
            mirrored.last = *sequence;
        }
        mirrored
    }

    /// Whether there is nothing to be restored.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// Writes the commits to a journal file that holds nothing that is needed. Durable when it
    /// resolves; nothing of the mirror is changed. The file's first block stays blank: what the
    /// commits of other files are is not to be told from its front, as some may be of before them.
    pub(crate) async fn restore(
        &self,
        runtime: &Runtime,
        directory: &Path,
        file: &File,
    ) -> io::Result<()> {
        let mirror = File::open(runtime, &mirror_path(directory), OpenOptions::default()).await?;
        let blank = DmaBuf::zeroed(BLOCK_BYTES).freeze(BLOCK_BYTES);
        file.write_at(vec![blank], 0, Barrier::None).await?;
        let mut at = BLOCK;
        for (offset, len) in &self.commits {
            let buffer = runtime.pool().dma(*len);
            let (buffer, read) = mirror.read_at(buffer, 0, *len, *offset).await;
            if read? < *len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            file.write_at(vec![buffer.freeze(*len)], at, Barrier::None).await?;
            at += *len as u64;
        }
        file.sync_data().await?;
        let (commits, last) = (self.commits.len(), self.last);
        tracing::info!(commits, %last, "commits of a killed process were restored");
        Ok(())
    }
}

/// Maps the mirror of a journal with files of `file_bytes`, one of which takes all that it holds
/// behind a blank block; it is made if it is not there. What was in it must have been restored.
pub(crate) async fn open_mirror(
    runtime: &Runtime,
    housekeeping: &Housekeeping,
    directory: &Path,
    file_bytes: u64,
) -> io::Result<SharedFile> {
    let path = mirror_path(directory);
    let len = usize::try_from(file_bytes - BLOCK).unwrap_or(usize::MAX).min(MIRROR_BYTES);
    match SharedFile::map(&path, len) {
        Err(error) if is_not_made(&error) => {}
        mapped => return mapped,
    }
    super::journal::prewrite(runtime, housekeeping, &path, len as u64).await?;
    SharedFile::map(&path, len)
}

fn is_not_made(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof)
}
