//! Directories: names that come and go, and the sync that makes it last.

use std::io;
use std::path::{Path, PathBuf};

use crate::driver::op::Op;
use crate::executor::Runtime;
use crate::file::{File, OpenOptions, c_path, check};

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Length in bytes.
    pub len: u64,
    /// Whether it is a plain file; links, pipes and devices are not.
    pub is_file: bool,
    /// Whether it is a directory.
    pub is_directory: bool,
}

/// Creates a directory. It is no error if one is there already.
pub async fn create_directory(runtime: &Runtime, path: &Path) -> io::Result<()> {
    let (_, completion) = runtime.submit(Op::MakeDirectory { path: c_path(path)? }).await;
    match check(completion) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if metadata(runtime, path).await?.is_directory { Ok(()) } else { Err(error) }
        }
        other => other.map(drop),
    }
}

/// Creates a directory and those above it. Blocks: for start-up.
pub fn create_directory_all(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Removes a directory with all that is in it. Blocks: for start-up.
pub fn remove_directory_all(path: &Path) -> io::Result<()> {
    std::fs::remove_dir_all(path)
}

/// Removes a directory that is empty, or that the kernel lets go as if it were. Blocks: for
/// commands.
pub fn remove_empty_directory(path: &Path) -> io::Result<()> {
    std::fs::remove_dir(path)
}

/// Makes the directory's entries durable.
pub async fn sync_directory(runtime: &Runtime, path: &Path) -> io::Result<()> {
    File::open(runtime, path, OpenOptions::default()).await?.sync_all().await
}

/// Removes a file. It is no error if it is not there.
pub async fn remove_file(runtime: &Runtime, path: &Path) -> io::Result<()> {
    unlink(runtime, path, false).await
}

/// Removes an empty directory. It is no error if it is not there.
pub async fn remove_directory(runtime: &Runtime, path: &Path) -> io::Result<()> {
    unlink(runtime, path, true).await
}

async fn unlink(runtime: &Runtime, path: &Path, directory: bool) -> io::Result<()> {
    let (_, completion) = runtime.submit(Op::Unlink { path: c_path(path)?, directory }).await;
    match check(completion) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map(drop),
    }
}

/// Renames a file, replacing what is there; durable once both directories are synced.
pub async fn rename(runtime: &Runtime, from: &Path, to: &Path) -> io::Result<()> {
    let op = Op::Rename { from: c_path(from)?, to: c_path(to)? };
    check(runtime.submit(op).await.1).map(drop)
}

/// What a path names; links are not followed beyond the last component's parent.
pub async fn metadata(runtime: &Runtime, path: &Path) -> io::Result<Metadata> {
    // SAFETY: a statx of zeros is a valid one.
    let stat = Box::new(unsafe { std::mem::zeroed::<libc::statx>() });
    let (op, completion) = runtime.submit(Op::Stat { path: c_path(path)?, stat }).await;
    check(completion)?;
    let Op::Stat { stat, .. } = op else { unreachable!("a stat comes back") };
    let kind = u32::from(stat.stx_mode) & libc::S_IFMT;
    Ok(Metadata {
        len: stat.stx_size,
        is_file: kind == libc::S_IFREG,
        is_directory: kind == libc::S_IFDIR,
    })
}

/// The names in a directory, sorted. Reads it in one blocking go: for start-up and for rare work.
pub fn list_directory(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(path)? {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The file system that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Volume {
    /// All its bytes.
    pub total_bytes: u64,
    /// Free bytes for a process without privileges.
    pub free_bytes: u64,
}

/// Free bytes of the file system that holds `path`, for a process without privileges.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    volume(path).map(|volume| volume.free_bytes)
}

/// The file system that holds `path`. Asks in one blocking go: for rare work.
pub fn volume(path: &Path) -> io::Result<Volume> {
    let path = c_path(path)?;
    // SAFETY: a statvfs of zeros is a valid one.
    let mut stat: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a terminated path and a statvfs to be written.
    if unsafe { libc::statvfs(path.as_ptr(), &raw mut stat) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Volume {
        total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
    })
}

/// A path from the root, whether or not there is something.
pub fn absolute_path(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}
