//! What is asked while `__consumer_offsets` is still being read: it waits, and the answer is what
//! was committed, never that there is nothing.

use kafka_protocol::messages::offset_fetch_request::OffsetFetchRequestTopic;
use kafka_protocol::messages::{
    DescribeGroupsRequest, HeartbeatRequest, ListGroupsRequest, OffsetFetchRequest,
};

use super::rig::{alone, create, setup};
use crate::support::broker::{Broker, Setup, Site};
use crate::support::classic_group::{Join, Seat, error, group_id, text};
use crate::support::connection::Connection;
use crate::support::metrics::Metrics;
use crate::support::offsets::Commit;
use crate::support::produce::{Partition, topic_name};

const PARTITIONS: i32 = 200;
/// Commits of every partition: some 70 MB to be read, which takes a while.
const COMMITS: i64 = 150;
const METADATA_BYTES: usize = 2_000;
/// Starts of which at least one is to be met while it reads.
const STARTS: usize = 5;

fn site() -> (Site, Setup) {
    // Nothing of the log is to be compacted away.
    let settings = [("offsets.topic.num.partitions", "1"), ("log.cleaner.backoff.ms", "3600000")];
    (Site::new(), setup(&settings))
}

/// A member of the group `members`, and the offsets of the group `g`.
fn fill(broker: &Broker) -> Seat {
    let mut connection = broker.connect();
    create(&mut connection, "many", PARTITIONS);
    let seat = alone(&mut connection, &Join { session_ms: 600_000, ..Join::new("members") });
    for round in 1..=COMMITS {
        let commits = (0..PARTITIONS).map(|index| Commit {
            metadata: Some("m".repeat(METADATA_BYTES)),
            ..Commit::new(Partition::new("many", index), round)
        });
        let commits: Vec<_> = commits.collect();
        let codes = connection.commit(9, &Seat::nobody("g"), &commits);
        assert!(codes.iter().all(Option::is_none), "{codes:?}");
    }
    seat
}

/// Asks everything at once, each on a connection of its own, and whether the groups were not read
/// yet when all was asked.
fn ask(broker: &Broker, seat: &Seat) -> bool {
    let mut connections: [Connection; 4] = std::array::from_fn(|_| broker.connect());
    let [offsets, list, describe, beat] = &mut connections;
    let topic = OffsetFetchRequestTopic::default()
        .with_name(topic_name("many"))
        .with_partition_indexes((0..PARTITIONS).collect());
    let fetch =
        OffsetFetchRequest::default().with_group_id(group_id("g")).with_topics(Some(vec![topic]));
    offsets.send(&fetch, 7).unwrap();
    list.send(&ListGroupsRequest::default(), 5).unwrap();
    let names = vec![group_id("members")];
    describe.send(&DescribeGroupsRequest::default().with_groups(names), 5).unwrap();
    let heartbeat = HeartbeatRequest::default()
        .with_group_id(group_id(&seat.group))
        .with_generation_id(seat.generation)
        .with_member_id(text(&seat.member));
    beat.send(&heartbeat, 4).unwrap();
    let is_reading = Metrics::scrape(broker.http()).sum("tidemill_groups", "") == 0;
    let told = offsets.receive::<OffsetFetchRequest>(7).unwrap();
    assert_eq!(error(told.error_code), None);
    let parts: Vec<_> = told.topics.iter().flat_map(|topic| &topic.partitions).collect();
    assert_eq!(parts.len(), usize::try_from(PARTITIONS).unwrap());
    for part in parts {
        let known = (error(part.error_code), part.committed_offset);
        assert_eq!(known, (None, COMMITS), "partition {}", part.partition_index);
    }
    let told = list.receive::<ListGroupsRequest>(5).unwrap();
    assert_eq!(error(told.error_code), None);
    let mut names: Vec<_> = told.groups.iter().map(|group| group.group_id.0.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["g", "members"]);
    let told = describe.receive::<DescribeGroupsRequest>(5).unwrap();
    let group = &told.groups[0];
    assert_eq!(error(group.error_code), None);
    assert_eq!((group.group_state.as_str(), group.members.len()), ("Stable", 1));
    let told = beat.receive::<HeartbeatRequest>(4).unwrap();
    assert_eq!(error(told.error_code), None, "it is a member still");
    is_reading
}

#[test]
fn what_is_asked_while_the_groups_are_read_waits_for_them() {
    let (mut site, setup) = site();
    let (mut broker, _) = site.start(&setup);
    let seat = fill(&broker);
    let mut met = 0;
    for _ in 0..STARTS {
        broker.kill();
        (broker, _) = site.start(&setup);
        met += usize::from(ask(&broker, &seat));
    }
    assert!(met > 0, "of {STARTS} starts, some were still reading");
    broker.stop();
}
