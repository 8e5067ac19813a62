//! Groups on the shards: a group belongs to a partition of `__consumer_offsets`, and is coordinated
//! by the shard that owns it. Whoever asks, on whichever shard, waits for a ticket's answer, which
//! comes once all that was written before it is durable.
//!
//! A ticket holds no credit of the mesh while it waits: a join may be parked for minutes. It is
//! sent one way, and its answer comes back as a request the other way.

mod partition;
mod placement;
mod settings;
mod tickets;
mod topic;
mod view;

pub use partition::GroupPartition;
pub use placement::partition_of;
pub use tickets::Tickets;
pub use topic::OFFSETS_TOPIC;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use record::{PartitionIndex, TopicPartition};
use runtime::local::first;

use crate::broker::own_log::OwnLog;
use crate::broker::topics::Topic;
use crate::group::coordinator::{Answer, Request, Timing};
use crate::group::effects::Ticket;
use crate::group::id::GroupId;
use crate::shard::{Shard, message};

/// How long a request waits for the logs of a topic that was just made.
const LOOK_FOR_LOG: Duration = Duration::from_millis(10);
const LOOKS_FOR_LOG: u32 = 200;

/// A shard's part in groups.
#[derive(Default)]
pub struct Groups {
    /// The partitions that it coordinates.
    partitions: RefCell<BTreeMap<PartitionIndex, Rc<GroupPartition>>>,
    /// How often topics have changed since the start.
    topic_changes: Cell<i64>,
    /// Who waits here for answers.
    pub tickets: Tickets,
}

impl Groups {
    /// How many groups are coordinated here.
    pub fn count(&self) -> usize {
        self.partitions.borrow().values().map(|partition| partition.group_count()).sum()
    }
}

/// Why a group can not be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// `__consumer_offsets` can not be made, or its partition not be used.
    #[error("no coordinator can be had: {0}")]
    NoCoordinator(String),
    /// It could not write, has too much to do, or the broker stops: to be asked again.
    #[error("the coordinator has given up the request")]
    Lost,
}

impl Shard {
    /// Asks a group's coordinator, here or on another shard, and waits for its answer, which may
    /// be minutes. Dropped, the answer is forgotten; what was asked is done all the same.
    pub async fn ask_group(
        self: &Rc<Self>,
        group: &GroupId,
        request: impl FnOnce(Ticket) -> Request,
    ) -> Result<Answer, Unavailable> {
        let topic = self.offsets_topic().await?;
        let partition = partition_of(group.as_str(), topic.partition_count());
        self.ask_partition(topic.log_id(partition), request).await
    }

    /// The same for a partition of `__consumer_offsets`.
    pub async fn ask_partition(
        self: &Rc<Self>,
        log: TopicPartition,
        request: impl FnOnce(Ticket) -> Request,
    ) -> Result<Answer, Unavailable> {
        let (held, answer) = self.groups.tickets.issue(self.id);
        let request = request(held.ticket());
        let owner = self.owner(log);
        if owner == self.id {
            self.coordinate(log, request)?;
        } else {
            let asked = message::Request::Group(log, Box::new(request));
            match self.call(owner, asked).await {
                Ok(message::Reply::Coordinated(taken)) => taken?,
                Ok(_) | Err(_) => return Err(Unavailable::Lost),
            }
        }
        let lost = async {
            self.connections.closing().await;
            Err(Unavailable::Lost)
        };
        let answered = async { answer.await.unwrap_or(Err(Unavailable::Lost)) };
        first(answered, lost).await
    }

    /// Takes a request for a partition that this shard owns.
    pub fn coordinate(
        self: &Rc<Self>,
        log: TopicPartition,
        request: Request,
    ) -> Result<(), Unavailable> {
        if self.store.log(log).is_some() {
            return self.group_partition(log)?.submit(self, request);
        }
        // Whoever asks may know of a new topic before this shard has its logs.
        let shard = Rc::clone(self);
        let later = async move {
            for _ in 0..LOOKS_FOR_LOG {
                shard.runtime.sleep(LOOK_FOR_LOG).await;
                if shard.store.log(log).is_some() {
                    break;
                }
            }
            let ticket = request.ticket();
            let taken = shard.group_partition(log).and_then(|found| found.submit(&shard, request));
            if let (Err(error), Some(ticket)) = (taken, ticket) {
                shard.deliver(ticket, Err(error));
            }
        };
        self.runtime.spawn(later).detach();
        Ok(())
    }

    /// Reads the groups of all partitions that this shard owns, so that their timers run.
    pub fn open_group_partitions(self: &Rc<Self>) {
        let found = self.topics.borrow().named(OFFSETS_TOPIC).cloned();
        let Some(topic) = found else { return };
        for log in topic.own_logs() {
            if let Err(error) = self.group_partition(log.id()) {
                tracing::error!(log = %log.id(), %error, "groups can not be read");
            }
        }
    }

    /// The times that are configured for a consumer group, or for all.
    pub fn timing_of(&self, group: &GroupId) -> Timing {
        let config = self.dynamic.group_config(group.as_str());
        Timing {
            session_timeout: config.session_timeout,
            heartbeat_interval: config.heartbeat_interval,
        }
    }

    /// Tells the groups of this shard that topics were made or deleted, or have grown.
    pub(crate) fn topics_changed(&self, deleted: Option<&Topic>) {
        let groups = &self.groups;
        groups.topic_changes.set(groups.topic_changes.get() + 1);
        for partition in groups.partitions.borrow().values() {
            if let Some(topic) = deleted {
                partition.submit_event(Request::TopicDeleted(Arc::from(&*topic.name), topic.id));
            }
            partition.submit_event(Request::TopicsChanged);
        }
    }

    fn group_partition(
        self: &Rc<Self>,
        log: TopicPartition,
    ) -> Result<Rc<GroupPartition>, Unavailable> {
        let found = self.groups.partitions.borrow().get(&log.partition).cloned();
        let is_usable = |found: &Rc<GroupPartition>| found.log_id() == log && !found.has_failed();
        if let Some(partition) = found.filter(is_usable) {
            return Ok(partition);
        }
        let found = self.store.log(log).filter(|log| log.is_online());
        let found = found.ok_or_else(|| Unavailable::NoCoordinator("it is offline".to_owned()))?;
        let own = OwnLog::new(&self.runtime, &self.store, found);
        let partition = GroupPartition::start(self, own);
        self.groups.partitions.borrow_mut().insert(log.partition, Rc::clone(&partition));
        Ok(partition)
    }

    /// Gives an answer to whoever holds the ticket, here or on another shard.
    fn deliver(self: &Rc<Self>, ticket: Ticket, answer: Result<Answer, Unavailable>) {
        let holder = Tickets::holder(ticket);
        if holder == self.id {
            return self.groups.tickets.answer(ticket, answer);
        }
        let shard = Rc::clone(self);
        let sending = async move {
            let answer = message::Request::GroupAnswer(ticket, Box::new(answer));
            // Nobody waits on a shard that has ended.
            drop(shard.call(holder, answer).await);
        };
        self.runtime.spawn(sending).detach();
    }
}
