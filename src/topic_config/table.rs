//! Every topic configuration, one row each, sorted by name.

use record::TimestampType;

use crate::config::{
    Boolean, CleanupForm, CompressionForm, Form, Number, Range, RatioForm, Refusal, ValueType,
    Words, as_declared,
};

use super::replicas::ReplicaList;

/// One topic configuration: everything there is to say about it but its value.
pub struct TopicSetting {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub value_type: ValueType,
    /// What may be written.
    pub syntax: &'static str,
    /// The allowed numbers, if it is a number.
    pub range: Range,
    /// Kafka's default, which counts where no setting of the broker stands behind it.
    pub default: &'static str,
    /// Whether anything here depends on it.
    pub has_effect: bool,
    /// What it is for.
    pub documentation: &'static str,
    /// Reads a value and returns it as it is kept.
    pub(super) check: fn(&str, &Range) -> Result<String, Refusal>,
}

/// The row of a name.
pub(super) fn find(name: &str) -> Option<&'static TopicSetting> {
    TOPIC_SETTINGS.iter().find(|setting| setting.name == name)
}

const fn row<F: Form>(
    name: &'static str,
    default: &'static str,
    range: Range,
    documentation: &'static str,
) -> TopicSetting {
    TopicSetting {
        name,
        value_type: F::TYPE,
        syntax: F::SYNTAX,
        range,
        default,
        has_effect: true,
        documentation,
        check: as_declared::<F>,
    }
}

/// A configuration that tools and clients send, and that nothing here depends on.
const fn idle<F: Form>(
    name: &'static str,
    default: &'static str,
    range: Range,
    documentation: &'static str,
) -> TopicSetting {
    TopicSetting { has_effect: false, ..row::<F>(name, default, range, documentation) }
}

const INT_MAX: i64 = i32::MAX as i64;
const LONG_MAX: &str = "9223372036854775807";

/// Every configuration that a topic of Kafka 4.3 has.
pub static TOPIC_SETTINGS: [TopicSetting; 33] = [
    row::<CleanupForm>(
        "cleanup.policy",
        "delete",
        Range::ANY,
        "How old records go: by time and size (delete), all but the last of each key (compact), \
         both, or not at all (empty).",
    ),
    idle::<GzipLevel>("compression.gzip.level", "-1", Range::new(-1, 9), PRODUCER_COMPRESSES),
    idle::<Number<i32>>("compression.lz4.level", "9", Range::new(1, 17), PRODUCER_COMPRESSES),
    row::<CompressionForm>(
        "compression.type",
        "producer",
        Range::ANY,
        "How batches are compressed where they lie. Only producer is offered: as they were sent.",
    ),
    idle::<Number<i32>>(
        "compression.zstd.level",
        "3",
        Range::new(-131_072, 22),
        PRODUCER_COMPRESSES,
    ),
    row::<Number<i64>>(
        "delete.retention.ms",
        "86400000",
        Range::from(0),
        "How long compaction keeps a tombstone after it first met it, in milliseconds.",
    ),
    row::<Number<u64>>(
        "file.delete.delay.ms",
        "60000",
        Range::from(0),
        "How long the files of a deleted segment stay, in milliseconds.",
    ),
    row::<Number<u64>>(
        "flush.messages",
        "1",
        Range::from(1),
        "Records after which a barrier is forced. 1 makes every acknowledgement durable; more \
         leaves a window that a power cut can take back.",
    ),
    row::<Number<u64>>(
        "flush.ms",
        LONG_MAX,
        Range::from(0),
        "The longest that a record waits for its barrier, in milliseconds.",
    ),
    idle::<ReplicaList>("follower.replication.throttled.replicas", "", Range::ANY, NO_REPLICATION),
    idle::<Number<u32>>("index.interval.bytes", "4096", Range::new(0, INT_MAX), OWN_INDEX),
    idle::<ReplicaList>("leader.replication.throttled.replicas", "", Range::ANY, NO_REPLICATION),
    idle::<Number<i64>>("local.retention.bytes", "-2", Range::from(-2), NO_TIERS),
    idle::<Number<i64>>("local.retention.ms", "-2", Range::from(-2), NO_TIERS),
    row::<Number<i64>>(
        "max.compaction.lag.ms",
        LONG_MAX,
        Range::from(1),
        "The longest that a record waits for compaction, whatever the dirty ratio, in \
         milliseconds; segments of a compacted topic are sealed at this age.",
    ),
    row::<Number<u32>>(
        "max.message.bytes",
        "1048588",
        Range::new(0, INT_MAX),
        "The largest batch of records that is taken, in bytes as it is sent.",
    ),
    row::<Number<i64>>(
        "message.timestamp.after.max.ms",
        "3600000",
        Range::from(0),
        "How far the timestamp of a record may lie in the future, in milliseconds.",
    ),
    row::<Number<i64>>(
        "message.timestamp.before.max.ms",
        LONG_MAX,
        Range::from(0),
        "How far the timestamp of a record may lie in the past, in milliseconds.",
    ),
    row::<Words<TimestampType>>(
        "message.timestamp.type",
        "CreateTime",
        Range::ANY,
        "Whose clock stamps records: the producer's (CreateTime) or the broker's at append \
         (LogAppendTime).",
    ),
    row::<RatioForm>(
        "min.cleanable.dirty.ratio",
        "0.5",
        Range::ANY,
        "The part of a partition that compaction has not looked at, above which it does.",
    ),
    row::<Number<i64>>(
        "min.compaction.lag.ms",
        "0",
        Range::from(0),
        "How old a record must be for compaction to look at it, in milliseconds.",
    ),
    row::<Number<u32>>(
        "min.insync.replicas",
        "1",
        Range::new(1, INT_MAX),
        "Replicas that must have a record before acks=all is answered.",
    ),
    idle::<Boolean>(
        "preallocate",
        "false",
        Range::ANY,
        "Without effect: segments are always preallocated.",
    ),
    idle::<Boolean>("remote.log.copy.disable", "false", Range::ANY, NO_TIERS),
    idle::<Boolean>("remote.log.delete.on.disable", "false", Range::ANY, NO_TIERS),
    idle::<RemoteStorage>("remote.storage.enable", "false", Range::ANY, NO_TIERS),
    row::<Number<i64>>(
        "retention.bytes",
        "-1",
        Range::ANY,
        "The bytes of a partition above which its oldest segments go; -1 for no limit.",
    ),
    row::<Number<i64>>(
        "retention.ms",
        "604800000",
        Range::from(-1),
        "The age above which segments go, in milliseconds; -1 for no limit.",
    ),
    row::<Number<u32>>(
        "segment.bytes",
        "1073741824",
        Range::new(1 << 20, INT_MAX),
        "The size at which a segment is sealed.",
    ),
    idle::<Number<u32>>("segment.index.bytes", "10485760", Range::new(4, INT_MAX), OWN_INDEX),
    idle::<Number<i64>>(
        "segment.jitter.ms",
        "0",
        Range::from(0),
        "Without effect: sealing segments costs too little to be spread out.",
    ),
    row::<Number<i64>>(
        "segment.ms",
        "604800000",
        Range::from(1),
        "The age at which a segment is sealed though it is not full, in milliseconds.",
    ),
    idle::<Boolean>("unclean.leader.election.enable", "false", Range::ANY, NO_REPLICATION),
];

const PRODUCER_COMPRESSES: &str = "Without effect: only producers compress.";
const NO_REPLICATION: &str = "Without effect until there is replication.";
const NO_TIERS: &str = "Without effect: there is no tiered storage, so it can not be turned on.";
const OWN_INDEX: &str = "Without effect: the index has an entry every 64 KiB.";

/// 1 to 9, or -1 for the library's own default.
struct GzipLevel;

impl Form for GzipLevel {
    type Value = i32;
    const TYPE: ValueType = ValueType::Int;
    const SYNTAX: &'static str = "number but 0";

    fn parse(text: &str, range: &Range) -> Result<i32, Refusal> {
        match Number::<i32>::parse(text, range)? {
            0 => Err(Refusal::NotAmong { choice: "1 to 9, or -1" }),
            level => Ok(level),
        }
    }

    fn print(value: &i32) -> String {
        value.to_string()
    }
}

/// `false`: Kafka without tiered storage refuses the other value too.
struct RemoteStorage;

impl Form for RemoteStorage {
    type Value = bool;
    const TYPE: ValueType = ValueType::Boolean;
    const SYNTAX: &'static str = "`false`";

    fn parse(text: &str, range: &Range) -> Result<bool, Refusal> {
        if Boolean::parse(text, range)? {
            return Err(Refusal::NotOffered { why: "there is no tiered storage" });
        }
        Ok(false)
    }

    fn print(value: &bool) -> String {
        value.to_string()
    }
}
