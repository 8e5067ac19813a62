//! A member: a process that is in the group, processes what it is assigned, and writes down what
//! it did. It leaves when its standard input ends, which its parent's death does too.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::classic::Classic;
use super::consumer::Modern;
use super::journal::Journal;
use super::readout::Readout;

pub(crate) const GROUP: &str = "storm";
pub(crate) const TOPIC: &str = "storm";

/// What a process is told of the part that it plays.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) protocol: String,
    pub(crate) name: String,
    pub(crate) broker: SocketAddr,
    pub(crate) session: Duration,
    pub(crate) partitions: i32,
    pub(crate) journal: PathBuf,
}

impl Role {
    pub(crate) fn arguments(&self) -> Vec<String> {
        let session = self.session.as_millis().to_string();
        let journal = self.journal.display().to_string();
        let (broker, partitions) = (self.broker.to_string(), self.partitions.to_string());
        let all = [&self.protocol, &self.name, &broker, &session, &partitions, &journal];
        std::iter::once("member".to_owned()).chain(all.into_iter().cloned()).collect()
    }

    /// The part that the arguments give, if they give one.
    pub(crate) fn read(arguments: &[String]) -> Option<Self> {
        let [word, protocol, name, broker, session, partitions, journal] = arguments else {
            return None;
        };
        (word == "member").then(|| Self {
            protocol: protocol.clone(),
            name: name.clone(),
            broker: broker.parse().expect("an address"),
            session: Duration::from_millis(session.parse().expect("milliseconds")),
            partitions: partitions.parse().expect("a count"),
            journal: journal.into(),
        })
    }

    /// How often a member lets the group hear of it.
    pub(crate) fn beat_interval(&self) -> Duration {
        self.session / 4
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
    let readout = Readout::new(role.broker, Journal::open(&role.journal));
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
