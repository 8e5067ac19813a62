//! What members of KIP-848 groups read: topics by name and by regular expression, and how
//! assignors share them out.

use super::rig::{E, create, start};
use crate::support::broker::Site;
use crate::support::consumer_group::{Beat, Consumer};

fn by_regex(group: &str, member: &str, regex: &str) -> Beat {
    Beat {
        topics: Some(Vec::new()),
        regex: Some(regex.to_owned()),
        ..Beat::join(group, member, &[])
    }
}

#[test]
fn a_regular_expression_finds_topics_that_there_are_and_that_come() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    create(&mut connection, "orders-1", 2);
    let mut consumer = Consumer::new(by_regex("g", "m", "orders-[0-9]+"));
    connection.settle(&mut [&mut consumer]);
    assert_eq!(consumer.indices(), [0, 1]);
    create(&mut connection, "orders-2", 1);
    create(&mut connection, "my-orders-3", 1);
    while consumer.owned.len() < 3 {
        connection.live(&mut consumer);
    }
    let group = connection.settle(&mut [&mut consumer]);
    assert_eq!(consumer.owned.len(), 3, "a name is matched as a whole");
    assert_eq!(group.members[0].subscribed_topic_regex.as_deref(), Some("orders-[0-9]+"));

    // Names beside the expression, then names alone.
    let both = Beat { topics: Some(vec!["t".to_owned()]), ..consumer.next() };
    let told = connection.consumer_told(&both);
    consumer.hear(&told);
    while consumer.owned.len() < 7 {
        connection.live(&mut consumer);
    }
    let names = Beat { regex: Some(String::new()), ..consumer.next() };
    let told = connection.consumer_told(&names);
    consumer.hear(&told);
    connection.settle(&mut [&mut consumer]);
    assert_eq!(consumer.indices(), [0, 1, 2, 3]);
    broker.stop();
}

/// Version 0 has no expressions, bad ones are refused, and none can take long.
#[test]
fn expressions_are_checked_and_bounded() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let long = "a".repeat(10 << 10);
    let nested = format!("{}a{}", "(".repeat(1_000), ")".repeat(1_000));
    for bad in ["(", "[z-a]", "(?=t)", &long, &nested, "(((a{100}){100}){100}){100}"] {
        let refused = connection.consumer_refused(&by_regex("g", "m", bad));
        assert_eq!(refused, Some(E::InvalidRegularExpression), "{bad}");
    }
    assert_eq!(connection.list_groups(5, &[], &[]).len(), 0);
    create(&mut connection, &"a".repeat(249), 1);
    let mut consumer = Consumer::new(by_regex("g", "m", "(a+)+$"));
    connection.settle(&mut [&mut consumer]);
    assert_eq!(consumer.indices(), [0]);
    let mut consumer = Consumer::new(by_regex("h", "m", "(a*)*b"));
    connection.settle(&mut [&mut consumer]);
    assert_eq!(consumer.indices(), [0; 0]);
    broker.stop();
}

#[test]
fn the_assignor_is_the_members_choice() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    create(&mut connection, "u", 3);
    for (assignor, expected) in [("uniform", [4, 3]), ("range", [4, 3])] {
        let join = |member: &str| Beat {
            assignor: Some(assignor.to_owned()),
            ..Beat::join(assignor, member, &["t", "u"])
        };
        let [mut a, mut b] = [Consumer::new(join("a")), Consumer::new(join("b"))];
        let group = connection.settle(&mut [&mut a, &mut b]);
        assert_eq!(group.assignor_name.as_str(), assignor);
        let mut counts = [a.owned.len(), b.owned.len()];
        counts.sort_unstable_by(|one, other| other.cmp(one));
        assert_eq!(counts, expected, "{assignor}");
        assert!(a.owned.is_disjoint(&b.owned));
        if assignor == "range" {
            let (t, u) = (connection.topic_id("t").unwrap(), connection.topic_id("u").unwrap());
            let of = |topic: &str, indices: &[i32]| {
                indices.iter().map(|&index| (topic.to_owned(), index)).collect::<Vec<_>>()
            };
            let mut expected = [of(&t, &[0, 1]), of(&u, &[0, 1])].concat();
            expected.sort();
            assert_eq!(a.owned.iter().cloned().collect::<Vec<_>>(), expected);
        }
    }
    broker.stop();
}
