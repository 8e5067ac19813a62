//! What counts for a topic: its own configurations over the broker's settings, typed.

use record::TimestampType;
use storage::config::{Compaction, LogConfig};

use super::overrides::Overrides;
use crate::config::{CleanupForm, CleanupPolicy, Form, Range, RatioForm, Settings};

/// The configuration of one topic as the broker works with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effective {
    /// `cleanup.policy`
    pub cleanup_policy: CleanupPolicy,
    /// `delete.retention.ms`, `min.compaction.lag.ms`, `max.compaction.lag.ms` and
    /// `min.cleanable.dirty.ratio`, for a topic that is compacted.
    pub compaction: Compaction,
    /// `file.delete.delay.ms`
    pub file_delete_delay_ms: u64,
    /// `flush.messages`: records after which a barrier is forced. 1 makes every ack durable.
    pub flush_messages: u64,
    /// `flush.ms`; none is no limit.
    pub flush_ms: Option<u64>,
    /// `max.message.bytes`
    pub max_message_bytes: u32,
    /// `message.timestamp.after.max.ms`
    pub timestamp_after_max_ms: i64,
    /// `message.timestamp.before.max.ms`
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.type`
    pub timestamp_type: TimestampType,
    /// `min.insync.replicas`
    pub min_insync_replicas: u32,
    /// `retention.bytes`; none is no limit.
    pub retention_bytes: Option<u64>,
    /// `retention.ms`; none is no limit.
    pub retention_ms: Option<i64>,
    /// `segment.bytes`
    pub segment_bytes: u32,
    /// `segment.ms`
    pub segment_ms: i64,
}

impl Effective {
    /// The broker's settings with a topic's own configurations over them.
    pub fn new(settings: &Settings, overrides: &Overrides) -> Self {
        let mut effective = Self::of_broker(settings);
        for (name, value) in overrides.iter() {
            effective.apply(name, value);
        }
        effective
    }

    fn of_broker(settings: &Settings) -> Self {
        Self {
            cleanup_policy: settings.log_cleanup_policy,
            compaction: Compaction {
                dirty_millionths_min: settings.log_cleaner_min_cleanable_ratio.millionths,
                lag_ms_min: settings.log_cleaner_min_compaction_lag_ms,
                lag_ms_max: settings.log_cleaner_max_compaction_lag_ms,
                tombstone_ms: settings.log_cleaner_delete_retention_ms,
            },
            file_delete_delay_ms: settings.log_segment_delete_delay_ms,
            flush_messages: settings.log_flush_interval_messages,
            flush_ms: settings.log_flush_interval_ms.and_then(limited),
            max_message_bytes: settings.message_max_bytes,
            timestamp_after_max_ms: settings.log_message_timestamp_after_max_ms,
            timestamp_before_max_ms: settings.log_message_timestamp_before_max_ms,
            timestamp_type: settings.log_message_timestamp_type,
            min_insync_replicas: settings.min_insync_replicas,
            retention_bytes: u64::try_from(settings.log_retention_bytes).ok(),
            retention_ms: not_negative(settings.log_retention_ms),
            segment_bytes: settings.log_segment_bytes,
            segment_ms: settings.log_roll_ms,
        }
    }

    /// Lays one value over the broker's. It was checked and printed by the table, so that what is
    /// read here is in the table's form and fits its field.
    fn apply(&mut self, name: &str, value: &str) {
        const CHECKED: &str = "the table checked the value";
        let long = || value.parse::<i64>().expect(CHECKED);
        let count = || value.parse::<u64>().expect(CHECKED);
        let int = || value.parse::<u32>().expect(CHECKED);
        match name {
            "cleanup.policy" => {
                self.cleanup_policy = CleanupForm::parse(value, &Range::ANY).expect(CHECKED);
            }
            "delete.retention.ms" => self.compaction.tombstone_ms = long(),
            "file.delete.delay.ms" => self.file_delete_delay_ms = count(),
            "flush.messages" => self.flush_messages = count(),
            "flush.ms" => self.flush_ms = limited(count()),
            "max.compaction.lag.ms" => self.compaction.lag_ms_max = long(),
            "max.message.bytes" => self.max_message_bytes = int(),
            "message.timestamp.after.max.ms" => self.timestamp_after_max_ms = long(),
            "message.timestamp.before.max.ms" => self.timestamp_before_max_ms = long(),
            "message.timestamp.type" => {
                let broker = value == "LogAppendTime";
                self.timestamp_type =
                    if broker { TimestampType::LogAppendTime } else { TimestampType::CreateTime };
            }
            "min.cleanable.dirty.ratio" => {
                let ratio = RatioForm::parse(value, &Range::ANY).expect(CHECKED);
                self.compaction.dirty_millionths_min = ratio.millionths;
            }
            "min.compaction.lag.ms" => self.compaction.lag_ms_min = long(),
            "min.insync.replicas" => self.min_insync_replicas = int(),
            "retention.bytes" => self.retention_bytes = u64::try_from(long()).ok(),
            "retention.ms" => self.retention_ms = not_negative(long()),
            "segment.bytes" => self.segment_bytes = int(),
            "segment.ms" => self.segment_ms = long(),
            // The rows without effect, and compression.type, which has one value.
            _ => {}
        }
    }

    /// What of it concerns storage.
    pub fn log_config(&self) -> LogConfig {
        let compaction = self.cleanup_policy.compacts().then_some(self.compaction);
        // Only sealed segments are compacted: none stays open for longer than its records may wait.
        let lag_ms_max = compaction.map_or(i64::MAX, |compaction| compaction.lag_ms_max);
        LogConfig {
            segment_bytes: self.segment_bytes,
            segment_ms: self.segment_ms.min(lag_ms_max),
            retention_bytes: self.retention_bytes,
            retention_ms: self.retention_ms,
            flush_messages: self.flush_messages,
            flush_ms: self.flush_ms,
            file_delete_delay_ms: self.file_delete_delay_ms,
            delete: self.cleanup_policy.deletes(),
            compaction,
        }
    }
}

/// Kafka's largest number stands for "never".
fn limited(ms: u64) -> Option<u64> {
    (ms < i64::MAX.unsigned_abs()).then_some(ms)
}

fn not_negative(number: i64) -> Option<i64> {
    (number >= 0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::super::table::TOPIC_SETTINGS;
    use super::*;
    use crate::config::Config;

    fn effective(given: &[(&str, &str)]) -> Effective {
        let config = Config::default();
        let given = given.iter().map(|(name, value)| (*name, Some(*value)));
        Effective::new(&config.settings, &Overrides::create(given, &config).unwrap())
    }

    #[test]
    fn a_topic_without_configurations_has_storages_defaults() {
        assert_eq!(effective(&[]).log_config(), LogConfig::default());
        assert_eq!(effective(&[]).flush_messages, 1);
        assert_eq!(effective(&[]).max_message_bytes, 1_048_588);
    }

    #[test]
    fn minus_one_and_the_largest_number_are_no_limit() {
        let unlimited = effective(&[
            ("retention.ms", "-1"),
            ("retention.bytes", "-100"),
            ("flush.ms", "9223372036854775807"),
        ]);
        assert_eq!(unlimited.retention_ms, None);
        assert_eq!(unlimited.retention_bytes, None);
        assert_eq!(unlimited.flush_ms, None);
        assert_eq!(effective(&[("flush.ms", "0")]).flush_ms, Some(0));
        assert_eq!(effective(&[("retention.ms", "0")]).retention_ms, Some(0));
    }

    #[test]
    fn a_compacted_topic_has_what_compaction_needs() {
        assert_eq!(effective(&[]).compaction, Compaction::default());
        let both = effective(&[
            ("cleanup.policy", "delete,compact"),
            ("min.cleanable.dirty.ratio", "0.25"),
            ("min.compaction.lag.ms", "7"),
            ("max.compaction.lag.ms", "90"),
            ("delete.retention.ms", "8"),
        ]);
        let (dirty_millionths_min, tombstone_ms) = (250_000, 8);
        let compaction =
            Compaction { dirty_millionths_min, lag_ms_min: 7, lag_ms_max: 90, tombstone_ms };
        let config = both.log_config();
        assert_eq!((config.compaction, config.delete), (Some(compaction), true));
        assert_eq!(config.segment_ms, 90, "it is sealed in time");
        let compacted = effective(&[("cleanup.policy", "compact")]).log_config();
        assert_eq!((compacted.delete, compacted.segment_ms), (false, 604_800_000));
    }

    /// A valid value other than the default, where there is one.
    fn other_value(name: &str, default: &str) -> Option<&'static str> {
        match (name, default) {
            ("cleanup.policy", _) => Some(""),
            ("message.timestamp.type", _) => Some("LogAppendTime"),
            ("compression.type" | "remote.storage.enable", _) => None,
            (_, "false") => Some("true"),
            (_, "0.5") => Some("1.0"),
            (_, "") => Some("*"),
            ("compression.gzip.level" | "compression.lz4.level" | "compression.zstd.level", _) => {
                Some("7")
            }
            _ => Some("1234567"),
        }
    }

    #[test]
    fn exactly_the_rows_with_an_effect_change_something() {
        let broker = effective(&[]);
        for setting in &TOPIC_SETTINGS {
            let Some(value) = other_value(setting.name, setting.default) else { continue };
            let changed = effective(&[(setting.name, value)]) != broker;
            assert_eq!(changed, setting.has_effect, "{}", setting.name);
        }
    }

    #[test]
    fn the_brokers_settings_stand_behind() {
        let settings =
            Settings { log_retention_ms: 5, log_flush_interval_ms: Some(7), ..Settings::default() };
        let broker = Effective::new(&settings, &Overrides::default());
        assert_eq!((broker.retention_ms, broker.flush_ms), (Some(5), Some(7)));
    }
}
