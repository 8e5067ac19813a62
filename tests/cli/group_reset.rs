//! `tidemill group reset-offsets`: where to, how far at most, and what a dry run leaves.

use serde_json::Value;

use super::broker::Broker;
use super::group::{broker_with_records, described};
use super::member::commit;
use crate::support::produce::Partition;

/// Resets partitions of topic `t`.
fn reset(broker: &Broker, more: &[&str]) -> String {
    broker.run(&[&["group", "reset-offsets", "g"][..], more].concat()).ok()
}

/// What the group has committed of partitions 0 and 1.
fn committed(broker: &Broker) -> [Option<i64>; 2] {
    let group = described(broker, "g");
    [0, 1].map(|index| {
        let partitions = group["partitions"].as_array().unwrap().iter();
        let mut found = partitions.filter(|partition| partition["partition"] == index);
        found.next().and_then(|partition| partition["committed"].as_i64())
    })
}

#[test]
fn offsets_go_where_they_are_told_to() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 2)]);
    let to = |more: &[&str]| {
        reset(&broker, more);
        committed(&broker)
    };
    assert_eq!(to(&["--topic", "t", "--to-latest"]), [Some(5), Some(3)]);
    assert_eq!(to(&["--topic", "t:0", "--to-offset", "4"]), [Some(4), Some(3)]);
    assert_eq!(to(&["--topic", "t", "--shift-by", "-1"]), [Some(3), Some(2)]);
    assert_eq!(to(&["--all-topics", "--shift-by", "1"]), [Some(4), Some(3)]);
    assert_eq!(to(&["--topic", "t:0,1", "--to-earliest"]), [Some(0), Some(0)]);
    assert_eq!(
        reset(&broker, &["--topic", "t", "--to-offset", "3"]),
        "TOPIC  PARTITION  BEFORE  AFTER\n\
         t      0          0       3\n\
         t      1          0       3\n\
         reset 2 offsets of g\n"
    );
    assert_eq!(described(&broker, "g")["lag"], 2);
}

#[test]
fn offsets_stay_within_the_log_and_that_is_said() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 4), (1, 1)]);
    let cut = broker.connect().delete_records(&Partition::new("t", 0), 2).unwrap();
    assert_eq!(cut, (0, 2));
    assert_eq!(
        reset(&broker, &["--topic", "t", "--to-offset", "4"]),
        "TOPIC  PARTITION  BEFORE  AFTER  NOTE\n\
         t      0          4       4      -\n\
         t      1          1       3      4 is behind the log's end\n\
         reset 2 offsets of g\n"
    );
    assert_eq!(
        reset(&broker, &["--topic", "t", "--shift-by", "-3"]),
        "TOPIC  PARTITION  BEFORE  AFTER  NOTE\n\
         t      0          4       2      1 is before the log's start\n\
         t      1          3       0      -\n\
         reset 2 offsets of g\n"
    );
    assert_eq!(committed(&broker), [Some(2), Some(0)]);
    reset(&broker, &["--topic", "t", "--to-earliest"]);
    assert_eq!(committed(&broker), [Some(2), Some(0)]);
}

#[test]
fn a_time_is_the_first_record_that_is_not_older() {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t"]).ok();
    broker.feed(&["produce", "t"], "a\n").ok();
    broker.feed(&["produce", "t"], "b\n").ok();
    commit(&broker, "g", "t", &[(0, 0)]);
    let times = broker.run(&["consume", "t", "--no-follow", "--format", r"%T\n"]).ok();
    let times: Vec<i64> = times.lines().map(|time| time.parse().unwrap()).collect();
    // Two processes one after the other can not write within a millisecond.
    assert!(times[0] < times[1]);
    let to = |time: &str| {
        let text = reset(&broker, &["--topic", "t", "--to-time", time]);
        (committed(&broker)[0], text.contains("no record that late: the end"))
    };
    assert_eq!(to(&format!("@{}", times[1])), (Some(1), false));
    assert_eq!(to(&format!("@{}", times[0])), (Some(0), false));
    assert_eq!(to(&format!("@{}", times[0] + 1)), (Some(1), false));
    assert_eq!(to("-1h"), (Some(0), false));
    assert_eq!(to(&format!("@{}", times[1] + 1)), (Some(2), true));
    assert_eq!(to("1970-01-01T00:00:00Z"), (Some(0), false));
    assert_eq!(to("2999-01-01T00:00:00+02:00"), (Some(2), true));
}

#[test]
fn a_dry_run_leaves_all_as_it_is() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 2)]);
    let before = described(&broker, "g");
    let arguments = ["--topic", "t", "--to-latest", "--dry-run"];
    assert_eq!(
        reset(&broker, &arguments),
        "TOPIC  PARTITION  BEFORE  AFTER\n\
         t      0          2       5\n\
         t      1          -       3\n\
         dry run: nothing was changed\n"
    );
    assert_eq!(described(&broker, "g"), before);
    broker
        .run(&[
            "group",
            "reset-offsets",
            "new",
            "--create",
            "--topic",
            "t",
            "--to-latest",
            "--dry-run",
        ])
        .ok();
    broker.run(&["group", "describe", "new"]).fails(1);
}

#[test]
fn what_was_never_committed_can_not_be_shifted() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 2)]);
    assert_eq!(
        reset(&broker, &["--topic", "t", "--shift-by", "1"]),
        "TOPIC  PARTITION  BEFORE  AFTER  NOTE\n\
         t      0          2       3      -\n\
         t      1          -       -      nothing is committed: left alone\n\
         reset 1 offset of g\n"
    );
    assert_eq!(committed(&broker), [Some(3), None]);
    let nothing = ["group", "reset-offsets", "g", "--topic", "t:1", "--shift-by", "1"];
    let text = broker.run(&nothing).fails(1);
    assert!(text.contains("group 'g' has committed no offset of what is to be reset"), "{text}");
}

#[test]
fn a_new_group_is_made_only_if_that_is_meant() {
    let broker = broker_with_records();
    let new = ["group", "reset-offsets", "new", "--topic", "t", "--to-latest"];
    broker.run(&new).fails(1);
    assert_eq!(broker.run(&["group", "list"]).ok(), "");
    broker.run(&[&new[..], &["--create"]].concat()).ok();
    assert_eq!(described(&broker, "new")["lag"], Value::from(0));
}

#[test]
fn topics_and_partitions_that_there_are_not() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 2)]);
    let refused = |selection: &str| {
        let arguments = ["group", "reset-offsets", "g", "--topic", "t", "--topic", selection];
        broker.run(&[&arguments[..], &["--to-earliest"]].concat()).fails(1)
    };
    let text = refused("tt");
    assert!(text.starts_with("tidemill: topic 'tt' does not exist\n"), "{text}");
    let text = refused("t:0,7");
    assert!(text.contains("topic 't' has 2 partitions, and no partition 7"), "{text}");
    assert_eq!(committed(&broker), [Some(2), None]);
}
