//! `tidemill config`: what is set, where it comes from, and the mistakes people make.

use super::broker::Broker;

/// The cells of the line that begins with a name.
#[track_caller]
fn row<'a>(table: &'a str, name: &str) -> Vec<&'a str> {
    let line = table.lines().find(|line| line.split_whitespace().next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("{name} is not in:\n{table}"));
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn configurations_are_set_and_set_back() {
    let mut broker = Broker::start();
    broker.run(&["topic", "create", "orders"]).ok();
    let get = |broker: &Broker, entity: &str| broker.run(&["config", "get", entity]).ok();
    let head = "NAME  VALUE  SOURCE  DEFAULT\n";
    assert_eq!(get(&broker, "--broker-default"), head);

    let set = ["config", "set", "--broker-default", "log.retention.ms=5", "log.roll.ms=6"];
    assert_eq!(broker.run(&set).ok(), "changed all brokers\n");
    let set = ["config", "set", "--broker", "log.retention.ms=7"];
    assert_eq!(broker.run(&set).ok(), "changed broker 1\n");
    let set = ["config", "set", "--topic", "orders", "segment.ms=8"];
    assert_eq!(broker.run(&set).ok(), "changed topic 'orders'\n");
    let set = ["config", "set", "--group", "g", "consumer.session.timeout.ms=50000"];
    assert_eq!(broker.run(&set).ok(), "changed group 'g'\n");

    broker.restart();
    let all = get(&broker, "--broker-default");
    assert_eq!(row(&all, "log.roll.ms"), ["log.roll.ms", "6", "all brokers", "-"]);
    let this = get(&broker, "--broker");
    assert_eq!(this, get(&broker, "--broker=1"));
    let retention = ["log.retention.ms", "7", "broker", "604800000"];
    assert_eq!(row(&this, "log.retention.ms"), retention);
    let shards = ["node.id", "1", "default, read-only", "1"];
    assert_eq!(row(&this, "node.id"), shards);
    assert_eq!(row(&this, "poll"), ["poll", "block", "start, read-only", "adaptive"]);
    let topic = broker.run(&["config", "get", "--topic", "orders"]).ok();
    assert_eq!(row(&topic, "segment.ms"), ["segment.ms", "8", "topic", "604800000"]);
    assert_eq!(row(&topic, "retention.ms"), ["retention.ms", "7", "broker", "604800000"]);
    let one = ["config", "get", "--group", "g", "consumer.session.timeout.ms"];
    let group = broker.run(&one).ok();
    assert_eq!(group.lines().count(), 2, "{group}");
    let session = ["consumer.session.timeout.ms", "50000", "group", "45000"];
    assert_eq!(row(&group, "consumer.session.timeout.ms"), session);

    let back = ["config", "set", "--broker-default", "log.roll.ms=9", "--delete"];
    broker.run(&[&back[..], &["log.retention.ms"]].concat()).ok();
    let all = get(&broker, "--broker-default");
    assert_eq!(all.lines().count(), 2, "{all}");
    assert_eq!(row(&all, "log.roll.ms"), ["log.roll.ms", "9", "all brokers", "-"]);
}

#[test]
fn mistakes_are_told_with_what_to_try() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "orders"]).ok();
    let text = broker.run(&["config", "set", "--broker", "node.id=2"]).fails(1);
    assert_eq!(
        text,
        "tidemill: can not change broker 1: Cannot update these configs dynamically: \
         Set(node.id)\n  `tidemill config get --broker` shows what there is, and what is \
         read-only\n"
    );
    let text = broker.run(&["config", "set", "--group", "g", "consumer.session=1"]).fails(1);
    assert!(text.contains("Unknown group config name: consumer.session"), "{text}");
    assert!(text.contains("`tidemill config get --group g`"), "{text}");
    let text = broker.run(&["config", "get", "--topic", "oders"]).fails(1);
    let missing = "tidemill: topic 'oders' does not exist\n  did you mean 'orders'?\n";
    assert_eq!(text, missing);
    let text = broker.run(&["config", "set", "--topic", "oders", "retention.ms=1"]).fails(1);
    assert_eq!(text, missing);
    let text = broker.run(&["config", "get", "--topic", "orders", "retention"]).fails(1);
    assert!(text.contains("topic 'orders' has no configuration 'retention'"), "{text}");
    let text = broker.run(&["config", "get", "--broker=7"]).fails(1);
    assert!(text.contains("expected 1 or empty string, but received 7"), "{text}");
}

#[test]
fn commands_that_make_no_sense() {
    let broker = Broker::start();
    for arguments in [
        &["config", "get"][..],
        &["config", "set", "--broker"],
        &["config", "set", "a=1"],
        &["config", "get", "--broker", "--topic", "t"],
        &["config", "set", "--topic", "t", "no-value"],
    ] {
        broker.run(arguments).fails(2);
    }
}
