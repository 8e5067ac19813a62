//! `SyncGroup` and `Heartbeat`: the assignment, and where a member stands.

use bytes::Bytes;
use kafka_protocol::messages::SyncGroupRequest;

use super::rig::{E, alone, beat_until, pair, start, until_rebalance};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, Seat, error, group_id, text};

#[test]
fn the_leader_s_assignment_reaches_everybody_in_every_version() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let joins = [Join::new("g"), Join::new("g")];
    let [leader, follower] = pair(&mut first, &mut second, &joins);
    for version in 0..=5 {
        // Both may ask again, and are told the same.
        for seat in [&leader, &follower] {
            second.send_sync(version, seat, &[]);
            let synced = second.receive_sync(version);
            assert_eq!(error(synced.error_code), None);
            assert_eq!(synced.assignment, format!("of {}", seat.member));
            let named = version >= 5;
            assert_eq!(synced.protocol_type.as_deref(), named.then_some("consumer"));
            assert_eq!(synced.protocol_name.as_deref(), named.then_some("range"));
        }
    }
    broker.stop();
}

#[test]
fn a_sync_that_is_not_of_this_generation_is_refused() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let seat = alone(&mut connection, &Join::new("g"));
    let mut refused = |seat: &Seat| error(connection.sync(seat, &[]).error_code);
    let old = Seat { generation: seat.generation - 1, ..seat.clone() };
    assert_eq!(refused(&old), Some(E::IllegalGeneration));
    let stranger = Seat { member: "nobody".to_owned(), ..seat.clone() };
    assert_eq!(refused(&stranger), Some(E::UnknownMemberId));
    let elsewhere = Seat { group: "other".to_owned(), ..seat.clone() };
    assert_eq!(refused(&elsewhere), Some(E::UnknownMemberId));
    let nowhere = Seat { group: String::new(), ..seat.clone() };
    assert_eq!(refused(&nowhere), Some(E::InvalidGroupId));
    assert_eq!(refused(&seat), None);
    broker.stop();
}

/// From version 5 on the protocol has to be named, and named right.
#[test]
fn a_sync_of_version_5_names_the_protocol() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let seat = alone(&mut connection, &Join::new("g"));
    let cases = [
        (None, None, Some(E::InconsistentGroupProtocol)),
        (Some("consumer"), None, Some(E::InconsistentGroupProtocol)),
        (None, Some("range"), Some(E::InconsistentGroupProtocol)),
        (Some("connect"), Some("range"), Some(E::InconsistentGroupProtocol)),
        (Some("consumer"), Some("sticky"), Some(E::InconsistentGroupProtocol)),
        (Some("consumer"), Some("range"), None),
    ];
    for (protocol_type, protocol_name, expected) in cases {
        let request = SyncGroupRequest::default()
            .with_group_id(group_id("g"))
            .with_generation_id(seat.generation)
            .with_member_id(text(&seat.member))
            .with_protocol_type(protocol_type.map(text))
            .with_protocol_name(protocol_name.map(text));
        let answer = connection.call(&request, 5).unwrap();
        assert_eq!(error(answer.error_code), expected, "{protocol_type:?} {protocol_name:?}");
    }
    broker.stop();
}

#[test]
fn a_rebalance_is_told_to_everybody_who_beats_or_syncs() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let join = Join::new("g");
    let [leader, follower] = pair(&mut first, &mut second, &[join.clone(), join.clone()]);
    assert_eq!((first.beat(&leader), second.beat(&follower)), (None, None));
    let old = Seat { generation: leader.generation - 1, ..leader.clone() };
    assert_eq!(first.beat(&old), Some(E::IllegalGeneration));
    let stranger = Seat { member: "nobody".to_owned(), ..leader.clone() };
    assert_eq!(first.beat(&stranger), Some(E::UnknownMemberId));

    // The leader joins again, and waits for the follower.
    let again = join.clone().with_member(&leader.member);
    first.send_join(&again);
    until_rebalance(&mut second, &follower);
    let synced = second.sync(&follower, &[]);
    assert_eq!(error(synced.error_code), Some(E::RebalanceInProgress));
    let follows = join.clone().with_member(&follower.member);
    let joined = follows.seat(&second.join(&follows));
    let led = again.seat(&first.receive_join(&again));
    assert_eq!([joined.generation, led.generation], [follower.generation + 1; 2]);
    // The follower waits for the leader, and is told when the leader goes instead.
    second.send_sync(5, &joined, &[]);
    let left = first.leave(4, "g", &[(&led.member, None)]);
    assert_eq!(error(left.error_code), None);
    assert_eq!(error(second.receive_sync(5).error_code), Some(E::RebalanceInProgress));
    let alone = second.join(&follows);
    assert_eq!((alone.generation_id, alone.members.len()), (joined.generation + 1, 1));
    broker.stop();
}

#[test]
fn whoever_is_silent_for_a_session_is_out() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let short = Join { session_ms: 4_000, ..Join::new("g") };
    let [leader, follower] = pair(&mut first, &mut second, &[short, Join::new("g")]);
    // The other one notices by its heartbeats, and goes on without.
    until_rebalance(&mut second, &follower);
    let again = Join::new("g").with_member(&follower.member);
    let joined = second.join(&again);
    assert_eq!((joined.generation_id, joined.members.len()), (follower.generation + 1, 1));
    assert_eq!(joined.leader.as_str(), follower.member);
    assert_eq!(first.beat(&leader), Some(E::UnknownMemberId));
    broker.stop();
}

/// Whoever joined and asked for nothing is out after the rebalance timeout, though it lives.
#[test]
fn whoever_never_syncs_is_out() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let join = Join { rebalance_ms: 4_000, ..Join::new("g") };
    let [leader, follower] = pair(&mut first, &mut second, &[join.clone(), join.clone()]);
    let again = join.clone().with_member(&leader.member);
    first.send_join(&again);
    until_rebalance(&mut second, &follower);
    let follows = join.with_member(&follower.member);
    let joined = follows.seat(&second.join(&follows));
    let led = again.seat(&first.receive_join(&again));
    let assignments = [(led.member.as_str(), Bytes::from_static(b"all"))];
    assert_eq!(error(first.sync(&led, &assignments).error_code), None);
    beat_until(&mut second, &joined, E::UnknownMemberId, Some(E::RebalanceInProgress));
    let alone = first.join(&again);
    assert_eq!((alone.generation_id, alone.members.len()), (led.generation + 1, 1));
    broker.stop();
}
