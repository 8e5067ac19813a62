//! Static members (KIP-345): who has a name of its own may go for a while.

use std::time::Duration;

use super::rig;
use super::rig::{beat, beat_static, join, join_static};
use crate::group::consumer::Refusal;

#[test]
fn a_static_member_that_comes_back_gets_what_it_had() {
    let mut rig = super::rig();
    let had = rig.told(join_static("a", "one", &["tide"])).assignment;
    let other = rig.told(join("b", &["tide"])).member_epoch;
    let kept = rig.told(rig::owning("a", 1, &had.unwrap())).assignment.unwrap();
    rig.told(rig::owning("a", 1, &kept));
    let epoch = rig.group.epoch;
    assert_eq!(rig.told(beat_static("a", "one", -2)).member_epoch, -2);
    rig.check_replay();
    let told = rig.told(join_static("c", "one", &["tide"]));
    assert_eq!((told.member_epoch, told.assignment), (epoch, Some(kept)));
    assert_eq!(rig.group.epoch, epoch, "nobody else notices");
    assert_eq!(rig.told(beat("b", other)).member_epoch, other);
    assert_eq!(rig.beat(beat("a", epoch)), Err(Refusal::UnknownMemberId));
    rig.check_replay();
}

#[test]
fn a_static_member_may_come_back_under_its_old_id() {
    let mut rig = super::rig();
    let had = rig.told(join_static("a", "one", &["tide"])).assignment;
    rig.told(beat_static("a", "one", -2));
    let away = Refusal::FencedMemberEpoch { received: 1, known: -2 };
    assert_eq!(rig.beat(beat_static("a", "one", 1)), Err(away));
    assert_eq!(rig.told(join_static("a", "one", &["tide"])).assignment, had);
    assert_eq!(rig.group.epoch, 1);
    rig.check_replay();
}

#[test]
fn a_static_member_that_stays_away_is_out_after_the_session_timeout() {
    let mut rig = super::rig();
    rig.told(join_static("a", "one", &["tide"]));
    rig.told(beat_static("a", "one", -2));
    rig.told(join("b", &["tide"]));
    rig.pass(Duration::from_secs(44));
    assert!(rig.told(beat("b", 2)).assignment.is_none(), "it may come back");
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.told(beat("b", 2)).assignment.unwrap().len(), 4);
    rig.check_replay();
}

#[test]
fn an_instance_id_in_use_is_not_given_to_another() {
    let mut rig = super::rig();
    rig.told(join_static("a", "one", &["tide"]));
    let answer = rig.beat(join_static("b", "one", &["tide"]));
    assert_eq!(answer, Err(Refusal::UnreleasedInstanceId));
    assert_eq!(rig.beat(beat_static("b", "one", 1)), Err(Refusal::FencedInstanceId));
    assert_eq!(rig.beat(beat_static("b", "one", -1)), Err(Refusal::FencedInstanceId));
    assert_eq!(rig.beat(beat_static("b", "two", 1)), Err(Refusal::UnknownMemberId));
    assert_eq!(rig.beat(beat_static("b", "two", -2)), Err(Refusal::UnknownMemberId));
}

#[test]
fn a_lost_answer_to_a_static_join_is_asked_for_again() {
    let mut rig = super::rig();
    let told = rig.told(join_static("a", "one", &["tide"]));
    assert_eq!(rig.told(join_static("a", "one", &["tide"])), told);
}

#[test]
fn a_static_member_that_leaves_for_good_is_forgotten() {
    let mut rig = super::rig();
    rig.told(join_static("a", "one", &["tide"]));
    rig.told(beat_static("a", "one", -1));
    assert!(rig.group.instances.is_empty());
    assert_eq!(rig.told(join_static("b", "one", &["tide"])).assignment.unwrap().len(), 4);
    rig.check_replay();
}

#[test]
fn who_takes_a_place_and_reads_other_topics_begins_an_epoch() {
    let mut rig = super::rig();
    rig.told(join_static("a", "one", &["tide"]));
    rig.told(beat_static("a", "one", -2));
    let told = rig.told(join_static("b", "one", &["ebb"]));
    assert_eq!((told.member_epoch, told.assignment.unwrap().len()), (2, 3));
    rig.check_replay();
}
