//! Members that obey the protocol, whose heartbeats and answers are lost or come twice, while
//! others come and go and topics change: no partition is ever with two, and all calms down.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use record::TopicPartition;

use super::rig::{Rig, beat, join};
use crate::group::consumer::{
    Answer, Assignment, Event, GroupState, Heartbeat, Refusal, Settings, Topics,
};

/// Small numbers out of a seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// A client: what it was told, and what it reads meanwhile.
#[derive(Default)]
struct Client {
    epoch: i32,
    instance: Option<String>,
    topics: Vec<&'static str>,
    regex: &'static str,
    /// What it reads.
    owned: Assignment,
    /// What it was told to read; it gives up at once, and takes up a heartbeat later.
    told: Assignment,
    /// Whether to say everything: after a join, and whenever no answer came.
    is_unsure: bool,
    heard_at: Duration,
}

impl Client {
    fn heartbeat(&self, id: &str) -> Heartbeat {
        let mut heartbeat = beat(id, self.epoch);
        if self.is_unsure || self.epoch == 0 {
            heartbeat.topics = join(id, &self.topics).topics;
            heartbeat.rebalance_timeout = Some(REBALANCE_TIMEOUT);
            heartbeat.regex = Some(self.regex.into());
        }
        heartbeat.instance_id = self.instance.as_deref().map(Into::into);
        heartbeat.owned = Some(self.owned.as_slice().to_vec());
        heartbeat
    }

    fn start_over(&mut self) {
        self.epoch = 0;
        self.owned = Assignment::default();
        self.told = Assignment::default();
    }

    fn hear(&mut self, now: Duration, answer: Answer) {
        match answer {
            Ok(told) => {
                self.epoch = told.member_epoch;
                self.told = told.assignment.unwrap_or_else(|| self.told.clone());
                self.owned = self.owned.intersect(&self.told);
                self.is_unsure = false;
                self.heard_at = now;
            }
            Err(
                Refusal::UnknownMemberId
                | Refusal::FencedMemberEpoch { .. }
                | Refusal::UnreleasedInstanceId
                | Refusal::FencedInstanceId
                | Refusal::GroupMaxSizeReached(_),
            ) => self.start_over(),
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

struct Storm {
    rig: Rig,
    dice: Dice,
    clients: BTreeMap<String, Client>,
    born: u64,
}

/// A client stops reading when it heard nothing for so long. It is less than the session timeout.
const PATIENCE: Duration = Duration::from_secs(30);
/// An answer that wants partitions back may come late by a client's whole patience, and the word
/// that they are given up once more: before that nobody is put out, as nobody would notice.
const REBALANCE_TIMEOUT: Duration = Duration::from_mins(1);

const NAMES: [&str; 5] = ["tide", "ebb", "turn", "ebbing", "spring"];
const REGEXES: [&str; 4] = ["", "e.*", "t.*|spring", ".*"];

impl Storm {
    fn new(seed: u64) -> Self {
        let rig = Rig::new(Settings { size_max: 8, ..Settings::default() });
        Self { rig, dice: Dice(seed), clients: BTreeMap::new(), born: 0 }
    }

    fn some_client(&mut self) -> Option<String> {
        let sides = u64::try_from(self.clients.len()).unwrap();
        let at = self.dice.roll(sides.max(1));
        self.clients.keys().nth(usize::try_from(at).unwrap()).cloned()
    }

    /// One heartbeat of a client: lost on the way, answered in vain, sent twice, or heard.
    fn heartbeat(&mut self, id: &str, luck: u64) {
        let client = self.clients.get_mut(id).unwrap();
        if client.epoch != 0 {
            client.owned = client.told.clone();
            self.check_owners();
        }
        let client = self.clients.get_mut(id).unwrap();
        let heartbeat = client.heartbeat(id);
        client.is_unsure = true;
        if luck == 0 {
            return;
        }
        let answer = self.rig.beat(heartbeat.clone());
        if luck == 1 {
            let _again = self.rig.beat(heartbeat);
        }
        if luck != 2 {
            let now = self.rig.now;
            self.clients.get_mut(id).unwrap().hear(now, answer);
        }
        self.check_owners();
    }

    fn check_owners(&self) {
        let mut owners = BTreeMap::new();
        for (id, client) in &self.clients {
            for partition in client.owned.as_slice() {
                assert_eq!(owners.insert(partition, id), None, "{partition} is with {id} too");
            }
        }
    }

    fn come(&mut self) {
        if self.clients.len() >= 8 || self.rig.group.members.len() >= 8 {
            return;
        }
        self.born += 1;
        let mut client = Client { regex: REGEXES[self.pick(12).min(3)], ..Client::default() };
        client.topics = NAMES.into_iter().filter(|_| self.dice.roll(2) == 0).collect();
        if self.dice.roll(4) == 0 {
            client.instance = Some(format!("instance-{}", self.born));
        }
        self.clients.insert(format!("m{:02}", self.born), client);
    }

    fn pick(&mut self, sides: u64) -> usize {
        usize::try_from(self.dice.roll(sides)).unwrap()
    }

    /// A client leaves, says so or not, and if it is static perhaps comes back.
    fn go(&mut self, id: &str) {
        let client = self.clients.remove(id).unwrap();
        let comes_back = client.instance.is_some() && self.dice.roll(2) == 0;
        let epoch = if comes_back { -2 } else { -1 };
        let mut heartbeat = beat(id, epoch);
        heartbeat.instance_id = client.instance.as_deref().map(Into::into);
        if self.dice.roll(3) > 0 {
            let _unheard = self.rig.beat(heartbeat);
        }
        if comes_back {
            self.born += 1;
            let Client { instance, topics, regex, .. } = client;
            let back = Client { instance, topics, regex, ..Client::default() };
            self.clients.insert(format!("m{:02}", self.born), back);
        }
    }

    fn topics_change(&mut self) {
        let at = self.pick(5);
        let name = NAMES[at];
        let present = self.rig.world.topic(name);
        match (present, self.dice.roll(4)) {
            (Some(_), 0) => self.rig.world.remove(name),
            (Some(topic), _) if topic.partitions < 40 => {
                let id = topic.id.0[0];
                let more = i32::try_from(self.dice.roll(3)).unwrap() + 1;
                self.rig.world.set(name, id, topic.partitions + more);
            }
            (Some(_), _) => {}
            (None, _) => {
                let id = u8::try_from(self.dice.roll(200)).unwrap() + 20;
                let is_new = NAMES
                    .iter()
                    .filter_map(|name| self.rig.world.topic(name))
                    .all(|topic| topic.id.0[0] != id);
                if is_new {
                    self.rig.world.set(name, id, 3);
                }
            }
        }
        self.rig.happen(Event::TopicsChanged);
    }

    /// A client that heard nothing for longer than the session timeout, by its own count of time,
    /// stops reading: it must do so before the group gives away what it has.
    fn pass(&mut self, time: Duration) {
        for client in self.clients.values_mut() {
            if self.rig.now + time >= client.heard_at + PATIENCE {
                client.start_over();
            }
        }
        self.rig.pass(time);
    }

    fn happen(&mut self) {
        match self.dice.roll(40) {
            0 | 1 => self.come(),
            2 => {
                if let Some(id) = self.some_client() {
                    self.go(&id);
                }
            }
            3 => self.topics_change(),
            4 => {
                let seconds = self.dice.roll(20);
                self.pass(Duration::from_secs(seconds));
            }
            5 => {
                let topics = NAMES.into_iter().filter(|_| self.dice.roll(2) == 0).collect();
                if let Some(client) = self.some_client().and_then(|id| self.clients.get_mut(&id)) {
                    client.topics = topics;
                    client.is_unsure = true;
                }
            }
            6 => {
                let group = self.rig.replay(&self.rig.log);
                self.rig.group = group;
                self.rig.happen(Event::TopicsChanged);
            }
            _ => {
                if let Some(id) = self.some_client() {
                    let luck = self.dice.roll(12);
                    self.heartbeat(&id, luck);
                }
            }
        }
    }

    /// Nothing changes any more, and nothing is lost: all have what they are meant to have.
    fn calm_down(&mut self) {
        for _ in 0..12 {
            self.pass(Duration::from_secs(5));
            for id in self.clients.keys().cloned().collect::<Vec<_>>() {
                self.heartbeat(&id, 9);
            }
        }
        let is_idle = self.clients.is_empty();
        let calm = if is_idle { GroupState::Empty } else { GroupState::Stable };
        assert_eq!(self.rig.group.state(), calm);
        let mut read = BTreeSet::<TopicPartition>::new();
        for (id, client) in &self.clients {
            let member = &self.rig.group.members[id.as_str()];
            assert_eq!(client.told, member.target, "{id}");
            assert_eq!(client.epoch, self.rig.group.epoch);
            read.extend(client.told.as_slice());
        }
        let mut subscribed = 0;
        for topic in self.rig.group.all_names() {
            let partitions = self.rig.world.topic(topic).map_or(0, |topic| topic.partitions);
            subscribed += usize::try_from(partitions).unwrap();
        }
        assert_eq!(read.len(), subscribed, "every partition that is wanted is read");
    }
}

#[test]
fn members_converge_and_never_share_a_partition() {
    for seed in 0..50 {
        let mut storm = Storm::new(seed);
        for _ in 0..3 {
            for _ in 0..200 {
                storm.happen();
            }
            storm.rig.check_replay();
            storm.calm_down();
            storm.rig.check_replay();
        }
    }
}
