//! The mistakes that a person makes, and that each is told what, where, and what to try.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::broker::Broker;
use super::command::run;

#[test]
fn a_topic_that_does_not_exist_and_one_that_was_meant() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "orders"]).ok();
    let commands: [&[&str]; 5] = [
        &["consume"],
        &["produce"],
        &["topic", "describe"],
        &["topic", "delete"],
        &["topic", "alter", "--partitions", "9"],
    ];
    for command in commands {
        let with = |name| [command, &[name]].concat();
        let near = broker.run(&with("oders")).fails(1);
        assert_eq!(
            near, "tidemill: topic 'oders' does not exist\n  did you mean 'orders'?\n",
            "{command:?}"
        );
        let far = broker.run(&with("payments")).fails(1);
        assert!(far.starts_with("tidemill: topic 'payments' does not exist\n"), "{far}");
        assert!(far.contains("`tidemill topic create payments`"), "{far}");
    }
    assert_eq!(broker.run(&["topic", "list"]).ok(), "orders\n", "asking created nothing");
}

#[test]
fn a_topic_that_exists_already() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    let text = broker.run(&["topic", "create", "t"]).fails(1);
    assert!(text.starts_with("tidemill: can not create topic 't': "), "{text}");
    assert!(text.contains("exists"), "{text}");
    assert!(text.contains("`tidemill topic alter`"), "{text}");
}

#[test]
fn a_bad_name() {
    let broker = Broker::start();
    let text = broker.run(&["topic", "create", "a b"]).fails(1);
    assert!(text.contains("1 to 249 of the characters a-z A-Z 0-9 . _ -"), "{text}");
}

#[test]
fn a_configuration_that_there_is_not_with_the_nearest() {
    let broker = Broker::start();
    let config = ["--config", "retension.ms=5"];
    let text = broker.run(&[&["topic", "create", "t"][..], &config].concat()).fails(1);
    assert!(text.contains("Unknown topic config name: retension.ms"), "{text}");
    assert!(text.contains("did you mean 'retention.ms'?"), "{text}");
    broker.run(&["topic", "create", "t"]).ok();
    let text = broker.run(&[&["topic", "alter", "t"][..], &config].concat()).fails(1);
    assert!(text.contains("did you mean 'retention.ms'?"), "{text}");
    let text = broker.run(&["topic", "alter", "t", "--config", "retention.ms=soon"]).fails(1);
    assert!(
        text.contains("Invalid value soon for configuration retention.ms: not a whole number"),
        "{text}"
    );
}

#[test]
fn a_number_of_partitions_that_can_not_be() {
    let broker = Broker::start();
    for count in ["0", "-3", "many"] {
        let text = broker.run(&["topic", "create", "t", "--partitions", count]).fails(2);
        assert!(text.contains("--partitions"), "{text}");
    }
    let text = broker.run(&["topic", "create", "t", "--partitions", "2000000000"]).fails(1);
    assert!(text.starts_with("tidemill: can not create topic 't': "), "{text}");
    broker.run(&["topic", "create", "t", "--partitions", "4"]).ok();
    for count in ["3", "4"] {
        let text = broker.run(&["topic", "alter", "t", "--partitions", count]).fails(1);
        let expected = format!("tidemill: can not give topic 't' {count} partitions: ");
        assert!(text.starts_with(&expected), "{text}");
    }
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for command in [&["topic", "list"][..], &["consume", "t"], &["produce", "t"]] {
        let text = run(&[command, &["--bootstrap", &port]].concat()).fails(1);
        let expected = format!("tidemill: {port}: can not connect: connection refused\n");
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.contains("`tidemill serve`") && text.contains("--bootstrap"), "{text}");
    }
}

#[test]
fn a_host_that_there_is_not() {
    let text = run(&["topic", "list", "--bootstrap", "no.such.host.invalid:9092"]).fails(1);
    assert!(text.contains("no.such.host.invalid:9092: the host can not be resolved"), "{text}");
    let text = run(&["topic", "list", "--bootstrap", "localhost"]).fails(2);
    assert!(text.contains("not HOST:PORT"), "{text}");
}

#[test]
fn somebody_else_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let stranger = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 4]).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // Until the client is gone: the answer is not to be lost in a reset.
        drop(stream.read_to_end(&mut Vec::new()));
    });
    let text = run(&["topic", "list", "--bootstrap", &address]).fails(1);
    assert!(text.contains("does a Kafka broker listen there?"), "{text}");
    stranger.join().unwrap();
}

#[test]
fn places_and_formats_that_are_none() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    let text = broker.run(&["consume", "t", "--from", "yesterday"]).fails(2);
    assert!(text.contains("not `beginning`, `end`, an offset, a time such as"), "{text}");
    let text = broker.run(&["consume", "t", "--format", "%x"]).fails(2);
    assert!(text.contains("%x is no token; there are %t %p"), "{text}");
    broker.run(&["consume", "t", "--json", "--format", "%s"]).fails(2);
    let text = broker.run(&["consume", "t", "--from", "7"]).fails(1);
    assert!(text.contains("partition 0 ends at offset 0, before 7"), "{text}");
    let text = broker.run(&["consume", "t", "--partition", "5"]).fails(1);
    assert!(text.contains("topic 't' has 1 partitions, and no partition 5"), "{text}");
}

#[test]
fn settings_that_contradict_each_other() {
    let session = "group.consumer.session.timeout.ms=4000";
    let text = run(&["serve", "--set", session, "--set", "tail.bytes=1MiB"]).fails(2);
    let lines: Vec<&str> = text.lines().collect();
    let [groups, tail] = lines[..] else { panic!("{text}") };
    assert_eq!(
        groups,
        "tidemill: group.consumer.min.session.timeout.ms = 45000 (the default) is more than \
         group.consumer.session.timeout.ms = 4000 in --set"
    );
    assert!(tail.starts_with("tail.bytes = 1MiB in --set is under twice a request's"), "{text}");
}

#[test]
fn commands_that_make_no_sense() {
    run(&[]).fails(2);
    run(&["topic", "alter", "t"]).fails(2);
    run(&["produce", "t", "-H", "no-value"]).fails(2);
    run(&["produce", "t", "--compression", "brotli"]).fails(2);
    run(&["produce", "t", "--acks", "2"]).fails(2);
    run(&["serve", "--set", "nonsense"]).fails(2);
    let text = run(&["serve", "--set", "shard=1"]).fails(2);
    assert!(text.contains("did you mean"), "{text}");
}
