//! What no client should send: blobs of any bytes, names of any length, numbers of any size.
//! The broker carries or refuses it, and reads its own log afterwards.

use bytes::Bytes;

use super::rig::{E, alone, setup, start, t};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, Seat, error};
use crate::support::consumer_group::{Beat, Consumer};
use crate::support::offsets::Commit;
use crate::support::produce::Partition;

/// The longest string that Kafka's records and fixed versions hold.
const STRING_BYTES_MAX: usize = 32_767;

#[test]
fn subscriptions_and_assignments_are_carried_and_never_needed() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let large: Vec<u8> = (0..600_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    let blobs = [&b""[..], b"\0", b"\xff\xff", b"\0\x01\x7f", b"\0\0\x7f\xff\xff\xff", &large];
    for (number, blob) in blobs.into_iter().enumerate() {
        let group = format!("group-{number}");
        let blob = Bytes::copy_from_slice(blob);
        let protocols = vec![("range".to_owned(), blob.clone())];
        let join = connection.send_entry(&Join { protocols, ..Join::new(&group) });
        let joined = connection.receive_join(&join);
        assert_eq!(joined.members[0].metadata, blob);
        let seat = join.seat(&joined);
        let synced = connection.sync(&seat, &[(&seat.member, blob.clone())]);
        if number + 1 == blobs.len() && synced.error_code != 0 {
            // Twice the blob is more than a record may hold: nothing is kept of it.
            continue;
        }
        assert_eq!((error(synced.error_code), &synced.assignment), (None, &blob));
        let described = connection.describe_group(5, &group);
        assert_eq!(described.members[0].member_metadata, blob);
        assert_eq!(described.members[0].member_assignment, blob);
        // What it reads is not known, so its offsets are let alone.
        assert_eq!(connection.commit(9, &seat, &[Commit::new(t(0), 1)]), [None]);
        let (refused, codes) = connection.delete_offsets(&group, &[t(0)]);
        assert!(refused.is_none() && codes.len() == 1, "{refused:?} {codes:?}");
    }
    let groups = connection.list_groups(5, &[], &[]).len();
    broker.kill();
    (broker, _) = site.start(&setup(&[]));
    let mut connection = broker.connect();
    assert_eq!(connection.list_groups(5, &[], &[]).len(), groups);
    for (number, blob) in blobs.into_iter().enumerate().take(blobs.len() - 1) {
        let described = connection.describe_group(5, &format!("group-{number}"));
        assert_eq!(described.members[0].member_metadata, blob);
    }
    broker.stop();
}

/// Whatever is taken can be written down and read again.
#[test]
fn names_of_any_length_harm_nobody() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let good = alone(&mut broker.connect(), &Join::new("good"));
    let letters = ["a", "\u{e9}", "\u{0}", "\u{1f30a}"];
    for letter in letters {
        for bytes in [249, 255, 256, STRING_BYTES_MAX - 40, STRING_BYTES_MAX, 70_000] {
            let name = letter.repeat(bytes / letter.len());
            // A connection may be closed over it; the broker goes on.
            drop(broker.connect().try_join(&Join { version: 9, ..Join::new(&name) }));
            let join = Join::new("instances").with_instance(&name);
            drop(broker.connect().try_join(&Join { version: 9, rebalance_ms: 1, ..join }));
            let seat = Seat::nobody(&name);
            drop(broker.connect().try_commit(9, &seat, &[Commit::new(t(0), 1)]));
            let topic = Commit::new(Partition::new(&name, 0), 1);
            drop(broker.connect().try_commit(9, &Seat::nobody("g"), &[topic]));
            for beat in [
                Beat::join(&name, "m", &["t"]),
                Beat::join("modern", &name, &["t"]),
                Beat::join("modern", "m", &[&name]),
                Beat::join("modern", "i", &["t"]).with_instance(&name),
            ] {
                drop(broker.connect().try_consumer_beat(&beat));
            }
            drop(broker.connect().try_describe_group(5, &name));
            drop(broker.connect().try_describe_consumer_group(&name));
        }
    }
    let mut connection = broker.connect();
    let listed = connection.list_groups(5, &[], &[]);
    assert!(listed.len() > letters.len(), "some of it is legal");
    assert_eq!(connection.beat(&good), None);
    broker.kill();
    (broker, _) = site.start(&setup(&[]));
    let mut connection = broker.connect();
    let names = |groups: Vec<kafka_protocol::messages::list_groups_response::ListedGroup>| {
        groups.into_iter().map(|group| group.group_id.0.to_string()).collect::<Vec<_>>()
    };
    // Those who never came back with the id that they were given are no member, and no group.
    let mut kept = names(listed);
    let after = names(connection.list_groups(5, &[], &[]));
    kept.retain(|name| after.contains(name));
    assert_eq!(kept, after, "nothing new");
    assert!(after.len() > letters.len());
    assert_eq!(connection.beat(&good), None);
    broker.stop();
}

#[test]
fn numbers_of_any_size_are_bounded() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    // As in Kafka, any offset is the client's own business.
    for offset in [-2, i64::MIN, i64::MAX] {
        let commits = [Commit::new(t(0), offset)];
        assert_eq!(connection.commit(9, &Seat::nobody("g"), &commits), [None], "{offset}");
    }
    for generation in [i32::MIN, -2, 0, i32::MAX] {
        let seat = Seat { generation, member: "m".to_owned(), ..Seat::nobody("g") };
        assert!(connection.beat(&seat).is_some());
        assert!(error(connection.sync(&seat, &[]).error_code).is_some());
    }
    // A rebalance timeout without end holds up nobody who leaves.
    let endless = Join { rebalance_ms: i32::MAX, ..Join::new("endless") };
    let seat = alone(&mut connection, &endless);
    let mut other = broker.connect();
    let join = other.send_entry(&endless);
    super::rig::until_rebalance(&mut connection, &seat);
    connection.leave(0, "endless", &[(&seat.member, None)]);
    assert_eq!(error(other.receive_join(&join).error_code), None);
    let negative = Join { rebalance_ms: i32::MIN, ..Join::new("negative") };
    // No time at all to rejoin and to sync: it may be out again at once.
    let negative = connection.send_entry(&negative);
    assert_eq!(error(connection.receive_join(&negative).error_code), None);
    let mut consumer =
        Consumer::new(Beat { rebalance_ms: i32::MAX, ..Beat::join("modern", "m", &["t"]) });
    connection.settle(&mut [&mut consumer]);
    let none = Beat { topics: Some(Vec::new()), ..Beat::join("modern", "nothing", &[]) };
    let told = connection.consumer_told(&none);
    assert!(told.member_epoch > 0);
    let indices = [i32::MIN, -1, 4, i32::MAX];
    let commits = indices.map(|index| Commit::new(t(index), 1));
    let unknown = Some(E::UnknownTopicOrPartition);
    assert_eq!(connection.commit(9, &Seat::nobody("g"), &commits), [unknown; 4]);
    let owned = connection.topic_id("t").unwrap();
    let beat = Beat::at("modern", "m", consumer.epoch).with_owned(&owned, &indices);
    assert_eq!(error(connection.consumer_beat(&beat).error_code), None);
    broker.stop();
}
