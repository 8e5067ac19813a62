//! One protocol from its first member to its verdict.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::journal::Event;
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
/// The same where the broker is killed besides, which is to come often.
const CHANGES_AND_KILLS_TOGETHER: u64 = 5;

/// A kind of storm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) protocol: &'static str,
    /// Whether the broker is killed and started again too.
    pub(crate) broker_dies: bool,
    /// How many seconds it has if nobody says otherwise.
    pub(crate) seconds: u64,
}

/// A storm to come.
pub(crate) struct Storm {
    kind: Kind,
    time: Duration,
    random: Random,
    site: Site,
    /// Never sends: what waits for it waits as long as it means to.
    never: (Sender<()>, Receiver<()>),
}

/// What there is in it.
struct Scene {
    setup: Setup,
    broker: Broker,
    admin: Connection,
    crowd: Crowd,
}

impl Storm {
    pub(crate) fn new(kind: Kind, time: Duration, random: Random) -> Self {
        Self { kind, time, random, site: Site::new(), never: channel() }
    }

    /// Runs it; a fault ends the program.
    pub(crate) fn run(mut self) -> Tally {
        let mut scene = self.open();
        let broker = scene.broker.kafka();
        let load = Load::start(broker, PARTITIONS, self.random.fork(), self.kind.broker_dies);
        let mut tally = Tally::default();
        self.disturb(&mut scene, &mut tally);
        let ends = load.stop();
        self.drain(&mut scene, &ends);
        scene.crowd.dismiss();
        let events = scene.crowd.events();
        tally.members = events.len();
        let faults = judge(&events, &ends, &mut tally);
        assert!(faults.is_empty(), "{faults:#?}\n{tally:#?}");
        assert!(self.time < LONG || tally.fenced > 0, "{tally:#?}");
        assert!(tally.records > 1_000 && tally.epochs > 1 && tally.commits > 100, "{tally:#?}");
        assert_eq!(tally.restarts > 0, self.kind.broker_dies, "{tally:#?}");
        scene.broker.stop();
        tally
    }

    /// A broker, the topic, and everybody at work.
    fn open(&mut self) -> Scene {
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
        let (broker, _) = self.site.start(&setup);
        let mut admin = broker.connect();
        let topic = Blueprint::new(TOPIC, PARTITIONS, &[]);
        assert_eq!(admin.create_topic(&topic).expect("an answer"), code::NONE);
        let mut crowd = Crowd::new(Role {
            protocol: self.kind.protocol.to_owned(),
            name: String::new(),
            broker: broker.kafka(),
            session: SESSION,
            partitions: PARTITIONS,
            broker_dies: self.kind.broker_dies,
            journal: std::path::PathBuf::new(),
        });
        for _ in 0..MEMBERS {
            crowd.add();
        }
        Scene { setup, broker, admin, crowd }
    }

    /// Changes in bursts, after each of which the group has to come to rest. Half of the time
    /// those who are frozen at its end are put out before they wake, and find that out late.
    fn disturb(&mut self, scene: &mut Scene, tally: &mut Tally) {
        let end = Instant::now() + self.time;
        let most =
            if self.kind.broker_dies { CHANGES_AND_KILLS_TOGETHER } else { CHANGES_TOGETHER };
        loop {
            let changed = Instant::now();
            let calm = self.settle(scene, changed);
            tally.longest_calm_ms = tally.longest_calm_ms.max(calm.as_millis());
            if Instant::now() >= end {
                return;
            }
            for _ in 0..self.random.range(1, most) {
                self.change(&mut scene.crowd);
                tally.changes += 1;
                let pause = match self.random.index(3) {
                    0 => self.random.range(0, 20),
                    1 => self.random.range(0, 500),
                    _ => self.random.range(0, 2_500),
                };
                self.pause(Duration::from_millis(pause));
                if self.kind.broker_dies && self.random.one_in(3) {
                    self.restart(scene, tally);
                }
            }
            if scene.crowd.frozen() > 0 && self.random.one_in(2) {
                let more = Duration::from_millis(self.random.range(0, 1_500));
                self.pause(SESSION + more);
            }
            if self.kind.broker_dies {
                self.restart(scene, tally);
            }
            scene.crowd.wake_all();
        }
    }

    /// SIGKILL for the broker, and a new one on its directory: it knows all that was committed.
    fn restart(&mut self, scene: &mut Scene, tally: &mut Tally) {
        scene.broker.kill();
        let away = if self.random.one_in(2) { 0 } else { self.random.range(0, 500) };
        self.pause(Duration::from_millis(away));
        let events = scene.crowd.events();
        (scene.broker, _) = self.site.start(&scene.setup);
        scene.admin = scene.broker.connect();
        tally.restarts += 1;
        let known = Self::committed(&mut scene.admin);
        for event in events.iter().flat_map(|(_, events)| events) {
            let Event::Committed { partition, offset, .. } = event else { continue };
            let known = known[usize::try_from(*partition).expect("a partition")];
            assert!(known >= *offset, "partition {partition}: {offset} was committed, {known} is");
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
    fn settle(&self, scene: &mut Scene, changed: Instant) -> Duration {
        let crowd = &mut scene.crowd;
        loop {
            let (state, members) = self.look(&mut scene.admin);
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
        if self.kind.protocol == "classic" {
            let group = admin.describe_group(5, GROUP);
            return (group.group_state.to_string(), group.members.len());
        }
        let group = admin.describe_consumer_group(GROUP);
        (group.group_state.to_string(), group.members.len())
    }

    /// Waits until everything is committed.
    fn drain(&self, scene: &mut Scene, ends: &[i64]) {
        let began = Instant::now();
        loop {
            let offsets = Self::committed(&mut scene.admin);
            let ahead = offsets.iter().zip(ends).find(|(offset, end)| offset > end);
            assert_eq!(ahead, None, "nothing is committed that is not there");
            if offsets == ends {
                return;
            }
            scene.crowd.check();
            assert!(began.elapsed() <= DRAIN, "behind: {offsets:?} of {ends:?}");
            self.pause(LOOK);
        }
    }

    /// What the group has committed of each partition, 0 where it is nothing.
    fn committed(admin: &mut Connection) -> Vec<i64> {
        let partitions = (0..PARTITIONS).map(|index| Partition::new(TOPIC, index));
        let partitions: Vec<_> = partitions.collect();
        let answer = admin.fetch_group_offsets(7, GROUP, Some(&partitions));
        assert_eq!(answer.error_code, code::NONE, "{answer:?}");
        let offsets = answer.topics.iter().flat_map(|topic| &topic.partitions);
        offsets.map(|part| part.committed_offset.max(0)).collect()
    }

    fn pause(&self, time: Duration) {
        assert!(self.never.1.recv_timeout(time).is_err(), "nothing is ever sent");
    }
}
