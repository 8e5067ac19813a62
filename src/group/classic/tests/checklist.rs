//! The lines of the checklist of group bugs that one group can be tested for, a test each.

use super::*;

/// 2: a commit of another generation, an unknown member or a fenced instance is refused.
#[test]
fn commits_of_those_who_are_not_in_the_generation_are_refused() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    for generation in [0, 2, i32::MAX] {
        let refused = Err(ClassicError::IllegalGeneration);
        assert_eq!(bench.may_commit(Some(&ids[0]), generation), refused);
    }
    let nobody = MemberId::from("nobody");
    assert_eq!(bench.may_commit(Some(&nobody), 1), Err(ClassicError::UnknownMemberId));
    bench.leave(&[(Some(&ids[0]), None)]);
    assert_eq!(bench.may_commit(Some(&ids[0]), 1), Err(ClassicError::UnknownMemberId));
}

/// 8: a member whose answers get lost leaves no other member behind.
#[test]
fn lost_answers_and_retries_leave_no_zombies() {
    let mut bench = Bench::new();
    let first = Join { needs_member_id: true, ..bench.join(None) };
    bench.send_join(first);
    // The answer was lost: the client asks again, and gets another id.
    let again = Join { needs_member_id: true, ..bench.join(None) };
    let ticket = bench.send_join(again);
    let Some(Answer::Join(Err(refused))) = bench.answers.get(&ticket).cloned() else { panic!() };
    let id = refused.member.unwrap();
    bench.rejoin(&id);
    let retried = bench.rejoin(&id);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.joined(retried).members.len(), 1);
    let retried = bench.rejoin(&id);
    assert_eq!(bench.joined(retried).members.len(), 1, "the generation's answer was lost too");
    assert_eq!(bench.group.generation(), 1);
    bench.sync(&id, &[(&id, b"x")]);
    let retried = bench.sync(&id, &[]);
    assert_eq!(bench.synced(retried), Ok(b"x".to_vec()));
    bench.pass(ALMOST_SESSION);
    assert_eq!(bench.beat(&id), Ok(()));
    bench.pass(ALMOST_SESSION);
    assert!(bench.group.pending.is_empty(), "the id of the lost answer is forgotten");
}

/// 8: `group.max.size`.
#[test]
fn a_full_group_takes_nobody_else() {
    let config = ClassicConfig {
        max_size: 2,
        initial_rebalance_delay: Duration::ZERO,
        ..Default::default()
    };
    let mut bench = Bench::with(config);
    let ids = bench.stable(2);
    let join = bench.join(None);
    let ticket = bench.send_join(join);
    assert_eq!(bench.refused(ticket), ClassicError::GroupMaxSizeReached);
    assert_eq!(bench.group.state(), GroupState::Stable);
    let waiting = bench.rejoin(&ids[0]);
    bench.rejoin(&ids[1]);
    assert_eq!(bench.joined(waiting).members.len(), 2, "who is in may join again");
}

/// 8: the initial delay is bounded by the rebalance timeout, however many come.
#[test]
fn a_stream_of_newcomers_does_not_delay_the_first_generation_for_ever() {
    let delay = Duration::from_secs(3);
    let config = ClassicConfig { initial_rebalance_delay: delay, ..Default::default() };
    let mut bench = Bench::with(config);
    let join = bench.join(None);
    let first = bench.send_join(join);
    let mut passed = Duration::ZERO;
    while bench.is_waiting(first) {
        bench.pass(Duration::from_secs(1));
        passed += Duration::from_secs(1);
        let join = bench.join(None);
        bench.send_join(join);
        assert!(passed <= REBALANCE);
    }
    assert_eq!(passed, REBALANCE);
}

/// 9: a jump of the wall clock expels nobody.
#[test]
fn a_jump_of_the_wall_clock_expels_nobody() {
    let mut bench = Bench::new();
    let ids = bench.stable(3);
    for wall in [i64::MAX, 0, 3_600_000] {
        bench.now.wall = Timestamp(wall);
        bench.tick();
        assert!(ids.iter().all(|id| bench.beat(id) == Ok(())));
    }
}

/// 11: a static member that is back within its session makes no rebalance.
#[test]
fn a_static_member_that_bounces_makes_no_rebalance() {
    let mut bench = Bench::new();
    let join = bench.static_join("a");
    let ticket = bench.send_join(join);
    bench.pass(Duration::ZERO);
    let joined = bench.joined(ticket);
    bench.settle(vec![joined]);
    for _ in 0..5 {
        bench.pass(ALMOST_SESSION);
        let join = bench.static_join("a");
        let ticket = bench.send_join(join);
        assert_eq!(bench.joined(ticket).generation, 1);
    }
    assert_eq!(bench.group.state(), GroupState::Stable);
}

/// 12: with the cooperative protocol what one member gives up in a generation another gets in the
/// next, and the group lets both join at once.
#[test]
fn a_cooperative_rebalance_goes_through_two_generations() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let join = bench.join(None);
    let newcomer = bench.send_join(join);
    let owner = bench.rejoin(&ids[0]);
    let joined = [bench.joined(owner), bench.joined(newcomer)];
    let second = joined[1].member.clone();
    let waits = bench.sync(&second, &[]);
    bench.sync(&ids[0], &[(&ids[0], b"p0"), (&second, b"")]);
    assert_eq!(bench.synced(waits), Ok(vec![]), "what is revoked is not given away yet");
    // The owner has revoked, and joins again to say so.
    let owner = bench.rejoin(&ids[0]);
    assert_eq!(bench.beat(&second), Err(ClassicError::RebalanceInProgress));
    bench.rejoin(&second);
    assert_eq!(bench.joined(owner).generation, 3);
    let waits = bench.sync(&second, &[]);
    bench.sync(&ids[0], &[(&ids[0], b"p0"), (&second, b"p1")]);
    assert_eq!(bench.synced(waits), Ok(b"p1".to_vec()));
}

/// 14: a group with members is not deleted, and the offsets of what it reads neither.
#[test]
fn a_group_with_members_is_not_deleted() {
    let mut bench = Bench::new();
    let delete = |bench: &mut Bench| {
        let ticket = bench.ticket();
        bench.apply(Event::Delete(ticket));
        bench.answers[&ticket].clone()
    };
    let ids = bench.stable(1);
    assert_eq!(delete(&mut bench), Answer::Delete(Err(ClassicError::NonEmptyGroup)));
    assert_eq!(bench.group.may_delete_offsets(), Ok(()));
    assert!(bench.group.is_subscribed_to("t"));
    bench.leave(&[(Some(&ids[0]), None)]);
    assert!(!bench.group.is_subscribed_to("t"));
    assert_eq!(delete(&mut bench), Answer::Delete(Ok(())));
    assert_eq!(bench.records.last().unwrap().value, None);
    assert_eq!(delete(&mut bench), Answer::Delete(Err(ClassicError::GroupIdNotFound)));
}

/// 14, for groups that are not of consumers: who reads what is not known.
#[test]
fn offsets_of_another_type_are_not_deleted_under_its_members() {
    let mut bench = Bench::new();
    let join = Join { protocol_type: "connect".into(), ..bench.join(None) };
    bench.send_join(join);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.group.may_delete_offsets(), Err(ClassicError::NonEmptyGroup));
}

/// 15: what members say of themselves is theirs; garbage passes through.
#[test]
fn blobs_are_passed_on_as_they_are() {
    let mut bench = Bench::new();
    let blob: Arc<[u8]> = vec![0xff; 100_000].into();
    let join = Join { protocols: protocols(&["range"], &blob), ..bench.join(None) };
    let ticket = bench.send_join(join);
    bench.pass(Duration::ZERO);
    let joined = bench.joined(ticket);
    assert_eq!(joined.members[0].metadata, blob);
    let id = joined.member;
    let ticket = bench.sync(&id, &[(&id, &blob)]);
    assert_eq!(bench.synced(ticket), Ok(blob.to_vec()));
    assert!(bench.group.is_subscribed_to("anything"), "a consumer that is not understood");
}
