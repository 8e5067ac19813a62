//! Static members (KIP-345).

use super::*;

/// A stable group of `a` and `b`, `a` the leader; who they are.
fn pair(bench: &mut Bench) -> (MemberId, MemberId) {
    let tickets = ["a", "b"].map(|instance| {
        let join = bench.static_join(instance);
        bench.send_join(join)
    });
    bench.pass(Duration::ZERO);
    let joined = tickets.map(|ticket| bench.joined(ticket));
    assert!(joined[0].member.as_str().starts_with("a-"));
    let ids = bench.settle(joined.to_vec());
    (ids[0].clone(), ids[1].clone())
}

#[test]
fn a_follower_that_restarts_takes_its_place_without_a_rebalance() {
    let mut bench = Bench::new();
    let (_, old) = pair(&mut bench);
    let records = bench.records.len();
    let again = bench.static_join("b");
    let ticket = bench.send_join(again);
    let joined = bench.joined(ticket);
    assert_ne!(joined.member, old);
    assert_eq!(joined.generation, 1);
    assert_eq!(bench.records.len(), records + 1, "the new id is durable before it is told");
    let sync = bench.sync(&joined.member, &[]);
    assert_eq!(bench.synced(sync), Ok(old.as_str().as_bytes().to_vec()));
}

#[test]
fn who_was_taken_over_is_fenced() {
    let mut bench = Bench::new();
    let (leader, old) = pair(&mut bench);
    let again = bench.static_join("b");
    bench.send_join(again);
    let fenced = ClassicError::FencedInstanceId;
    assert_eq!(bench.beat_in(&old, Some("b"), 1), Err(fenced));
    assert_eq!(bench.beat_in(&old, None, 1), Err(ClassicError::UnknownMemberId));
    assert_eq!(bench.beat_in(&leader, Some("a"), 1), Ok(()));
    let join = Join { member: Some(old.clone()), ..bench.static_join("b") };
    let ticket = bench.send_join(join);
    assert_eq!(bench.refused(ticket), fenced);
    let instance = InstanceId::from("b");
    let commit = bench.group.may_commit(bench.now, Some(&old), Some(&instance), 1, false);
    assert_eq!(commit, Err(fenced));
    assert_eq!(bench.leave(&[(Some(&old), Some("b"))]), [Some(fenced)]);
}

#[test]
fn a_leader_that_restarts_is_told_to_leave_the_assignment_alone() {
    let mut bench = Bench::new();
    let (old, _) = pair(&mut bench);
    let join = Join { can_skip_assignment: true, ..bench.static_join("a") };
    let ticket = bench.send_join(join);
    let joined = bench.joined(ticket);
    assert!(joined.skip_assignment);
    assert_eq!(joined.leader.as_ref(), Some(&joined.member));
    assert_eq!(joined.members.len(), 2);

    // A client that can not be told so is told that another leads.
    let join = bench.static_join("a");
    let ticket = bench.send_join(join);
    let older = bench.joined(ticket);
    assert!(!older.skip_assignment && older.members.is_empty());
    assert_eq!(older.leader, Some(joined.member));
    assert_ne!(older.leader, Some(old));
}

#[test]
fn another_choice_of_protocol_makes_a_rebalance() {
    let mut bench = Bench::new();
    let blob = subscription(&["t"]);
    let both = |bench: &mut Bench, instance: &str, list: &[&str]| Join {
        protocols: protocols(list, &blob),
        ..bench.static_join(instance)
    };
    let a = both(&mut bench, "a", &["range", "robin"]);
    let a = bench.send_join(a);
    bench.pass(Duration::ZERO);
    let joined = bench.joined(a);
    bench.settle(vec![joined]);
    let changed = both(&mut bench, "a", &["robin", "range"]);
    let ticket = bench.send_join(changed);
    let joined = bench.joined(ticket);
    assert_eq!((joined.generation, joined.protocol.as_deref()), (2, Some("robin")));
}

#[test]
fn a_parked_join_and_a_parked_sync_of_the_one_before_are_fenced() {
    let mut bench = Bench::new();
    let (_, b) = pair(&mut bench);
    let join = Join { member: Some(b), ..bench.static_join("b") };
    let changed = protocols(&["range"], &subscription(&["u"]));
    let parked = bench.send_join(Join { protocols: changed, ..join });
    assert!(bench.is_waiting(parked));
    let again = bench.static_join("b");
    let taken = bench.send_join(again);
    assert_eq!(bench.refused(parked), ClassicError::FencedInstanceId);

    let again = Join { member: bench.group.leader.clone(), ..bench.static_join("a") };
    bench.send_join(again);
    let b = bench.joined(taken).member;
    let parked = bench.sync(&b, &[]);
    let again = bench.static_join("b");
    let taken = bench.send_join(again);
    assert_eq!(bench.synced(parked), Err(ClassicError::FencedInstanceId));
    assert!(bench.is_waiting(taken), "the leader was told of the old id");
    assert_eq!(bench.group.state(), GroupState::PreparingRebalance);
}

#[test]
fn a_static_member_that_does_not_join_again_stays_until_its_session_ends() {
    let mut bench = Bench::new();
    let (a, b) = pair(&mut bench);
    let join = Join { member: Some(a), ..bench.static_join("a") };
    let ticket = bench.send_join(join);
    for _ in 0..12 {
        bench.pass(Duration::from_secs(5));
        let _ = bench.beat_in(&b, Some("b"), 1);
    }
    assert_eq!(bench.joined(ticket).members.len(), 2);
}

#[test]
fn an_administrator_removes_static_members_by_name() {
    let mut bench = Bench::new();
    pair(&mut bench);
    let errors = bench.leave(&[(None, Some("b")), (None, Some("nobody")), (None, None)]);
    let unknown = Some(ClassicError::UnknownMemberId);
    assert_eq!(errors, [None, unknown, unknown]);
    assert_eq!(bench.group.state(), GroupState::PreparingRebalance);
}

#[test]
fn an_id_given_out_is_not_for_a_static_member() {
    let mut bench = Bench::new();
    let join = Join { needs_member_id: true, ..bench.join(None) };
    let ticket = bench.send_join(join);
    let Some(Answer::Join(Err(refused))) = bench.answers.get(&ticket).cloned() else { panic!() };
    let join = Join { member: refused.member, ..bench.static_join("a") };
    let ticket = bench.send_join(join);
    assert_eq!(bench.refused(ticket), ClassicError::UnknownMemberId);
}

#[test]
fn no_member_rejoined_and_a_rebalance_timeout_of_zero_is_no_busy_loop() {
    let mut bench = Bench::new();
    pair(&mut bench);
    let zero = |join: Join| Join { rebalance_timeout: Duration::ZERO, ..join };
    for instance in ["a", "b"] {
        let join = bench.static_join(instance);
        bench.send_join(zero(join));
    }
    let join = bench.join(None);
    let newcomer = bench.send_join(zero(join));
    let dynamic = bench.group.roster.iter().find(|(_, member)| member.instance.is_none());
    let id = dynamic.map(|(id, _)| id.clone());
    assert_eq!(bench.leave(&[(id.as_ref(), None)]), [None]);
    assert_eq!(bench.refused(newcomer), ClassicError::UnknownMemberId);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.group.state(), GroupState::PreparingRebalance);
    assert!(bench.group.deadline().is_some_and(|at| at > bench.now.monotonic));
    bench.pass(SESSION);
    assert_eq!(bench.group.state(), GroupState::Empty);
}
