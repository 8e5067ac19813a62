//! The layers, their messages, and the table against Kafka 4.3.1.

use super::*;
use crate::config::{Range, ValueType};

fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str, &str)]) -> Config {
    try_load(file, environment, flags).unwrap_or_else(|errors| panic!("{}", errors.join("\n")))
}

fn try_load(
    file: &str,
    environment: &[(&str, &str)],
    flags: &[(&str, &str, &str)],
) -> Result<Config, Vec<String>> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let environment: Vec<_> = environment.iter().map(owned).collect();
    let flag = |(flag, name, value): &(&str, &str, &str)| Flag {
        flag: (*flag).to_owned(),
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    };
    let flags: Vec<_> = flags.iter().map(flag).collect();
    let sources =
        Sources { file: Some(("tidemill.toml", file)), environment: &environment, flags: &flags };
    let loaded = Config::load(sources);
    loaded.map_err(|errors| errors.0.iter().map(ToString::to_string).collect())
}

fn complaint(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str, &str)]) -> String {
    let mut complaints = try_load(file, environment, flags).unwrap_err();
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    complaints.remove(0)
}

#[test]
fn with_nothing_given_everything_is_built_in() {
    let config = load("", &[], &[]);
    assert_eq!(config.settings, Settings::default());
    assert_eq!(config.settings.listen.to_string(), "127.0.0.1:9092");
    assert_eq!(config.settings.http_listen.unwrap().to_string(), "127.0.0.1:9644");
    assert_eq!(config.settings.data_dir.to_str(), Some("./tidemill-data"));
    assert_eq!(config.settings.socket_request_max_bytes, 32 << 20);
    assert_eq!(config.settings.log_flush_interval_messages, 1);
    for described in config.describe() {
        assert_eq!(described.source, DescribedSource::Default, "{}", described.name);
    }
}

#[test]
fn a_later_source_overrides_an_earlier_one() {
    let file = "shards = 1\nnum.partitions = 1\npoll = \"spin\"";
    let environment = [("TIDEMILL_SHARDS", "2"), ("TIDEMILL_NUM_PARTITIONS", "2")];
    let config = load(file, &environment, &[("--shards", "shards", "3")]);
    assert_eq!(config.settings.shards, Some(3));
    assert_eq!(config.settings.num_partitions, 2);
    assert_eq!(config.given("poll").to_string(), "poll = spin in tidemill.toml line 3");
    assert_eq!(
        config.given("num.partitions").to_string(),
        "TIDEMILL_NUM_PARTITIONS=2 in the environment"
    );
    assert_eq!(config.given("shards").to_string(), "shards = 3 in --shards");
    assert_eq!(config.given("node.id").to_string(), "node.id = 1 (the default)");
}

#[test]
fn a_later_source_can_take_a_value_back() {
    let file = "cores = [0, 1]\nlog.flush.interval.ms = 5\nhttp.listen = \"none\"";
    let environment = [("TIDEMILL_CORES", "auto"), ("TIDEMILL_LOG_FLUSH_INTERVAL_MS", "none")];
    let config = load(file, &environment, &[]);
    assert_eq!(config.settings.cores, None);
    assert_eq!(config.settings.log_flush_interval_ms, None);
    assert_eq!(config.settings.http_listen, None);
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    assert_eq!(
        complaint("\n\n\n\"log.retension.ms\" = 1", &[], &[]),
        "unknown setting 'log.retension.ms' in tidemill.toml line 4; \
         did you mean 'log.retention.ms'?"
    );
    assert_eq!(
        complaint("", &[("TIDEMILL_LOG_RETENSION_MS", "1")], &[]),
        "unknown setting 'TIDEMILL_LOG_RETENSION_MS' in the environment; \
         did you mean 'TIDEMILL_LOG_RETENTION_MS'?"
    );
    assert_eq!(
        complaint("", &[], &[("--set", "shard", "1")]),
        "unknown setting 'shard' in --set; did you mean 'shards'?"
    );
    assert_eq!(
        complaint("[zookeeper]\nconnect = 1", &[], &[]),
        "unknown setting 'zookeeper.connect' in tidemill.toml line 2"
    );
    // The topic's name for it.
    assert_eq!(
        complaint("file.delete.delay.ms = 1", &[], &[]),
        "unknown setting 'file.delete.delay.ms' in tidemill.toml line 1; \
         did you mean 'log.segment.delete.delay.ms'?"
    );
}

#[test]
fn values_are_refused_with_their_place_and_all_of_them() {
    let file = "shards = 0\npoll = \"busy\"";
    let environment = [("TIDEMILL_TAIL_BYTES", "1MB")];
    let flags = [("--listen", "listeners", "9092")];
    assert_eq!(
        try_load(file, &environment, &flags).unwrap_err(),
        [
            "poll = busy in tidemill.toml line 2: must be `block`, `adaptive` or `spin`",
            "shards = 0 in tidemill.toml line 1: must be at least 1",
            "TIDEMILL_TAIL_BYTES=1MB in the environment: \
             not a size in bytes such as 1048576, 64MiB or 1GiB",
            "listeners = 9092 in --listen: not an address such as 127.0.0.1:9092 or [::1]:9092",
        ]
    );
}

#[test]
fn units_other_than_milliseconds_are_kafkas_other_names() {
    let retention = |file| load(file, &[], &[]).settings.log_retention_ms;
    assert_eq!(retention("log.retention.minutes = 2"), 120_000);
    assert_eq!(retention("log.retention.hours = 2"), 7_200_000);
    assert_eq!(retention("log.retention.hours = -1"), -1);
    // The finest unit of one source counts, as in Kafka; but a later source counts more.
    assert_eq!(retention("log.retention.hours = 2\nlog.retention.ms = 5"), 5);
    assert_eq!(retention("log.retention.ms = 5\nlog.retention.hours = 2"), 5);
    let config = load("log.retention.ms = 5", &[("TIDEMILL_LOG_RETENTION_HOURS", "1")], &[]);
    assert_eq!(config.settings.log_retention_ms, 3_600_000);
    assert_eq!(
        complaint("log.retention.hours = 9223372036854775807", &[], &[]),
        "log.retention.hours = 9223372036854775807 in tidemill.toml line 1: \
         must be at most 2562047788015"
    );
    assert_eq!(
        complaint("log.roll.hours = 0", &[], &[]),
        "log.roll.hours = 0 in tidemill.toml line 1: must be at least 1"
    );
}

#[test]
fn two_names_of_one_setting_in_one_source_are_refused() {
    assert_eq!(
        complaint("data.dir = \"a\"\nlog.dirs = \"b\"", &[], &[]),
        "setting 'data.dir' is given twice: as 'data.dir' in tidemill.toml line 1, \
         and as 'log.dirs' in tidemill.toml line 2"
    );
    assert_eq!(
        complaint("\"tail.bytes\" = 1\n[tail]\nbytes = 2", &[], &[]),
        "setting 'tail.bytes' is given twice: as 'tail.bytes' in tidemill.toml line 1, \
         and as 'tail.bytes' in tidemill.toml line 3"
    );
    let environment = [("TIDEMILL_LISTEN", ":1"), ("TIDEMILL_LISTENERS", ":2")];
    assert_eq!(
        complaint("", &environment, &[]),
        "setting 'listeners' is given twice: as 'TIDEMILL_LISTEN' in the environment, \
         and as 'TIDEMILL_LISTENERS' in the environment"
    );
}

#[test]
fn a_file_that_is_no_toml_does_not_hide_other_errors() {
    let complaints = try_load("shards = ", &[("TIDEMILL_SHARD", "1")], &[]).unwrap_err();
    assert!(complaints[0].starts_with("tidemill.toml line 1: "), "{complaints:?}");
    assert!(complaints[1].contains("did you mean 'TIDEMILL_SHARDS'"), "{complaints:?}");
}

#[test]
fn a_setting_is_described_with_every_place_that_gives_it() {
    let file = "log.retention.hours = 100";
    let config = load(file, &[], &[("--set", "log.retention.ms", " 5 ")]);
    let described = config.describe_behind("retention.ms").unwrap();
    assert_eq!(described.name, "log.retention.ms");
    assert_eq!(described.value.as_deref(), Some("5"));
    assert_eq!(described.source, DescribedSource::StaticBroker);
    let synonyms = described.synonyms.iter().map(|synonym| {
        (synonym.name, synonym.value.as_deref().unwrap_or_default(), synonym.source)
    });
    assert_eq!(
        synonyms.collect::<Vec<_>>(),
        [
            ("log.retention.ms", "5", DescribedSource::StaticBroker),
            ("log.retention.hours", "100", DescribedSource::StaticBroker),
            ("log.retention.ms", "604800000", DescribedSource::Default),
        ]
    );
    let unset = config.describe_behind("flush.ms").unwrap();
    assert_eq!((unset.value, unset.synonyms), (None, Vec::new()));
}

#[test]
fn the_table_is_sorted_and_no_name_stands_for_two_settings() {
    assert!(SETTINGS.is_sorted_by(|one, next| one.key < next.key));
    let mut variables: Vec<_> =
        SETTINGS.iter().flat_map(Setting::names).map(environment::variable).collect();
    let count = variables.len();
    variables.sort();
    variables.dedup();
    assert_eq!(variables.len(), count);
    let mut topics: Vec<_> = SETTINGS.iter().filter_map(|setting| setting.topic).collect();
    topics.sort_unstable();
    assert!(topics.windows(2).all(|pair| pair[0] != pair[1]));
    for setting in SETTINGS {
        assert!(setting.documentation.trim().ends_with('.'), "{}", setting.key);
        assert!(setting.factor(setting.key) == 1, "{}", setting.key);
    }
}

#[test]
fn every_number_within_a_range_fits_its_type() {
    for setting in SETTINGS.iter().filter(|setting| setting.range != Range::ANY) {
        let mut settings = Settings::default();
        for number in [setting.range.min, setting.range.max] {
            let text = number.to_string();
            let shown = (setting.assign)(&mut settings, &text, &setting.range);
            assert_eq!(shown, Ok(text), "{}", setting.key);
        }
    }
}

/// As `ConfigDef` of Kafka 4.3.1 has them: name, type, default.
const KAFKA: [(&str, ValueType, &str); 30] = [
    ("auto.create.topics.enable", ValueType::Boolean, "true"),
    ("compression.type", ValueType::Text, "producer"),
    ("connections.max.idle.ms", ValueType::Long, "600000"),
    ("default.replication.factor", ValueType::Int, "1"),
    ("fetch.max.bytes", ValueType::Int, "57671680"),
    ("group.initial.rebalance.delay.ms", ValueType::Int, "3000"),
    ("log.cleaner.backoff.ms", ValueType::Long, "15000"),
    ("log.cleaner.dedupe.buffer.size", ValueType::Long, "134217728"),
    ("log.cleaner.delete.retention.ms", ValueType::Long, "86400000"),
    ("log.cleaner.io.max.bytes.per.second", ValueType::Double, "1.7976931348623157E308"),
    ("log.cleaner.max.compaction.lag.ms", ValueType::Long, "9223372036854775807"),
    ("log.cleaner.min.cleanable.ratio", ValueType::Double, "0.5"),
    ("log.cleaner.min.compaction.lag.ms", ValueType::Long, "0"),
    ("log.cleanup.policy", ValueType::List, "delete"),
    ("log.flush.interval.ms", ValueType::Long, "none"),
    ("log.message.timestamp.after.max.ms", ValueType::Long, "3600000"),
    ("log.message.timestamp.before.max.ms", ValueType::Long, "9223372036854775807"),
    ("log.message.timestamp.type", ValueType::Text, "CreateTime"),
    ("log.retention.bytes", ValueType::Long, "-1"),
    ("log.retention.check.interval.ms", ValueType::Long, "300000"),
    // In Kafka null behind log.retention.hours=168, and null behind log.roll.hours=168.
    ("log.retention.ms", ValueType::Long, "604800000"),
    ("log.roll.ms", ValueType::Long, "604800000"),
    ("log.segment.bytes", ValueType::Int, "1073741824"),
    ("log.segment.delete.delay.ms", ValueType::Long, "60000"),
    ("max.connections", ValueType::Int, "2147483647"),
    ("message.max.bytes", ValueType::Int, "1048588"),
    ("min.insync.replicas", ValueType::Int, "1"),
    ("node.id", ValueType::Int, "1"),
    ("num.partitions", ValueType::Int, "1"),
    ("producer.id.expiration.ms", ValueType::Int, "86400000"),
];

#[test]
fn what_kafka_names_has_kafkas_type_and_default() {
    for (key, value_type, default) in KAFKA {
        let setting = SETTINGS.iter().find(|setting| setting.key == key).unwrap();
        assert_eq!((setting.value_type, setting.default), (value_type, default), "{key}");
    }
}
