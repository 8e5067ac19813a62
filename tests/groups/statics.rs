//! Static members of classic groups (KIP-345, KIP-814).

use super::rig::{E, alone, pair, start, t};
use crate::support::broker::{Broker, Site};
use crate::support::classic_group::{Join, Seat, error};
use crate::support::connection::Connection;
use crate::support::offsets::Commit;

/// A broker and the connections of a leader and a follower.
type Running = (Broker, Connection, Connection);

fn stable_pair(joins: &[Join; 2], site: &mut Site) -> (Running, [Seat; 2]) {
    let broker = start(site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let seats = pair(&mut first, &mut second, joins);
    ((broker, first, second), seats)
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_fences_who_it_was() {
    let mut site = Site::new();
    let joins = [Join::new("g"), Join::new("g").with_instance("i")];
    let ((mut broker, mut first, mut second), [leader, follower]) = stable_pair(&joins, &mut site);
    // It is given no id to come back with: it is known by its instance.
    let mut third = broker.connect();
    let joined = third.join(&joins[1]);
    let back = joins[1].seat(&joined);
    assert_eq!(back.generation, follower.generation, "no rebalance");
    assert_ne!(back.member, follower.member);
    assert!(back.member.starts_with("i-"), "{back:?}");
    assert_eq!(joined.members.len(), 0, "it does not lead");
    assert_eq!(first.beat(&leader), None);
    let assignment = third.sync(&back, &[]).assignment;
    assert_eq!(assignment, format!("of {}", follower.member), "what it had");

    // The older one is told by whatever it does.
    assert_eq!(second.beat(&follower), Some(E::FencedInstanceId));
    assert_eq!(error(second.sync(&follower, &[]).error_code), Some(E::FencedInstanceId));
    let commit = [Commit::new(t(0), 5)];
    assert_eq!(second.commit(7, &follower, &commit), [Some(E::FencedInstanceId)]);
    let again = joins[1].clone().with_member(&follower.member);
    assert_eq!(error(second.join(&again).error_code), Some(E::FencedInstanceId));
    let left = second.leave(3, "g", &[(&follower.member, Some("i"))]);
    assert_eq!(error(left.members[0].error_code), Some(E::FencedInstanceId));
    assert_eq!(third.committed("g", &t(0)), None, "nothing of it was applied");
    assert_eq!(third.commit(7, &back, &commit), [None]);
    assert_eq!(third.beat(&back), None);
    let unknown = Seat { instance: Some("j".to_owned()), ..back };
    assert_eq!(third.beat(&unknown), Some(E::UnknownMemberId));
    broker.stop();
}

/// Which a leader is told from version 9 on: before, it is kept from assigning by being told that
/// the one before it leads.
#[test]
fn a_static_leader_that_comes_back_does_not_assign_again() {
    let mut site = Site::new();
    let joins = [Join::new("g").with_instance("i"), Join::new("g")];
    let ((mut broker, mut first, mut second), [leader, follower]) = stable_pair(&joins, &mut site);
    let joined = first.join(&joins[0]);
    let back = joins[0].seat(&joined);
    assert_eq!((back.generation, joined.skip_assignment), (leader.generation, true));
    assert_eq!((joined.leader.as_str(), joined.members.len()), (back.member.as_str(), 2));
    let assignment = first.sync(&back, &[]).assignment;
    assert_eq!(assignment, format!("of {}", leader.member));

    let older = Join { version: 8, ..joins[0].clone() };
    let joined = first.join(&older);
    let seat = older.seat(&joined);
    assert_eq!((joined.skip_assignment, joined.members.len()), (false, 0));
    assert_eq!(joined.leader.as_str(), back.member, "the one before");
    assert_eq!((first.beat(&seat), second.beat(&follower)), (None, None));
    broker.stop();
}

#[test]
fn members_leave_together_by_id_or_by_instance() {
    let mut site = Site::new();
    let joins = [Join::new("g").with_instance("i"), Join::new("g").with_instance("j")];
    let ((mut broker, mut first, mut second), [one, two]) = stable_pair(&joins, &mut site);
    let members = [
        ("", Some("i")),
        ("", Some("nobody")),
        ("nobody", None),
        (two.member.as_str(), Some("i")),
        (two.member.as_str(), Some("j")),
    ];
    let left = first.leave(5, "g", &members);
    assert_eq!(error(left.error_code), None);
    let told: Vec<_> = left
        .members
        .iter()
        .map(|member| {
            let instance = member.group_instance_id.as_deref();
            (member.member_id.as_str(), instance, error(member.error_code))
        })
        .collect();
    let expected = [None, Some(E::UnknownMemberId), Some(E::UnknownMemberId)].into_iter();
    // By then nobody is the instance `i` any more.
    let expected = expected.chain([Some(E::UnknownMemberId), None]);
    let expected: Vec<_> =
        members.iter().zip(expected).map(|(member, error)| (member.0, member.1, error)).collect();
    assert_eq!(told, expected);
    assert_eq!(first.beat(&one), Some(E::UnknownMemberId));
    assert_eq!(second.beat(&two), Some(E::UnknownMemberId));
    assert_eq!(first.describe_group(5, "g").group_state.as_str(), "Empty");
    broker.stop();
}

/// Before version 3 one member leaves, and its error is the answer's.
#[test]
fn one_member_leaves_in_every_version() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    for version in 0..=5 {
        let seat = alone(&mut connection, &Join::new("g"));
        let stranger = connection.leave(version, "g", &[("nobody", None)]);
        let left = connection.leave(version, "g", &[(&seat.member, None)]);
        let expected = Some(E::UnknownMemberId);
        if version >= 3 {
            assert_eq!((error(stranger.error_code), error(left.error_code)), (None, None));
            assert_eq!(error(stranger.members[0].error_code), expected);
            assert_eq!(error(left.members[0].error_code), None);
        } else {
            assert_eq!((error(stranger.error_code), error(left.error_code)), (expected, None));
        }
        assert_eq!(connection.beat(&seat), expected);
    }
    let nowhere = connection.leave(2, "nowhere", &[("nobody", None)]);
    assert_eq!(error(nowhere.error_code), Some(E::UnknownMemberId));
    let nameless = connection.leave(5, "", &[("nobody", None)]);
    assert_eq!(error(nameless.error_code), Some(E::InvalidGroupId));
    broker.stop();
}
