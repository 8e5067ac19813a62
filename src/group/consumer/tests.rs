//! The rules of KIP-848, each by its name, and members under a random load.

mod rig;
mod statics;
mod storm;
mod subscriptions;

use std::time::Duration;

use rig::{Rig, beat, join, owning, set};

use super::{
    Asker, Assignment, Event, GroupState, Heartbeat, MemberState, NotAMember, Refusal, Settings,
};

fn rig() -> Rig {
    Rig::new(Settings::default())
}

/// Two members of one topic: the first has two of its four partitions, the second waits.
fn rig_with_a_revocation() -> (Rig, Assignment) {
    let mut rig = rig();
    let all = rig.told(join("a", &["tide"])).assignment.unwrap();
    assert_eq!(rig.told(join("b", &["tide"])).assignment, Some(Assignment::default()));
    let kept = rig.told(owning("a", 1, &all)).assignment.unwrap();
    assert_eq!((all.len(), kept.len()), (4, 2));
    (rig, kept)
}

#[test]
fn the_first_member_gets_everything() {
    let mut rig = rig();
    let told = rig.told(join("a", &["tide", "nowhere"]));
    assert_eq!((told.member_id.as_str(), told.member_epoch), ("a", 1));
    assert_eq!(told.heartbeat_interval, Duration::from_secs(5));
    assert_eq!(told.assignment, Some(set(&[(1, 0), (1, 1), (1, 2), (1, 3)])));
    assert_eq!(rig.group.state(), GroupState::Stable);
    rig.check_replay();
}

#[test]
fn a_heartbeat_without_news_writes_and_tells_nothing() {
    let mut rig = rig();
    let told = rig.told(join("a", &["tide"]));
    let records = rig.log.len();
    assert_eq!(rig.told(beat("a", told.member_epoch)).assignment, None);
    assert_eq!(rig.log.len(), records);
}

#[test]
fn a_member_with_a_full_request_is_told_its_assignment() {
    let mut rig = rig();
    let all = rig.told(join("a", &["tide"])).assignment.unwrap();
    let full =
        Heartbeat { member_epoch: 1, owned: Some(all.as_slice().to_vec()), ..join("a", &["tide"]) };
    assert_eq!(rig.told(full).assignment, Some(all));
}

#[test]
fn the_coordinator_gives_an_id_if_asked_to() {
    let mut rig = rig();
    let heartbeat = Heartbeat { new_id: Some("made".into()), ..join("", &["tide"]) };
    assert_eq!(rig.told(heartbeat).member_id.as_str(), "made");
    assert_eq!(
        rig.beat(join("", &["tide"])),
        Err(Refusal::InvalidRequest("the member id is empty"))
    );
}

#[test]
fn a_partition_is_given_away_only_after_it_was_given_up() {
    let (mut rig, kept) = rig_with_a_revocation();
    assert_eq!(rig.group.state(), GroupState::Reconciling);
    assert_eq!(rig.group.members["a"].current.state, MemberState::UnrevokedPartitions);
    assert_eq!(rig.group.members["b"].current.state, MemberState::UnreleasedPartitions);
    // Neither silence about what it owns nor a wait changes that.
    assert_eq!(rig.told(beat("a", 1)).member_epoch, 1);
    assert_eq!(rig.told(beat("b", 2)).assignment, None);
    rig.check_replay();

    assert_eq!(rig.told(owning("a", 1, &kept)).member_epoch, 2);
    let others = rig.told(beat("b", 2)).assignment.unwrap();
    assert_eq!(others.len(), 2);
    assert!(others.intersect(&kept).is_empty());
    assert_eq!(rig.group.state(), GroupState::Stable);
    rig.check_replay();
}

#[test]
fn a_member_that_does_not_give_up_in_time_is_out() {
    let (mut rig, _) = rig_with_a_revocation();
    rig.pass(Duration::from_secs(29));
    rig.told(beat("a", 1));
    rig.told(beat("b", 2));
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.beat(beat("a", 1)), Err(Refusal::UnknownMemberId));
    assert_eq!(rig.told(beat("b", 2)).assignment.unwrap().len(), 4);
    rig.check_replay();
}

#[test]
fn a_silent_member_is_out_after_the_session_timeout() {
    let mut rig = rig();
    rig.told(join("a", &["tide"]));
    rig.told(join("b", &["tide"]));
    rig.pass(Duration::from_secs(44));
    rig.told(beat("b", 2));
    assert_eq!(rig.group.members.len(), 2);
    rig.pass(Duration::from_secs(1));
    assert_eq!(rig.group.state(), GroupState::Assigning);
    assert_eq!(rig.told(beat("b", 2)).assignment.unwrap().len(), 4);
    assert_eq!(rig.group.members.len(), 1);
    rig.check_replay();
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_epoch_before() {
    let mut rig = rig();
    let all = rig.told(join("a", &["tide"])).assignment.unwrap();
    let again = rig.told(join("a", &["tide"]));
    assert_eq!((again.member_epoch, again.assignment), (1, Some(all.clone())));
    rig.world.set("tide", 1, 5);
    assert_eq!(rig.happen(Event::TopicsChanged), 1);
    for _ in 0..3 {
        let full = Heartbeat {
            member_epoch: 1,
            owned: Some(all.as_slice().to_vec()),
            ..join("a", &["tide"])
        };
        let told = rig.told(full);
        assert_eq!((told.member_epoch, told.assignment.unwrap().len()), (2, 5));
    }
}

#[test]
fn another_epoch_is_fenced_and_epoch_0_starts_over() {
    let (mut rig, kept) = rig_with_a_revocation();
    rig.told(owning("a", 1, &kept));
    let fenced = |received| Err(Refusal::FencedMemberEpoch { received, known: 2 });
    assert_eq!(rig.beat(beat("a", 3)), fenced(3));
    assert_eq!(rig.beat(beat("a", 1)), fenced(1), "it does not say what it owns");
    let foreign = set(&[(2, 0)]);
    assert_eq!(rig.beat(owning("a", 1, &foreign)), fenced(1), "it owns what it should not");
    let told = rig.told(join("a", &["tide"]));
    assert_eq!((told.member_epoch, told.assignment), (2, Some(kept)));
    assert_eq!(rig.beat(beat("c", 2)), Err(Refusal::UnknownMemberId));
}

#[test]
fn a_member_that_starts_over_while_revoking_has_given_up_everything() {
    let (mut rig, kept) = rig_with_a_revocation();
    let told = rig.told(join("a", &["tide"]));
    assert_eq!((told.member_epoch, told.assignment), (2, Some(kept)));
    assert_eq!(rig.told(beat("b", 2)).assignment.unwrap().len(), 2);
    rig.check_replay();
}

#[test]
fn who_leaves_gives_everything_free_and_leaves_no_trace() {
    let (mut rig, _) = rig_with_a_revocation();
    assert_eq!(rig.told(beat("a", -1)).member_epoch, -1);
    assert_eq!(rig.beat(beat("a", -1)), Err(Refusal::UnknownMemberId));
    assert_eq!(rig.told(beat("b", 2)).assignment.unwrap().len(), 4);
    rig.check_replay();
    assert_eq!(rig.group.tombstones(), None);
    rig.told(beat("b", -1));
    assert_eq!(rig.group.state(), GroupState::Empty);
    assert!(rig.group.owners.is_empty());
    rig.log.extend(rig.group.tombstones().unwrap());
    let ended = rig.replay(&rig.log);
    assert_eq!((ended.epoch, ended.target_epoch), (0, 0));
}

#[test]
fn a_full_group_takes_nobody_but_keeps_its_members() {
    let mut rig = Rig::new(Settings { size_max: 1, ..Settings::default() });
    rig.told(join("a", &["tide"]));
    assert_eq!(rig.beat(join("b", &["tide"])), Err(Refusal::GroupMaxSizeReached(1)));
    rig.told(join("a", &["tide"]));
    rig.told(beat("a", -1));
    rig.told(join("b", &["tide"]));
}

#[test]
fn requests_that_contradict_themselves_are_refused() {
    let mut rig = rig();
    let bad = [
        Heartbeat { rebalance_timeout: None, ..join("a", &["tide"]) },
        Heartbeat { topics: None, ..join("a", &["tide"]) },
        Heartbeat { owned: None, ..join("a", &["tide"]) },
        Heartbeat { owned: Some(set(&[(1, 0)]).as_slice().to_vec()), ..join("a", &["tide"]) },
        Heartbeat { instance_id: Some("".into()), ..join("a", &["tide"]) },
        Heartbeat { rack_id: Some("".into()), ..join("a", &["tide"]) },
        join(&"a".repeat(256), &["tide"]),
        beat("a", -2),
        beat("a", -3),
        beat("", 1),
    ];
    for heartbeat in bad {
        let answer = rig.beat(heartbeat.clone());
        assert!(matches!(answer, Err(Refusal::InvalidRequest(_))), "{heartbeat:?}: {answer:?}");
    }
    assert_eq!(rig.group.state(), GroupState::Empty);
}

#[test]
fn offsets_are_for_members_in_their_epoch() {
    let mut rig = rig();
    let asker = |member_id, member_epoch| Asker { member_id, member_epoch };
    assert_eq!(rig.group.check_commit(asker("", -1), false), Ok(()), "nobody is in the group");
    rig.told(join("a", &["tide"]));
    assert_eq!(rig.group.check_commit(asker("a", 1), false), Ok(()));
    assert_eq!(rig.group.check_fetch(asker("a", 1)), Ok(()));
    assert_eq!(rig.group.check_fetch(asker("", -1)), Ok(()));
    assert_eq!(rig.group.check_commit(asker("", -1), true), Ok(()));
    let unknown = Err(NotAMember::UnknownMemberId);
    assert_eq!(rig.group.check_commit(asker("", -1), false), unknown);
    assert_eq!(rig.group.check_fetch(asker("b", 1)), unknown);
    for received in [0, 2] {
        let stale = Err(NotAMember::StaleMemberEpoch { received, known: 1 });
        assert_eq!(rig.group.check_commit(asker("a", received), false), stale);
        assert_eq!(rig.group.check_fetch(asker("a", received)), stale);
    }
}

#[test]
fn a_group_read_back_waits_a_whole_session_for_its_members() {
    let (mut rig, kept) = rig_with_a_revocation();
    rig.now += Duration::from_hours(1);
    rig.group = rig.replay(&rig.log);
    assert_eq!(rig.happen(Event::TopicsChanged), 0);
    assert_eq!(rig.group.deadline(), Some(rig.now + Duration::from_secs(30)));
    rig.pass(Duration::from_secs(29));
    assert_eq!(rig.told(owning("a", 1, &kept)).member_epoch, 2);
    assert_eq!(rig.told(beat("b", 2)).assignment.unwrap().len(), 2);
}

#[test]
fn settings_hold_from_the_next_heartbeat() {
    let mut rig = rig();
    rig.told(join("a", &["tide"]));
    rig.group.set_settings(Settings {
        session_timeout: Duration::from_secs(6),
        heartbeat_interval: Duration::from_secs(1),
        ..Settings::default()
    });
    assert_eq!(rig.told(beat("a", 1)).heartbeat_interval, Duration::from_secs(1));
    // The timer still stands where it stood; it fires at most once for nothing.
    rig.pass(Duration::from_secs(6));
    assert_eq!(rig.group.state(), GroupState::Empty);
}
