//! Groups and offsets over the broker's ends: killed, terminated, and with other shards.

use bytes::Bytes;

use super::rig::{E, alone, create, pair, setup, start, t, until_rebalance};
use crate::support::broker::{Broker, Setup, Site};
use crate::support::classic_group::{Join, Seat, error};
use crate::support::connection::Connection;
use crate::support::consumer_group::{Beat, Consumer};
use crate::support::metrics::Metrics;
use crate::support::offsets::Commit;

/// Members of both kinds of groups, as they were before the broker ended.
struct Crowd {
    seats: [Seat; 2],
    instance: Seat,
    modern: [Consumer; 2],
    away: Consumer,
    groups: usize,
}

fn static_join() -> Join {
    Join::new("static").with_instance("i")
}

/// Groups of both kinds, and offsets of groups enough to reach every partition.
fn gather(broker: &Broker) -> Crowd {
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let joins = [Join::new("classic"), Join::new("classic")];
    let seats = pair(&mut first, &mut second, &joins);
    assert_eq!(first.commit(9, &seats[0], &[Commit::new(t(0), 11)]), [None]);
    let instance = alone(&mut second, &static_join());
    let [mut a, mut b] =
        ["a", "b"].map(|member| Consumer::new(Beat::join("modern", member, &["t"])));
    let mut away = Consumer::new(Beat::join("modern", "c", &["t"]).with_instance("j"));
    first.settle(&mut [&mut a, &mut b, &mut away]);
    let by_a = Seat::at_epoch("modern", "a", a.epoch);
    assert_eq!(first.commit(9, &by_a, &[Commit::new(t(1), 12)]), [None]);
    first.consumer_told(&Beat::at("modern", "c", -2).with_instance("j"));
    for number in 0..20 {
        first.commit_simply(&format!("simple-{number}"), &t(2), number);
    }
    first.commit_simply("forgotten", &t(0), 1);
    assert_eq!(first.delete_groups(&["forgotten"]), [None]);
    Crowd { seats, instance, modern: [a, b], away, groups: 23 }
}

/// Everybody goes on as if nothing had happened.
fn check(broker: &Broker, crowd: &mut Crowd) {
    let mut connection = broker.connect();
    assert_eq!(connection.list_groups(5, &[], &[]).len(), crowd.groups);
    let counted = Metrics::scrape(broker.http()).sum("tidemill_groups", "");
    assert_eq!(counted, crowd.groups as u64);
    for number in 0..20 {
        let (offset, ..) = connection.committed(&format!("simple-{number}"), &t(2)).unwrap();
        assert_eq!(offset, number);
    }
    assert_eq!(connection.committed("forgotten", &t(0)), None);
    assert_eq!(connection.committed("classic", &t(0)).unwrap().0, 11);
    assert_eq!(connection.committed("modern", &t(1)).unwrap().0, 12);
    for seat in crowd.seats.iter().chain([&crowd.instance]) {
        assert_eq!(connection.beat(seat), None, "{seat:?}");
    }
    for seat in &crowd.seats {
        let synced = connection.sync(seat, &[]);
        assert_eq!((error(synced.error_code), synced.assignment), (None, held_by(seat)));
    }
    let old = Seat { generation: crowd.seats[0].generation - 1, ..crowd.seats[0].clone() };
    let commit = [Commit::new(t(0), 99)];
    assert_eq!(connection.commit(9, &old, &commit), [Some(E::IllegalGeneration)]);
    check_modern(&mut connection, crowd);
}

fn held_by(seat: &Seat) -> Bytes {
    Bytes::from(format!("of {}", seat.member))
}

/// No epoch has passed, and the one that is away has what it had.
fn check_modern(connection: &mut Connection, crowd: &mut Crowd) {
    let before = crowd.modern.clone();
    let [a, b] = &mut crowd.modern;
    for consumer in [&mut *a, &mut *b] {
        connection.live(consumer);
    }
    for (consumer, before) in [&*a, b].into_iter().zip(&before) {
        assert_eq!((consumer.epoch, &consumer.owned), (before.epoch, &before.owned));
    }
    let back = Beat::join("modern", "c", &["t"]).with_instance("j");
    let mut back = Consumer::new(back);
    let group = connection.settle(&mut [a, b, &mut back]);
    assert_eq!((group.group_epoch, &back.owned), (before[0].epoch, &crowd.away.owned));
    connection.consumer_told(&Beat::at("modern", "c", -2).with_instance("j"));
}

/// A static member comes back under another id, also to a broker that knows it from its log.
fn bounce(broker: &Broker, crowd: &mut Crowd) {
    let mut connection = broker.connect();
    let joined = connection.join(&static_join());
    let back = static_join().seat(&joined);
    assert_eq!(back.generation, crowd.instance.generation, "no rebalance");
    assert_eq!(connection.beat(&crowd.instance), Some(E::FencedInstanceId));
    crowd.instance = back;
}

#[test]
fn groups_outlive_kills_terminations_and_changes_of_the_shards() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let mut crowd = gather(&broker);
    for (round, shards) in [1, 1, 3, 2, 1].into_iter().enumerate() {
        if round % 2 == 0 {
            broker.kill();
        } else {
            broker.stop();
        }
        let setup = Setup { shards, ..setup(&[]) };
        (broker, _) = site.start(&setup);
        check(&broker, &mut crowd);
        bounce(&broker, &mut crowd);
    }
    // And they still rebalance.
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let again = crowd.seats.clone().map(|seat| Join::new("classic").with_member(&seat.member));
    first.send_join(&again[0]);
    until_rebalance(&mut second, &crowd.seats[1]);
    let joined = second.join(&again[1]);
    assert_eq!(joined.generation_id, crowd.seats[1].generation + 1);
    broker.stop();
}

/// A commit that was answered is there after a kill, however soon that comes.
#[test]
fn an_answered_commit_outlives_a_kill() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    for round in 1..=8_i64 {
        let mut connection = broker.connect();
        let seat = alone(&mut connection, &Join::new("member"));
        for step in 0..round * 7 {
            let commits = [Commit::new(t(0), round * 100 + step)];
            assert_eq!(connection.commit(9, &seat, &commits), [None]);
        }
        connection.commit_simply("simple", &t(1), round);
        broker.kill();
        let shards = u16::try_from(round % 3 + 1).unwrap();
        (broker, _) = site.start(&Setup { shards, ..setup(&[]) });
        let mut connection = broker.connect();
        assert_eq!(connection.committed("member", &t(0)).unwrap().0, round * 107 - 1);
        assert_eq!(connection.committed("simple", &t(1)).unwrap().0, round);
        assert_eq!(connection.beat(&seat), None);
        connection.leave(4, "member", &[(&seat.member, None)]);
    }
    broker.stop();
}

/// Whoever is silent over a restart has a whole session from the start on, and is out then.
#[test]
fn sessions_begin_anew_with_the_broker_and_end() {
    let mut site = Site::new();
    let settings = [
        ("group.consumer.session.timeout.ms", "4000"),
        ("group.consumer.heartbeat.interval.ms", "1000"),
    ];
    let (mut broker, _) = site.start(&setup(&settings));
    let mut connection = broker.connect();
    create(&mut connection, "t", 4);
    let short = Join { session_ms: 4_000, ..Join::new("classic") };
    let seat = alone(&mut connection, &short);
    connection.consumer_told(&Beat::join("modern", "m", &["t"]));
    broker.kill();
    (broker, _) = site.start(&setup(&settings));
    let mut connection = broker.connect();
    let join = connection.send_entry(&Join::new("classic"));
    let joined = connection.receive_join(&join);
    assert_eq!((joined.generation_id, joined.members.len()), (seat.generation + 1, 1));
    let mut consumer = Consumer::new(Beat::join("modern", "other", &["t"]));
    while consumer.owned.len() < 4 {
        connection.live(&mut consumer);
    }
    broker.stop();
}

/// Who waits in a join or a sync when the broker stops is told to look for a coordinator.
#[test]
fn whoever_waits_is_told_when_the_broker_stops() {
    let mut site = Site::new();
    let mut broker = start(&mut site);
    let [mut first, mut second] = [broker.connect(), broker.connect()];
    let joins = [Join::new("g"), Join::new("g")];
    let [leader, follower] = pair(&mut first, &mut second, &joins);
    let again = Join::new("g").with_member(&leader.member);
    first.send_join(&again);
    until_rebalance(&mut second, &follower);
    broker.terminate();
    let told = first.receive_join(&again);
    assert_eq!(error(told.error_code), Some(E::NotCoordinator), "{told:?}");
    broker.stop();
}
