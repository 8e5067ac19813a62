//! Settings that are one word or a few out of a short list, for the broker and for topics.

use record::TimestampType;

use super::described::ValueType;
use super::form::{Form, Range, Refusal, Word};

/// What a shard does when it has nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poll {
    /// Sleep at once.
    Block,
    /// Spin a little, then sleep.
    Adaptive,
    /// Never sleep: for a core that has nothing else to do.
    Spin,
}

impl Word for Poll {
    const WORDS: &'static [(&'static str, Self)] =
        &[("block", Self::Block), ("adaptive", Self::Adaptive), ("spin", Self::Spin)];
    const CHOICE: &'static str = "`block`, `adaptive` or `spin`";
}

impl Word for TimestampType {
    const WORDS: &'static [(&'static str, Self)] =
        &[("CreateTime", Self::CreateTime), ("LogAppendTime", Self::LogAppendTime)];
    const CHOICE: &'static str = "`CreateTime` or `LogAppendTime`";
}

/// How batches are compressed where they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As the producer sent them.
    Producer,
}

/// `compression.type`: Kafka's words, of which one is offered.
pub(crate) struct CompressionForm;

impl Form for CompressionForm {
    type Value = Compression;
    const TYPE: ValueType = ValueType::Text;
    const SYNTAX: &'static str = "`producer`";

    fn parse(text: &str, _: &Range) -> Result<Compression, Refusal> {
        match text {
            "producer" => Ok(Compression::Producer),
            "uncompressed" | "gzip" | "snappy" | "lz4" | "zstd" => Err(Refusal::NotOffered {
                why: "batches are kept as their producer compressed them; \
                      only compression.type=producer is offered so far",
            }),
            _ => Err(Refusal::NotAmong { choice: Self::SYNTAX }),
        }
    }

    fn print(_: &Compression) -> String {
        "producer".to_owned()
    }
}

/// A way in which old records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Whole segments go by time and size.
    Delete,
    /// Of each key the last record stays.
    Compact,
}

/// How old records go: in one way, in both, or in none, Kafka's empty list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// In the order in which they were given, which is told and means nothing.
    ways: [Option<Cleanup>; 2],
}

impl CleanupPolicy {
    /// Whether whole segments go by time and size.
    pub fn deletes(self) -> bool {
        self.ways.contains(&Some(Cleanup::Delete))
    }

    /// Whether of each key the last record stays.
    pub fn compacts(self) -> bool {
        self.ways.contains(&Some(Cleanup::Compact))
    }
}

/// `cleanup.policy`: a list of `delete` and `compact`.
pub(crate) struct CleanupForm;

impl Form for CleanupForm {
    type Value = CleanupPolicy;
    const TYPE: ValueType = ValueType::List;
    const SYNTAX: &'static str = "`delete`, `compact`, both, or empty to keep everything";

    fn parse(text: &str, _: &Range) -> Result<CleanupPolicy, Refusal> {
        let mut ways = [None; 2];
        if text.is_empty() {
            return Ok(CleanupPolicy { ways });
        }
        for policy in text.split(',') {
            let way = match policy.trim() {
                "delete" => Cleanup::Delete,
                "compact" => Cleanup::Compact,
                "" => return Err(Refusal::EmptyElement),
                _ => return Err(Refusal::NotAmong { choice: "`delete` or `compact`" }),
            };
            if !ways.contains(&Some(way)) {
                let free = ways.iter_mut().find(|place| place.is_none());
                *free.expect("there are two places for two ways") = Some(way);
            }
        }
        Ok(CleanupPolicy { ways })
    }

    fn print(value: &CleanupPolicy) -> String {
        let words = value.ways.iter().flatten().map(|way| match way {
            Cleanup::Delete => "delete",
            Cleanup::Compact => "compact",
        });
        words.collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleanup(text: &str) -> Result<String, Refusal> {
        CleanupForm::parse(text, &Range::ANY).map(|policy| CleanupForm::print(&policy))
    }

    #[test]
    fn delete_and_compact_are_offered_in_any_order() {
        assert_eq!(cleanup("delete").unwrap(), "delete");
        assert_eq!(cleanup("delete , delete").unwrap(), "delete");
        assert_eq!(cleanup("").unwrap(), "");
        assert_eq!(cleanup("compact").unwrap(), "compact");
        assert_eq!(cleanup("compact, delete,compact").unwrap(), "compact,delete");
        assert_eq!(cleanup("delete,compact").unwrap(), "delete,compact");
        let ways = |text| {
            let policy = CleanupForm::parse(text, &Range::ANY).unwrap();
            (policy.deletes(), policy.compacts())
        };
        assert_eq!([ways(""), ways("delete")], [(false, false), (true, false)]);
        assert_eq!([ways("compact"), ways("delete,compact")], [(false, true), (true, true)]);
        assert_eq!(cleanup("delete,"), Err(Refusal::EmptyElement));
        let choice = "`delete` or `compact`";
        assert_eq!(cleanup("Delete"), Err(Refusal::NotAmong { choice }));
    }

    #[test]
    fn compression_stays_with_the_producer() {
        let parse = |text| CompressionForm::parse(text, &Range::ANY);
        assert_eq!(parse("producer"), Ok(Compression::Producer));
        assert!(parse("zstd").unwrap_err().to_string().contains("only compression.type=producer"));
        assert_eq!(parse("brotli"), Err(Refusal::NotAmong { choice: "`producer`" }));
        assert_eq!(parse("GZIP"), Err(Refusal::NotAmong { choice: "`producer`" }));
    }
}
