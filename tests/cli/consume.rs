//! `tidemill consume`: from where, how much, how written, and how it ends.

use std::process::Stdio;

use super::broker::Broker;

/// A broker with a topic of these lines.
fn broker_with(lines: &str) -> Broker {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    broker.feed(&["produce", "t"], lines).ok();
    broker
}

fn consume(broker: &Broker, more: &[&str]) -> String {
    let arguments: Vec<_> = ["consume", "t", "--no-follow"].iter().chain(more).copied().collect();
    broker.run(&arguments).ok()
}

#[test]
fn it_begins_where_it_is_told_to() {
    let broker = broker_with("a\nb\nc\n");
    assert_eq!(consume(&broker, &[]), "a\nb\nc\n");
    assert_eq!(consume(&broker, &["--from", "beginning"]), "a\nb\nc\n");
    assert_eq!(consume(&broker, &["--from", "1"]), "b\nc\n");
    assert_eq!(consume(&broker, &["--from", "end"]), "");
    assert_eq!(consume(&broker, &["--from", "-1h"]), "a\nb\nc\n");
    assert_eq!(consume(&broker, &["--from", "@0"]), "a\nb\nc\n");
    assert_eq!(consume(&broker, &["--from", "1970-01-01T00:00:00Z"]), "a\nb\nc\n");
    assert_eq!(consume(&broker, &["--from", "2999-01-01T00:00:00+02:00"]), "");
}

#[test]
fn a_time_begins_at_the_first_record_that_is_not_older() {
    let broker = broker_with("a\n");
    broker.feed(&["produce", "t"], "b\n").ok();
    let times = consume(&broker, &["--format", r"%T\n"]);
    let [a, b]: [i64; 2] =
        times.lines().map(|time| time.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
    // Two processes one after the other can not write within a millisecond.
    assert!(a < b);
    assert_eq!(consume(&broker, &["--from", &format!("@{a}")]), "a\nb\n");
    assert_eq!(consume(&broker, &["--from", &format!("@{}", a + 1)]), "b\n");
    assert_eq!(consume(&broker, &["--from", &format!("@{b}")]), "b\n");
    assert_eq!(consume(&broker, &["--from", &format!("@{}", b + 1)]), "");
}

#[test]
fn it_stops_at_a_count_and_at_the_end() {
    let broker = broker_with("a\nb\nc\n");
    assert_eq!(consume(&broker, &["--count", "2"]), "a\nb\n");
    assert_eq!(consume(&broker, &["--count", "0"]), "");
    assert_eq!(consume(&broker, &["--count", "9"]), "a\nb\nc\n");
    assert_eq!(broker.run(&["consume", "t", "--count", "3"]).ok(), "a\nb\nc\n");
}

#[test]
fn it_follows_until_a_signal_comes() {
    let broker = broker_with("a\n");
    let mut consumer = broker.start_client(&["consume", "t"]);
    let mut lines = consumer.lines();
    assert_eq!(lines.next(), "a\n");
    for line in ["b\n", "c\n"] {
        broker.feed(&["produce", "t"], line).ok();
        assert_eq!(lines.next(), line);
    }
    consumer.signal("INT");
    consumer.end().ok();
}

#[test]
fn partitions_may_be_chosen() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t", "--partitions", "3"]).ok();
    for partition in ["0", "1", "2"] {
        broker.feed(&["produce", "t", "--partition", partition], format!("in {partition}\n")).ok();
    }
    assert_eq!(consume(&broker, &["--partition", "1"]), "in 1\n");
    let two = consume(&broker, &["--partition", "0", "--partition", "2"]);
    let mut two: Vec<_> = two.lines().collect();
    two.sort_unstable();
    assert_eq!(two, ["in 0", "in 2"]);
    let mut all = consume(&broker, &[]).lines().map(str::to_owned).collect::<Vec<_>>();
    all.sort_unstable();
    assert_eq!(all, ["in 0", "in 1", "in 2"]);
}

#[test]
fn partitions_that_do_not_fit_one_answer_are_read_in_turn() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t", "--partitions", "40"]).ok();
    // More than an answer holds, so that it ends in the middle of some partition's first batch.
    let filler = "x".repeat(1000);
    let mut lines: Vec<_> = (0..30_000).map(|n| format!("line {n:05} {filler}\n")).collect();
    broker.feed(&["produce", "t"], lines.concat()).ok();
    let read = consume(&broker, &[]);
    let mut read: Vec<_> = read.split_inclusive('\n').collect();
    read.sort_unstable();
    lines.sort_unstable();
    assert!(read == lines, "{} of {} lines", read.len(), lines.len());
}

#[test]
fn json_tells_all_of_a_record() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    broker.feed(&["produce", "t", "--key-separator", ":", "-H", "h=1"], *b"k:v\n\xff\n").ok();
    let time = consume(&broker, &["--format", r"%T,"]);
    let times: Vec<_> = time.split(',').collect();
    let [first, second] = [times[0], times[1]];
    let headers = r#""headers":[{"name":"h","value":"1"}]"#;
    let begin = |offset, time| {
        format!(r#"{{"topic":"t","partition":0,"offset":{offset},"timestamp":{time}"#)
    };
    let expected = [
        format!(r#"{},"key":"k","value":"v",{headers}}}"#, begin(0, first)),
        format!(r#"{},"key":null,"value_base64":"/w==",{headers}}}"#, begin(1, second)),
    ];
    assert_eq!(consume(&broker, &["--json"]).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let lines: Vec<_> = (0..100_000).map(|n| format!("line {n}\n")).collect();
    let broker = broker_with(&lines.concat());
    for more in [&["--no-follow"][..], &[]] {
        let arguments: Vec<_> = ["consume", "t"].iter().chain(more).copied().collect();
        let mut consumer = broker.start_client(&arguments);
        let mut lines = consumer.lines();
        assert_eq!(lines.next(), "line 0\n");
        drop(lines);
        consumer.end().ok();
    }
    let mut completions = super::command::tidemill(&["completions", "bash"]);
    let mut child = completions.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()));
}

#[test]
fn it_goes_on_when_the_broker_comes_back() {
    let mut broker = broker_with("a\n");
    let mut consumer = broker.start_client(&["consume", "t"]);
    let mut lines = consumer.lines();
    assert_eq!(lines.next(), "a\n");
    broker.restart();
    broker.feed(&["produce", "t"], "b\n").ok();
    assert_eq!(lines.next(), "b\n");
    consumer.signal("INT");
    consumer.end().ok();
}

#[test]
fn it_ends_when_its_topic_is_deleted() {
    let broker = broker_with("a\n");
    let mut consumer = broker.start_client(&["consume", "t"]);
    let mut lines = consumer.lines();
    assert_eq!(lines.next(), "a\n");
    broker.run(&["topic", "delete", "t"]).ok();
    let failed = consumer.end();
    assert_eq!(failed.code, Some(1));
    assert!(failed.stderr.contains("topic 't' does not exist"), "{}", failed.stderr);
}
