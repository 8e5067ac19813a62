//! Topics that come and go under load, and a log whose beginning is cut off.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::producer::Round;
use crate::support::batch;
use crate::support::connection::Connection;
use crate::support::produce::{Partition, code};
use crate::support::random::Random;
use crate::support::topics::Blueprint;

/// What the names of these topics begin with.
const PREFIX: &str = "churn-";
/// Topics that there are at once.
const TOPICS_MAX: usize = 24;

/// What became of a topic, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Asked for, not answered: it may exist.
    Creating,
    Exists,
    /// Its end was asked for and not answered: it may still exist.
    Deleting,
    Gone,
}

struct Topic {
    blueprint: Blueprint,
    fate: Fate,
    /// The end of what was acknowledged, by partition.
    ends: BTreeMap<i32, i64>,
}

/// All that ever was.
pub(crate) struct Churn {
    topics: BTreeMap<String, Topic>,
    producer_ids: BTreeSet<i64>,
    /// The log whose beginning is cut off, and from where on it was acknowledged to begin.
    cut: Partition,
    pub(crate) cut_to: i64,
    random: Random,
    pub(crate) changes: u64,
}

impl Churn {
    pub(crate) fn new(cut: Partition, random: Random) -> Self {
        let (topics, producer_ids) = (BTreeMap::new(), BTreeSet::new());
        Self { topics, producer_ids, cut, cut_to: 0, random, changes: 0 }
    }

    /// Changes things until the broker ends.
    pub(crate) fn run(&mut self, round: Round<'_>) -> Result<(), String> {
        let connected = Connection::open(round.address);
        round.start.wait();
        let mut connection = connected.map_err(|error| format!("churn: {error}"))?;
        loop {
            match self.step(&mut connection) {
                Ok(code::NONE) => self.changes += 1,
                Ok(error) => {
                    let error = io::Error::other(format!("error {error}"));
                    return round.lost("churn", &error);
                }
                Err(error) if error.kind() == io::ErrorKind::Other => {
                    return Err(format!("churn: {error}"));
                }
                Err(error) => return round.lost("churn", &error),
            }
        }
    }

    fn step(&mut self, connection: &mut Connection) -> io::Result<i16> {
        let existing: Vec<String> = self.existing();
        let choice = self.random.range(0, 12);
        if existing.len() >= TOPICS_MAX || (choice < 3 && !existing.is_empty()) {
            let name = existing[self.random.index(existing.len())].clone();
            return self.delete(connection, &name);
        }
        match choice {
            0..6 => self.create(connection),
            6..9 if !existing.is_empty() => {
                let name = existing[self.random.index(existing.len())].clone();
                self.produce(connection, &name)
            }
            9 | 10 => self.cut(connection),
            _ => self.take_producer_id(connection),
        }
    }

    fn existing(&self) -> Vec<String> {
        let topics = self.topics.iter().filter(|(_, topic)| topic.fate == Fate::Exists);
        topics.map(|(name, _)| name.clone()).collect()
    }

    fn create(&mut self, connection: &mut Connection) -> io::Result<i16> {
        let name = format!("{PREFIX}{}", self.topics.len());
        let partitions = i32::try_from(self.random.range(1, 5)).expect("few");
        let retention = self.random.range(1_000_000, 9_000_000).to_string();
        let flush = self.random.range(1, 1_000).to_string();
        let configs = [("retention.bytes", retention.as_str()), ("flush.messages", &flush)];
        let blueprint = Blueprint::new(&name, partitions, &configs);
        let topic =
            Topic { blueprint: blueprint.clone(), fate: Fate::Creating, ends: BTreeMap::new() };
        self.topics.insert(name.clone(), topic);
        let error = connection.create_topic(&blueprint)?;
        if error == code::NONE {
            self.topics.get_mut(&name).expect("it was inserted").fate = Fate::Exists;
        }
        Ok(error)
    }

    fn delete(&mut self, connection: &mut Connection, name: &str) -> io::Result<i16> {
        let topic = self.topics.get_mut(name).expect("it exists");
        topic.fate = Fate::Deleting;
        let error = connection.delete_topic(name)?;
        if error == code::NONE {
            topic.fate = Fate::Gone;
        }
        Ok(error)
    }

    fn produce(&mut self, connection: &mut Connection, name: &str) -> io::Result<i16> {
        let topic = self.topics.get_mut(name).expect("it exists");
        let partitions = usize::try_from(topic.blueprint.partitions).expect("some");
        let index = i32::try_from(self.random.index(partitions)).expect("few");
        let count = self.random.range(1, 5);
        let bytes = batch::encode((0..count).map(|_| vec![b'x'; 900]), None);
        let outcome = connection.produce(&Partition::new(name, index), bytes)?;
        if outcome.error_code == code::NONE {
            let end = outcome.base_offset + i64::try_from(count).expect("few");
            topic.ends.insert(index, end);
        }
        Ok(outcome.error_code)
    }

    fn cut(&mut self, connection: &mut Connection) -> io::Result<i16> {
        let start = connection.earliest(&self.cut)?;
        let end = connection.latest(&self.cut)?;
        let offset = start + (end - start) / 3;
        let (error, low) = connection.delete_records(&self.cut, offset)?;
        if error == code::NONE {
            if low < offset {
                return Err(io::Error::other(format!("cut to {offset}, and it begins at {low}")));
            }
            self.cut_to = low;
        }
        Ok(error)
    }

    fn take_producer_id(&mut self, connection: &mut Connection) -> io::Result<i16> {
        let id = connection.init_producer_id()?.producer_id;
        if !self.producer_ids.insert(id) {
            return Err(io::Error::other(format!("producer id {id} is given twice")));
        }
        Ok(code::NONE)
    }

    /// After a start: what was acknowledged is so; what was not is one or the other from now on.
    pub(crate) fn verify(&mut self, connection: &mut Connection) -> Result<(), String> {
        let failed = |error: io::Error| format!("topics after a start: {error}");
        let found = connection.topics().map_err(failed)?;
        for name in found.keys().filter(|name| name.starts_with(PREFIX)) {
            if !self.topics.contains_key(name) {
                return Err(format!("topic {name} was never asked for"));
            }
        }
        for (name, topic) in &mut self.topics {
            let partitions = found.get(name);
            match (topic.fate, partitions) {
                (Fate::Exists, None) => return Err(format!("topic {name} is lost")),
                (Fate::Gone, Some(_)) => return Err(format!("topic {name} came back")),
                (_, None) => topic.fate = Fate::Gone,
                (_, Some(partitions)) => {
                    topic.fate = Fate::Exists;
                    topic
                        .verify(connection, *partitions)
                        .map_err(|error| format!("topic {name}: {error}"))?;
                }
            }
        }
        Ok(())
    }
}

impl Topic {
    fn verify(&self, connection: &mut Connection, partitions: i32) -> Result<(), String> {
        let Blueprint { name, partitions: wanted, configs } = &self.blueprint;
        if partitions != *wanted {
            return Err(format!("{partitions} partitions, of {wanted}"));
        }
        let found = connection.configs(name).map_err(|error| error.to_string())?;
        for (key, value) in configs {
            if found.get(key) != Some(value) {
                return Err(format!("{key} is {:?}, not {value}", found.get(key)));
            }
        }
        for index in 0..*wanted {
            let partition = Partition::new(name, index);
            let end = connection.latest(&partition).map_err(|error| error.to_string())?;
            let acknowledged = self.ends.get(&index).copied().unwrap_or(0);
            if end < acknowledged {
                return Err(format!("partition {index} ends at {end}, not {acknowledged}"));
            }
        }
        Ok(())
    }
}
