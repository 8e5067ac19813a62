//! A member: a process that is in the group, processes what it is assigned, and writes down what
//! it did. It leaves when its standard input ends, which its parent's death does too.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use super::classic::Classic;
use super::consumer::Modern;
use super::journal::Journal;
use super::readout::Readout;
use crate::support::broker::START_PATIENCE;
use crate::support::connection::Connection;

pub(crate) const GROUP: &str = "storm";
pub(crate) const TOPIC: &str = "storm";

/// How often a broker that is away is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// What a process is told of the part that it plays.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) protocol: String,
    pub(crate) name: String,
    pub(crate) broker: SocketAddr,
    pub(crate) session: Duration,
    pub(crate) partitions: i32,
    /// Whether the broker may be killed, and then comes back.
    pub(crate) broker_dies: bool,
    pub(crate) journal: PathBuf,
}

impl Role {
    pub(crate) fn arguments(&self) -> Vec<String> {
        let session = self.session.as_millis().to_string();
        let journal = self.journal.display().to_string();
        let (broker, partitions) = (self.broker.to_string(), self.partitions.to_string());
        let dies = self.broker_dies.to_string();
        let all = [&self.protocol, &self.name, &broker, &session, &partitions, &dies, &journal];
        std::iter::once("member".to_owned()).chain(all.into_iter().cloned()).collect()
    }

    /// The part that the arguments give, if they give one.
    pub(crate) fn read(arguments: &[String]) -> Option<Self> {
        let [word, protocol, name, broker, session, partitions, dies, journal] = arguments else {
            return None;
        };
        (word == "member").then(|| Self {
            protocol: protocol.clone(),
            name: name.clone(),
            broker: broker.parse().expect("an address"),
            session: Duration::from_millis(session.parse().expect("milliseconds")),
            partitions: partitions.parse().expect("a count"),
            broker_dies: dies.parse().expect("true or false"),
            journal: journal.into(),
        })
    }

    /// How often a member lets the group hear of it.
    pub(crate) fn beat_interval(&self) -> Duration {
        self.session / 4
    }

    /// A connection; a broker that may be away is waited for.
    pub(crate) fn connect(&self) -> Connection {
        connect(self.broker, self.broker_dies)
    }

    /// A connection in place of one that broke, which only a killed broker may be the reason of.
    pub(crate) fn reconnect(&self, error: &io::Error) -> Connection {
        assert!(self.broker_dies, "{}: {error}", self.name);
        self.connect()
    }
}

/// The same for whoever is no member.
pub(crate) fn connect(broker: SocketAddr, may_be_away: bool) -> Connection {
    let patience = if may_be_away { START_PATIENCE } else { Duration::ZERO };
    let deadline = Instant::now() + patience;
    let (_never_sends, pause) = channel::<()>();
    loop {
        match Connection::open(broker) {
            Ok(connection) => return connection,
            Err(error) => assert!(Instant::now() < deadline, "no connection: {error}"),
        }
        assert!(pause.recv_timeout(LOOK).is_err(), "nothing is ever sent");
    }
}

/// Plays a part to its end.
pub(crate) fn run(role: &Role) {
    let is_over = Arc::new(AtomicBool::new(false));
    let input_is_over = Arc::clone(&is_over);
    std::thread::spawn(move || {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        input_is_over.store(true, Ordering::Release);
    });
    let goes_on = move || !is_over.load(Ordering::Acquire);
    let readout = Readout::new(role.clone(), Journal::open(&role.journal));
    if role.protocol == "classic" {
        let mut member = Classic::new(role, readout);
        while goes_on() {
            member.step();
        }
        member.leave();
    } else {
        let mut member = Modern::new(role, readout);
        while goes_on() {
            member.step();
        }
        member.leave();
    }
}
