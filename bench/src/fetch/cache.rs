//! Makes a broker's segments cold: their pages leave the page cache.

use std::path::{Path, PathBuf};

use runtime::{
    Advice, File, OpenOptions, Runtime, RuntimeConfig, block_on, list_directory, metadata,
};

use crate::error::{BenchError, io_error};

/// Drops the pages of every `.log` below `data`. Pages that are not yet on the disk stay; a broker
/// that writes past the cache has none.
pub(super) fn drop_segments(data: &Path) -> Result<(), BenchError> {
    let data = data.to_owned();
    block_on(RuntimeConfig::default(), move |runtime| async move {
        let mut directories = vec![data];
        while let Some(directory) = directories.pop() {
            let paths = list_directory(&directory).map_err(io_error("list the broker's data"))?;
            for path in paths {
                if let Some(below) = drop_or_descend(&runtime, path).await? {
                    directories.push(below);
                }
            }
        }
        Ok(())
    })?
}

/// Drops a segment's pages; gives a directory back to be walked.
async fn drop_or_descend(runtime: &Runtime, path: PathBuf) -> Result<Option<PathBuf>, BenchError> {
    let named = metadata(runtime, &path).await.map_err(io_error("look at the broker's data"))?;
    if named.is_directory {
        return Ok(Some(path));
    }
    if named.is_file && path.extension().is_some_and(|extension| extension == "log") {
        let file = File::open(runtime, &path, OpenOptions::default()).await;
        file.map_err(io_error("open a segment"))?.advise(0, 0, Advice::DontNeed);
    }
    Ok(None)
}
