//! A group that lasts: loaded, described, deleted, handed over.

use super::*;
use crate::group::log::GroupMetadataMember;
use crate::group::offsets::OffsetExpiry;

fn member(id: &str, instance: Option<&str>) -> GroupMetadataMember {
    GroupMetadataMember {
        member: id.into(),
        instance: instance.map(InstanceId::from),
        client_id: "c".into(),
        client_host: "h".into(),
        rebalance_timeout_ms: -1,
        session_timeout_ms: 10_000,
        subscription: subscription(&["t"]),
        assignment: [1].as_slice().into(),
    }
}

fn generation(members: Vec<GroupMetadataMember>) -> GroupMetadataValue {
    GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 7,
        protocol: Some("range".into()),
        leader: Some("a".into()),
        state_since: Timestamp(5),
        members,
    }
}

fn load(bench: &mut Bench, value: GroupMetadataValue) {
    bench.group = ClassicGroup::load(bench.now, group_id(), value, bench.config.clone());
}

#[test]
fn a_loaded_group_goes_on_where_it_was() {
    let mut bench = Bench::new();
    load(&mut bench, generation(vec![member("a", None), member("b", None)]));
    assert_eq!(bench.group.state(), GroupState::Stable);
    let (a, b) = (MemberId::from("a"), MemberId::from("b"));
    assert_eq!(bench.beat(&a), Ok(()));
    let ticket = bench.sync(&b, &[]);
    assert_eq!(bench.synced(ticket), Ok(vec![1]));
    assert_eq!(bench.may_commit(Some(&b), 7), Ok(()));
    let ticket = bench.rejoin(&b);
    assert_eq!(bench.joined(ticket).generation, 7);
    bench.pass(SESSION);
    assert_eq!(bench.group.state(), GroupState::Empty, "nobody came back");
}

#[test]
fn a_loaded_group_that_is_too_large_rebalances() {
    let mut bench = Bench::with(ClassicConfig { max_size: 1, ..Default::default() });
    load(&mut bench, generation(vec![member("a", None), member("b", None)]));
    assert_eq!(bench.group.state(), GroupState::PreparingRebalance);
    let first = bench.rejoin(&"b".into());
    let second = bench.rejoin(&"a".into());
    assert_eq!(bench.refused(second), ClassicError::GroupMaxSizeReached);
    assert_eq!(bench.joined(first).members.len(), 1);
}

#[test]
fn a_record_that_contradicts_itself_is_loaded_without_a_panic() {
    let mut bench = Bench::new();
    let mut value =
        generation(vec![member("a", Some("i")), member("a", None), member("b", Some("i"))]);
    value.leader = Some("nobody".into());
    value.protocol = None;
    load(&mut bench, value);
    assert_eq!(bench.group.describe().members.len(), 1);
    assert_eq!(bench.group.leader, Some("a".into()));
    bench.pass(SESSION);
    assert_eq!(bench.group.state(), GroupState::Empty);
}

#[test]
fn a_group_without_members_is_loaded_empty() {
    let mut bench = Bench::new();
    let value = GroupMetadataValue { protocol: None, leader: None, ..generation(vec![]) };
    load(&mut bench, value);
    assert_eq!(bench.group.state(), GroupState::Empty);
    assert_eq!(bench.group.deadline(), None);
    assert_eq!(bench.group.offset_expiry(), OffsetExpiry::Since(Timestamp(5)));
    let join = bench.join(None);
    let ticket = bench.send_join(join);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.joined(ticket).generation, 8);
}

#[test]
fn a_stable_group_is_described_in_full_and_any_other_in_part() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let described = bench.group.describe();
    assert_eq!(described.state.to_string(), "Stable");
    assert_eq!(described.protocol.as_deref(), Some("range"));
    for member in &described.members {
        assert_eq!(&*member.assignment, member.member.as_str().as_bytes());
        assert_eq!(member.metadata, subscription(&["t"]));
        assert_eq!(&*member.client_host, "/127.0.0.1");
    }
    bench.rejoin(&ids[0]);
    let described = bench.group.describe();
    assert_eq!(described.state.to_string(), "PreparingRebalance");
    assert_eq!((described.protocol, &*described.protocol_type), (None, "consumer"));
    assert!(described.members.iter().all(|one| one.metadata.is_empty()));
    assert!(described.members.iter().all(|one| one.assignment.is_empty()));
}

#[test]
fn an_unloaded_group_tells_all_who_wait() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let join = bench.rejoin(&ids[0]);
    bench.apply(Event::Unload);
    assert_eq!(bench.refused(join), ClassicError::NotCoordinator);
    assert_eq!(bench.beat(&ids[0]), Err(ClassicError::CoordinatorNotAvailable));
    let ticket = bench.rejoin(&ids[0]);
    assert_eq!(bench.refused(ticket), ClassicError::CoordinatorNotAvailable);
    assert_eq!(bench.group.deadline(), None);
    assert_eq!(bench.records.len(), 1, "the new coordinator has the record");
}

#[test]
fn an_empty_group_makes_place_for_another_kind() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    assert_eq!(bench.group.convert_empty(bench.now), None);
    bench.leave(&[(Some(&ids[0]), None)]);
    let tombstone = bench.group.convert_empty(bench.now).unwrap();
    let gone = GroupLogRecord::GroupMetadata { group: group_id(), value: None };
    assert_eq!(tombstone, gone.encode());
    assert_eq!(bench.group.state(), GroupState::Dead);
}

#[test]
fn who_may_commit() {
    let mut bench = Bench::new();
    assert_eq!(bench.may_commit(None, -1), Ok(()), "nobody manages the members");
    let unknown = Err(ClassicError::UnknownMemberId);
    assert_eq!(bench.may_commit(Some(&"nobody".into()), 1), unknown);
    let ids = bench.stable(2);
    assert_eq!(bench.may_commit(None, -1), unknown, "the group has members");
    assert_eq!(bench.may_commit(Some(&ids[0]), 1), Ok(()));
    bench.rejoin(&ids[0]);
    assert_eq!(bench.may_commit(Some(&ids[1]), 1), Ok(()), "before it joins again");
    bench.rejoin(&ids[1]);
    let illegal = Err(ClassicError::IllegalGeneration);
    assert_eq!(bench.may_commit(Some(&ids[1]), 1), illegal);
    assert_eq!(bench.may_commit(Some(&ids[1]), 2), Err(ClassicError::RebalanceInProgress));
    let now = bench.now;
    let transactional = |bench: &mut Bench, member, generation| {
        bench.group.may_commit(now, member, None, generation, true)
    };
    assert_eq!(transactional(&mut bench, Some(&ids[1]), 2), Ok(()));
    assert_eq!(transactional(&mut bench, None, -1), Ok(()));
}

#[test]
fn a_commit_keeps_the_session() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.may_commit(Some(&ids[0]), 1), Ok(()));
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.beat(&ids[0]), Ok(()));
}

#[test]
fn which_offsets_may_expire() {
    let mut bench = Bench::new();
    assert_eq!(bench.group.offset_expiry(), OffsetExpiry::SinceCommit);
    let ids = bench.stable(1);
    assert_eq!(bench.group.offset_expiry(), OffsetExpiry::SinceCommit);
    assert!(bench.group.is_subscribed_to("t") && !bench.group.is_subscribed_to("u"));
    bench.rejoin(&ids[0]);
    assert_eq!(bench.group.state(), GroupState::CompletingRebalance);
    assert_eq!(bench.group.offset_expiry(), OffsetExpiry::Never);
    bench.now.wall = Timestamp(77);
    bench.leave(&[(Some(&ids[0]), None)]);
    assert_eq!(bench.group.offset_expiry(), OffsetExpiry::Since(Timestamp(77)));
    assert!(!bench.group.is_subscribed_to("t"));
}
