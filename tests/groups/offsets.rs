//! `OffsetCommit`, `OffsetFetch` and `OffsetDelete`.

use std::sync::Barrier;

use super::rig::{E, alone, create, pair, setup, start, start_with, t, until_rebalance};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, Seat, error};
use crate::support::consumer_group::Beat;
use crate::support::offsets::Commit;
use crate::support::produce::Partition;

#[test]
fn nobody_in_particular_commits_in_every_version() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    for version in 2..=9 {
        let group = format!("group-{version}");
        let commits = [
            Commit { metadata: Some(format!("v{version}")), ..Commit::new(t(1), 40) },
            Commit { metadata: None, ..Commit::new(t(2), 0) },
            Commit::new(t(4), 1),
            Commit::new(Partition::new("nobody", 0), 1),
        ];
        let unknown = Some(E::UnknownTopicOrPartition);
        let committed = connection.commit(version, &Seat::nobody(&group), &commits);
        assert_eq!(committed, [None, None, unknown, unknown], "{version}");
        let epoch = if version >= 6 { 0 } else { -1 };
        let expected = Some((40, epoch, format!("v{version}")));
        assert_eq!(connection.committed(&group, &t(1)), expected);
        assert_eq!(connection.committed(&group, &t(2)), Some((0, epoch, String::new())));
        assert_eq!(connection.committed(&group, &t(0)), None);
        // Lower is legal: a client asks for it.
        connection.commit_simply(&group, &t(1), 39);
        assert_eq!(connection.committed(&group, &t(1)).unwrap().0, 39);
    }
    broker.stop();
}

/// Who asks first makes the topic of groups; others may find it before all shards have its logs.
#[test]
fn of_many_who_ask_first_each_finds_a_coordinator() {
    let mut site = Site::new();
    let mut setup = setup(&[("offsets.topic.num.partitions", "50")]);
    setup.shards = 4;
    let (broker, _) = site.start(&setup);
    create(&mut broker.connect(), "t", 4);
    let together = Barrier::new(16);
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (mut connection, together) = (broker.connect(), &together);
            scope.spawn(move || {
                together.wait();
                for turn in 0..4 {
                    connection.commit_simply(&format!("g-{number}-{turn}"), &t(turn), 7);
                }
            });
        }
    });
}

#[test]
fn what_can_not_be_kept_is_refused_alone() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[("offset.metadata.max.bytes", "10")]);
    let mut connection = broker.connect();
    let with = |metadata: &str, partition| Commit {
        metadata: Some(metadata.to_owned()),
        ..Commit::new(partition, 5)
    };
    let commits = [with("0123456789", t(0)), with("0123456789a", t(1)), with("", t(2))];
    let committed = connection.commit(9, &Seat::nobody("g"), &commits);
    assert_eq!(committed, [None, Some(E::OffsetMetadataTooLarge), None]);
    assert_eq!(connection.committed("g", &t(0)), Some((5, 0, "0123456789".to_owned())));
    assert_eq!(connection.committed("g", &t(1)), None);
    assert_eq!(connection.committed("g", &t(2)), Some((5, 0, String::new())));
    broker.stop();
}

#[test]
fn a_commit_counts_in_its_generation_only() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let join = Join::new("g");
    let [leader, follower] = pair(&mut first, &mut second, &[join.clone(), join.clone()]);
    let commits = |offset| [Commit::new(t(0), offset)];
    for version in 2..=9 {
        let refused = |seat: &Seat, connection: &mut crate::support::connection::Connection| {
            connection.commit(version, seat, &commits(99))[0]
        };
        let old = Seat { generation: leader.generation - 1, ..leader.clone() };
        assert_eq!(refused(&old, &mut first), Some(E::IllegalGeneration));
        let new = Seat { generation: leader.generation + 1, ..leader.clone() };
        assert_eq!(refused(&new, &mut first), Some(E::IllegalGeneration));
        let stranger = Seat { member: "nobody".to_owned(), ..leader.clone() };
        assert_eq!(refused(&stranger, &mut first), Some(E::UnknownMemberId));
        // A group with members takes nothing from outside.
        assert_eq!(refused(&Seat::nobody("g"), &mut first), Some(E::UnknownMemberId));
        let nowhere = Seat { group: "nowhere".to_owned(), ..leader.clone() };
        let expected = if version >= 9 { E::GroupIdNotFound } else { E::IllegalGeneration };
        assert_eq!(refused(&nowhere, &mut first), Some(expected), "{version}");
        let offset = i64::from(version);
        assert_eq!(second.commit(version, &follower, &commits(offset)), [None]);
        assert_eq!(second.committed("g", &t(0)).unwrap().0, offset);
    }
    // Until the next generation begins the old one counts; while it is put together, none.
    let again = join.clone().with_member(&leader.member);
    first.send_join(&again);
    until_rebalance(&mut second, &follower);
    assert_eq!(second.commit(9, &follower, &commits(50)), [None]);
    let follows = join.with_member(&follower.member);
    let joined = follows.seat(&second.join(&follows));
    first.receive_join(&again);
    assert_eq!(second.commit(9, &joined, &commits(51)), [Some(E::RebalanceInProgress)]);
    assert_eq!(second.commit(9, &follower, &commits(52)), [Some(E::IllegalGeneration)]);
    assert_eq!(second.committed("g", &t(0)).unwrap().0, 50);
    broker.stop();
}

/// Version 1 has no error for the group, 2 to 7 know null for all topics, 8 and 9 many groups.
#[test]
fn offsets_are_fetched_in_every_version() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    create(&mut connection, "u", 1);
    let u = Partition::new("u", 0);
    for (partition, offset) in [(t(3), 30), (t(0), 10), (u.clone(), 20)] {
        connection.commit_simply("g", &partition, offset);
    }
    let asked = [t(0), t(1), u.clone(), Partition::new("nobody", 7)];
    for version in 1..=7 {
        let answer = connection.fetch_group_offsets(version, "g", Some(&asked));
        assert_eq!(error(answer.error_code), None);
        let parts = answer.topics.iter().map(|topic| {
            let part = &topic.partitions[0];
            assert_eq!((error(part.error_code), part.metadata.as_deref()), (None, Some("")));
            (Partition::new(&topic.name.0, part.partition_index), part.committed_offset)
        });
        let expected: Vec<_> = asked.iter().cloned().zip([10, -1, 20, -1]).collect();
        assert_eq!(parts.collect::<Vec<_>>(), expected, "{version}");
        if version >= 2 {
            let all = connection.fetch_group_offsets(version, "g", None);
            let all = all.topics.iter().flat_map(|topic| {
                topic.partitions.iter().map(|part| {
                    let partition = Partition::new(&topic.name.0, part.partition_index);
                    (partition, part.committed_offset)
                })
            });
            assert_eq!(all.collect::<Vec<_>>(), [(t(0), 10), (t(3), 30), (u.clone(), 20)]);
            let none = connection.fetch_group_offsets(version, "nowhere", None);
            assert_eq!((error(none.error_code), none.topics.len()), (None, 0));
        }
    }
    for version in 8..=9 {
        let seats = [&Seat::nobody("g"), &Seat::nobody("nowhere")];
        let answer = connection.try_fetch_offsets(version, &seats, Some(&asked)).unwrap();
        let told = answer.groups.iter().map(|group| {
            let offsets = group.topics.iter().map(|topic| topic.partitions[0].committed_offset);
            (group.group_id.0.as_str(), error(group.error_code), offsets.collect::<Vec<_>>())
        });
        let expected = [("g", None, vec![10, -1, 20, -1]), ("nowhere", None, vec![-1; 4])];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        let all = connection.try_fetch_offsets(version, &seats, None).unwrap();
        let counts: Vec<_> = all.groups.iter().map(|group| group.topics.len()).collect();
        assert_eq!(counts, [2, 0]);
    }
    broker.stop();
}

/// Members of a KIP-848 group commit and fetch in their epoch, with versions that know epochs.
#[test]
fn members_with_epochs_are_held_to_them() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let told = connection.consumer_told(&Beat::join("g", "m", &["t"]));
    let seat = Seat::at_epoch("g", "m", told.member_epoch);
    let commits = [Commit::new(t(0), 8)];
    assert_eq!(connection.commit(9, &seat, &commits), [None]);
    assert_eq!(connection.commit(8, &seat, &commits), [Some(E::UnsupportedVersion)]);
    let stale = Seat { generation: told.member_epoch + 1, ..seat.clone() };
    assert_eq!(connection.commit(9, &stale, &commits), [Some(E::StaleMemberEpoch)]);
    let stranger = Seat { member: "nobody".to_owned(), ..seat.clone() };
    assert_eq!(connection.commit(9, &stranger, &commits), [Some(E::UnknownMemberId)]);
    assert_eq!(connection.commit(9, &Seat::nobody("g"), &commits), [Some(E::UnknownMemberId)]);

    let mut fetched = |seat: &Seat| {
        let answer = connection.try_fetch_offsets(9, &[seat], Some(&[t(0)])).unwrap();
        let group = &answer.groups[0];
        let offset = group.topics.first().map(|topic| topic.partitions[0].committed_offset);
        (error(group.error_code), offset)
    };
    assert_eq!(fetched(&seat), (None, Some(8)));
    assert_eq!(fetched(&Seat::nobody("g")), (None, Some(8)));
    assert_eq!(fetched(&stale), (Some(E::StaleMemberEpoch), None));
    assert_eq!(fetched(&stranger), (Some(E::UnknownMemberId), None));
    let nowhere = Seat { group: "nowhere".to_owned(), ..seat };
    assert_eq!(fetched(&nowhere), (None, Some(-1)), "a group that there is not has none");
    broker.stop();
}

#[test]
fn offsets_are_deleted_unless_a_member_reads_their_topic() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    create(&mut connection, "u", 1);
    let u = Partition::new("u", 0);
    assert_eq!(connection.delete_offsets("g", &[t(0)]), (Some(E::GroupIdNotFound), vec![]));
    for partition in [t(0), t(1), u.clone()] {
        connection.commit_simply("g", &partition, 3);
    }
    let asked = [t(0), t(2), Partition::new("nobody", 0)];
    let (group, codes) = connection.delete_offsets("g", &asked);
    assert_eq!((group, codes), (None, vec![None, None, Some(E::UnknownTopicOrPartition)]));
    assert_eq!(connection.committed("g", &t(0)), None);

    let seat = alone(&mut connection, &Join::new("g"));
    let subscribed = Some(E::GroupSubscribedToTopic);
    let both = [t(1), u.clone()];
    assert_eq!(connection.delete_offsets("g", &both), (None, vec![subscribed, None]));
    assert_eq!(connection.committed("g", &t(1)).unwrap().0, 3);
    connection.leave(1, "g", &[(&seat.member, None)]);
    connection.commit_simply("g", &u, 4);
    connection.consumer_told(&Beat::join("g", "m", &["u"]));
    assert_eq!(connection.delete_offsets("g", &both), (None, vec![None, subscribed]));

    // Of a group that is not of consumers nobody knows what it reads.
    let connect = Join { protocol_type: "connect".to_owned(), version: 3, ..Join::new("workers") };
    connection.join(&connect);
    let (group, _) = connection.delete_offsets("workers", &both);
    assert_eq!(group, Some(E::NonEmptyGroup));
    broker.stop();
}
