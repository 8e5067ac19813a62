//! Assignments, sessions and departures.

use super::*;

/// Two members that have joined and not synced, the leader first.
fn completing(bench: &mut Bench) -> Vec<MemberId> {
    let tickets: Vec<_> = (0..2)
        .map(|_| {
            let join = bench.join(None);
            bench.send_join(join)
        })
        .collect();
    bench.pass(Duration::ZERO);
    let mut ids: Vec<_> = tickets.iter().map(|ticket| bench.joined(*ticket).member).collect();
    ids.sort_by_key(|id| bench.group.leader.as_ref() != Some(id));
    ids
}

#[test]
fn followers_wait_for_the_leader_and_the_generation_is_durable_first() {
    let mut bench = Bench::new();
    let ids = completing(&mut bench);
    let follower = bench.sync(&ids[1], &[(&ids[0], b"not the leader's")]);
    assert!(bench.is_waiting(follower));
    assert!(bench.records.is_empty());
    let stranger = MemberId::from("stranger");
    let leader = bench.sync(&ids[0], &[(&ids[0], b"x"), (&stranger, b"y")]);
    assert_eq!(bench.synced(leader), Ok(b"x".to_vec()));
    assert_eq!(bench.synced(follower), Ok(vec![]), "who is not named gets nothing");
    let record = bench.last_record().unwrap();
    assert_eq!((record.generation, record.members.len()), (1, 2));
    assert_eq!(record.state_since, bench.now.wall);
}

#[test]
fn a_sync_again_gets_the_assignment_again() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let records = bench.records.len();
    for id in &ids {
        let ticket = bench.sync(id, &[]);
        assert_eq!(bench.synced(ticket), Ok(id.as_str().as_bytes().to_vec()));
    }
    assert_eq!(bench.records.len(), records);
}

#[test]
fn a_sync_is_checked() {
    let mut bench = Bench::new();
    let ids = completing(&mut bench);
    let sync = |bench: &mut Bench, generation, protocol: Option<&str>, of: Option<&str>| {
        let ticket = bench.ticket();
        bench.apply(Event::Sync(Sync {
            ticket,
            member: ids[1].clone(),
            instance: None,
            generation,
            protocol_type: of.map(Arc::from),
            protocol: protocol.map(Arc::from),
            assignments: vec![],
        }));
        ticket
    };
    let old = sync(&mut bench, 0, None, None);
    assert_eq!(bench.synced(old), Err(ClassicError::IllegalGeneration));
    for (protocol, of) in [(Some("robin"), None), (None, Some("connect"))] {
        let other = sync(&mut bench, 1, protocol, of);
        assert_eq!(bench.synced(other), Err(ClassicError::InconsistentGroupProtocol));
    }
    let right = sync(&mut bench, 1, Some("range"), Some("consumer"));
    assert!(bench.is_waiting(right));
    bench.leave(&[(Some(&ids[0]), None)]);
    assert_eq!(bench.synced(right), Err(ClassicError::RebalanceInProgress));
    let late = sync(&mut bench, 1, None, None);
    assert_eq!(bench.synced(late), Err(ClassicError::RebalanceInProgress));
}

#[test]
fn members_that_never_sync_are_out_after_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let ids = completing(&mut bench);
    let waiting = bench.sync(&ids[1], &[]);
    for _ in 0..11 {
        bench.pass(Duration::from_secs(5));
        assert_eq!(bench.beat(&ids[0]), Ok(()), "it lives, but brings no assignment");
    }
    assert!(bench.is_waiting(waiting));
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.synced(waiting), Err(ClassicError::RebalanceInProgress));
    assert_eq!(bench.beat(&ids[0]), Err(ClassicError::UnknownMemberId));
    let again = bench.rejoin(&ids[1]);
    assert_eq!(bench.joined(again).leader.as_ref(), Some(&ids[1]));
}

#[test]
fn a_silent_member_expires_and_the_rest_rebalances() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.pass(Duration::from_secs(6));
    assert_eq!(bench.beat(&ids[0]), Ok(()));
    bench.pass(Duration::from_secs(3));
    assert_eq!(bench.group.state(), GroupState::Stable);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.beat(&ids[0]), Err(ClassicError::RebalanceInProgress));
    assert_eq!(bench.beat(&ids[1]), Err(ClassicError::UnknownMemberId));
    let again = bench.rejoin(&ids[0]);
    assert_eq!(bench.joined(again).members.len(), 1);
}

#[test]
fn heartbeats_count_in_every_state_with_members() {
    let mut bench = Bench::new();
    let ids = completing(&mut bench);
    assert_eq!(bench.beat(&ids[1]), Ok(()), "while the assignment is awaited");
    assert_eq!(bench.beat_in(&ids[1], None, 0), Err(ClassicError::IllegalGeneration));
    bench.sync(&ids[0], &[]);
    bench.sync(&ids[1], &[]);
    bench.rejoin(&ids[0]);
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.beat(&ids[1]), Err(ClassicError::RebalanceInProgress));
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.group.describe().members.len(), 2, "the session was renewed");
}

#[test]
fn who_waits_in_a_join_needs_no_heartbeat_unless_it_is_new() {
    let mut bench = Bench::new();
    let join_timeout = ClassicConfig::default().new_member_join_timeout;
    let ids = bench.stable(2);
    let rebalance_timeout = Duration::from_mins(20);
    let join = Join { rebalance_timeout, ..bench.join(Some(&ids[0])) };
    let known = bench.send_join(join);
    let join = bench.join(None);
    let new = bench.send_join(join);
    let mut passed = Duration::ZERO;
    while passed < join_timeout {
        assert!(bench.is_waiting(new) && bench.is_waiting(known));
        bench.pass(Duration::from_secs(5));
        passed += Duration::from_secs(5);
        let _ = bench.beat(&ids[1]);
    }
    assert_eq!(bench.refused(new), ClassicError::UnknownMemberId);
    assert!(bench.is_waiting(known));
}

#[test]
fn the_last_to_leave_leaves_an_empty_generation() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let errors = bench.leave(&[(Some(&ids[0]), None), (Some(&ids[1]), None)]);
    assert_eq!(errors, [None, None]);
    assert_eq!(bench.group.state(), GroupState::Empty);
    let record = bench.last_record().unwrap();
    assert_eq!((record.generation, record.members.len()), (2, 0));
    assert_eq!((record.protocol, record.leader), (None, None));
    assert_eq!(&*record.protocol_type, "consumer");
    assert_eq!(bench.group.deadline(), None);
}

#[test]
fn who_leaves_answers_its_own_requests() {
    let mut bench = Bench::new();
    let ids = completing(&mut bench);
    let parked = bench.sync(&ids[1], &[]);
    bench.leave(&[(Some(&ids[1]), None)]);
    assert_eq!(bench.synced(parked), Err(ClassicError::UnknownMemberId));
    let join = bench.join(None);
    let parked = bench.send_join(join);
    let newcomer = bench.group.roster.iter().map(|(id, _)| id.clone()).find(|id| *id != ids[0]);
    bench.leave(&[(newcomer.as_ref(), None)]);
    assert_eq!(bench.refused(parked), ClassicError::UnknownMemberId);
}

#[test]
fn an_id_given_back_unused_disturbs_nobody() {
    let mut bench = Bench::new();
    bench.stable(1);
    let join = Join { needs_member_id: true, ..bench.join(None) };
    let ticket = bench.send_join(join);
    let Some(Answer::Join(Err(refused))) = bench.answers.get(&ticket).cloned() else { panic!() };
    assert_eq!(bench.leave(&[(refused.member.as_ref(), None)]), [None]);
    assert_eq!(bench.group.state(), GroupState::Stable);
}

#[test]
fn a_request_that_another_overtakes_is_answered() {
    let mut bench = Bench::new();
    let ids = completing(&mut bench);
    let first = bench.sync(&ids[1], &[]);
    let second = bench.sync(&ids[1], &[]);
    assert_eq!(bench.synced(first), Err(ClassicError::RebalanceInProgress));
    bench.sync(&ids[0], &[]);
    assert_eq!(bench.synced(second), Ok(vec![]));
    let first = bench.rejoin(&ids[0]);
    let second = bench.rejoin(&ids[0]);
    assert_eq!(bench.refused(first), ClassicError::RebalanceInProgress);
    bench.rejoin(&ids[1]);
    assert_eq!(bench.joined(second).generation, 2);
}

#[test]
fn heartbeats_cause_a_look_at_the_members_once_in_a_session_or_so() {
    let mut bench = Bench::new();
    let ids = bench.stable(10);
    bench.ticks = 0;
    for _ in 0..1200 {
        bench.pass(Duration::from_secs(3));
        assert!(ids.iter().all(|id| bench.beat(id) == Ok(())));
    }
    // An hour in which the members were silent for three seconds at most of the ten they may be.
    assert!(bench.ticks <= 3600 / 7 + 1, "{} looks", bench.ticks);
}
