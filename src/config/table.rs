//! The table of settings. A new setting is one row here, in the order of the names.

use core::net::SocketAddr;
use std::path::PathBuf;

use record::TimestampType;

use super::byte_rate::{ByteRate, ByteRateForm};
use super::cores::CoreList;
use super::form::{
    Boolean, Connect, Cores, Directory, Identifier, Listen, Number, OrAuto, OrNone, Plaintext,
    Range, Size, Words,
};
use super::group_policy::{AssignorName, AssignorsForm, MigrationPolicy};
use super::listen::Endpoint;
use super::policy::{CleanupForm, CleanupPolicy, Compression, CompressionForm, Poll};
use super::ratio::{Ratio, RatioForm};
use super::setting::{Spelling, settings};

/// 32-bit numbers from `min` on.
const fn int_from(min: i64) -> Range {
    Range::new(min, i32::MAX as i64)
}

const fn also(name: &'static str, factor: i64) -> Spelling {
    Spelling { name, factor }
}

const _: () = assert!(storage::limits::JOURNAL_FILES_MIN == 4, "the least journal.files");
const _: () = assert!(storage::limits::COMMIT_BYTES_MAX * 2 == 16 << 20, "the least journal file");

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

settings! {
    /// The address that clients are told to connect to; by default the one that they came
    /// through.
    advertised: Option<Endpoint> as OrNone<Plaintext<Connect>> =
        "advertised.listeners", "none";
        also [also("advertised.listen", 1)];
    /// Whether a client's question about an unknown topic creates it.
    auto_create_topics: bool as Boolean = "auto.create.topics.enable", "true";
    /// The cluster's id as clients see it; by default one is made on the first start and kept.
    cluster_id: Option<String> as OrNone<Identifier> = "cluster.id", "none";
    /// How batches are compressed where they lie: as their producer sent them.
    compression_type: Compression as CompressionForm = "compression.type", "producer";
        topic "compression.type";
    /// After how many milliseconds without a request a connection is closed; -1 for never.
    connections_max_idle_ms: i64 as Number<i64> = "connections.max.idle.ms", "600000",
        Range::from(-1);
    /// The cores that shards run on; by default those that the process was started with.
    cores: Option<CoreList> as OrAuto<Cores> = "cores", "auto";
    /// The directory of journals and segments.
    data_dir: PathBuf as Directory = "data.dir", "./tidemill-data";
        also [also("log.dir", 1), also("log.dirs", 1)];
    /// Replicas of a topic whose creator asks for the default.
    default_replication_factor: u16 as Number<u16> = "default.replication.factor", "1",
        Range::new(1, 32_767);
    /// The largest answer to one fetch, in bytes; the first batch is given whatever its size.
    fetch_max_bytes: u32 as Size<u32> = "fetch.max.bytes", "57671680", int_from(1024);
    /// Which assignors members of consumer groups (KIP-848) may ask for; the first one assigns
    /// where none asks.
    group_consumer_assignors: Vec<AssignorName> as AssignorsForm =
        "group.consumer.assignors", "uniform,range";
    /// How often members of consumer groups (KIP-848) are told to send a heartbeat, in
    /// milliseconds.
    group_consumer_heartbeat_interval_ms: u32 as Number<u32> =
        "group.consumer.heartbeat.interval.ms", "5000", int_from(1);
    /// The most that a group's `consumer.heartbeat.interval.ms` can be set to.
    group_consumer_max_heartbeat_interval_ms: u32 as Number<u32> =
        "group.consumer.max.heartbeat.interval.ms", "15000", int_from(1);
    /// The most that a group's `consumer.session.timeout.ms` can be set to.
    group_consumer_max_session_timeout_ms: u32 as Number<u32> =
        "group.consumer.max.session.timeout.ms", "60000", int_from(1);
    /// How many members a consumer group (KIP-848) may have.
    group_consumer_max_size: u32 as Number<u32> =
        "group.consumer.max.size", "2147483647", int_from(1);
    /// Which way a group may change its protocol while members are in it: from classic to that of
    /// KIP-848 (`upgrade`), back (`downgrade`), both (`bidirectional`) or neither (`disabled`).
    group_consumer_migration_policy: MigrationPolicy as Words<MigrationPolicy> =
        "group.consumer.migration.policy", "bidirectional";
    /// The least that a group's `consumer.heartbeat.interval.ms` can be set to.
    group_consumer_min_heartbeat_interval_ms: u32 as Number<u32> =
        "group.consumer.min.heartbeat.interval.ms", "5000", int_from(1);
    /// The least that a group's `consumer.session.timeout.ms` can be set to.
    group_consumer_min_session_timeout_ms: u32 as Number<u32> =
        "group.consumer.min.session.timeout.ms", "45000", int_from(1);
    /// After how many milliseconds without a heartbeat a member of a consumer group (KIP-848) is
    /// put out.
    group_consumer_session_timeout_ms: u32 as Number<u32> =
        "group.consumer.session.timeout.ms", "45000", int_from(1);
    /// How long the first rebalance of a new group waits for more members, in milliseconds.
    group_initial_rebalance_delay_ms: u32 as Number<u32> =
        "group.initial.rebalance.delay.ms", "3000", int_from(0);
    /// The longest session timeout that a member of a classic group may ask for, in milliseconds.
    group_max_session_timeout_ms: u32 as Number<u32> =
        "group.max.session.timeout.ms", "1800000", int_from(0);
    /// How many members a classic group may have.
    group_max_size: u32 as Number<u32> = "group.max.size", "2147483647", int_from(1);
    /// The shortest session timeout that a member of a classic group may ask for, in milliseconds.
    group_min_session_timeout_ms: u32 as Number<u32> =
        "group.min.session.timeout.ms", "6000", int_from(0);
    /// The core of housekeeping and control; by default any that the process may use.
    housekeeping_core: Option<usize> as OrNone<Number<usize>> = "housekeeping.core", "none",
        Range::new(0, 8191);
    /// The address of health, metrics and administration over HTTP; `none` for no HTTP.
    http_listen: Option<SocketAddr> as OrNone<Listen> = "http.listen", "127.0.0.1:9644";
    /// The size of a journal file: whole MiB.
    journal_file_bytes: u64 as Size<u64> = "journal.file.bytes", "64MiB",
        Range::new(16 << 20, 16 << 30);
    /// Journal files of a shard.
    journal_files: usize as Number<usize> = "journal.files", "16",
        Range::new(4, 4096);
    /// The address for clients.
    listen: SocketAddr as Plaintext<Listen> = "listeners", "PLAINTEXT://127.0.0.1:9092";
        also [also("listen", 1)];
    /// How often logs are looked at for compaction, in milliseconds.
    log_cleaner_backoff_ms: u64 as Number<u64> = "log.cleaner.backoff.ms", "15000",
        Range::from(1);
    /// Memory for the keys of logs that are being compacted, of all shards together, in bytes.
    log_cleaner_dedupe_buffer_size: u64 as Size<u64> = "log.cleaner.dedupe.buffer.size",
        "134217728", Range::from(1 << 20);
    /// How long compaction keeps a tombstone after it first met it, in milliseconds.
    log_cleaner_delete_retention_ms: i64 as Number<i64> = "log.cleaner.delete.retention.ms",
        "86400000", Range::from(0); topic "delete.retention.ms";
    /// What compaction may read and write a second on average, all shards together, in bytes.
    log_cleaner_io_max_bytes_per_second: ByteRate as ByteRateForm =
        "log.cleaner.io.max.bytes.per.second", "1.7976931348623157E308";
    /// The longest that a record waits for compaction, in milliseconds.
    log_cleaner_max_compaction_lag_ms: i64 as Number<i64> = "log.cleaner.max.compaction.lag.ms",
        "9223372036854775807", Range::from(1); topic "max.compaction.lag.ms";
    /// The part of a partition that compaction has not looked at, above which it does.
    log_cleaner_min_cleanable_ratio: Ratio as RatioForm = "log.cleaner.min.cleanable.ratio",
        "0.5"; topic "min.cleanable.dirty.ratio";
    /// How old a record must be for compaction to look at it, in milliseconds.
    log_cleaner_min_compaction_lag_ms: i64 as Number<i64> = "log.cleaner.min.compaction.lag.ms",
        "0", Range::from(0); topic "min.compaction.lag.ms";
    /// How old records go: by time and size (`delete`), all but the last of each key
    /// (`compact`), both, or not at all (empty).
    log_cleanup_policy: CleanupPolicy as CleanupForm = "log.cleanup.policy", "delete";
        topic "cleanup.policy";
    /// Records of a partition after which a barrier is forced. 1 makes every acknowledgement
    /// durable; more leaves a window that a power cut can take back.
    log_flush_interval_messages: u64 as Number<u64> = "log.flush.interval.messages", "1",
        Range::from(1); topic "flush.messages";
    /// The longest that a record waits for its barrier, in milliseconds, where not every record
    /// forces one.
    log_flush_interval_ms: Option<u64> as OrNone<Number<u64>> = "log.flush.interval.ms", "none",
        Range::from(0); topic "flush.ms";
    /// How far the timestamp of a record may lie in the future, in milliseconds.
    log_message_timestamp_after_max_ms: i64 as Number<i64> =
        "log.message.timestamp.after.max.ms", "3600000", Range::from(0);
        topic "message.timestamp.after.max.ms";
    /// How far the timestamp of a record may lie in the past, in milliseconds.
    log_message_timestamp_before_max_ms: i64 as Number<i64> =
        "log.message.timestamp.before.max.ms", "9223372036854775807", Range::from(0);
        topic "message.timestamp.before.max.ms";
    /// Whose clock stamps records: the producer's, or the broker's at append.
    log_message_timestamp_type: TimestampType as Words<TimestampType> =
        "log.message.timestamp.type", "CreateTime"; topic "message.timestamp.type";
    /// The bytes of a partition above which its oldest segments go; -1 for no limit.
    log_retention_bytes: i64 as Size<i64> = "log.retention.bytes", "-1", Range::ANY;
        topic "retention.bytes";
    /// How often retention looks for segments to delete, in milliseconds.
    log_retention_check_interval_ms: u64 as Number<u64> =
        "log.retention.check.interval.ms", "300000", Range::from(1);
    /// The age above which segments go, in milliseconds; -1 for no limit.
    log_retention_ms: i64 as Number<i64> = "log.retention.ms", "604800000", Range::from(-1);
        topic "retention.ms";
        also [also("log.retention.minutes", MINUTE_MS), also("log.retention.hours", HOUR_MS)];
    /// The age at which a segment is sealed though it is not full, in milliseconds.
    log_roll_ms: i64 as Number<i64> = "log.roll.ms", "604800000", Range::from(1);
        topic "segment.ms"; also [also("log.roll.hours", HOUR_MS)];
    /// The size at which a segment is sealed.
    log_segment_bytes: u32 as Size<u32> = "log.segment.bytes", "1073741824", int_from(1 << 20);
        topic "segment.bytes";
    /// How long the files of a deleted segment or topic stay, in milliseconds.
    log_segment_delete_delay_ms: u64 as Number<u64> = "log.segment.delete.delay.ms", "60000",
        Range::from(0); topic "file.delete.delay.ms";
    /// Connections at once, in all shards; more are closed as they come. The limit of open files
    /// bounds it besides.
    max_connections: u32 as Number<u32> = "max.connections", "2147483647", int_from(1);
    /// Fetch sessions (KIP-227) that the broker keeps, in all shards. A consumer without one asks
    /// for all its partitions each time.
    fetch_session_slots: u32 as Number<u32> = "max.incremental.fetch.session.cache.slots", "1000",
        int_from(0);
    /// The largest batch of records that is taken, in bytes as it is sent.
    message_max_bytes: u32 as Size<u32> = "message.max.bytes", "1048588", int_from(0);
        topic "max.message.bytes";
    /// Replicas that must have a record before `acks=all` is answered.
    min_insync_replicas: u32 as Number<u32> = "min.insync.replicas", "1", int_from(1);
        topic "min.insync.replicas";
    /// This broker's number.
    node_id: i32 as Number<i32> = "node.id", "1", int_from(0); also [also("broker.id", 1)];
    /// Partitions of a topic whose creator asks for the default.
    num_partitions: u32 as Number<u32> = "num.partitions", "1", Range::new(1, 1_000_000);
    /// How much a client may keep with a committed offset, in bytes.
    offset_metadata_max_bytes: u32 as Number<u32> = "offset.metadata.max.bytes", "4096",
        int_from(0);
    /// How often committed offsets that are too old are looked for, in milliseconds.
    offsets_retention_check_interval_ms: u64 as Number<u64> =
        "offsets.retention.check.interval.ms", "600000", Range::from(1);
    /// How many minutes committed offsets are kept once nobody uses them: after a group has lost
    /// its last member, or after the commit where nobody reads the topic.
    offsets_retention_minutes: u32 as Number<u32> = "offsets.retention.minutes", "10080",
        int_from(1);
    /// Partitions of `__consumer_offsets`, when it is made.
    offsets_topic_num_partitions: u32 as Number<u32> = "offsets.topic.num.partitions", "50",
        Range::new(1, 10_000);
    /// The size at which a segment of `__consumer_offsets` is sealed, when it is made.
    offsets_topic_segment_bytes: u32 as Size<u32> = "offsets.topic.segment.bytes", "100MiB",
        int_from(1 << 20);
    /// What a shard with nothing to do does: sleep (`block`), spin a little where that has paid
    /// lately and then sleep (`adaptive`), or never sleep (`spin`).
    poll: Poll as Words<Poll> = "poll", "adaptive";
    /// How long an idempotent producer is remembered after its last batch, in milliseconds.
    producer_id_expiration_ms: u32 as Number<u32> = "producer.id.expiration.ms", "86400000",
        int_from(1);
    /// How many shards; by default one for each core.
    shards: Option<u16> as OrAuto<Number<u16>> = "shards", "auto", Range::new(1, 1024);
    /// How many of the slowest requests of each minute a shard writes down, with where their time
    /// went; 0 for none. `tidemill slow` shows them.
    slow_requests_per_minute: usize as Number<usize> = "slow.requests.per.minute", "32",
        Range::new(0, 256);
    /// The largest request that is taken, in bytes: at most half a journal file.
    socket_request_max_bytes: u32 as Size<u32> = "socket.request.max.bytes", "32MiB",
        int_from(1024);
    /// Recent records that a shard keeps in memory, in bytes. By default 512 MiB, less where all
    /// shards together would have more than a quarter of the machine's memory.
    tail_bytes: Option<u64> as OrAuto<Size<u64>> = "tail.bytes", "auto", Range::from(1 << 20);
}
