//! Random members that join, sync, beat, leave, restart and vanish: what holds whatever they do.

use super::*;

/// A generator of Knuth's constants: the same sequence for the same seed, everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(bound).unwrap()).unwrap()
    }
}

/// A client: the id it believes in, and what it waits for.
#[derive(Clone, Default)]
struct Client {
    member: Option<MemberId>,
    generation: i32,
    leads: bool,
    peers: Vec<MemberId>,
    joining: Option<Ticket>,
    syncing: Option<Ticket>,
    is_synced: bool,
}

struct World {
    bench: Bench,
    dice: Dice,
    clients: Vec<Client>,
    asked: Vec<Ticket>,
    /// The protocol of each generation that a member was told of.
    protocols: BTreeMap<i32, Arc<str>>,
}

const LISTS: [&[&str]; 3] = [&["range", "robin"], &["robin", "range"], &["range"]];

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let config = ClassicConfig {
            initial_rebalance_delay: Duration::from_secs([0, 3][dice.below(2)]),
            max_size: [3, 100][dice.below(2)],
            ..Default::default()
        };
        let clients = vec![Client::default(); 1 + dice.below(6)];
        let bench = Bench::with(config);
        Self { bench, dice, clients, asked: Vec::new(), protocols: BTreeMap::new() }
    }

    /// The clients of even number are static.
    fn instance(at: usize) -> Option<InstanceId> {
        at.is_multiple_of(2).then(|| InstanceId::from(format!("i{at}").as_str()))
    }

    fn join(&mut self, at: usize) {
        let list = LISTS[self.dice.below(LISTS.len())];
        let topics: &[&str] = [&["t"][..], &["t", "u"], &[]][self.dice.below(3)];
        let seconds = [6, 10, 60][self.dice.below(3)];
        let needs_member_id = self.dice.below(2) == 0;
        let can_skip_assignment = self.dice.below(2) == 0;
        let join = Join {
            instance: Self::instance(at),
            protocols: protocols(list, &subscription(topics)),
            session_timeout: Duration::from_secs(seconds),
            rebalance_timeout: Duration::from_secs([0, 20, 60][self.dice.below(3)]),
            needs_member_id,
            can_skip_assignment,
            ..self.bench.join(self.clients[at].member.as_ref())
        };
        let ticket = self.bench.send_join(join);
        self.asked.push(ticket);
        self.clients[at].joining = Some(ticket);
    }

    fn sync(&mut self, at: usize) {
        let client = &self.clients[at];
        let Some(member) = client.member.clone() else { return };
        let peers = if client.leads { client.peers.clone() } else { Vec::new() };
        let assign = |id: MemberId| {
            let own = id.as_str().as_bytes().into();
            (id, own)
        };
        let ticket = self.bench.ticket();
        self.asked.push(ticket);
        self.clients[at].syncing = Some(ticket);
        self.bench.apply(Event::Sync(Sync {
            ticket,
            member,
            instance: Self::instance(at),
            generation: self.clients[at].generation,
            protocol_type: None,
            protocol: None,
            assignments: peers.into_iter().map(assign).collect(),
        }));
    }

    fn act(&mut self) {
        let at = self.dice.below(self.clients.len());
        let client = self.clients[at].clone();
        match self.dice.below(12) {
            0..=3 => self.join(at),
            4..=5 => self.sync(at),
            6..=7 => {
                if let Some(member) = client.member {
                    let instance = Self::instance(at);
                    let instance = instance.as_ref().map(InstanceId::as_str);
                    let _ = self.bench.beat_in(&member, instance, client.generation);
                }
            }
            8 => {
                let instance = Self::instance(at);
                let instance = instance.as_ref().map(InstanceId::as_str);
                self.bench.leave(&[(client.member.as_ref(), instance)]);
            }
            // The process starts anew, and knows no id.
            9 => self.clients[at] = Client::default(),
            _ => {
                let ms = self.dice.below(8000);
                self.bench.pass(Duration::from_millis(u64::try_from(ms).unwrap()));
            }
        }
    }

    /// Every client learns what it was told.
    fn learn(&mut self) {
        for client in &mut self.clients {
            let told = |ticket: &mut Option<Ticket>| {
                let answer = ticket.and_then(|ticket| self.bench.answers.get(&ticket))?;
                *ticket = None;
                Some(answer)
            };
            match told(&mut client.joining) {
                Some(Answer::Join(Ok(joined))) => {
                    client.member = Some(joined.member.clone());
                    client.generation = joined.generation;
                    client.leads =
                        joined.leader.as_ref() == Some(&joined.member) && !joined.skip_assignment;
                    client.peers = joined.members.iter().map(|one| one.member.clone()).collect();
                    client.is_synced = false;
                    let protocol = joined.protocol.clone().expect("a generation has a protocol");
                    let known = self.protocols.entry(joined.generation).or_insert(protocol.clone());
                    assert_eq!(*known, protocol, "two protocols in one generation");
                }
                Some(Answer::Join(Err(refused))) => client.member.clone_from(&refused.member),
                Some(other) => panic!("{other:?}"),
                None => {}
            }
            match told(&mut client.syncing) {
                Some(Answer::Sync(Ok(_))) => client.is_synced = true,
                Some(Answer::Sync(Err(ClassicError::UnknownMemberId))) => client.member = None,
                _ => {}
            }
        }
    }

    /// What must hold between events.
    fn check(&self) {
        let group = &self.bench.group;
        let waiting: Vec<_> =
            self.asked.iter().filter(|one| self.bench.is_waiting(**one)).collect();
        let tickets =
            group.roster.iter().flat_map(|(_, one)| [one.awaiting_join, one.awaiting_sync]);
        assert_eq!(tickets.flatten().count(), waiting.len(), "each is kept by one member");
        let joining = group.roster.iter().filter(|(_, one)| one.awaiting_join.is_some()).count();
        assert_eq!(joining, group.roster.awaiting_join());
        let state = group.state();
        assert_eq!(
            joining > 0 || group.join_timer.is_some(),
            state == GroupState::PreparingRebalance
        );
        assert!(group.join_timer.is_some() || joining == 0);
        let syncing = group.roster.iter().any(|(_, one)| one.awaiting_sync.is_some());
        assert!(!syncing || state == GroupState::CompletingRebalance);
        assert!(!syncing || group.sync_timer.is_some(), "somebody ends the waiting");
        assert_eq!(group.leader.is_some(), !group.roster.is_empty());
        assert!(group.leader.as_ref().is_none_or(|id| group.roster.contains(id)));
        let due = group.sessions_due;
        for (_, member) in group.roster.iter() {
            assert!(member.deadline.is_none_or(|at| due.is_some_and(|due| due <= at)));
            assert!(member.deadline.is_some() || member.is_excused());
        }
        if let GroupState::Stable | GroupState::Empty = state {
            self.bench.check_replay();
        }
    }
}

#[test]
fn whatever_members_do_everybody_gets_one_answer_and_the_log_is_the_group() {
    for seed in 0..400 {
        let mut world = World::new(seed);
        for _ in 0..150 {
            world.act();
            world.check();
            world.learn();
        }
        // Silence: no request may wait for longer than all timeouts together.
        world.bench.pass(Duration::from_hours(1));
        assert!(world.asked.iter().all(|ticket| !world.bench.is_waiting(*ticket)), "seed {seed}");
        assert_eq!(world.bench.group.state(), GroupState::Empty, "seed {seed}");
        assert_eq!(world.bench.group.deadline(), None, "seed {seed}");
    }
}

/// Checklist, 10: once nobody comes or goes, clients that do as they are told are soon stable.
#[test]
fn after_the_last_change_the_group_is_stable_within_its_timeouts() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        for _ in 0..60 {
            world.act();
            world.learn();
        }
        // One wait for those who will not join again, one for those who joined and will not sync,
        // and the longest session.
        let limit = world.bench.now.monotonic + 2 * REBALANCE + Duration::from_mins(1);
        while world.bench.now.monotonic < limit {
            world.obey();
            world.bench.pass(Duration::from_secs(1));
            world.check();
            world.learn();
        }
        assert_eq!(world.bench.group.state(), GroupState::Stable, "seed {seed}");
        let max = world.bench.config.max_size;
        let members = world.bench.group.describe().members.len();
        assert_eq!(members, world.clients.len().min(max), "seed {seed}");
    }
}

impl World {
    /// Every client does what a good one does.
    fn obey(&mut self) {
        for at in 0..self.clients.len() {
            let client = self.clients[at].clone();
            if client.joining.is_some() {
                continue;
            }
            let beat = client.member.as_ref().map(|member| {
                let instance = Self::instance(at);
                let instance = instance.as_ref().map(InstanceId::as_str);
                self.bench.beat_in(member, instance, client.generation)
            });
            match beat {
                Some(Ok(())) if client.is_synced || client.syncing.is_some() => {}
                Some(Ok(())) => self.sync(at),
                Some(Err(ClassicError::RebalanceInProgress)) => self.settled_join(at),
                _ => {
                    self.clients[at] = Client::default();
                    self.settled_join(at);
                }
            }
        }
    }

    /// A join of a client that does not change its mind any more.
    fn settled_join(&mut self, at: usize) {
        let join = Join {
            instance: Self::instance(at),
            protocols: protocols(LISTS[2], &subscription(&["t"])),
            ..self.bench.join(self.clients[at].member.as_ref())
        };
        let ticket = self.bench.send_join(join);
        self.asked.push(ticket);
        self.clients[at].joining = Some(ticket);
    }
}
