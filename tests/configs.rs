//! Configurations that are changed while the broker runs: they count at once, on every shard, and
//! after a `kill -9` too; what can not be changed is refused in Kafka's words.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod support;

use support::batch;
use support::broker::{Broker, Setup, Site};
use support::configs::Change::{Append, Delete, Set, Subtract};
use support::configs::{Change, Config, Refusal, Resource, source};
use support::connection::Connection;
use support::produce::{Partition, code};
use support::topics::Blueprint;
use support::values::values;

const MESSAGE_TOO_LARGE: i16 = 10;
const INVALID_TOPIC: i16 = 17;
const INVALID_CONFIG: i16 = 40;
const INVALID_REQUEST: i16 = 42;
const POLICY_VIOLATION: i16 = 44;

const PARTITIONS: i32 = 4;

fn setup() -> Setup {
    Setup { shards: 2, ..Setup::small() }
}

/// A broker of two shards with a topic `t` that follows it, and a topic `own` that does not.
fn start(site: &mut Site) -> (Broker, Connection) {
    let (broker, _) = site.start(&setup());
    let mut connection = broker.connect();
    let own = [("max.message.bytes", "900000"), ("retention.ms", "77")];
    for blueprint in [Blueprint::new("t", PARTITIONS, &[]), Blueprint::new("own", 1, &own)] {
        assert_eq!(connection.create_topic(&blueprint).unwrap(), code::NONE);
    }
    (broker, connection)
}

/// Kills the broker and starts it again.
fn restart(site: &mut Site, broker: &mut Broker) -> Connection {
    broker.kill();
    (*broker, _) = site.start(&setup());
    broker.connect()
}

/// What becomes of a batch of so many bytes, on all partitions of `t`: each shard has some.
#[track_caller]
fn produced(connection: &mut Connection, bytes: usize) -> i16 {
    let codes = (0..PARTITIONS).map(|index| append(connection, &Partition::new("t", index), bytes));
    let codes: Vec<i16> = codes.collect();
    assert!(codes.iter().all(|code| *code == codes[0]), "the shards agree: {codes:?}");
    codes[0]
}

fn append(connection: &mut Connection, partition: &Partition, bytes: usize) -> i16 {
    let batch = batch::encode(values(0, 1, bytes), None);
    connection.produce(partition, batch).unwrap().error_code
}

fn synonyms(config: &Config) -> Vec<(&str, &str, i8)> {
    let synonyms = config.synonyms.iter();
    synonyms.map(|(name, value, source)| (name.as_str(), value.as_str(), *source)).collect()
}

#[test]
fn what_is_set_on_brokers_counts_at_once_and_after_a_kill() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    assert_eq!(produced(&mut connection, 3_000), code::NONE);
    connection.alter(&Resource::brokers(), &[Set("message.max.bytes", "2000")]).unwrap();
    assert_eq!(produced(&mut connection, 3_000), MESSAGE_TOO_LARGE);
    let own = Partition::new("own", 0);
    assert_eq!(append(&mut connection, &own, 3_000), code::NONE, "it has its own");

    let this = Resource::broker(1);
    connection.alter(&this, &[Set("message.max.bytes", " 5000 ")]).unwrap();
    assert_eq!(produced(&mut connection, 3_000), code::NONE, "this broker's goes before all's");

    connection = restart(&mut site, &mut broker);
    assert_eq!(produced(&mut connection, 3_000), code::NONE);
    assert_eq!(produced(&mut connection, 6_000), MESSAGE_TOO_LARGE);
    connection.alter(&this, &[Delete("message.max.bytes")]).unwrap();
    assert_eq!(produced(&mut connection, 3_000), MESSAGE_TOO_LARGE);

    connection = restart(&mut site, &mut broker);
    assert_eq!(produced(&mut connection, 3_000), MESSAGE_TOO_LARGE);
    connection.alter(&Resource::brokers(), &[Delete("message.max.bytes")]).unwrap();
    assert_eq!(produced(&mut connection, 3_000), code::NONE, "what it was started with");
    let (new, as_started) = (Blueprint::new("new", 1, &[]), ("900000".to_owned(), source::START));
    assert_eq!(connection.create_topic(&new).unwrap(), code::NONE);
    let value = connection.config_value(&Resource::topic("new"), "max.message.bytes");
    assert_eq!(value, as_started);
    broker.stop();
}

#[test]
fn values_are_described_with_everything_that_stands_behind_them() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let (all, this) = (Resource::brokers(), Resource::broker(1));
    assert!(connection.describe_all(&all).unwrap().is_empty(), "nothing was set for all");
    connection.alter(&all, &[Set("log.retention.ms", "5"), Set("log.roll.ms", "6")]).unwrap();
    connection.alter(&this, &[Set("log.retention.ms", "7")]).unwrap();
    for _ in 0..2 {
        let set = connection.describe_all(&all).unwrap();
        assert_eq!(set.keys().collect::<Vec<_>>(), ["log.retention.ms", "log.roll.ms"]);
        let behind = [
            ("log.retention.ms", "7", source::BROKER),
            ("log.retention.ms", "5", source::BROKERS),
            ("log.retention.ms", "604800000", source::DEFAULT),
        ];
        assert_eq!(synonyms(&set["log.retention.ms"]), behind[1..2]);
        let broker_s = connection.describe_one(&this, "log.retention.ms");
        assert_eq!((broker_s.value.as_deref(), broker_s.source), (Some("7"), source::BROKER));
        assert_eq!(synonyms(&broker_s), behind);
        assert!(!broker_s.read_only && connection.describe_one(&this, "node.id").read_only);
        let topic_s = connection.describe_one(&Resource::topic("own"), "retention.ms");
        assert_eq!(topic_s.source, source::TOPIC);
        assert_eq!(
            synonyms(&topic_s),
            [&[("retention.ms", "77", source::TOPIC)], &behind[..]].concat()
        );
        let topic = Resource::topic("t");
        let followed = connection.config_value(&topic, "segment.ms");
        assert_eq!(followed, ("6".to_owned(), source::BROKERS));
        let started = connection.config_value(&topic, "segment.bytes");
        assert_eq!(started, ("1048576".to_owned(), source::START));
        connection = restart(&mut site, &mut broker);
    }
    broker.stop();
}

#[test]
fn what_can_not_be_changed_is_refused_and_changes_nothing() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let (all, this) = (Resource::brokers(), Resource::broker(1));
    let mut refuse = |resource: &Resource, changes: &[Change<'_>], refusal: (i16, &str)| {
        for refused in [connection.validate(resource, changes), connection.alter(resource, changes)]
        {
            let (code, text) = refused.expect_err("it is refused");
            assert_eq!(code, refusal.0, "{text}");
            assert!(text.contains(refusal.1), "{text}");
        }
    };
    let invalid = |text| (INVALID_REQUEST, text);
    let fixed = [Set("log.retention.ms", "5"), Set("node.id", "2"), Set("listeners", "x")];
    let words = "Cannot update these configs dynamically: Set(listeners, node.id)";
    refuse(&this, &fixed, invalid(words));
    refuse(&all, &fixed, invalid(words));
    refuse(&all, &[Set("log.retentions.ms", "5")], invalid("did you mean 'log.retention.ms'?"));
    refuse(&all, &[Set("log.retention.ms", "x")], invalid("Invalid value x for configuration"));
    refuse(&all, &[Set("message.max.bytes", "2MiB")], invalid("socket.request.max.bytes"));
    let twice = [Set("log.roll.ms", "1"), Delete("log.roll.ms")];
    refuse(&all, &twice, invalid("Error due to duplicate config keys"));
    let no_list = (INVALID_CONFIG, "append is not allowed for config key: log.roll.ms");
    refuse(&all, &[Append("log.roll.ms", "1")], no_list);
    let other = invalid("Unexpected broker id, expected 1, but received 2");
    refuse(&Resource::broker(2), &[Set("log.roll.ms", "1")], other);
    let nobody = invalid("Node id must be an integer, but it is: one");
    refuse(&Resource::of(4, "one"), &[Set("log.roll.ms", "1")], nobody);
    refuse(&Resource::of(3, "x"), &[Set("a", "1")], invalid("Unknown resource type 3"));
    let metrics = invalid("Unsupported resource type: CLIENT_METRICS");
    refuse(&Resource::of(16, "x"), &[Set("interval.ms", "1")], metrics);
    refuse(&Resource::of(8, "1"), &[Set("root", "INFO")], invalid("BROKER_LOGGER"));
    refuse(&Resource::topic(""), &[Set("retention.ms", "1")], invalid("Default topic resources"));
    refuse(&Resource::topic("no"), &[], (code::UNKNOWN_TOPIC_OR_PARTITION, "does not exist"));
    refuse(&Resource::topic("a b"), &[], (INVALID_TOPIC, "Topic name is invalid"));
    let topic = Resource::topic("t");
    refuse(&topic, &[Set("retention", "1")], (INVALID_CONFIG, "Unknown topic config name"));

    assert!(connection.describe_all(&all).unwrap().is_empty());
    let retention = connection.config_value(&this, "log.retention.ms");
    assert_eq!(retention, ("604800000".to_owned(), source::DEFAULT));
    // A name that can not be set can still be deleted, as in Kafka, and what could be set is not.
    connection.alter(&all, &[Delete("node.id"), Delete("no.such")]).unwrap();
    connection.validate(&all, &[Set("log.retention.ms", "5")]).unwrap();
    assert!(connection.describe_all(&all).unwrap().is_empty());
    broker.stop();
}

#[test]
fn a_list_is_added_to_and_taken_from() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let all = Resource::brokers();
    connection.alter(&all, &[Subtract("log.cleanup.policy", "delete")]).unwrap();
    let topic = Resource::topic("t");
    let policy = connection.config_value(&topic, "cleanup.policy");
    assert_eq!(policy, (String::new(), source::BROKERS));
    connection.alter(&all, &[Append("log.cleanup.policy", "delete")]).unwrap();
    let policy = connection.config_value(&topic, "cleanup.policy");
    assert_eq!(policy, ("delete".to_owned(), source::BROKERS));
    broker.stop();
}

#[test]
fn all_configurations_of_a_thing_are_replaced() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let topic = Resource::topic("own");
    let segment = [("segment.ms", Some("9"))];
    connection.replace_configs(&topic, &segment, true).unwrap();
    let retention = connection.config_value(&topic, "retention.ms");
    assert_eq!(retention, ("77".to_owned(), source::TOPIC), "it was only asked");
    connection.replace_configs(&topic, &segment, false).unwrap();
    connection.alter(&Resource::brokers(), &[Set("log.roll.ms", "1")]).unwrap();
    let roll = [("log.retention.ms", Some("8"))];
    connection.replace_configs(&Resource::brokers(), &roll, false).unwrap();
    let group = Resource::group("g");
    let session = [("consumer.session.timeout.ms", Some("50000"))];
    connection.replace_configs(&group, &session, false).unwrap();

    connection = restart(&mut site, &mut broker);
    let own = |source| move |(_, config): &(&String, &Config)| config.source == source;
    let names = |connection: &mut Connection, resource: &Resource, source| {
        let all = connection.describe_all(resource).unwrap();
        all.iter().filter(own(source)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut connection, &topic, source::TOPIC), ["segment.ms"]);
    let set = names(&mut connection, &Resource::brokers(), source::BROKERS);
    assert_eq!(set, ["log.retention.ms"]);
    assert_eq!(names(&mut connection, &group, source::GROUP), ["consumer.session.timeout.ms"]);
    for resource in [&topic, &Resource::brokers(), &group] {
        let null = connection.replace_configs(resource, &[("a", None), ("b", None)], false);
        let words = "Null value not supported for : a, b".to_owned();
        assert_eq!(null, Err((INVALID_REQUEST, words)));
        connection.replace_configs(resource, &[], false).unwrap();
    }
    assert!(names(&mut connection, &topic, source::TOPIC).is_empty());
    assert!(names(&mut connection, &group, source::GROUP).is_empty());
    assert!(connection.describe_all(&Resource::brokers()).unwrap().is_empty());
    let fixed = connection.replace_configs(&Resource::broker(1), &[("shards", Some("9"))], false);
    let words = "Cannot update these configs dynamically: Set(shards)".to_owned();
    assert_eq!(fixed, Err((INVALID_REQUEST, words)));
    broker.stop();
}

#[test]
fn a_group_s_configurations_outlive_the_broker() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let group = Resource::group("g");
    let (session, heartbeat) = ("consumer.session.timeout.ms", "consumer.heartbeat.interval.ms");
    let built_in = |value: &str| (value.to_owned(), source::DEFAULT);
    assert_eq!(connection.config_value(&group, session), built_in("45000"));
    connection.alter(&group, &[Set(session, "50000"), Set(heartbeat, "6000")]).unwrap();
    connection = restart(&mut site, &mut broker);
    let described = connection.describe_one(&group, session);
    let expected = [
        (session, "50000", source::GROUP),
        ("group.consumer.session.timeout.ms", "45000", source::DEFAULT),
    ];
    assert_eq!((synonyms(&described), described.read_only), (expected.to_vec(), false));
    let refused: Result<(), Refusal> = connection.alter(&group, &[Set(session, "60001")]);
    let words = "consumer.session.timeout.ms must be less than or equal to \
                 group.consumer.max.session.timeout.ms";
    assert_eq!(refused, Err((INVALID_CONFIG, words.to_owned())));
    let (code, _) = connection.alter(&group, &[Set("retention.ms", "1")]).unwrap_err();
    assert_eq!(code, INVALID_CONFIG);
    let (code, _) = connection.alter(&Resource::group(""), &[]).unwrap_err();
    assert_eq!(code, INVALID_REQUEST);
    let long = Resource::group(&"g".repeat(250));
    let (code, _) = connection.alter(&long, &[Set(session, "50000")]).unwrap_err();
    assert_eq!(code, POLICY_VIOLATION);
    connection.alter(&group, &[Delete(session), Delete(heartbeat)]).unwrap();
    connection = restart(&mut site, &mut broker);
    assert_eq!(connection.config_value(&group, session), built_in("45000"));
    broker.stop();
}

#[test]
fn connections_are_limited_while_the_broker_runs() {
    let mut site = Site::new();
    let (mut broker, mut connection) = start(&mut site);
    let all = Resource::brokers();
    connection.alter(&all, &[Set("max.connections", "1")]).unwrap();
    // The listener is on one shard, and so knows the change when it is answered.
    let mut second = Connection::open(broker.kafka()).unwrap();
    assert!(second.topics().is_err(), "there may be one, and there is");
    connection.alter(&all, &[Delete("max.connections")]).unwrap();
    assert_eq!(broker.connect().topics().unwrap().len(), 2);
    broker.stop();
}
