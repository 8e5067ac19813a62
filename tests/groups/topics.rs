//! Topics that come, grow and go under groups.

use kafka_protocol::messages::CreatePartitionsRequest;
use kafka_protocol::messages::create_partitions_request::CreatePartitionsTopic;

use super::rig::{alone, create, setup, start, t};
use crate::support::broker::Site;
use crate::support::classic_group::{Join, error};
use crate::support::connection::Connection;
use crate::support::consumer_group::{Beat, Consumer};
use crate::support::produce::{Partition, code, topic_name};

fn grow(connection: &mut Connection, topic: &str, partitions: i32) {
    let topic = CreatePartitionsTopic::default()
        .with_name(topic_name(topic))
        .with_count(partitions)
        .with_assignments(None);
    let request =
        CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(60_000);
    let answer = connection.call(&request, 2).unwrap();
    assert_eq!(error(answer.results[0].error_code), None, "{answer:?}");
}

#[test]
fn members_get_what_is_made_and_added_and_lose_what_is_deleted() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let [mut a, mut b] =
        ["a", "b"].map(|member| Consumer::new(Beat::join("g", member, &["t", "later"])));
    connection.settle(&mut [&mut a, &mut b]);
    assert_eq!(a.owned.len() + b.owned.len(), 4);
    create(&mut connection, "later", 2);
    while a.owned.len() + b.owned.len() < 6 {
        connection.settle(&mut [&mut a, &mut b]);
    }
    grow(&mut connection, "later", 8);
    while a.owned.len() + b.owned.len() < 12 {
        connection.settle(&mut [&mut a, &mut b]);
    }
    assert_eq!((a.owned.len(), b.owned.len()), (6, 6));
    assert!(a.owned.is_disjoint(&b.owned));
    assert_eq!(connection.delete_topic("later").unwrap(), code::NONE);
    while a.owned.len() + b.owned.len() > 4 {
        connection.settle(&mut [&mut a, &mut b]);
    }
    // Made anew, it is another one, and is given to them too.
    let old = connection.topic_id("t").unwrap();
    assert_eq!(connection.delete_topic("t").unwrap(), code::NONE);
    create(&mut connection, "t", 1);
    let is_new = |it: &Consumer| it.owned.iter().all(|(topic, _)| *topic != old);
    while !(a.owned.len() + b.owned.len() == 1 && is_new(&a) && is_new(&b)) {
        connection.settle(&mut [&mut a, &mut b]);
    }
    broker.stop();
}

/// Offsets belong to a topic, not to its name.
#[test]
fn a_topic_made_anew_inherits_no_offsets() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    create(&mut connection, "u", 1);
    let u = Partition::new("u", 0);
    let seat = alone(&mut connection, &Join::new("classic"));
    for group in ["simple", "both"] {
        connection.commit_simply(group, &t(0), 5);
    }
    connection.commit_simply("both", &u, 6);
    let commits = [crate::support::offsets::Commit::new(t(0), 7)];
    assert_eq!(connection.commit(9, &seat, &commits), [None]);
    assert_eq!(connection.delete_topic("t").unwrap(), code::NONE);
    create(&mut connection, "t", 4);
    for group in ["simple", "both", "classic"] {
        assert_eq!(connection.committed(group, &t(0)), None, "{group}");
    }
    assert_eq!(connection.committed("both", &u).unwrap().0, 6);
    assert_eq!(connection.beat(&seat), None, "members are not concerned");
    // A group that only kept what is gone is gone.
    while connection.list_groups(5, &[], &[]).len() > 2 {}
    assert_eq!(connection.commit(9, &seat, &commits), [None]);
    assert_eq!(connection.committed("classic", &t(0)).unwrap().0, 7);
    broker.stop();
}

/// The deletion itself is durable before it reaches the groups; a broker that is killed between
/// the two, or later, gives none of the old offsets out.
#[test]
fn what_was_deleted_before_a_kill_stays_deleted() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    for round in 0..6 {
        let mut connection = broker.connect();
        let name = format!("u-{round}");
        let u = Partition::new(&name, 0);
        create(&mut connection, &name, 1);
        connection.commit_simply("g", &u, 6);
        let mut consumer = Consumer::new(Beat::join("modern", &name, &[&name, "t"]));
        connection.settle(&mut [&mut consumer]);
        assert_eq!(connection.delete_topic(&name).unwrap(), code::NONE);
        if round % 2 == 0 {
            create(&mut connection, &name, 1);
        }
        let other = connection.topic_id("t").unwrap();
        broker.kill();
        (broker, _) = site.start(&setup(&[]));
        let mut connection = broker.connect();
        if round % 2 == 1 {
            create(&mut connection, &name, 1);
        }
        assert_eq!(connection.committed("g", &u), None, "{round}");
        // The member was told of the old one, and finds the new one and what it had.
        let new = connection.topic_id(&name).unwrap();
        let expected = [(new, 0), (other.clone(), 0)].map(|(topic, _)| topic);
        let topics = |it: &Consumer| {
            let mut topics: Vec<_> = it.owned.iter().map(|(topic, _)| topic.clone()).collect();
            topics.dedup();
            topics
        };
        let mut expected = expected.to_vec();
        expected.sort();
        while topics(&consumer) != expected {
            connection.settle(&mut [&mut consumer]);
        }
        connection.consumer_told(&Beat::at("modern", &name, -1));
    }
    broker.stop();
}
