//! A checkpoint file, frame by frame.

use std::io;
use std::path::{Path, PathBuf};

use record::Crc32c;
use runtime::Housekeeping;

use crate::checkpoint::record::LogRecord;
use crate::checkpoint::writer::checkpoint_path;
use crate::superblock::CheckpointRef;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it starts in the file.
    pub position: u64,
    /// What it holds; none if it is damaged, and then nothing behind it can be read.
    pub record: Option<LogRecord>,
}

/// A checkpoint that a superblock names.
#[derive(Clone, Debug)]
pub struct CheckpointReport {
    /// Its file.
    pub path: PathBuf,
    /// Bytes that the file has, at most what the superblock says.
    pub len: u64,
    /// The CRC over all of it is the one that the superblock names.
    pub crc_is_valid: bool,
    /// Its frames, up to the first damaged one.
    pub frames: Vec<Frame>,
}

/// Reads the checkpoint that a superblock names.
pub async fn inspect_checkpoint(
    housekeeping: &Housekeeping,
    journal_directory: &Path,
    named: CheckpointRef,
) -> io::Result<CheckpointReport> {
    let path = checkpoint_path(journal_directory, named.slot);
    let read = move |bytes: &[u8]| (bytes.len() as u64, Crc32c::of(bytes), frames(bytes));
    let (len, crc, frames) = housekeeping.scan(path.clone(), named.len, read).await?;
    let crc_is_valid = len == named.len && crc == named.crc;
    Ok(CheckpointReport { path, len, crc_is_valid, frames })
}

fn frames(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let position = (bytes.len() - rest.len()) as u64;
        let decoded = LogRecord::decode(rest);
        let (record, behind) = decoded.map_or((None, None), |(a, b)| (Some(a), Some(b)));
        frames.push(Frame { position, record });
        let Some(behind) = behind else { break };
        rest = behind;
    }
    frames
}

#[cfg(test)]
mod tests {
    use record::{LeaderEpoch, PartitionIndex, TopicId, TopicPartition};

    use super::*;
    use crate::identity::CommitSequence;
    use crate::log::state::LogState;

    #[test]
    fn a_damaged_frame_is_named_by_its_position() {
        let mut bytes = Vec::new();
        let mut starts = Vec::new();
        for partition in (0..3).map(PartitionIndex) {
            starts.push(bytes.len() as u64);
            let log = TopicPartition { topic: TopicId([1; 16]), partition };
            let state = LogState::new(log, LeaderEpoch(0));
            LogRecord::of(&state, CommitSequence(1)).encode(&mut bytes);
        }
        let positions = |bytes: &[u8]| -> Vec<(u64, bool)> {
            frames(bytes).iter().map(|frame| (frame.position, frame.record.is_some())).collect()
        };
        let whole: Vec<_> = starts.iter().map(|start| (*start, true)).collect();
        assert_eq!(positions(&bytes), whole);
        let second = usize::try_from(starts[1]).unwrap();
        bytes[second + 20] ^= 1;
        assert_eq!(positions(&bytes), [(0, true), (starts[1], false)]);
    }
}
