//! How far compaction is, by the names of a partition's files (docs/FORMAT.md).

use std::path::{Path, PathBuf};

use record::Offset;

use crate::error::{BenchError, io_error};

/// Where a partition's active segment begins, once every segment before it was written by
/// compaction; none before.
pub(super) fn compacted_to(directory: &Path) -> Result<Option<Offset>, BenchError> {
    let files = list(directory)?;
    Ok(all_but_the_last(files.iter().filter_map(|path| path.file_name()?.to_str())))
}

/// The directory of the partition with the most segments, among those of all topics.
pub(super) fn largest_partition(data: &Path) -> Result<PathBuf, BenchError> {
    let mut found = Vec::new();
    for topic in list(&data.join("logs"))? {
        for partition in list(&topic)? {
            found.push((list(&partition)?.len(), partition));
        }
    }
    let largest = found.into_iter().max();
    largest.map(|(_, path)| path).ok_or(BenchError::Nothing("the broker has no segments"))
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, BenchError> {
    runtime::list_directory(directory).map_err(io_error("list the broker's files"))
}

fn all_but_the_last<'a>(names: impl Iterator<Item = &'a str>) -> Option<Offset> {
    let stems = names.filter_map(|name| name.strip_suffix(".log"));
    let mut segments: Vec<(i64, bool)> = stems
        .filter_map(|stem| match stem.split_once('-') {
            Some((base, _)) => Some((base.parse().ok()?, true)),
            None => Some((stem.parse().ok()?, false)),
        })
        .collect();
    segments.sort_unstable();
    let ((active, is_rewritten), before) = segments.split_last()?;
    let done = !is_rewritten && !before.is_empty() && before.iter().all(|(_, done)| *done);
    done.then_some(Offset(*active))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_done_when_only_the_active_segment_is_as_it_was_appended() {
        let (old, new) = ("00000000000000000000.log", "00000000000000000000-0000000001.log");
        let (active, index) = ("00000000000000000070.log", "00000000000000000000.idx");
        let done = |names: &[&str]| all_but_the_last(names.iter().copied());
        assert_eq!(done(&[active, new, index]), Some(Offset(70)));
        assert_eq!(done(&[old, active]), None);
        assert_eq!(done(&[old, new, active]), None, "the old files are still there");
        assert_eq!(done(&[new]), None, "nobody knows where the active one begins");
        assert_eq!(done(&[active]), None);
        assert_eq!(done(&[]), None);
    }
}
