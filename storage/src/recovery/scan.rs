//! Finding commits in the bytes of a journal file, and keeping what may be needed of them.

use std::collections::BTreeMap;

use record::{Offset, TopicPartition};
use runtime::buffer::{DmaBuf, Slice};

use crate::identity::{CommitSequence, JournalId};
use crate::journal::commit::{CommitHeader, Preamble};
use crate::journal::entry::EntryKind;
use crate::journal::payload::entry_is_intact;
use crate::limits::BLOCK_BYTES;

/// A commit whose header is intact.
pub struct FoundCommit {
    /// Where it starts in its file.
    pub offset: u64,
    /// Its bytes.
    pub len: usize,
    /// What it says.
    pub header: CommitHeader,
    /// Entries whose payload is damaged, by index.
    pub damaged: Vec<usize>,
    /// Payload that may be needed, by index of its entry.
    pub kept: BTreeMap<usize, Slice>,
}

/// Up to where each log's segments are in their files, by the checkpoint.
#[derive(Clone, Debug, Default)]
pub struct Flushed(BTreeMap<TopicPartition, (Offset, u32)>);

impl Flushed {
    /// Notes that everything before `position` of `segment`, and all segments before, is flushed.
    pub fn note(&mut self, log: TopicPartition, segment: Offset, position: u32) {
        self.0.insert(log, (segment, position));
    }

    fn needs(&self, log: TopicPartition, segment: Offset, end: u32) -> bool {
        self.0.get(&log).is_none_or(|flushed| (segment, end) > *flushed)
    }
}

/// Finds the commits of `journal` in a file's bytes, in the order of their places. A block that does not start one is passed
/// over: what is behind it may still be valid. Payload that the segments do not have yet is copied
/// out, the rest only checked; of commits before `floor`, which nobody needs, neither.
pub fn scan_file(
    bytes: &[u8],
    journal: JournalId,
    floor: CommitSequence,
    flushed: &Flushed,
) -> Vec<FoundCommit> {
    let mut commits = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= BLOCK_BYTES) {
        match read_commit(rest, journal) {
            Some((preamble, header)) => {
                let commit = rest.get(..preamble.len).expect("its length was checked");
                if header.sequence >= floor {
                    commits.push(check_commit(at as u64, commit, header, flushed));
                }
                at += preamble.len;
            }
            None => at += BLOCK_BYTES,
        }
    }
    commits
}

fn read_commit(bytes: &[u8], journal: JournalId) -> Option<(Preamble, CommitHeader)> {
    let preamble = Preamble::read(bytes, bytes.len() as u64).ok()?;
    let header = preamble.header(bytes).ok()?;
    (header.journal == journal).then_some((preamble, header))
}

fn check_commit(
    offset: u64,
    commit: &[u8],
    header: CommitHeader,
    flushed: &Flushed,
) -> FoundCommit {
    let mut damaged = Vec::new();
    let mut wanted = Vec::new();
    for (index, entry) in header.entries.iter().enumerate() {
        if !entry_is_intact(entry, commit) {
            damaged.push(index);
            continue;
        }
        let end = match entry.kind {
            EntryKind::Append => entry.segment_position.saturating_add(entry.len),
            EntryKind::Carry => entry.segment_position.saturating_add(entry.carried_len()),
            _ => continue,
        };
        // Headers of appends are read from their payload, so those are kept even when flushed.
        let needed = flushed.needs(entry.log, entry.segment, end);
        if needed || entry.kind == EntryKind::Append {
            wanted.push((index, entry.position as usize, entry.len as usize, needed));
        }
    }
    let kept = keep(commit, &wanted);
    FoundCommit { offset, len: commit.len(), header, damaged, kept }
}

/// Copies parts of a commit into one buffer: all of what is needed, of the rest the batch header.
fn keep(commit: &[u8], wanted: &[(usize, usize, usize, bool)]) -> BTreeMap<usize, Slice> {
    let kept_len = |len: usize, needed: bool| {
        if needed { len } else { len.min(record::HEADER_BYTES) }
    };
    let total: usize = wanted.iter().map(|(_, _, len, needed)| kept_len(*len, *needed)).sum();
    if total == 0 {
        return BTreeMap::new();
    }
    let mut buffer = DmaBuf::zeroed(total);
    let mut places = Vec::with_capacity(wanted.len());
    let mut at = 0;
    for (index, position, len, needed) in wanted {
        let len = kept_len(*len, *needed);
        let from = commit.get(*position..*position + len).expect("entries were checked");
        let to = buffer.as_mut_slice().get_mut(at..at + len).expect("it was added up");
        to.copy_from_slice(from);
        places.push((*index, at..at + len));
        at += len;
    }
    let all = buffer.freeze(total);
    places.into_iter().map(|(index, range)| (index, all.slice(range))).collect()
}
