//! What Kafka 4.3.1 answered to the same, noted where this broker differs.

use super::super::error::Fault;
use super::*;
use crate::config::Sources;

fn create(given: &[(&str, &str)]) -> Result<Overrides, TopicConfigError> {
    let given = given.iter().map(|(name, value)| (*name, Some(*value)));
    Overrides::create(given, &Config::default())
}

fn kept(name: &str, value: &str) -> Option<String> {
    let overrides = create(&[(name, value)]).ok()?;
    overrides.get(name).map(str::to_owned)
}

fn alter(
    overrides: &Overrides,
    operation: Operation,
    name: &str,
    value: &str,
) -> Result<Overrides, TopicConfigError> {
    let change = Change { name, operation, value: Some(value) };
    overrides.alter([change], &Config::default())
}

#[test]
fn values_are_taken_that_kafka_takes() {
    for (name, value, expected) in [
        ("retention.ms", " 5 ", "5"),
        ("retention.ms", "+5", "5"),
        ("retention.ms", "-1", "-1"),
        ("retention.bytes", "-100", "-100"),
        ("cleanup.policy", "", ""),
        ("cleanup.policy", "delete,delete", "delete"),
        ("unclean.leader.election.enable", "TRUE", "true"),
        ("preallocate", "True", "true"),
        ("local.retention.ms", "99999999999", "99999999999"),
        ("min.cleanable.dirty.ratio", "0.10", "0.1"),
        ("min.cleanable.dirty.ratio", "1e-1", "0.1"),
        ("min.cleanable.dirty.ratio", "1", "1.0"),
        ("segment.bytes", "+2000000", "2000000"),
        ("min.insync.replicas", "3", "3"),
        ("follower.replication.throttled.replicas", "1:2,3:4", "1:2,3:4"),
        ("follower.replication.throttled.replicas", "*", "*"),
        ("remote.storage.enable", "false", "false"),
        ("remote.log.copy.disable", "true", "true"),
        ("compression.gzip.level", "-1", "-1"),
        ("compression.type", "producer", "producer"),
        ("flush.ms", "9223372036854775807", "9223372036854775807"),
    ] {
        assert_eq!(kept(name, value).as_deref(), Some(expected), "{name}={value}");
    }
}

#[test]
fn values_are_refused_that_kafka_refuses() {
    for (name, value) in [
        ("retention.ms", "x"),
        ("retention.ms", ""),
        ("retention.ms", "-2"),
        ("retention.bytes", "1.5"),
        ("segment.bytes", "1048575"),
        ("segment.bytes", "9999999999"),
        ("segment.bytes", "0x200000"),
        // Sizes have their units in the broker's file only.
        ("segment.bytes", "2MiB"),
        ("cleanup.policy", "foo"),
        ("cleanup.policy", "delete,"),
        ("compression.type", "GZIP"),
        ("compression.gzip.level", "0"),
        ("compression.lz4.level", "18"),
        ("compression.zstd.level", "99"),
        ("min.insync.replicas", "0"),
        ("min.cleanable.dirty.ratio", "2"),
        ("min.cleanable.dirty.ratio", "-0.1"),
        ("min.cleanable.dirty.ratio", "abc"),
        // Kafka takes this one.
        ("min.cleanable.dirty.ratio", "NaN"),
        ("message.timestamp.type", "createtime"),
        ("message.timestamp.before.max.ms", "-1"),
        ("unclean.leader.election.enable", "maybe"),
        ("preallocate", ""),
        ("flush.messages", "0"),
        ("flush.ms", "-1"),
        ("max.message.bytes", "-1"),
        ("local.retention.ms", "-3"),
        ("segment.ms", "0"),
        ("segment.jitter.ms", "-1"),
        ("segment.index.bytes", "3"),
        ("index.interval.bytes", "-1"),
        ("max.compaction.lag.ms", "0"),
        ("follower.replication.throttled.replicas", "abc"),
        ("remote.storage.enable", "true"),
    ] {
        let error = create(&[(name, value)]).unwrap_err();
        assert!(matches!(error, TopicConfigError::Invalid { .. }), "{name}={value}: {error}");
        assert_eq!(error.fault(), Fault::Config);
    }
}

#[test]
fn what_is_not_offered_says_so() {
    let message = |name, value| create(&[(name, value)]).unwrap_err().to_string();
    assert_eq!(
        message("compression.type", "zstd"),
        "Invalid value zstd for configuration compression.type: batches are kept as their producer \
         compressed them; only compression.type=producer is offered so far"
    );
    assert_eq!(
        message("max.message.bytes", "33554433"),
        "max.message.bytes = 33554433: half a journal file, 33554432 bytes, is the most"
    );
}

#[test]
fn unknown_names_are_refused_with_the_nearest_one() {
    for gone in ["message.format.version", "message.downconversion.enable", "foo"] {
        let error = create(&[(gone, "1")]).unwrap_err();
        assert_eq!(error.to_string(), format!("Unknown topic config name: {gone}"));
    }
    let error = create(&[("retension.ms", "1")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Unknown topic config name: retension.ms; did you mean 'retention.ms'?"
    );
    let error = create(&[(&"ä".repeat(100_000), "1")]).unwrap_err();
    assert!(error.to_string().len() < 300);
}

#[test]
fn a_new_topic_needs_values_and_the_last_of_a_name_counts() {
    let config = Config::default();
    let error = Overrides::create([("retention.ms", None)], &config).unwrap_err();
    assert_eq!(error.fault(), Fault::Config);
    let twice = create(&[("retention.ms", "1"), ("retention.ms", "2")]).unwrap();
    assert_eq!(twice.iter().collect::<Vec<_>>(), [("retention.ms", "2")]);
}

#[test]
fn set_and_delete_change_one_value() {
    let before = create(&[("retention.ms", "5"), ("segment.ms", "7")]).unwrap();
    let after = alter(&before, Operation::Set, "retention.ms", " 8 ").unwrap();
    assert_eq!(after.get("retention.ms"), Some("8"));
    assert_eq!(after.get("segment.ms"), Some("7"));
    let after = alter(&after, Operation::Delete, "retention.ms", "9").unwrap();
    assert_eq!(after.iter().collect::<Vec<_>>(), [("segment.ms", "7")]);
    // Nothing is there to be deleted, known or not.
    assert_eq!(alter(&after, Operation::Delete, "retention.ms", "").unwrap(), after);
    assert_eq!(alter(&after, Operation::Delete, "nonsense", "").unwrap(), after);
    assert!(alter(&after, Operation::Set, "nonsense", "1").is_err());
}

#[test]
fn lists_grow_and_shrink_from_what_counts_at_the_moment() {
    let name = "leader.replication.throttled.replicas";
    let change = |overrides: &Overrides, operation, value| {
        let altered = alter(overrides, operation, name, value).unwrap();
        altered.get(name).map(str::to_owned).zip(Some(altered))
    };
    let start = Overrides::default();
    let (text, start) = change(&start, Operation::Append, "1:1,2:2").unwrap();
    assert_eq!(text, "1:1,2:2");
    let (text, start) = change(&start, Operation::Append, "1:1, 3:1").unwrap();
    assert_eq!(text, "1:1,2:2,3:1");
    let (text, start) = change(&start, Operation::Subtract, "2:2,9:9,").unwrap();
    assert_eq!(text, "1:1,3:1");
    let (text, start) = change(&start, Operation::Subtract, "").unwrap();
    assert_eq!(text, "1:1,3:1");
    assert!(alter(&start, Operation::Append, name, "").is_err());
    assert!(alter(&start, Operation::Append, name, "*").is_err());
    for operation in [Operation::Append, Operation::Subtract] {
        let error = alter(&start, operation, name, &"1:1,".repeat(10_000_000)).unwrap_err();
        assert!(error.to_string().ends_with("must have at most 32768 bytes"));
    }
}

#[test]
fn a_list_without_an_own_value_begins_with_the_brokers() {
    let policy = "cleanup.policy";
    let none = alter(&Overrides::default(), Operation::Subtract, policy, "delete").unwrap();
    assert_eq!(none.get(policy), Some(""));
    let same = alter(&Overrides::default(), Operation::Subtract, policy, "compact").unwrap();
    assert_eq!(same.get(policy), Some("delete"));
    let same = alter(&Overrides::default(), Operation::Append, policy, "delete").unwrap();
    assert_eq!(same.get(policy), Some("delete"));
    let both = alter(&Overrides::default(), Operation::Append, policy, "compact").unwrap();
    assert_eq!(both.get(policy), Some("delete,compact"));
    let error = alter(&Overrides::default(), Operation::Append, policy, "shrink").unwrap_err();
    assert!(error.to_string().contains("value delete,shrink for"), "{error}");
    let file = Some(("t.toml", "log.cleanup.policy = \"\""));
    let keeping = Config::load(Sources { file, ..Sources::default() }).unwrap();
    let change = Change { name: policy, operation: Operation::Append, value: Some("delete") };
    let grown = Overrides::default().alter([change], &keeping).unwrap();
    assert_eq!(grown.get(policy), Some("delete"));
}

#[test]
fn faulty_changes_are_refused_and_change_nothing() {
    let before = create(&[("retention.ms", "5")]).unwrap();
    let set = |name, value| Change { name, operation: Operation::Set, value };
    let refused = |changes: &[Change<'_>]| {
        before.alter(changes.iter().copied(), &Config::default()).unwrap_err()
    };
    let error = refused(&[set("retention.ms", Some("1")), set("retention.ms", Some("2"))]);
    assert_eq!(error.fault(), Fault::Request);
    assert_eq!(refused(&[set("retention.ms", None)]).fault(), Fault::Request);
    let error = refused(&[set("retention.ms", Some("1")), set("segment.ms", Some("0"))]);
    assert_eq!(
        error.to_string(),
        "Invalid value 0 for configuration segment.ms: must be at least 1"
    );
    for operation in [Operation::Append, Operation::Subtract] {
        let error = alter(&before, operation, "retention.ms", "1").unwrap_err();
        assert_eq!(error, TopicConfigError::NotAList { name: "retention.ms" });
        assert_eq!(error.fault(), Fault::Config);
    }
    let lags = [set("min.compaction.lag.ms", Some("9")), set("max.compaction.lag.ms", Some("8"))];
    assert_eq!(refused(&lags), TopicConfigError::LagsCrossed { min: 9, max: 8 });
}

#[test]
fn what_was_stored_comes_back_but_for_what_is_unknown_today() {
    let stored = create(&[("retention.ms", "5"), ("flush.messages", "100")]).unwrap();
    let (restored, errors) = Overrides::restore(stored.iter());
    assert_eq!((restored, errors.len()), (stored, 0));
    let (restored, errors) = Overrides::restore([
        ("from.the.future", "1"),
        ("retention.ms", "5"),
        ("cleanup.policy", "shrink"),
    ]);
    assert_eq!(restored.iter().collect::<Vec<_>>(), [("retention.ms", "5")]);
    assert_eq!(errors.len(), 2);
}

/// As `LogConfig` of Kafka 4.3.1 has them: name, type, default.
const KAFKA: [(&str, ValueType, &str); 33] = [
    ("cleanup.policy", ValueType::List, "delete"),
    ("compression.gzip.level", ValueType::Int, "-1"),
    ("compression.lz4.level", ValueType::Int, "9"),
    ("compression.type", ValueType::Text, "producer"),
    ("compression.zstd.level", ValueType::Int, "3"),
    ("delete.retention.ms", ValueType::Long, "86400000"),
    ("file.delete.delay.ms", ValueType::Long, "60000"),
    // 9223372036854775807 in Kafka: never by itself.
    ("flush.messages", ValueType::Long, "1"),
    ("flush.ms", ValueType::Long, "9223372036854775807"),
    ("follower.replication.throttled.replicas", ValueType::List, ""),
    ("index.interval.bytes", ValueType::Int, "4096"),
    ("leader.replication.throttled.replicas", ValueType::List, ""),
    ("local.retention.bytes", ValueType::Long, "-2"),
    ("local.retention.ms", ValueType::Long, "-2"),
    ("max.compaction.lag.ms", ValueType::Long, "9223372036854775807"),
    ("max.message.bytes", ValueType::Int, "1048588"),
    ("message.timestamp.after.max.ms", ValueType::Long, "3600000"),
    ("message.timestamp.before.max.ms", ValueType::Long, "9223372036854775807"),
    ("message.timestamp.type", ValueType::Text, "CreateTime"),
    ("min.cleanable.dirty.ratio", ValueType::Double, "0.5"),
    ("min.compaction.lag.ms", ValueType::Long, "0"),
    ("min.insync.replicas", ValueType::Int, "1"),
    ("preallocate", ValueType::Boolean, "false"),
    ("remote.log.copy.disable", ValueType::Boolean, "false"),
    ("remote.log.delete.on.disable", ValueType::Boolean, "false"),
    ("remote.storage.enable", ValueType::Boolean, "false"),
    ("retention.bytes", ValueType::Long, "-1"),
    ("retention.ms", ValueType::Long, "604800000"),
    ("segment.bytes", ValueType::Int, "1073741824"),
    ("segment.index.bytes", ValueType::Int, "10485760"),
    ("segment.jitter.ms", ValueType::Long, "0"),
    ("segment.ms", ValueType::Long, "604800000"),
    ("unclean.leader.election.enable", ValueType::Boolean, "false"),
];

#[test]
fn the_table_is_kafkas() {
    let ours = TOPIC_SETTINGS.iter();
    let ours = ours.map(|setting| (setting.name, setting.value_type, setting.default));
    assert_eq!(ours.collect::<Vec<_>>(), KAFKA);
    for setting in &TOPIC_SETTINGS {
        let kept = (setting.check)(setting.default, &setting.range);
        assert_eq!(kept.as_deref(), Ok(setting.default), "{}", setting.name);
        let says_idle = setting.documentation.starts_with("Without effect");
        assert_eq!(says_idle, !setting.has_effect, "{}", setting.name);
    }
}
