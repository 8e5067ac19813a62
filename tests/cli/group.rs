//! `tidemill group`: what it shows of groups, and what it refuses.

use serde_json::{Value, json};

use super::broker::Broker;
use super::command::run;
use super::member::{Member, commit};

/// A broker with topic `t`: five records in partition 0, three in partition 1.
pub(crate) fn broker_with_records() -> Broker {
    let broker = Broker::start();
    broker.run(&["topic", "create", "t", "--partitions", "2"]).ok();
    broker.feed(&["produce", "t", "--partition", "0"], "a\nb\nc\nd\ne\n").ok();
    broker.feed(&["produce", "t", "--partition", "1"], "a\nb\nc\n").ok();
    broker
}

/// A group as JSON.
pub(crate) fn described(broker: &Broker, group: &str) -> Value {
    serde_json::from_str(&broker.run(&["group", "describe", group, "--json"]).ok()).unwrap()
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let broker = broker_with_records();
    let list = |more: &[&str]| broker.run(&[&["group", "list"][..], more].concat()).ok();
    assert_eq!(list(&[]), "");
    assert_eq!(list(&["--json"]), "");
    commit(&broker, "offsets only", "t", &[(0, 1)]);
    let classic = Member::join_classic(&broker, "by-classic", "t", &[0]);
    let consumer = Member::join_consumer(&broker, "by-848", "t");
    assert_eq!(
        list(&[]),
        "GROUP         TYPE      STATE   PROTOCOL\n\
         by-848        consumer  Stable  consumer\n\
         by-classic    classic   Stable  consumer\n\
         offsets only  classic   Empty   -\n"
    );
    let names = |more: &[&str]| {
        let lines = list(&[more, &["--json"]].concat());
        let names = lines.lines().map(|line| {
            let group: Value = serde_json::from_str(line).unwrap();
            group["name"].as_str().unwrap().to_owned()
        });
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&["--state", "empty"]), ["offsets only"]);
    assert_eq!(names(&["--state", "Stable", "--type", "classic"]), ["by-classic"]);
    assert_eq!(names(&["--state", "Empty", "--state", "Stable"]).len(), 3);
    assert_eq!(names(&["--type", "consumer"]), ["by-848"]);
    assert_eq!(names(&["--state", "Dead"]), [""; 0]);
    broker.run(&["group", "list", "--state", "busy"]).fails(2);
    classic.leave_classic();
    consumer.leave_consumer();
    assert_eq!(names(&["--state", "Stable"]), [""; 0]);
}

#[test]
fn lag_is_what_is_still_to_be_read() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 2), (1, 3)]);
    assert_eq!(
        broker.run(&["group", "describe", "g"]).ok(),
        "g\n  \
         state Empty, type classic, no members, lag 3\n  \
         TOPIC  PARTITION  COMMITTED  END  LAG  CLIENT  HOST  MEMBER\n  \
         t      0          2          5    3    -       -     -\n  \
         t      1          3          3    0    -       -     -\n"
    );
    broker.feed(&["produce", "t", "--partition", "1"], "d\ne\n").ok();
    let group = described(&broker, "g");
    assert_eq!((&group["lag"], &group["partitions"][1]["lag"]), (&json!(5), &json!(2)));
    assert_eq!(group["partitions"][0]["committed"], 2);
    assert_eq!(group["partitions"][0]["member_id"], Value::Null);
}

#[test]
fn all_groups_are_described_if_none_is_named() {
    let broker = broker_with_records();
    commit(&broker, "one", "t", &[(0, 1)]);
    commit(&broker, "two", "t", &[(1, 1)]);
    let [one, two] = ["one", "two"].map(|name| broker.run(&["group", "describe", name]).ok());
    assert_eq!(broker.run(&["group", "describe"]).ok(), format!("{one}\n{two}"));
    let both = broker.run(&["group", "describe", "two", "none", "one"]);
    assert_eq!((both.code, both.stdout), (Some(1), format!("{two}\n{one}")));
    assert!(both.stderr.starts_with("tidemill: group 'none' does not exist\n"), "{}", both.stderr);
}

#[test]
fn a_classic_member_is_shown_with_its_partitions() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 4)]);
    let member = Member::join_classic(&broker, "g", "t", &[1]);
    let text = broker.run(&["group", "describe", "g", "--members"]).ok();
    let state = "state Stable, type classic, protocol type consumer, assignor range, 1 member, \
                 lag 1, and of 1 unknown\n";
    assert!(text.contains(state), "{text}");
    assert!(text.contains("  t      0          4          5    1    -"), "{text}");
    let row =
        format!("  t      1          -          3    -    suite   /127.0.0.1  {}\n", member.id);
    assert!(text.contains(&row), "{text}");
    let row = format!("  {}  suite   /127.0.0.1  -         -      t:1\n", member.id);
    assert!(text.ends_with(&row), "{text}");
    let group = described(&broker, "g");
    assert_eq!((&group["assignor"], &group["epoch"]), (&json!("range"), &Value::Null));
    assert_eq!(group["members"][0]["partitions"], json!({"t": [1]}));
}

#[test]
fn a_member_of_kip_848_is_shown_with_its_epochs() {
    let broker = broker_with_records();
    let member = Member::join_consumer(&broker, "g", "t");
    let group = described(&broker, "g");
    assert_eq!(group["type"], "consumer");
    assert_eq!(group["state"], "Stable");
    assert_eq!(group["assignor"], "uniform");
    assert_eq!(group["epoch"], group["assignment_epoch"]);
    assert_eq!(group["members"][0]["epoch"], group["epoch"]);
    assert_eq!(group["members"][0]["member_id"], member.id);
    assert_eq!(group["members"][0]["partitions"], json!({"t": [0, 1]}));
    let owned = json!({
        "topic": "t", "partition": 0, "committed": null, "end": 5, "lag": null,
        "member_id": member.id, "client_id": "suite", "host": "/127.0.0.1",
    });
    assert_eq!(group["partitions"][0], owned);
    let text = broker.run(&["group", "describe", "g"]).ok();
    assert!(text.contains("type consumer, assignor uniform, epoch 1 (assigned: 1)"), "{text}");
}

#[test]
fn groups_with_members_are_neither_reset_nor_deleted() {
    let broker = broker_with_records();
    let classic = Member::join_classic(&broker, "classic", "t", &[0, 1]);
    let consumer = Member::join_consumer(&broker, "consumer", "t");
    for group in ["classic", "consumer"] {
        let stop = format!("stop its members first: `tidemill group describe {group} --members`");
        let reset = ["group", "reset-offsets", group, "--topic", "t", "--to-latest"];
        for more in [&[][..], &["--dry-run"]] {
            let text = broker.run(&[&reset, more].concat()).fails(1);
            let in_use =
                format!("tidemill: group '{group}' is in use and can not be reset: Stable, 1 ");
            assert!(text.starts_with(&in_use) && text.contains(&stop), "{text}");
        }
        let text = broker.run(&["group", "delete", group]).fails(1);
        let refused = format!("tidemill: can not delete group '{group}': NON_EMPTY_GROUP\n");
        assert!(text.starts_with(&refused) && text.contains(&stop), "{text}");
        assert_eq!(described(&broker, group)["partitions"][0]["committed"], Value::Null);
    }
    classic.leave_classic();
    consumer.leave_consumer();
    for group in ["classic", "consumer"] {
        let reset = ["group", "reset-offsets", group, "--topic", "t", "--to-latest"];
        let text = broker.run(&reset).ok();
        assert!(text.ends_with(&format!("reset 2 offsets of {group}\n")), "{text}");
        assert_eq!(described(&broker, group)["lag"], 0);
    }
    let deleted = broker.run(&["group", "delete", "classic", "consumer"]).ok();
    assert_eq!(deleted, "deleted classic\ndeleted consumer\n");
    assert_eq!(broker.run(&["group", "list"]).ok(), "");
}

#[test]
fn one_group_that_can_not_be_deleted_does_not_keep_the_others() {
    let broker = broker_with_records();
    commit(&broker, "orders", "t", &[(0, 1)]);
    commit(&broker, "other", "t", &[(0, 1)]);
    let some = broker.run(&["group", "delete", "order", "other"]);
    assert_eq!((some.code, some.stdout.as_str()), (Some(1), "deleted other\n"));
    assert_eq!(some.stderr, "tidemill: group 'order' does not exist\n  did you mean 'orders'?\n");
}

#[test]
fn offsets_of_a_topic_are_deleted() {
    let broker = broker_with_records();
    broker.run(&["topic", "create", "u"]).ok();
    commit(&broker, "g", "t", &[(0, 2), (1, 3)]);
    commit(&broker, "g", "u", &[(0, 0)]);
    let delete =
        |more: &[&str]| broker.run(&[&["group", "delete-offsets", "g"][..], more].concat());
    let table = "TOPIC  PARTITION  BEFORE  AFTER\nt      1          3       -\n";
    let before = described(&broker, "g");
    let dry = delete(&["--topic", "t:1", "--dry-run"]).ok();
    assert_eq!(dry, format!("{table}dry run: nothing was changed\n"));
    assert_eq!(described(&broker, "g"), before);
    let done = delete(&["--topic", "t:1"]).ok();
    assert_eq!(done, format!("{table}deleted 1 offset of g\n"));
    let text = delete(&["--topic", "t:1"]).fails(1);
    assert!(text.contains("group 'g' has committed no such offset of topic 't'"), "{text}");
    let both = delete(&["--topic", "t", "--topic", "u"]).ok();
    assert!(both.ends_with("deleted 2 offsets of g\n"), "{both}");
    // With its last offset a group without members is gone.
    let text = delete(&["--topic", "t"]).fails(1);
    assert!(text.starts_with("tidemill: group 'g' does not exist\n"), "{text}");
}

#[test]
fn offsets_of_a_topic_that_is_read_are_kept() {
    let broker = broker_with_records();
    commit(&broker, "g", "t", &[(0, 2)]);
    let _member = Member::join_classic(&broker, "g", "t", &[0, 1]);
    let text = broker.run(&["group", "delete-offsets", "g", "--topic", "t"]).fails(1);
    assert!(text.contains(": GROUP_SUBSCRIBED_TO_TOPIC\n"), "{text}");
    assert!(text.contains("`tidemill group describe g --members`"), "{text}");
    assert_eq!(described(&broker, "g")["partitions"][0]["committed"], 2);
}

#[test]
fn a_group_that_there_is_not() {
    let broker = broker_with_records();
    commit(&broker, "orders", "t", &[(0, 1)]);
    let commands: [&[&str]; 4] = [
        &["describe"],
        &["delete"],
        &["reset-offsets", "--topic", "t", "--to-earliest"],
        &["delete-offsets", "--topic", "t"],
    ];
    for command in commands {
        let with = |name| [&["group"][..], command, &[name]].concat();
        let near = broker.run(&with("oders")).fails(1);
        let expected = "tidemill: group 'oders' does not exist\n  did you mean 'orders'?\n";
        assert_eq!(near, expected, "{command:?}");
        let far = broker.run(&with("payments")).fails(1);
        assert!(far.contains("`tidemill group list` shows all"), "{far}");
    }
    let listed = broker.run(&["group", "list"]).ok();
    assert_eq!(listed.lines().count(), 2, "asking made no group: {listed}");
}

#[test]
fn commands_that_make_no_sense() {
    run(&["group", "delete"]).fails(2);
    run(&["group", "delete-offsets", "g"]).fails(2);
    let reset =
        |more: &[&str]| run(&[&["group", "reset-offsets", "g"][..], more].concat()).fails(2);
    reset(&[]);
    reset(&["--topic", "t"]);
    reset(&["--to-earliest"]);
    reset(&["--topic", "t", "--to-earliest", "--to-latest"]);
    reset(&["--topic", "t", "--all-topics", "--to-earliest"]);
    reset(&["--topic", "t", "--to-offset", "-1"]);
    assert!(reset(&["--topic", "t:", "--to-earliest"]).contains("not TOPIC or TOPIC:PARTITION"));
    assert!(reset(&["--topic", "t", "--to-time", "7"]).contains("not a time such as"));
}
