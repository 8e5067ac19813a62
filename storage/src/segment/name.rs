//! Where a log's files are: names made of ids and offsets, never of what a client wrote.
//!
//! ```text
//! <data>/logs/<topic id, 32 hex digits>/<partition>/<base offset, 20 digits>.log
//!                                                   <base offset, 20 digits>.idx
//!                                                   <base offset>-<revision, 10 digits>.log
//!                                                   <base offset>-<revision, 10 digits>.idx
//! ```
//!
//! What compaction writes in place of a segment is another file, with a revision of its own: a
//! file that a checkpoint names is never written again.

use std::path::{Path, PathBuf};

use record::{Offset, TopicPartition};

/// A segment as its files are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName {
    /// Its first offset.
    pub base: Offset,
    /// How often compaction has written it: 0 as it was appended.
    pub revision: u32,
}

impl SegmentName {
    /// The name of a segment as it was appended.
    pub fn appended(base: Offset) -> Self {
        Self { base, revision: 0 }
    }
}

impl std::fmt::Display for SegmentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:020}", self.base.0)?;
        if self.revision > 0 {
            write!(f, "-{:010}", self.revision)?;
        }
        Ok(())
    }
}

/// The directory of a topic's partitions.
pub fn topic_directory(data: &Path, log: TopicPartition) -> PathBuf {
    data.join("logs").join(log.topic.to_hex())
}

/// The directory of a log's segments.
pub fn log_directory(data: &Path, log: TopicPartition) -> PathBuf {
    topic_directory(data, log).join(log.partition.to_string())
}

/// The file of a segment's batches.
pub fn segment_path(data: &Path, log: TopicPartition, name: SegmentName) -> PathBuf {
    log_directory(data, log).join(format!("{name}.log"))
}

/// The file of a segment's index.
pub fn index_path(data: &Path, log: TopicPartition, name: SegmentName) -> PathBuf {
    log_directory(data, log).join(format!("{name}.idx"))
}

/// The segment that a segment's or index's file name is of, with the name's ending.
pub fn parse_file_name(name: &str) -> Option<(SegmentName, &str)> {
    let (stem, ending) = name.split_once('.')?;
    let (base, revision) = stem.split_once('-').unwrap_or((stem, ""));
    let is_number = |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
    let is_plain = is_number(base, 20) && (stem == base || is_number(revision, 10));
    if !is_plain || !matches!(ending, "log" | "idx") {
        return None;
    }
    let revision = if stem == base { 0 } else { revision.parse().ok().filter(|r| *r > 0)? };
    Some((SegmentName { base: Offset(base.parse().ok()?), revision }, ending))
}

#[cfg(test)]
mod tests {
    use record::{PartitionIndex, TopicId};

    use super::*;

    #[test]
    fn names_are_made_and_read_back() {
        let log = TopicPartition { topic: TopicId([0xab; 16]), partition: PartitionIndex(3) };
        let appended = SegmentName::appended(Offset(1234));
        let path = segment_path(Path::new("/d"), log, appended);
        let text = "/d/logs/abababababababababababababababab/3/00000000000000001234.log";
        assert_eq!(path, Path::new(text));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(parse_file_name(name), Some((appended, "log")));
        let cleaned = SegmentName { revision: 7, ..appended };
        let path = index_path(Path::new("/d"), log, cleaned);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "00000000000000001234-0000000007.idx");
        assert_eq!(parse_file_name(name), Some((cleaned, "idx")));
        for bad in [
            "1234.log",
            "00000000000000001234.tmp",
            "0000000000000000123x.log",
            "x",
            "00000000000000001234-.log",
            "00000000000000001234-0000000000.log",
            "00000000000000001234-1.log",
            "00000000000000001234-9999999999.log",
        ] {
            assert_eq!(parse_file_name(bad), None, "{bad}");
        }
    }
}
