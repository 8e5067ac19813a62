//! A broker for groups, and groups made in one step.

use bytes::Bytes;

use crate::support::broker::{Broker, Setup, Site};
use crate::support::classic_group::{Join, Seat, error};
use crate::support::connection::Connection;
use crate::support::produce::{Partition, code};
use crate::support::topics::Blueprint;

pub(super) use kafka_protocol::error::ResponseError as E;

/// Settings under which nothing waits: no initial delay, and sessions as short as a test likes.
pub(super) fn setup(settings: &[(&'static str, &str)]) -> Setup {
    let mut setup = Setup::small();
    let defaults = [
        ("group.initial.rebalance.delay.ms", "0"),
        ("group.min.session.timeout.ms", "1"),
        ("group.consumer.min.session.timeout.ms", "1"),
        ("group.consumer.min.heartbeat.interval.ms", "1"),
        ("offsets.topic.num.partitions", "4"),
    ];
    let is_other = |name: &str| settings.iter().all(|(other, _)| *other != name);
    let defaults = defaults.into_iter().filter(|(name, _)| is_other(name));
    let all = defaults.chain(settings.iter().copied());
    setup.settings.extend(all.map(|(name, value)| (name, value.to_owned())));
    setup
}

/// A broker with the topic `t` of four partitions.
pub(super) fn start_with(site: &mut Site, settings: &[(&'static str, &str)]) -> Broker {
    let (broker, _) = site.start(&setup(settings));
    create(&mut broker.connect(), "t", 4);
    broker
}

pub(super) fn start(site: &mut Site) -> Broker {
    start_with(site, &[])
}

pub(super) fn create(connection: &mut Connection, topic: &str, partitions: i32) {
    let created = connection.create_topic(&Blueprint::new(topic, partitions, &[])).unwrap();
    assert_eq!(created, code::NONE, "{topic}");
}

/// A partition of the topic `t`.
pub(super) fn t(index: i32) -> Partition {
    Partition::new("t", index)
}

/// A member joins and leads a generation of its own.
pub(super) fn alone(connection: &mut Connection, join: &Join) -> Seat {
    let join = match join.instance {
        Some(_) => join.clone(),
        None => connection.send_entry(join),
    };
    let joined = match join.instance {
        Some(_) => connection.join(&join),
        None => connection.receive_join(&join),
    };
    let seat = join.seat(&joined);
    assert_eq!(joined.leader, joined.member_id);
    let assignment = Bytes::from_static(b"all");
    let synced = connection.sync(&seat, &[(&seat.member, assignment.clone())]);
    assert_eq!((error(synced.error_code), synced.assignment), (None, assignment));
    seat
}

/// A leader and a follower, each on its connection, both in the second generation and stable.
pub(super) fn pair(
    first: &mut Connection,
    second: &mut Connection,
    joins: &[Join; 2],
) -> [Seat; 2] {
    let leader = alone(first, &joins[0]);
    let follows = match joins[1].instance {
        Some(_) => {
            second.send_join(&joins[1]);
            joins[1].clone()
        }
        None => second.send_entry(&joins[1]),
    };
    let again = joins[0].clone().with_member(&leader.member);
    until_rebalance(first, &leader);
    let led = first.join(&again);
    assert_eq!(led.members.len(), 2, "{led:?}");
    let joined = second.receive_join(&follows);
    let seats = [again.seat(&led), follows.seat(&joined)];
    let assignments = seats.clone().map(|seat| {
        let assignment = Bytes::from(format!("of {}", seat.member));
        (seat.member, assignment)
    });
    let assignments = assignments.each_ref().map(|(member, all)| (member.as_str(), all.clone()));
    second.send_sync(5, &seats[1], &[]);
    assert_eq!(first.sync(&seats[0], &assignments).assignment, assignments[0].1);
    assert_eq!(second.receive_sync(5).assignment, assignments[1].1);
    seats
}

/// Heartbeats until a rebalance has begun: what another connection sent has been taken then.
pub(super) fn until_rebalance(connection: &mut Connection, seat: &Seat) {
    beat_until(connection, seat, E::RebalanceInProgress, None);
}

/// Heartbeats until they are refused for one reason, and meanwhile for another or none.
pub(super) fn beat_until(
    connection: &mut Connection,
    seat: &Seat,
    wanted: E,
    meanwhile: Option<E>,
) {
    loop {
        match connection.beat(seat) {
            Some(error) if error == wanted => return,
            other => assert!(other.is_none() || other == meanwhile, "{other:?}"),
        }
    }
}
