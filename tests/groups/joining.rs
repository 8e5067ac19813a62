//! `JoinGroup` in all its versions, and what it refuses.

use bytes::Bytes;

use super::rig::{E, alone, beat_until, start, start_with, t, until_rebalance};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, error, subscription};
use crate::support::offsets::Commit;

#[test]
fn every_version_joins_and_new_members_come_back_with_an_id_from_version_4_on() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    for version in 0..=9 {
        let join = Join { version, ..Join::new(&format!("group-{version}")) };
        let mut joined = connection.join(&join);
        if version >= 4 {
            assert_eq!(error(joined.error_code), Some(E::MemberIdRequired), "{version}");
            assert_eq!(joined.generation_id, -1);
            let again = join.clone().with_member(&joined.member_id);
            joined = connection.join(&again);
            assert_eq!(joined.member_id.as_str(), again.member);
        }
        let seat = join.seat(&joined);
        assert!(seat.member.starts_with("suite-"), "{seat:?}");
        assert_eq!((seat.generation, &joined.leader), (1, &joined.member_id));
        assert_eq!(joined.protocol_name.as_deref(), Some("range"), "{version}");
        let protocol_type = (version >= 7).then_some("consumer");
        assert_eq!(joined.protocol_type.as_deref(), protocol_type, "{version}");
        let [member] = &joined.members[..] else { panic!("{joined:?}") };
        assert_eq!(member.member_id, joined.member_id);
        assert_eq!(member.metadata, subscription(&["t"]));
        assert!(!joined.skip_assignment);
    }
    broker.stop();
}

#[test]
fn what_can_not_be_joined_is_refused_with_its_reason() {
    let mut site = Site::new();
    let settings =
        [("group.min.session.timeout.ms", "100"), ("group.max.session.timeout.ms", "70000")];
    let mut broker = start_with(&mut site, &settings);
    let mut connection = broker.connect();
    let mut refused = |join: &Join| error(connection.join(join).error_code);
    let join = Join::new("g");
    assert_eq!(refused(&Join::new("")), Some(E::InvalidGroupId));
    for session_ms in [-1, 0, 99, 70_001, i32::MAX] {
        let join = Join { session_ms, ..join.clone() };
        assert_eq!(refused(&join), Some(E::InvalidSessionTimeout), "{session_ms}");
    }
    assert_eq!(refused(&join.clone().with_member("nobody")), Some(E::UnknownMemberId));
    let none = Join { protocols: Vec::new(), ..join.clone() };
    assert_eq!(refused(&none), Some(E::InconsistentGroupProtocol));
    let untyped = Join { protocol_type: String::new(), ..join.clone() };
    assert_eq!(refused(&untyped), Some(E::InconsistentGroupProtocol));

    alone(&mut broker.connect(), &join);
    let other = Join { protocol_type: "connect".to_owned(), ..join.clone() };
    assert_eq!(refused(&other), Some(E::InconsistentGroupProtocol));
    let other = Join { protocols: vec![("sticky".to_owned(), Bytes::new())], ..join.clone() };
    assert_eq!(refused(&other), Some(E::InconsistentGroupProtocol));
    // A refused member has no protocol: null from version 7 on, which is as far as it may be.
    for version in [0, 6, 7, 9] {
        let answer = connection.join(&Join { version, ..other.clone() });
        let name = if version >= 7 { None } else { Some("") };
        assert_eq!(answer.protocol_name.as_deref(), name, "{version}");
        assert_eq!((answer.generation_id, answer.members.len()), (-1, 0));
    }
    broker.stop();
}

#[test]
fn a_full_group_takes_nobody_and_keeps_whom_it_has() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[("group.max.size", "1")]);
    let mut connection = broker.connect();
    let seat = alone(&mut connection, &Join::new("g"));
    let mut other = broker.connect();
    let refused = other.join(&Join { version: 3, ..Join::new("g") });
    assert_eq!(error(refused.error_code), Some(E::GroupMaxSizeReached));
    let refused = other.join(&Join::new("g"));
    assert_eq!(error(refused.error_code), Some(E::GroupMaxSizeReached));
    assert_eq!(connection.beat(&seat), None);
    broker.stop();
}

#[test]
fn the_protocol_is_one_that_all_support_and_most_would_like() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let protocols = [&["a", "b", "c"][..], &["b", "c"], &["c", "b"]];
    let [leads, second, third] = protocols.map(|names| Join {
        protocols: names
            .iter()
            .map(|&name| (name.to_owned(), Bytes::from(format!("for {name}"))))
            .collect(),
        ..Join::new("g")
    });
    let mut connections = [broker.connect(), broker.connect(), broker.connect()];
    let first = connections[0].send_entry(&leads);
    let joined = connections[0].receive_join(&first);
    assert_eq!(joined.protocol_name.as_deref(), Some("a"));
    // Both others have their ids before the leader comes again, and are waited for.
    let second = connections[1].send_entry(&second);
    let third = connections[2].send_entry(&third);
    until_rebalance(&mut connections[0], &first.seat(&joined));
    connections[0].send_join(&first);
    for (connection, join) in connections.iter_mut().zip([&first, &second, &third]) {
        let joined = connection.receive_join(join);
        assert_eq!((error(joined.error_code), joined.generation_id), (None, 2));
        assert_eq!(joined.protocol_name.as_deref(), Some("b"), "{joined:?}");
        let is_leader = joined.leader == joined.member_id;
        assert_eq!(joined.members.len(), if is_leader { 3 } else { 0 });
        assert!(joined.members.iter().all(|member| member.metadata == "for b"));
    }
    broker.stop();
}

/// The rebalance timeout of version 0 is the session timeout: who lives and does not rejoin in
/// that time is out.
#[test]
fn who_does_not_rejoin_in_time_is_out() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    for version in [0, 1] {
        let short = Join { version, session_ms: 4_000, rebalance_ms: 4_000, ..Join::new("g") };
        let seat = short.seat(&connection.join(&short));
        assert_eq!(error(connection.sync(&seat, &[]).error_code), None);
        let mut other = broker.connect();
        let joins = other.send_entry(&Join { rebalance_ms: 4_000, ..Join::new("g") });
        until_rebalance(&mut connection, &seat);
        let commit = [Commit::new(t(0), 7)];
        assert_eq!(connection.commit(2, &seat, &commit), [None], "it may still commit");
        let meanwhile = Some(E::RebalanceInProgress);
        beat_until(&mut connection, &seat, E::UnknownMemberId, meanwhile);
        let joined = other.receive_join(&joins);
        let next = joins.seat(&joined);
        assert_eq!((next.generation, joined.members.len()), (seat.generation + 1, 1));
        assert_eq!(connection.commit(2, &seat, &commit), [Some(E::UnknownMemberId)]);
        let left = other.leave(0, "g", &[(&next.member, None)]);
        assert_eq!(error(left.error_code), None);
        assert_eq!(connection.delete_groups(&["g"]), [None]);
    }
    broker.stop();
}

/// Ids that were given out and never used hold up the next generation no longer than a session.
#[test]
fn a_lost_member_id_is_waited_for_as_long_as_a_session() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let join = Join::new("g");
    let seat = alone(&mut connection, &join);
    let mut other = broker.connect();
    let lost = other.join(&Join { session_ms: 400, ..join.clone() });
    assert_eq!(error(lost.error_code), Some(E::MemberIdRequired));
    // The leader begins a rebalance, which waits for the one that does not come.
    let again = join.clone().with_member(&seat.member);
    let joined = connection.join(&again);
    assert_eq!((joined.generation_id, joined.members.len()), (2, 1), "{joined:?}");
    let late = other.join(&Join { session_ms: 400, ..join.with_member(&lost.member_id) });
    assert_eq!(error(late.error_code), Some(E::UnknownMemberId));
    broker.stop();
}
