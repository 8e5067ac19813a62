//! `ConsumerGroupHeartbeat` (KIP-848): joining, epochs, giving partitions up, and going.

use super::rig::{E, start, start_with};
use crate::support::broker::Site;
use crate::support::classic_group::error;
use crate::support::consumer_group::{Beat, Consumer, assigned, described};

#[test]
fn a_member_joins_with_its_own_id_or_is_given_one() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[("group.consumer.heartbeat.interval.ms", "4321")]);
    let mut connection = broker.connect();
    let id = connection.topic_id("t").unwrap();
    let all = Some(vec![(id, vec![0, 1, 2, 3])]);
    let told = connection.consumer_told(&Beat::join("g", "mine", &["t"]));
    assert_eq!(told.member_id.as_deref(), Some("mine"));
    assert_eq!((told.heartbeat_interval_ms, assigned(&told)), (4_321, all.clone()));
    let epoch = told.member_epoch;
    assert!(epoch >= 1);
    let told = connection.consumer_told(&Beat::at("g", "mine", epoch));
    assert_eq!((told.member_epoch, assigned(&told)), (epoch, None), "nothing new");
    // Whoever says everything is told everything.
    let full = Beat { epoch, ..Beat::join("g", "mine", &["t"]) };
    let told = connection.consumer_told(&full);
    assert_eq!((told.member_epoch, assigned(&told)), (epoch, all.clone()));

    let nameless = Beat { version: 0, ..Beat::join("other", "", &["t"]) };
    let told = connection.consumer_told(&nameless);
    assert_eq!(assigned(&told), all);
    let given = told.member_id.unwrap();
    assert!(given.len() > 20, "{given}");
    let beat = Beat { version: 0, ..Beat::at("other", &given, told.member_epoch) };
    assert_eq!(connection.consumer_refused(&beat), None);
    let nameless = Beat { version: 1, ..nameless };
    assert_eq!(connection.consumer_refused(&nameless), Some(E::InvalidRequest));
    broker.stop();
}

#[test]
fn a_heartbeat_that_contradicts_itself_is_refused() {
    let mut site = Site::new();
    let mut broker = start_with(&mut site, &[("group.consumer.max.size", "1")]);
    let mut connection = broker.connect();
    let join = Beat::join("g", "m", &["t"]);
    let refused = [
        Beat { group: String::new(), ..join.clone() },
        Beat { epoch: -3, ..join.clone() },
        Beat { epoch: -2, ..join.clone() },
        Beat { rebalance_ms: -1, ..join.clone() },
        Beat { topics: None, ..join.clone() },
        Beat { owned: None, ..join.clone() },
        Beat { instance: Some(String::new()), ..join.clone() },
        join.clone().with_owned("11111111-1111-1111-1111-111111111111", &[0]),
    ];
    for beat in &refused {
        assert_eq!(connection.consumer_refused(beat), Some(E::InvalidRequest), "{beat:?}");
    }
    let other = Beat { assignor: Some("best".to_owned()), ..join.clone() };
    assert_eq!(connection.consumer_refused(&other), Some(E::UnsupportedAssignor));
    assert_eq!(connection.consumer_refused(&Beat::at("g", "m", 1)), Some(E::UnknownMemberId));
    assert_eq!(connection.list_groups(5, &[], &[]).len(), 0, "nobody got in");

    let epoch = connection.consumer_told(&join).member_epoch;
    let full = Beat::join("g", "second", &["t"]);
    assert_eq!(connection.consumer_refused(&full), Some(E::GroupMaxSizeReached));
    for wrong in [epoch + 1, epoch + 7] {
        let beat = Beat::at("g", "m", wrong);
        assert_eq!(connection.consumer_refused(&beat), Some(E::FencedMemberEpoch));
    }
    let stranger = Beat::at("g", "nobody", epoch);
    assert_eq!(connection.consumer_refused(&stranger), Some(E::UnknownMemberId));
    assert_eq!(connection.consumer_refused(&Beat::at("g", "m", epoch)), None);
    broker.stop();
}

/// A partition is with nobody else before the one that had it says that it gave it up.
#[test]
fn partitions_are_given_up_before_they_are_given_away() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let id = connection.topic_id("t").unwrap();
    let told = connection.consumer_told(&Beat::join("g", "first", &["t"]));
    let old = told.member_epoch;
    let joined = connection.consumer_told(&Beat::join("g", "second", &["t"]));
    let new = joined.member_epoch;
    assert_eq!((new, assigned(&joined)), (old + 1, Some(vec![])), "all is taken");

    let told = connection.consumer_told(&Beat::at("g", "first", old));
    let kept = assigned(&told).unwrap();
    assert_eq!((told.member_epoch, kept[0].1.len()), (old, 2), "{told:?}");
    let group = connection.describe_consumer_group("g");
    assert_eq!(group.group_state.as_str(), "Reconciling");
    assert_eq!((group.group_epoch, group.assignment_epoch), (new, new));
    let [first, second] = &group.members[..] else { panic!("{group:?}") };
    assert_eq!((first.member_epoch, second.member_epoch), (old, new));
    assert_eq!((described(&first.assignment).len(), described(&second.assignment).len()), (2, 0));
    assert_eq!(described(&second.target_assignment).len(), 2);

    // Whoever still has it, or does not say, keeps the others waiting.
    let all = Beat::at("g", "first", old).with_owned(&id, &[0, 1, 2, 3]);
    for beat in [all, Beat::at("g", "first", old)] {
        assert_eq!(connection.consumer_told(&beat).member_epoch, old);
        let waits = connection.consumer_told(&Beat::at("g", "second", new));
        assert_eq!((waits.member_epoch, assigned(&waits)), (new, None));
    }
    let gave_up = Beat::at("g", "first", old).with_owned(&id, &kept[0].1);
    assert_eq!(connection.consumer_told(&gave_up).member_epoch, new);
    let got = connection.consumer_told(&Beat::at("g", "second", new));
    let got = assigned(&got).unwrap();
    let mut both = [kept[0].1.clone(), got[0].1.clone()].concat();
    both.sort_unstable();
    assert_eq!(both, [0, 1, 2, 3]);
    assert_eq!(connection.describe_consumer_group("g").group_state.as_str(), "Stable");

    // The answer got lost: the same again is no offence, unless it owns more than it may.
    assert_eq!(connection.consumer_told(&gave_up).member_epoch, new);
    let greedy = Beat::at("g", "first", old).with_owned(&id, &[0, 1, 2, 3]);
    assert_eq!(connection.consumer_refused(&greedy), Some(E::FencedMemberEpoch));
    let silent = Beat::at("g", "first", old);
    assert_eq!(connection.consumer_refused(&silent), Some(E::FencedMemberEpoch));
    broker.stop();
}

#[test]
fn whoever_goes_leaves_its_partitions_to_the_others() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let mut first = Consumer::new(Beat::join("g", "first", &["t"]));
    let mut second = Consumer::new(Beat::join("g", "second", &["t"]));
    connection.settle(&mut [&mut first, &mut second]);
    assert_eq!((first.owned.len(), second.owned.len()), (2, 2));
    let left = connection.consumer_told(&Beat::at("g", "first", -1));
    assert_eq!((left.member_epoch, assigned(&left)), (-1, None));
    assert_eq!(connection.consumer_refused(&Beat::at("g", "first", -1)), Some(E::UnknownMemberId));
    connection.settle(&mut [&mut second]);
    assert_eq!(second.indices(), [0, 1, 2, 3]);
    connection.consumer_told(&Beat::at("g", "second", -1));
    let group = connection.describe_consumer_group("g");
    assert_eq!((group.group_state.as_str(), group.members.len()), ("Empty", 0));
    broker.stop();
}

#[test]
fn whoever_is_silent_or_does_not_give_up_is_out() {
    let mut site = Site::new();
    let settings = [
        ("group.consumer.session.timeout.ms", "4000"),
        ("group.consumer.heartbeat.interval.ms", "1000"),
    ];
    let mut broker = start_with(&mut site, &settings);
    let mut connection = broker.connect();
    // The first is silent from now on, the third lives and keeps what it is to give up.
    let silent = Beat::join("g", "silent", &["t"]);
    let epoch = connection.consumer_told(&silent).member_epoch;
    let mut lives = Consumer::new(Beat::join("g", "lives", &["t"]));
    while lives.owned.len() < 4 {
        connection.live(&mut lives);
    }
    let gone = connection.consumer_refused(&Beat::at("g", "silent", epoch));
    assert_eq!(gone, Some(E::UnknownMemberId));

    let keeps = Beat { rebalance_ms: 300, ..Beat::join("h", "keeps", &["t"]) };
    let epoch = connection.consumer_told(&keeps).member_epoch;
    let mut waits = Consumer::new(Beat::join("h", "waits", &["t"]));
    while waits.owned.len() < 4 {
        connection.live(&mut waits);
        let told = connection.consumer_beat(&Beat::at("h", "keeps", epoch));
        assert!([None, Some(E::UnknownMemberId)].contains(&error(told.error_code)), "{told:?}");
    }
    let gone = connection.consumer_refused(&Beat::at("h", "keeps", epoch));
    assert_eq!(gone, Some(E::UnknownMemberId));
    broker.stop();
}

/// A fenced member gives up everything and joins anew with epoch 0, under the id that it had.
#[test]
fn a_member_may_start_over() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let join = Beat::join("g", "m", &["t"]);
    let told = connection.consumer_told(&join);
    let again = connection.consumer_told(&join);
    assert_eq!(assigned(&again), assigned(&told));
    assert_eq!(again.member_epoch, told.member_epoch);
    assert_eq!(connection.describe_consumer_group("g").members.len(), 1);
    broker.stop();
}

#[test]
fn a_static_member_goes_for_a_while_and_finds_what_it_had() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut connection = broker.connect();
    let first = Beat::join("g", "first", &["t"]).with_instance("i");
    let mut first = Consumer::new(first);
    let mut second = Consumer::new(Beat::join("g", "second", &["t"]));
    let before = connection.settle(&mut [&mut first, &mut second]);
    let had = first.indices();

    let other = Beat::join("g", "third", &["t"]).with_instance("i");
    assert_eq!(connection.consumer_refused(&other), Some(E::UnreleasedInstanceId));
    let away = Beat::at("g", "first", -2).with_instance("i");
    assert_eq!(connection.consumer_told(&away).member_epoch, -2);
    connection.live(&mut second);
    assert_eq!(second.owned.len(), 2, "nobody gets what it has");
    let mut third = Consumer::new(other);
    let after = connection.settle(&mut [&mut third, &mut second]);
    assert_eq!(third.indices(), had);
    assert_eq!(after.group_epoch, before.group_epoch, "no rebalance");
    assert_eq!(after.members.len(), 2);
    let instances = after.members.iter().map(|member| member.instance_id.as_deref());
    assert_eq!(instances.collect::<Vec<_>>(), [None, Some("i")]);

    let old = Beat::at("g", "first", before.group_epoch).with_instance("i");
    assert_eq!(connection.consumer_refused(&old), Some(E::FencedInstanceId));
    let old = Beat::at("g", "first", -1).with_instance("i");
    assert_eq!(connection.consumer_refused(&old), Some(E::FencedInstanceId));
    let unknown = Beat::at("g", "third", -2).with_instance("nobody");
    assert_eq!(connection.consumer_refused(&unknown), Some(E::UnknownMemberId));
    // For good it goes with -1.
    connection.consumer_told(&Beat::at("g", "third", -1).with_instance("i"));
    connection.settle(&mut [&mut second]);
    assert_eq!(second.indices(), [0, 1, 2, 3]);
    broker.stop();
}
