//! A journal's files: every commit that is there, what it counts for, and what is missing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use record::BatchHeader;
use runtime::Housekeeping;

use crate::identity::{CommitSequence, JournalId};
use crate::journal::commit::{CommitError, CommitHeader};
use crate::journal::entry::EntryKind;
use crate::journal::files::FileNumber;
use crate::journal::payload::entry_is_intact;
use crate::limits::MIRROR_BYTES;
use crate::recovery::FoundCommit;
use crate::recovery::choose::{choose, is_of_its_start};
use crate::recovery::journal::parse_journal_file;
use crate::recovery::mirror::{MIRROR, mirror_path};
use crate::recovery::scan::walk;
use crate::superblock::Superblock;

/// What a commit counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Recovery would replay it.
    Needed,
    /// It is before the checkpoint's floor: segments and checkpoint have all of it.
    Old,
    /// It lies beyond the recorded end of its start: dead for ever.
    Dead,
    /// It lies behind the journal's end and was never named durable: recovery drops it.
    Dropped,
}

/// One commit.
#[derive(Clone, Debug)]
pub struct CommitReport {
    /// Where it starts in its file.
    pub offset: u64,
    /// Its bytes.
    pub len: u64,
    /// What it says.
    pub header: CommitHeader,
    /// Entries whose payload is damaged, by index.
    pub damaged: Vec<usize>,
    /// The batch header of each append that is intact, by index of its entry.
    pub batches: BTreeMap<usize, BatchHeader>,
    /// What it counts for.
    pub standing: Standing,
}

/// One file.
#[derive(Clone, Debug)]
pub struct JournalFileReport {
    /// Its path.
    pub path: PathBuf,
    /// Bytes that it has, at most what the superblock says.
    pub len: u64,
    /// Its commits, by place.
    pub commits: Vec<CommitReport>,
    /// Blocks that begin like a commit and are none.
    pub unreadable: Vec<(u64, CommitError)>,
}

/// Commits that were durable and can not be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The first of them.
    pub first: CommitSequence,
    /// The last of them.
    pub last: CommitSequence,
    /// Where the first one should be: behind the commit before it, if that one is there.
    pub place: Option<(PathBuf, u64)>,
    /// What is wrong with the block there, if it begins like a commit.
    pub error: Option<CommitError>,
}

/// A whole journal.
#[derive(Clone, Debug)]
pub struct JournalReport {
    /// Its files, by number, and the mirror if it has a commit that no file has.
    pub files: Vec<JournalFileReport>,
    /// The first commit that is needed.
    pub floor: CommitSequence,
    /// The last commit that is recorded as durable.
    pub durable: CommitSequence,
    /// The last commit that recovery would take.
    pub last: CommitSequence,
    /// What is missing up to there.
    pub gaps: Vec<Gap>,
}

/// Reads all files of a journal. `floor` is the checkpoint's, 1 without one.
pub async fn inspect_journal(
    housekeeping: &Housekeeping,
    directory: &Path,
    superblock: &Superblock,
    floor: CommitSequence,
) -> io::Result<JournalReport> {
    let paths = runtime::list_directory(directory)?;
    let (journal, len) = (JournalId(superblock.journal), superblock.file_bytes);
    let mut files = Vec::new();
    for path in paths {
        let Some(number) = parse_journal_file(&path) else { continue };
        let kept = path.clone();
        let step = move |bytes: &[u8]| inspect_file(kept, bytes, journal);
        files.push((number, housekeeping.scan(path, len, step).await?));
    }
    if superblock.stopped_at.is_none() {
        files.extend(inspect_mirror(housekeeping, directory, journal).await?);
    }
    Ok(judge(files, superblock, floor))
}

/// The mirror as one more file, if it is there. What it had before is no damage.
async fn inspect_mirror(
    housekeeping: &Housekeeping,
    directory: &Path,
    journal: JournalId,
) -> io::Result<Option<(FileNumber, JournalFileReport)>> {
    let path = mirror_path(directory);
    let kept = path.clone();
    let step = move |bytes: &[u8]| inspect_file(kept, bytes, journal);
    match housekeeping.scan(path, MIRROR_BYTES as u64, step).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(report) => Ok(Some((MIRROR, JournalFileReport { unreadable: Vec::new(), ..report }))),
    }
}

fn inspect_file(path: PathBuf, bytes: &[u8], journal: JournalId) -> JournalFileReport {
    let (mut commits, mut unreadable) = (Vec::new(), Vec::new());
    walk(bytes, journal, |offset, found| match found {
        Ok((commit, header)) => commits.push(inspect_commit(offset, commit, header)),
        Err(CommitError::Magic) => {}
        Err(error) => unreadable.push((offset, error)),
    });
    JournalFileReport { path, len: bytes.len() as u64, commits, unreadable }
}

fn inspect_commit(offset: u64, commit: &[u8], header: CommitHeader) -> CommitReport {
    let (mut damaged, mut batches) = (Vec::new(), BTreeMap::new());
    for (index, entry) in header.entries.iter().enumerate() {
        if !entry_is_intact(entry, commit) {
            damaged.push(index);
        } else if entry.kind == EntryKind::Append {
            let bytes = commit.get(entry.position as usize..).unwrap_or_default();
            batches.extend(BatchHeader::decode(bytes).ok().map(|header| (index, header)));
        }
    }
    let (len, standing) = (commit.len() as u64, Standing::Old);
    CommitReport { offset, len, header, damaged, batches, standing }
}

fn judge(
    mut files: Vec<(FileNumber, JournalFileReport)>,
    superblock: &Superblock,
    floor: CommitSequence,
) -> JournalReport {
    let found = files.iter().flat_map(|(number, file)| {
        file.commits.iter().map(|commit| {
            let (offset, len) = (commit.offset, usize::try_from(commit.len).unwrap_or(0));
            let (header, damaged) = (commit.header.clone(), commit.damaged.clone());
            (*number, FoundCommit { offset, len, header, damaged, kept: BTreeMap::new() })
        })
    });
    let chosen = choose(found.collect(), superblock, floor);
    for (number, file) in &mut files {
        for commit in &mut file.commits {
            let (generation, sequence) = (commit.header.generation, commit.header.sequence);
            let place = chosen.commits.get(&sequence).map(|(file, found)| (file, found.offset));
            commit.standing = if place == Some((number, commit.offset)) {
                Standing::Needed
            } else if !is_of_its_start(superblock, generation, sequence) {
                Standing::Dead
            } else if sequence < floor {
                Standing::Old
            } else {
                Standing::Dropped
            };
        }
    }
    // Of the mirror only what no file has is worth telling.
    for (number, file) in &mut files {
        let counts = |commit: &CommitReport| commit.standing == Standing::Needed;
        file.commits.retain(|commit| *number != MIRROR || counts(commit));
    }
    files.retain(|(number, file)| *number != MIRROR || !file.commits.is_empty());
    let files: Vec<_> = files.into_iter().map(|(_, file)| file).collect();
    let (durable, last) = (chosen.durable, chosen.last);
    let gaps = gaps(&files, chosen.commits.keys().copied(), floor, last);
    JournalReport { files, floor, durable, last, gaps }
}

/// What is missing between the floor and the last commit.
fn gaps(
    files: &[JournalFileReport],
    there: impl Iterator<Item = CommitSequence>,
    floor: CommitSequence,
    last: CommitSequence,
) -> Vec<Gap> {
    let mut gaps = Vec::new();
    let mut wanted = floor;
    for sequence in there.chain([last.next()]) {
        if sequence > wanted {
            gaps.push(gap(files, wanted, CommitSequence(sequence.0 - 1)));
        }
        wanted = sequence.next();
    }
    gaps
}

fn gap(files: &[JournalFileReport], first: CommitSequence, last: CommitSequence) -> Gap {
    let before = files.iter().find_map(|file| {
        let counts = |commit: &&CommitReport| {
            commit.header.sequence.next() == first && commit.standing != Standing::Dead
        };
        let commit = file.commits.iter().find(counts)?;
        Some((file.path.clone(), commit.offset + commit.len))
    });
    let at = |place: &(PathBuf, u64)| {
        let file = files.iter().find(|file| file.path == place.0)?;
        file.unreadable.iter().find(|(offset, _)| *offset == place.1).map(|(_, error)| *error)
    };
    if let Some(error) = before.as_ref().and_then(at) {
        return Gap { first, last, place: before, error: Some(error) };
    }
    // The commit before ended its file, or is gone too: any block that begins like a commit.
    let any = files.iter().find_map(|file| {
        let (offset, error) = file.unreadable.first()?;
        Some(((file.path.clone(), *offset), *error))
    });
    match any {
        Some((place, error)) => Gap { first, last, place: Some(place), error: Some(error) },
        None => Gap { first, last, place: before, error: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Generation;

    const JOURNAL: JournalId = JournalId([5; 16]);

    fn commit(offset: u64, sequence: u64, durable: u64) -> CommitReport {
        let header = CommitHeader {
            journal: JOURNAL,
            generation: Generation(1),
            sequence: CommitSequence(sequence),
            durable_through: CommitSequence(durable),
            entries: Vec::new(),
        };
        let (damaged, batches, standing) = (Vec::new(), BTreeMap::new(), Standing::Old);
        CommitReport { offset, len: 4096, header, damaged, batches, standing }
    }

    fn judged(
        commits: Vec<CommitReport>,
        unreadable: Vec<(u64, CommitError)>,
        floor: u64,
    ) -> JournalReport {
        let path = PathBuf::from("000000.journal");
        let file = JournalFileReport { path, len: 1 << 20, commits, unreadable };
        let superblock = Superblock::new(JOURNAL, Generation(1), 1 << 20);
        judge(vec![(FileNumber(0), file)], &superblock, CommitSequence(floor))
    }

    #[test]
    fn a_durable_commit_that_can_not_be_read_is_a_gap_with_a_place() {
        let commits = vec![commit(0, 1, 0), commit(8192, 3, 2)];
        let report = judged(commits, vec![(4096, CommitError::Crc)], 1);
        let place = Some((PathBuf::from("000000.journal"), 4096));
        let (first, last) = (CommitSequence(2), CommitSequence(2));
        assert_eq!(report.gaps, [Gap { first, last, place, error: Some(CommitError::Crc) }]);
        assert_eq!((report.durable, report.last), (CommitSequence(2), CommitSequence(3)));
    }

    #[test]
    fn commits_before_the_floor_and_behind_the_end_are_told_apart() {
        let commits = vec![commit(0, 1, 0), commit(4096, 2, 1), commit(12_288, 4, 2)];
        let report = judged(commits, vec![(8192, CommitError::Crc)], 2);
        let standings: Vec<_> =
            report.files[0].commits.iter().map(|commit| commit.standing).collect();
        assert_eq!(standings, [Standing::Old, Standing::Needed, Standing::Dropped]);
        assert!(report.gaps.is_empty(), "what was never durable is no gap");
    }
}
