//! Where a log's files are: names made of ids and offsets, never of what a client wrote.
//!
//! ```text
//! <data>/logs/<topic id, 32 hex digits>/<partition>/<base offset, 20 digits>.log
//!                                                   <base offset, 20 digits>.idx
//! ```

use std::path::{Path, PathBuf};

use record::{Offset, TopicPartition};

/// The directory of a topic's partitions.
pub fn topic_directory(data: &Path, log: TopicPartition) -> PathBuf {
    data.join("logs").join(log.topic.to_hex())
}

/// The directory of a log's segments.
pub fn log_directory(data: &Path, log: TopicPartition) -> PathBuf {
    topic_directory(data, log).join(log.partition.to_string())
}

/// The file of a segment's batches.
pub fn segment_path(data: &Path, log: TopicPartition, base: Offset) -> PathBuf {
    log_directory(data, log).join(format!("{:020}.log", base.0))
}

/// The file of a segment's index.
pub fn index_path(data: &Path, log: TopicPartition, base: Offset) -> PathBuf {
    log_directory(data, log).join(format!("{:020}.idx", base.0))
}

/// The base offset in a segment's or index's file name, with its ending.
pub fn parse_file_name(name: &str) -> Option<(Offset, &str)> {
    let (digits, ending) = name.split_once('.')?;
    let plain = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let known = matches!(ending, "log" | "idx");
    (plain && known).then(|| digits.parse().ok().map(|base| (Offset(base), ending))).flatten()
}

#[cfg(test)]
mod tests {
    use record::{PartitionIndex, TopicId};

    use super::*;

    #[test]
    fn names_are_made_and_read_back() {
        let log = TopicPartition { topic: TopicId([0xab; 16]), partition: PartitionIndex(3) };
        let path = segment_path(Path::new("/d"), log, Offset(1234));
        let text = "/d/logs/abababababababababababababababab/3/00000000000000001234.log";
        assert_eq!(path, Path::new(text));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(parse_file_name(name), Some((Offset(1234), "log")));
        for bad in ["1234.log", "00000000000000001234.tmp", "0000000000000000123x.log", "x"] {
            assert_eq!(parse_file_name(bad), None, "{bad}");
        }
    }
}
