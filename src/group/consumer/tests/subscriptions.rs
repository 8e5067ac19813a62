//! Topics by name and by regular expression, and topics that change.

use std::sync::Arc;

use super::rig::{Rig, beat, join, owning, set};
use crate::group::consumer::{Event, Heartbeat, Refusal, Settings};

fn join_regex(member: &str, regex: &str) -> Heartbeat {
    Heartbeat { topics: None, regex: Some(regex.into()), ..join(member, &[]) }
}

fn topics_of(rig: &mut Rig, heartbeat: Heartbeat) -> Vec<u8> {
    let assignment = rig.told(heartbeat).assignment.unwrap();
    assignment.by_topic().map(|(id, _)| id.0[0]).collect()
}

#[test]
fn a_regex_matches_whole_names() {
    for (regex, found) in [
        ("t.*", vec![1]),
        (".*b+", vec![2]),
        ("tid", vec![]),
        ("tide|ebb", vec![1, 2]),
        ("", vec![]),
    ] {
        let mut rig = super::rig();
        assert_eq!(topics_of(&mut rig, join_regex("a", regex)), found, "{regex}");
        rig.check_replay();
    }
}

#[test]
fn an_invalid_or_too_large_regex_is_refused() {
    let mut rig = super::rig();
    let long = "a".repeat(1025);
    let deep = format!("{}a{}", "(".repeat(100), ")".repeat(100));
    for regex in ["(", "a)(b", "(a{1000}){1000}", r"(a)\1", "(?=a)", &long, &deep] {
        let answer = rig.beat(join_regex("a", regex));
        let is_refused = matches!(answer, Err(Refusal::InvalidRegularExpression(_)));
        assert!(is_refused, "{regex}: {answer:?}");
    }
    assert!(rig.group.is_empty() && rig.group.regexes.is_empty());
}

#[test]
fn a_regex_finds_new_topics_and_is_forgotten_with_its_last_member() {
    let mut rig = super::rig();
    rig.told(join_regex("a", "t.*"));
    rig.world.set("turn", 3, 1);
    assert_eq!(rig.happen(Event::TopicsChanged), 2);
    assert!(rig.group.is_subscribed("turn") && !rig.group.is_subscribed("ebb"));
    assert_eq!(topics_of(&mut rig, beat("a", 1)), [1, 3]);
    rig.check_replay();
    rig.told(join_regex("b", "t.*"));
    rig.told(beat("a", -1));
    assert_eq!(rig.group.regexes.len(), 1);
    let other = Heartbeat { regex: Some("e.*".into()), ..beat("b", 3) };
    assert_eq!(topics_of(&mut rig, other), [2]);
    assert_eq!(rig.group.regexes.keys().map(|regex| &**regex).collect::<Vec<_>>(), ["e.*"]);
    rig.told(beat("b", -1));
    assert!(rig.group.regexes.is_empty());
    rig.check_replay();
}

#[test]
fn names_and_a_regex_add_up() {
    let mut rig = super::rig();
    let both = Heartbeat { regex: Some("t.*".into()), ..join("a", &["ebb", "tide"]) };
    assert_eq!(topics_of(&mut rig, both), [1, 2]);
    let names = Heartbeat { regex: Some("".into()), ..beat("a", 1) };
    assert_eq!(rig.told(names).assignment, None, "both are still named");
}

#[test]
fn a_topic_that_grows_goes_or_is_made_again_begins_an_epoch() {
    let mut rig = super::rig();
    rig.told(join("a", &["tide", "later"]));
    rig.world.set("tide", 1, 5);
    assert_eq!(rig.happen(Event::TopicsChanged), 1);
    assert_eq!(rig.told(beat("a", 1)).assignment.unwrap().len(), 5);
    rig.world.set("tide", 9, 5);
    assert_eq!(rig.happen(Event::TopicsChanged), 1);
    let kept = rig.told(beat("a", 2)).assignment.unwrap();
    assert!(kept.is_empty(), "the old topic's partitions go before the new one's come");
    let told = rig.told(owning("a", 2, &kept)).assignment.unwrap();
    assert!(told.as_slice().iter().all(|it| it.topic.0[0] == 9));
    rig.world.set("later", 7, 2);
    assert_eq!(rig.happen(Event::TopicsChanged), 1);
    assert_eq!(rig.told(beat("a", 3)).assignment.unwrap().len(), 7);
    rig.world.remove("tide");
    assert_eq!(rig.happen(Event::TopicsChanged), 1);
    assert_eq!(rig.told(beat("a", 4)).assignment.unwrap(), set(&[(7, 0), (7, 1)]));
    rig.check_replay();
}

#[test]
fn a_topic_that_nobody_reads_changes_nothing() {
    let mut rig = super::rig();
    assert_eq!(rig.happen(Event::TopicsChanged), 0);
    rig.told(join("a", &["tide"]));
    rig.world.set("ebb", 2, 30);
    assert_eq!(rig.happen(Event::TopicsChanged), 0);
}

#[test]
fn the_same_topics_in_another_order_are_no_change() {
    let mut rig = super::rig();
    rig.told(join("a", &["tide", "ebb"]));
    let records = rig.log.len();
    let topics: Vec<Arc<str>> = vec!["tide".into(), "ebb".into(), "tide".into()];
    rig.told(Heartbeat { topics: Some(topics), ..beat("a", 1) });
    assert_eq!((rig.log.len(), rig.group.epoch), (records, 1));
}

#[test]
fn only_known_assignors_are_had_and_the_majority_chooses() {
    use crate::group::consumer::Assignor;
    let mut rig = super::rig();
    let asking = |member, assignor: &str| Heartbeat {
        assignor: Some(assignor.into()),
        ..join(member, &["tide"])
    };
    assert_eq!(rig.beat(asking("a", "sticky")), Err(Refusal::UnsupportedAssignor));
    rig.told(join("a", &["tide"]));
    assert_eq!(rig.group.assignor(), Assignor::Uniform);
    rig.told(asking("b", "range"));
    assert_eq!(rig.group.assignor(), Assignor::Range);
    rig.told(asking("c", "uniform"));
    rig.told(asking("d", "uniform"));
    assert_eq!(rig.group.assignor(), Assignor::Uniform);
    let mut rig =
        Rig::new(Settings { assignors: Arc::new([Assignor::Range]), ..Settings::default() });
    assert_eq!(rig.beat(asking("a", "uniform")), Err(Refusal::UnsupportedAssignor));
    rig.told(join("a", &["tide"]));
    assert_eq!(rig.group.assignor(), Assignor::Range);
}
