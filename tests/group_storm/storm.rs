//! One protocol from its first member to its verdict.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::judge::{Tally, judge};
use super::load::Load;
use super::member::{GROUP, Role, TOPIC};
use crate::support::broker::{Broker, Setup, Site};
use crate::support::connection::Connection;
use crate::support::produce::{Partition, code};
use crate::support::random::Random;
use crate::support::topics::Blueprint;

const MEMBERS: usize = 10;
const MEMBERS_MIN: usize = 4;
const MEMBERS_MAX: usize = 15;
const PARTITIONS: i32 = 200;
const SESSION: Duration = Duration::from_secs(3);
/// How soon the group is stable after the last change: within two sessions, as a member that was
/// killed in a join has its own only once those killed before it are out; and everybody else hears
/// of it with its next heartbeat.
const CALM: Duration = Duration::from_millis(6_750);
/// How long everything that was produced may take to be processed.
const DRAIN: Duration = Duration::from_mins(1);
/// How often it is looked at the group.
const LOOK: Duration = Duration::from_millis(20);
/// A storm of this length puts some members out.
const LONG: Duration = Duration::from_mins(2);
/// How many changes there are before the group is left alone, until it is stable.
const CHANGES_TOGETHER: u64 = 12;

/// A storm to come.
pub(crate) struct Storm {
    protocol: &'static str,
    time: Duration,
    random: Random,
    site: Site,
    /// Never sends: what waits for it waits as long as it means to.
    never: (Sender<()>, Receiver<()>),
}

impl Storm {
    pub(crate) fn new(protocol: &'static str, time: Duration, random: Random) -> Self {
        Self { protocol, time, random, site: Site::new(), never: channel() }
    }

    /// Runs it; a fault ends the program.
    pub(crate) fn run(mut self) -> Tally {
        let session = SESSION.as_millis().to_string();
        let beat = (SESSION / 4).as_millis().to_string();
        let settings = [
            ("group.initial.rebalance.delay.ms", "100"),
            ("group.min.session.timeout.ms", "1000"),
            ("group.consumer.min.session.timeout.ms", "1000"),
            ("group.consumer.min.heartbeat.interval.ms", "100"),
            ("group.consumer.session.timeout.ms", session.as_str()),
            ("group.consumer.heartbeat.interval.ms", beat.as_str()),
        ];
        let mut setup = Setup::small();
        setup.shards = 2;
        setup.settings.extend(settings.map(|(name, value)| (name, value.to_owned())));
        let (mut broker, _) = self.site.start(&setup);
        let mut admin = broker.connect();
        let topic = Blueprint::new(TOPIC, PARTITIONS, &[]);
        assert_eq!(admin.create_topic(&topic).expect("an answer"), code::NONE);
        let mut crowd = self.crowd(&broker);
        let load = Load::start(broker.kafka(), PARTITIONS, self.random.fork());
        let mut tally = Tally::default();
        self.disturb(&mut crowd, &mut admin, &mut tally);
        let ends = load.stop();
        self.drain(&mut crowd, &mut admin, &ends);
        crowd.dismiss();
        let events = crowd.events();
        tally.members = events.len();
        let faults = judge(&events, &ends, &mut tally);
        assert!(faults.is_empty(), "{faults:#?}\n{tally:#?}");
        assert!(self.time < LONG || tally.fenced > 0, "{tally:#?}");
        assert!(tally.records > 1_000 && tally.epochs > 2 && tally.commits > 100, "{tally:#?}");
        broker.stop();
        tally
    }

    fn crowd(&self, broker: &Broker) -> Crowd {
        let mut crowd = Crowd::new(Role {
            protocol: self.protocol.to_owned(),
            name: String::new(),
            broker: broker.kafka(),
            session: SESSION,
            partitions: PARTITIONS,
            journal: std::path::PathBuf::new(),
        });
        for _ in 0..MEMBERS {
            crowd.add();
        }
        crowd
    }

    /// Changes in bursts, after each of which the group has to come to rest. Half of the time
    /// those who are frozen at its end are put out before they wake, and find that out late.
    fn disturb(&mut self, crowd: &mut Crowd, admin: &mut Connection, tally: &mut Tally) {
        let end = Instant::now() + self.time;
        loop {
            let changed = Instant::now();
            let calm = self.settle(crowd, admin, changed);
            tally.longest_calm_ms = tally.longest_calm_ms.max(calm.as_millis());
            if Instant::now() >= end {
                return;
            }
            for _ in 0..self.random.range(1, CHANGES_TOGETHER) {
                self.change(crowd);
                tally.changes += 1;
                let pause = match self.random.index(3) {
                    0 => self.random.range(0, 20),
                    1 => self.random.range(0, 500),
                    _ => self.random.range(0, 2_500),
                };
                self.pause(Duration::from_millis(pause));
            }
            if crowd.frozen() > 0 && self.random.one_in(2) {
                let more = Duration::from_millis(self.random.range(0, 1_500));
                self.pause(SESSION + more);
            }
            crowd.wake_all();
        }
    }

    fn change(&mut self, crowd: &mut Crowd) {
        crowd.check();
        let random = &mut self.random;
        match random.index(10) {
            0..3 if crowd.len() > MEMBERS_MIN => crowd.kill_one(random),
            3 if crowd.len() > MEMBERS_MIN => crowd.let_one_go(random),
            4..6 if crowd.frozen() < crowd.len() / 2 => crowd.freeze_one(random),
            6 if crowd.frozen() > 0 => crowd.wake_one(random),
            _ if crowd.len() < MEMBERS_MAX => crowd.add(),
            _ => crowd.kill_one(random),
        }
    }

    /// Waits until the group is stable with exactly those who live; how long that took.
    fn settle(&self, crowd: &mut Crowd, admin: &mut Connection, changed: Instant) -> Duration {
        loop {
            let (state, members) = self.look(admin);
            let took = changed.elapsed();
            if state == "Stable" && members == crowd.len() {
                return took;
            }
            crowd.check();
            assert!(
                took <= CALM,
                "after {took:?} the group is {state} with {members} members of {}",
                crowd.len()
            );
            self.pause(LOOK);
        }
    }

    fn look(&self, admin: &mut Connection) -> (String, usize) {
        if self.protocol == "classic" {
            let group = admin.describe_group(5, GROUP);
            return (group.group_state.to_string(), group.members.len());
        }
        let group = admin.describe_consumer_group(GROUP);
        (group.group_state.to_string(), group.members.len())
    }

    /// Waits until everything is committed.
    fn drain(&self, crowd: &mut Crowd, admin: &mut Connection, ends: &[i64]) {
        let partitions = (0..PARTITIONS).map(|index| Partition::new(TOPIC, index));
        let partitions: Vec<_> = partitions.collect();
        let began = Instant::now();
        loop {
            let answer = admin.fetch_group_offsets(7, GROUP, Some(&partitions));
            let offsets = answer.topics.iter().flat_map(|topic| &topic.partitions);
            let offsets: Vec<i64> = offsets.map(|part| part.committed_offset.max(0)).collect();
            let ahead = offsets.iter().zip(ends).find(|(offset, end)| offset > end);
            assert_eq!(ahead, None, "nothing is committed that is not there");
            if offsets == ends {
                return;
            }
            crowd.check();
            assert!(began.elapsed() <= DRAIN, "behind: {offsets:?} of {ends:?}");
            self.pause(LOOK);
        }
    }

    fn pause(&self, time: Duration) {
        assert!(self.never.1.recv_timeout(time).is_err(), "nothing is ever sent");
    }
}
