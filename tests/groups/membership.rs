//! Groups that change their kind, many at once, and what one connection asks in turn.

use super::rig::{E, alone, start_with, t};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, error, group_id};
use crate::support::consumer_group::{Beat, Consumer};
use crate::support::metrics::Metrics;
use crate::support::offsets::Commit;

use kafka_protocol::messages::FindCoordinatorRequest;
use kafka_protocol::protocol::StrBytes;

/// With its offsets: they belong to the group, not to its members.
#[test]
fn an_empty_group_changes_its_protocol() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[]);
    let mut connection = broker.connect();
    for round in 0..3 {
        let seat = alone(&mut connection, &Join::new("g"));
        let commits = [Commit::new(t(0), round)];
        assert_eq!(connection.commit(9, &seat, &commits), [None]);
        connection.leave(4, "g", &[(&seat.member, None)]);
        let mut consumer = Consumer::new(Beat::join("g", "m", &["t"]));
        let group = connection.settle(&mut [&mut consumer]);
        assert_eq!((group.members.len(), consumer.owned.len()), (1, 4));
        assert_eq!(connection.committed("g", &t(0)).unwrap().0, round);
        connection.consumer_told(&Beat::at("g", "m", -1));
    }
    broker.stop();
}

/// Every coordinator can be found, by one name or by many, and serves the groups that are its.
#[test]
fn coordinators_are_found_for_one_group_or_many() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[("offsets.topic.num.partitions", "7")]);
    let mut connection = broker.connect();
    let names: Vec<String> = (0..30).map(|number| format!("group-{number}")).collect();
    let expected = broker.kafka();
    for version in 0..=3 {
        let request = FindCoordinatorRequest::default()
            .with_key(StrBytes::from_string(names[0].clone()))
            .with_key_type(0);
        let answer = connection.call(&request, version).unwrap();
        assert_eq!(error(answer.error_code), None, "{version}");
        assert_eq!(answer.port, i32::from(expected.port()));
    }
    let keys = names.iter().map(|name| StrBytes::from_string(name.clone()));
    let request =
        FindCoordinatorRequest::default().with_key_type(0).with_coordinator_keys(keys.collect());
    let answer = connection.call(&request, 4).unwrap();
    assert_eq!(answer.coordinators.len(), names.len());
    for (found, name) in answer.coordinators.iter().zip(&names) {
        assert_eq!((error(found.error_code), &*found.key), (None, name.as_str()));
        assert_eq!(found.port, i32::from(expected.port()));
        connection.commit_simply(name, &t(0), 1);
    }
    let listed = connection.list_groups(4, &["Empty"], &[]);
    assert_eq!(listed.len(), names.len());
    assert!(listed.iter().any(|group| group.group_id == group_id("group-29")));
    assert_eq!(Metrics::scrape(broker.http()).sum("tidemill_groups", ""), 30);
    broker.stop();
}

/// A join that is parked holds up its own connection and no other, in no group.
#[test]
fn a_parked_join_holds_up_nobody_else() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[]);
    let [mut first, mut second, mut third] = [broker.connect(), broker.connect(), broker.connect()];
    let seat = alone(&mut first, &Join::new("g"));
    let join = second.send_entry(&Join::new("g"));
    super::rig::until_rebalance(&mut first, &seat);
    alone(&mut third, &Join::new("other"));
    third.commit_simply("simple", &t(0), 1);
    assert_eq!(third.describe_group(5, "g").group_state.as_str(), "PreparingRebalance");
    let left = third.leave(4, "g", &[(&seat.member, None)]);
    assert_eq!(error(left.members[0].error_code), None);
    assert_eq!(second.receive_join(&join).members.len(), 1);
    assert_eq!(first.beat(&seat), Some(E::UnknownMemberId));
    broker.stop();
}

/// A member that was given up by its client in a join is out after its session, and those who
/// wait go on.
#[test]
fn a_client_that_dies_in_a_join_is_out_in_time() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[]);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let seat = alone(&mut first, &Join::new("g"));
    let short = Join { session_ms: 4_000, ..Join::new("g") };
    second.send_entry(&short);
    super::rig::until_rebalance(&mut first, &seat);
    drop(second);
    let again = Join::new("g").with_member(&seat.member);
    let joined = first.join(&again);
    let led = again.seat(&joined);
    assert_eq!(joined.members.len(), 2, "it had joined");
    assert_eq!(error(first.sync(&led, &[]).error_code), None);
    super::rig::until_rebalance(&mut first, &led);
    let joined = first.join(&again);
    assert_eq!((joined.generation_id, joined.members.len()), (3, 1));
    broker.stop();
}
