//! What recovery would make of a journal: its logs, and which of them it would refuse.

use std::io;
use std::path::Path;

use record::{Offset, Timestamp, TopicPartition};
use runtime::buffer::DmaBuf;
use runtime::{File, Housekeeping, OpenOptions, Runtime};

use crate::log::LogStatus;
use crate::log::state::LogState;
use crate::recovery::{JournalContents, RecoveryError};
use crate::segment::name::segment_path;
use crate::superblock::Layout;

/// A log as recovery would put it together.
pub struct RecoveredReport {
    /// Which.
    pub id: TopicPartition,
    /// Its state, with what only the journal has in its tail.
    pub state: LogState,
    /// Why it would be refused, if it would.
    pub refused: Option<String>,
}

impl RecoveredReport {
    /// Bytes that only the journal has.
    pub fn unflushed_bytes(&self) -> u64 {
        let unfinished = self.state.segments.iter().filter(|segment| !segment.finished);
        unfinished.map(|segment| u64::from(segment.end - segment.flushed)).sum()
    }

    /// Everything that the log holds, batch after batch: from its segments, then from the journal.
    /// For small logs, since all of it is read into memory.
    pub async fn bytes(&self, runtime: &Runtime, data: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for segment in self.state.segments.iter() {
            let flushed = segment.flushed;
            if flushed > 0 {
                let path = segment_path(data, self.id, segment.name());
                let file = File::open(runtime, &path, OpenOptions::default()).await?;
                let len = flushed as usize;
                let (buffer, read) = file.read_at(DmaBuf::zeroed(len), 0, len, 0).await;
                bytes.extend_from_slice(buffer.as_slice().get(..read?).unwrap_or_default());
            }
            let rest = self.state.tail.from_position(segment.base, flushed);
            rest.for_each(|span| bytes.extend_from_slice(span.bytes.as_slice()));
        }
        Ok(bytes)
    }

    /// The log's first offset and the one behind its last.
    pub fn offsets(&self) -> (Offset, Offset) {
        (self.state.log_start, self.state.next_offset)
    }
}

/// Recovers a journal as a start would, and changes nothing. `None` if there is none.
pub async fn inspect_recovery(
    runtime: &Runtime,
    housekeeping: &Housekeeping,
    journal_directory: &Path,
    layout: &Layout,
) -> Result<Option<Vec<RecoveredReport>>, RecoveryError> {
    let found = JournalContents::read(runtime, housekeeping, journal_directory, layout).await?;
    let Some(found) = found else { return Ok(None) };
    let replayed = found.replay(|_| true, Timestamp(runtime.wall_millis()));
    let report = |log: crate::recovery::RecoveredLog| RecoveredReport {
        id: log.state.id,
        refused: match log.status {
            LogStatus::Offline { reason } => Some(reason),
            LogStatus::Online | LogStatus::Deleted => None,
        },
        state: log.state,
    };
    Ok(Some(replayed.logs.into_iter().map(report).collect()))
}
