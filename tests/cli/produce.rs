//! `tidemill produce`: what was read is in the topic, or it is said that it is not.

use std::io::Write;

use super::broker::Broker;

const ALL: [&str; 4] = ["consume", "t", "--from", "beginning"];

fn consumed(broker: &Broker, more: &[&str]) -> String {
    let arguments: Vec<_> = ALL.iter().chain(&["--no-follow"]).chain(more).copied().collect();
    broker.run(&arguments).ok()
}

#[test]
fn lines_come_back_as_they_went_in_with_every_compression() {
    let broker = Broker::start();
    let lines: Vec<_> = (0..5000).map(|n| format!("line {n} {}\n", "x".repeat(n % 100))).collect();
    let lines = lines.concat();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        broker.run(&["topic", "create", "t"]).ok();
        let fed = broker.feed(&["produce", "t", "--compression", codec], lines.clone());
        assert_eq!(fed.ok(), "", "{codec}");
        assert!(consumed(&broker, &[]) == lines, "{codec}");
        broker.run(&["topic", "delete", "t"]).ok();
    }
}

#[test]
fn every_kind_of_acknowledgement_loses_nothing() {
    let broker = Broker::start();
    for (acks, expected) in [("0", 1), ("1", 2), ("all", 3)] {
        if acks == "0" {
            broker.run(&["topic", "create", "t"]).ok();
        }
        broker.feed(&["produce", "t", "--acks", acks], format!("{acks}\n")).ok();
        // Without acknowledgement the record may still be on its way.
        let count = expected.to_string();
        let arguments: Vec<_> = ALL.iter().chain(&["--count", &count]).copied().collect();
        let lines = broker.run(&arguments).ok();
        assert!(lines.ends_with(&format!("{acks}\n")), "{lines}");
    }
}

#[test]
fn keys_headers_and_empty_lines_are_kept() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    let arguments = ["produce", "t", "--key-separator", "=>", "-H", "a=1", "--header", "b=x=y"];
    broker.feed(&arguments, "key=>value\nno key\n=>\n\nlast=>line").ok();
    let text = consumed(&broker, &["--format", r"%o [%k] %K [%s] %S %h\n"]);
    assert_eq!(
        text,
        "0 [key] 3 [value] 5 a=1,b=x=y\n1 [] -1 [no key] 6 a=1,b=x=y\n2 [] 0 [] 0 a=1,b=x=y\n\
         3 [] -1 [] 0 a=1,b=x=y\n4 [last] 4 [line] 4 a=1,b=x=y\n"
    );
}

#[test]
fn keys_go_where_javas_client_puts_them() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t", "--partitions", "7"]).ok();
    let keys = ["21", "foobar", "abc", "a-little-bit-long-string"];
    let lines: Vec<_> = keys.iter().map(|key| format!("{key}:x\n")).collect();
    broker.feed(&["produce", "t", "--key-separator", ":"], lines.concat()).ok();
    // murmur2 as Kafka's own tests have it, without the sign, modulo 7.
    let hashes: [i64; 4] = [-973_932_308, -790_332_482, 479_470_107, -985_981_536];
    let mut expected: Vec<_> = keys
        .iter()
        .zip(hashes)
        .map(|(key, hash)| format!("{key} {}", (hash & 0x7fff_ffff) % 7))
        .collect();
    let text = consumed(&broker, &["--format", r"%k %p\n"]);
    let mut found: Vec<_> = text.lines().map(str::to_owned).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_partition_may_be_chosen() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t", "--partitions", "3"]).ok();
    broker.feed(&["produce", "t", "--partition", "2"], "a\nb\n").ok();
    assert_eq!(consumed(&broker, &["--format", r"%p %o %s\n"]), "2 0 a\n2 1 b\n");
    let refused = broker.feed(&["produce", "t", "--partition", "3"], "a\n").fails(1);
    assert!(refused.contains("topic 't' has 3 partitions, and no partition 3"), "{refused}");
}

#[test]
fn a_signal_ends_the_reading_and_what_was_read_is_kept() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    let mut producer = broker.start_client(&["produce", "t"]);
    let mut stdin = producer.stdin();
    stdin.write_all(b"first\nsecond\nunfinished").unwrap();
    let mut consumer = broker.start_client(&ALL);
    let mut lines = consumer.lines();
    // Once these are in the topic, the unfinished line was read as well.
    assert_eq!(lines.next(), "first\n");
    assert_eq!(lines.next(), "second\n");
    producer.signal("INT");
    producer.end().ok();
    assert_eq!(lines.next(), "unfinished\n");
    consumer.signal("INT");
    consumer.end().ok();
}

#[test]
fn records_that_are_not_acknowledged_are_counted() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t", "--config", "max.message.bytes=200"]).ok();
    let input = format!("{}\n", "x".repeat(1000));
    let failed = broker.feed(&["produce", "t"], input).fails(1);
    assert!(failed.contains("1 of the 1 records read were not acknowledged"), "{failed}");
    assert!(failed.contains("max.message.bytes=N"), "{failed}");
    assert_eq!(consumed(&broker, &[]), "");
}

#[test]
fn a_broker_that_comes_back_gets_every_line_once() {
    let mut broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    let mut producer = broker.start_client(&["produce", "t"]);
    let mut stdin = producer.stdin();
    let mut consumer = broker.start_client(&ALL);
    let mut lines = consumer.lines();
    let before: Vec<_> = (0..1000).map(|n| format!("before {n}\n")).collect();
    let after: Vec<_> = (0..1000).map(|n| format!("after {n}\n")).collect();
    stdin.write_all(before.concat().as_bytes()).unwrap();
    assert_eq!(lines.next(), "before 0\n");
    broker.kill();
    stdin.write_all(after.concat().as_bytes()).unwrap();
    drop(stdin);
    let ending = producer.end_beside();
    broker.restart();
    ending.join().unwrap().ok();
    for line in before.iter().skip(1).chain(&after) {
        assert_eq!(&lines.next(), line);
    }
    consumer.signal("TERM");
    consumer.end().ok();
    assert_eq!(consumed(&broker, &[]), [before, after].concat().concat());
}
