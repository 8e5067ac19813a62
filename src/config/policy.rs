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

/// How old records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Whole segments go by time and size. If not, nothing ever goes by itself: Kafka's empty list.
    pub delete: bool,
}

/// `cleanup.policy`: a list of `delete` or of nothing.
pub(crate) struct CleanupForm;

impl Form for CleanupForm {
    type Value = CleanupPolicy;
    const TYPE: ValueType = ValueType::List;
    const SYNTAX: &'static str = "`delete`, or empty to keep everything";

    fn parse(text: &str, _: &Range) -> Result<CleanupPolicy, Refusal> {
        if text.is_empty() {
            return Ok(CleanupPolicy { delete: false });
        }
        for policy in text.split(',') {
            match policy.trim() {
                "delete" => {}
                "compact" => {
                    return Err(Refusal::NotOffered {
                        why: "compaction comes later; only cleanup.policy=delete is offered so far",
                    });
                }
                "" => return Err(Refusal::EmptyElement),
                _ => return Err(Refusal::NotAmong { choice: "`delete`" }),
            }
        }
        Ok(CleanupPolicy { delete: true })
    }

    fn print(value: &CleanupPolicy) -> String {
        if value.delete { "delete".to_owned() } else { String::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleanup(text: &str) -> Result<String, Refusal> {
        CleanupForm::parse(text, &Range::ANY).map(|policy| CleanupForm::print(&policy))
    }

    #[test]
    fn delete_is_offered_and_compact_is_refused_as_coming() {
        assert_eq!(cleanup("delete").unwrap(), "delete");
        assert_eq!(cleanup("delete , delete").unwrap(), "delete");
        assert_eq!(cleanup("").unwrap(), "");
        let refusal = cleanup("delete,compact").unwrap_err();
        assert!(refusal.to_string().contains("comes later"), "{refusal}");
        assert_eq!(cleanup("delete,"), Err(Refusal::EmptyElement));
        assert_eq!(cleanup("Delete"), Err(Refusal::NotAmong { choice: "`delete`" }));
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
