//! Who gets in, when a generation begins, and which protocol it has.

use super::*;

#[test]
fn a_member_without_an_id_is_given_one_to_come_back_with() {
    let mut bench = Bench::new();
    let first = Join { needs_member_id: true, ..bench.join(None) };
    let ticket = bench.send_join(first);
    let Some(Answer::Join(Err(refused))) = bench.answers.get(&ticket).cloned() else { panic!() };
    assert_eq!(refused.error, ClassicError::MemberIdRequired);
    let id = refused.member.unwrap();
    assert!(id.as_str().starts_with("client-"));
    assert_eq!(id.as_str().len(), "client-".len() + 36);
    assert_eq!(bench.group.state(), GroupState::Empty);

    let ticket = bench.rejoin(&id);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.joined(ticket).member, id);
    assert_eq!(bench.joined(ticket).generation, 1);
}

#[test]
fn an_id_that_is_not_used_expires_with_the_session() {
    let mut bench = Bench::new();
    let first = Join { needs_member_id: true, ..bench.join(None) };
    let ticket = bench.send_join(first);
    let Some(Answer::Join(Err(refused))) = bench.answers.get(&ticket).cloned() else { panic!() };
    bench.pass(SESSION);
    let ticket = bench.rejoin(&refused.member.unwrap());
    assert_eq!(bench.refused(ticket), ClassicError::UnknownMemberId);
    assert_eq!(bench.group.deadline(), None);
}

#[test]
fn ids_that_wait_to_be_used_are_bounded() {
    let config = ClassicConfig { pending_members_max: 2, ..Default::default() };
    let mut bench = Bench::with(config);
    let mut errors = Vec::new();
    for _ in 0..3 {
        let join = Join { needs_member_id: true, ..bench.join(None) };
        let ticket = bench.send_join(join);
        errors.push(bench.refused(ticket));
    }
    let required = ClassicError::MemberIdRequired;
    assert_eq!(errors, [required, required, ClassicError::GroupMaxSizeReached]);
}

#[test]
fn the_initial_delay_grows_with_new_members_up_to_the_rebalance_timeout() {
    let delay = Duration::from_secs(3);
    let config = ClassicConfig { initial_rebalance_delay: delay, ..Default::default() };
    let mut bench = Bench::with(config);
    let rebalance_timeout = Duration::from_secs(7);
    let mut tickets = Vec::new();
    for _ in 0..3 {
        let join = Join { rebalance_timeout, ..bench.join(None) };
        tickets.push(bench.send_join(join));
        bench.pass(Duration::from_secs(2));
    }
    // Three seconds, three more, and the one that is left of seven.
    assert!(tickets.iter().all(|ticket| bench.is_waiting(*ticket)));
    bench.pass(Duration::from_millis(999));
    assert!(tickets.iter().all(|ticket| bench.is_waiting(*ticket)));
    bench.pass(Duration::from_millis(1));
    assert!(tickets.iter().all(|ticket| bench.joined(*ticket).generation == 1));
}

#[test]
fn the_initial_delay_ends_if_nobody_else_comes() {
    let delay = Duration::from_secs(3);
    let mut bench =
        Bench::with(ClassicConfig { initial_rebalance_delay: delay, ..Default::default() });
    let join = bench.join(None);
    let ticket = bench.send_join(join);
    bench.pass(Duration::from_millis(2999));
    assert!(bench.is_waiting(ticket));
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.joined(ticket).members.len(), 1);
}

#[test]
fn a_newcomer_waits_until_all_have_joined_again() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let join = bench.join(None);
    let newcomer = bench.send_join(join);
    assert_eq!(bench.group.state(), GroupState::PreparingRebalance);
    let first = bench.rejoin(&ids[0]);
    assert!(bench.is_waiting(newcomer) && bench.is_waiting(first));
    let second = bench.rejoin(&ids[1]);
    for ticket in [newcomer, first, second] {
        let joined = bench.joined(ticket);
        assert_eq!(joined.generation, 2);
        assert_eq!(joined.leader.as_ref(), Some(&ids[0]), "who led and is there leads on");
        assert_eq!(joined.members.len(), if joined.member == ids[0] { 3 } else { 0 });
    }
}

#[test]
fn who_does_not_join_again_in_time_is_out() {
    let mut bench = Bench::new();
    let ids = bench.stable(3);
    let ticket = bench.rejoin(&ids[0]);
    // Heartbeats keep the session, but not the place in the next generation.
    for _ in 0..12 {
        bench.pass(Duration::from_secs(5));
        let _ = bench.beat(&ids[1]);
        let _ = bench.beat(&ids[2]);
    }
    let joined = bench.joined(ticket);
    assert_eq!(joined.members.len(), 1);
    assert_eq!(bench.beat(&ids[1]), Err(ClassicError::UnknownMemberId));
}

#[test]
fn a_new_leader_is_one_that_waits() {
    let mut bench = Bench::new();
    let ids = bench.stable(3);
    let changed = protocols(&["range"], &subscription(&["t", "u"]));
    let join = Join { protocols: changed, ..bench.join(Some(&ids[2])) };
    let ticket = bench.send_join(join);
    let other = bench.rejoin(&ids[1]);
    assert_eq!(bench.leave(&[(Some(&ids[0]), None)]), [None]);
    let leader = bench.joined(ticket).leader.unwrap();
    assert_eq!(bench.joined(other).leader, Some(leader.clone()));
    assert!(ids[1..].contains(&leader));
}

#[test]
fn the_protocol_is_the_one_most_vote_for_among_those_all_support() {
    let mut bench = Bench::new();
    let blob: Arc<[u8]> = [7].as_slice().into();
    let lists: [&[&str]; 3] =
        [&["sticky", "range", "robin"], &["robin", "cooperative", "range"], &["range", "robin"]];
    let mut tickets = Vec::new();
    for list in lists {
        let join = Join { protocols: protocols(list, &blob), ..bench.join(None) };
        tickets.push(bench.send_join(join));
    }
    bench.pass(Duration::ZERO);
    for ticket in &tickets {
        assert_eq!(bench.joined(*ticket).protocol.as_deref(), Some("range"));
    }
}

#[test]
fn who_shares_no_protocol_or_has_another_type_is_refused() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let blob: Arc<[u8]> = Arc::from([]);
    let other = Join { protocols: protocols(&["robin"], &blob), ..bench.join(None) };
    let other = bench.send_join(other);
    let connect = Join { protocol_type: "connect".into(), ..bench.join(None) };
    let connect = bench.send_join(connect);
    let none = Join { protocols: Protocols::default(), ..bench.join(Some(&ids[0])) };
    let none = bench.send_join(none);
    for ticket in [other, connect, none] {
        assert_eq!(bench.refused(ticket), ClassicError::InconsistentGroupProtocol);
    }
    assert_eq!(bench.group.state(), GroupState::Stable);
}

#[test]
fn an_empty_group_takes_another_type_but_not_none() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    assert_eq!(bench.leave(&[(Some(&ids[0]), None)]), [None]);
    let none = Join { protocol_type: "".into(), ..bench.join(None) };
    let none = bench.send_join(none);
    assert_eq!(bench.refused(none), ClassicError::InconsistentGroupProtocol);
    let connect = Join { protocol_type: "connect".into(), ..bench.join(None) };
    let connect = bench.send_join(connect);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.joined(connect).protocol_type.as_deref(), Some("connect"));
}

#[test]
fn a_protocol_named_twice_counts_once() {
    let mut bench = Bench::new();
    let blob: Arc<[u8]> = Arc::from([]);
    let twice = Join { protocols: protocols(&["range", "range"], &blob), ..bench.join(None) };
    bench.send_join(twice);
    let once = bench.join(None);
    let once = bench.send_join(once);
    bench.pass(Duration::ZERO);
    assert_eq!(bench.joined(once).protocol.as_deref(), Some("range"));
}

#[test]
fn session_timeouts_have_bounds() {
    let mut bench = Bench::new();
    for seconds in [5, 1801] {
        let session_timeout = Duration::from_secs(seconds);
        let join = Join { session_timeout, ..bench.join(None) };
        let ticket = bench.send_join(join);
        assert_eq!(bench.refused(ticket), ClassicError::InvalidSessionTimeout);
    }
}

#[test]
fn a_name_that_no_record_holds_is_refused() {
    let mut bench = Bench::new();
    let client_host = "h".repeat(40_000).as_str().into();
    let join = Join { client_host, ..bench.join(None) };
    let ticket = bench.send_join(join);
    assert_eq!(bench.refused(ticket), ClassicError::InvalidRequest);
    // A long client id is cut where it becomes part of a member id.
    let client_id = "ä".repeat(16_383).as_str().into();
    let join = Join { client_id, ..bench.join(None) };
    let ticket = bench.send_join(join);
    bench.pass(Duration::ZERO);
    let joined = bench.joined(ticket);
    assert!(joined.member.as_str().len() <= 32_767);
    bench.settle(vec![joined]);
}

#[test]
fn an_unknown_member_is_told_so() {
    let mut bench = Bench::new();
    let nobody = MemberId::from("nobody");
    let ticket = bench.rejoin(&nobody);
    assert_eq!(bench.refused(ticket), ClassicError::UnknownMemberId);
    assert_eq!(bench.beat(&nobody), Err(ClassicError::UnknownMemberId));
    let ticket = bench.sync(&nobody, &[]);
    assert_eq!(bench.synced(ticket), Err(ClassicError::UnknownMemberId));
    assert_eq!(bench.leave(&[(Some(&nobody), None)]), [Some(ClassicError::UnknownMemberId)]);
}

#[test]
fn a_follower_that_joins_as_before_stays_in_the_generation() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let follower = bench.rejoin(&ids[1]);
    assert_eq!(bench.joined(follower).generation, 1);
    assert_eq!(bench.group.state(), GroupState::Stable);
    let leader = bench.rejoin(&ids[0]);
    assert!(bench.is_waiting(leader), "a leader wants a rebalance");
    assert_eq!(bench.group.state(), GroupState::PreparingRebalance);
}
