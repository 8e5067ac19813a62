//! `tidemill topic` from a topic's creation to its end, and `tidemill completions`.

use super::broker::Broker;
use super::command::run;

#[test]
fn a_topics_life() {
    let broker = Broker::start();
    assert_eq!(broker.run(&["topic", "list"]).ok(), "");
    let create =
        ["topic", "create", "orders", "--partitions", "3", "--config", "retention.ms=5000"];
    assert_eq!(broker.run(&create).ok(), "created orders\n");
    assert_eq!(broker.run(&["topic", "create", "a"]).ok(), "created a\n");
    assert_eq!(broker.run(&["topic", "list"]).ok(), "a\norders\n");

    let described = broker.run(&["topic", "describe", "orders"]).ok();
    assert!(described.starts_with("orders\n  id "), "{described}");
    assert!(described.contains(", 3 partitions\n"), "{described}");
    assert!(described.contains("  partition 2: leader 1, "), "{described}");
    assert!(described.contains(", offsets 0 to 0\n"), "{described}");
    assert!(described.contains("  retention.ms = 5000  (set on the topic)\n"), "{described}");
    assert!(described.contains("  cleanup.policy = delete\n"), "{described}");

    let alter = ["topic", "alter", "orders", "--partitions", "5", "--config", "segment.ms=7000"];
    assert_eq!(broker.run(&alter).ok(), "altered orders\n");
    let alter = ["topic", "alter", "orders", "--delete-config", "retention.ms"];
    assert_eq!(broker.run(&alter).ok(), "altered orders\n");
    let described = broker.run(&["topic", "describe", "orders"]).ok();
    assert!(described.contains(", 5 partitions\n"), "{described}");
    assert!(described.contains("  segment.ms = 7000  (set on the topic)\n"), "{described}");
    assert!(described.contains("  retention.ms = 604800000\n"), "{described}");

    let all = broker.run(&["topic", "describe"]).ok();
    assert!(all.starts_with("a\n  id "), "{all}");
    assert!(all.ends_with(&format!("\n\n{described}")), "{all}");

    assert_eq!(broker.run(&["topic", "delete", "orders"]).ok(), "deleted orders\n");
    assert_eq!(broker.run(&["topic", "list"]).ok(), "a\n");
}

#[test]
fn several_brokers_to_begin_with_may_be_given() {
    let broker = Broker::start();
    // Port 1 is nobody's.
    let bootstrap = format!("127.0.0.1:1,{}", broker.address());
    assert_eq!(run(&["topic", "create", "a", "--bootstrap", &bootstrap]).ok(), "created a\n");
    let by_name = broker.address().replace("127.0.0.1", "localhost");
    assert_eq!(run(&["topic", "list", "--bootstrap", &by_name]).ok(), "a\n");
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).ok();
        for command in ["serve", "topic", "group", "produce", "consume", "completions", "bootstrap"]
        {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    assert!(run(&["completions", "cmd.exe"]).fails(2).contains("bash"));
}
