//! Which journals a start reads, and for which shards.

use std::path::Path;
use std::sync::Arc;

use runtime::{Housekeeping, Runtime};
use storage::data::{self, DataError};
use storage::recovery::JournalContents;
use storage::recovery::journal::journal_directory;
use storage::superblock::Layout;

/// What a start found in the data directory, before any shard runs.
pub struct Found {
    /// The layout of this start, durable.
    pub layout: Layout,
    /// The journals of the start before, by number.
    pub journals: Vec<Option<Arc<JournalContents>>>,
    /// The stop before was orderly.
    pub clean: bool,
    /// The shard count is to become this, once every log has moved.
    pub migrate_to: Option<u16>,
}

/// Reads the data directory and makes this start known to it.
pub async fn find(
    runtime: Runtime,
    housekeeping: Housekeeping,
    data: Arc<Path>,
    shards: u16,
) -> Result<Found, DataError> {
    let old = data::read_layout(&runtime, &data).await?;
    let mut layout = old.unwrap_or_else(|| data::new_layout(shards));
    let journals = read_journals(&runtime, &housekeeping, &data, &layout).await?;
    let clean = layout.clean;
    let fresh = layout.generation == 0;
    layout.generation += 1;
    layout.clean = false;
    if !clean {
        layout.unclean_starts = layout.unclean_starts.saturating_add(1);
    }
    if fresh {
        layout.shards = shards;
        layout.shards_since = layout.generation;
    }
    let written = data::write_layout(&runtime, &data, &layout).await;
    written.map_err(|source| DataError::Io { path: data.to_path_buf(), source })?;
    let migrate_to = (layout.shards != shards).then_some(shards);
    Ok(Found { layout, journals, clean, migrate_to })
}

async fn read_journals(
    runtime: &Runtime,
    housekeeping: &Housekeeping,
    data: &Path,
    layout: &Layout,
) -> Result<Vec<Option<Arc<JournalContents>>>, DataError> {
    if layout.generation == 0 {
        return Ok(Vec::new());
    }
    let mut journals = Vec::with_capacity(usize::from(layout.shards));
    for shard in 0..layout.shards {
        let directory = journal_directory(data, shard);
        let contents = JournalContents::read(runtime, housekeeping, &directory, layout).await?;
        journals.push(contents.map(Arc::new));
    }
    Ok(journals)
}

/// Makes the new shard count durable: from here on the new journals count.
pub async fn switch(
    runtime: Runtime,
    data: Arc<Path>,
    layout: Layout,
    shards: u16,
) -> Result<Layout, DataError> {
    let layout = Layout { shards, shards_since: layout.generation, ..layout };
    let written = data::write_layout(&runtime, &data, &layout).await;
    written.map_err(|source| DataError::Io { path: data.to_path_buf(), source })?;
    Ok(layout)
}

/// Removes the journals that no shard has any more.
pub fn remove_journals(data: &Path, from: u16, to: u16) {
    for shard in from..to {
        let directory = journal_directory(data, shard);
        if let Err(error) = runtime::remove_directory_all(&directory) {
            tracing::warn!(%error, path = %directory.display(), "old journal not removed");
        }
    }
}

/// Notes that the stop was orderly.
pub async fn mark_clean(
    runtime: Runtime,
    data: Arc<Path>,
    layout: Layout,
) -> Result<(), DataError> {
    let layout = Layout { clean: true, ..layout };
    let written = data::write_layout(&runtime, &data, &layout).await;
    written.map_err(|source| DataError::Io { path: data.to_path_buf(), source })
}
