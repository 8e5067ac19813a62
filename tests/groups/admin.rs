//! `DescribeGroups`, `ListGroups` and `DeleteGroups`.

use super::rig::{E, alone, start, t, until_rebalance};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, error, subscription};
use crate::support::consumer_group::Beat;

#[test]
fn a_classic_group_is_described_in_every_version() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let join = Join::new("g").with_instance("i");
    let seat = alone(&mut connection, &join);
    for version in 0..=6 {
        let group = connection.describe_group(version, "g");
        assert_eq!((error(group.error_code), group.group_state.as_str()), (None, "Stable"));
        assert_eq!((group.protocol_type.as_str(), &*group.protocol_data), ("consumer", "range"));
        let [member] = &group.members[..] else { panic!("{group:?}") };
        assert_eq!(member.member_id.as_str(), seat.member);
        assert_eq!(member.group_instance_id.as_deref(), (version >= 4).then_some("i"));
        assert_eq!((&*member.client_id, &*member.client_host), ("suite", "/127.0.0.1"));
        assert_eq!(member.member_metadata, subscription(&["t"]));
        assert_eq!(member.member_assignment, "all");

        let missing = connection.describe_group(version, "nowhere");
        assert_eq!((missing.group_state.as_str(), missing.members.len()), ("Dead", 0));
        let expected = (version >= 6).then_some(E::GroupIdNotFound);
        assert_eq!(error(missing.error_code), expected, "{version}");
        assert_eq!(missing.error_message.is_some(), version >= 6);
    }
    // A group that only keeps offsets is an empty one.
    connection.commit_simply("simple", &t(0), 1);
    let simple = connection.describe_group(6, "simple");
    assert_eq!((error(simple.error_code), simple.group_state.as_str()), (None, "Empty"));
    // One of the other kind is none of this one.
    connection.consumer_told(&Beat::join("modern", "m", &["t"]));
    let modern = connection.describe_group(6, "modern");
    assert_eq!(error(modern.error_code), Some(E::GroupIdNotFound));
    assert_eq!(connection.describe_group(5, "modern").group_state.as_str(), "Dead");
    for classic in ["g", "simple", "nowhere"] {
        let described = connection.describe_consumer_group(classic);
        assert_eq!(error(described.error_code), Some(E::GroupIdNotFound), "{classic}");
    }
    broker.stop();
}

#[test]
fn the_states_of_a_classic_group_are_told_as_they_are() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second, mut admin] = [broker.connect(), broker.connect(), broker.connect()];
    let mut state = || admin.describe_group(5, "g").group_state.to_string();
    let join = first.send_entry(&Join::new("g"));
    let seat = join.seat(&first.receive_join(&join));
    assert_eq!(state(), "CompletingRebalance");
    first.sync(&seat, &[]);
    assert_eq!(state(), "Stable");
    let joins = second.send_entry(&Join::new("g"));
    until_rebalance(&mut first, &seat);
    assert_eq!(state(), "PreparingRebalance");
    first.leave(0, "g", &[(&seat.member, None)]);
    let other = joins.seat(&second.receive_join(&joins));
    second.leave(0, "g", &[(&other.member, None)]);
    assert_eq!(state(), "Empty");
    broker.stop();
}

#[test]
fn groups_are_listed_by_state_and_type() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    assert_eq!(connection.list_groups(5, &[], &[]).len(), 0);
    alone(&mut connection, &Join::new("a-stable"));
    connection.commit_simply("b-empty", &t(0), 1);
    connection.consumer_told(&Beat::join("c-modern", "m", &["t"]));
    let all = [
        ("a-stable", "consumer", "Stable", "classic"),
        ("b-empty", "", "Empty", "classic"),
        ("c-modern", "consumer", "Stable", "consumer"),
    ];
    for version in 0..=5 {
        let groups = connection.list_groups(version, &[], &[]);
        let told = groups.iter().map(|group| {
            let (state, kind) = (&*group.group_state, &*group.group_type);
            (group.group_id.0.as_str(), &*group.protocol_type, state, kind)
        });
        let expected = all.iter().map(|&(group, protocol, state, kind)| {
            let state = if version >= 4 { state } else { "" };
            (group, protocol, state, if version >= 5 { kind } else { "" })
        });
        assert_eq!(told.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{version}");
    }
    let mut listed = |states: &[&str], types: &[&str]| {
        let groups = connection.list_groups(5, states, types);
        groups.iter().map(|group| group.group_id.0.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["Stable"], &[]), ["a-stable", "c-modern"]);
    assert_eq!(listed(&["stable", "EMPTY"], &["Classic"]), ["a-stable", "b-empty"]);
    assert_eq!(listed(&["Dead"], &[]), [""; 0]);
    assert_eq!(listed(&[], &["consumer"]), ["c-modern"]);
    assert_eq!(listed(&["Empty"], &["consumer"]), [""; 0]);
    broker.stop();
}

#[test]
fn groups_are_deleted_with_their_offsets_when_nobody_is_in_them() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let seat = alone(&mut connection, &Join::new("classic"));
    connection.consumer_told(&Beat::join("modern", "m", &["t"]));
    connection.commit_simply("simple", &t(0), 1);
    let names = ["classic", "modern", "simple", "nowhere", ""];
    let (busy, missing) = (Some(E::NonEmptyGroup), Some(E::GroupIdNotFound));
    let deleted = connection.delete_groups(&names);
    assert_eq!(deleted, [busy, busy, None, missing, missing]);
    assert_eq!(connection.committed("simple", &t(0)), None);

    connection.leave(0, "classic", &[(&seat.member, None)]);
    connection.consumer_told(&Beat { epoch: -1, ..Beat::at("modern", "m", -1) });
    for group in ["classic", "modern"] {
        connection.commit_simply(group, &t(1), 2);
    }
    assert_eq!(connection.delete_groups(&names[..3]), [None, None, missing]);
    assert_eq!(connection.list_groups(5, &[], &[]).len(), 0);
    assert_eq!(connection.committed("classic", &t(1)), None);
    // What is deleted comes back as if it had never been.
    let again = alone(&mut connection, &Join::new("classic"));
    assert_eq!(again.generation, 1);
    broker.stop();
}
