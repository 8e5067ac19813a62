//! A consumer of a topic's partitions, from a given place on, without a group.
//!
//! One fetch is under way to every leader that has something to give; while the caller works on an
//! answer, the next one is on its way. So at most two answers a broker are held. What a broker can
//! not give now is asked again with fresh metadata, for a bounded time.

mod fetched;
mod positions;

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use record::{LeaderEpoch, NodeId, Offset, PartitionIndex, Timestamp};

pub use self::fetched::{ConsumedRecord, Fetched};
use self::fetched::{Part, PartResult};
use self::positions::{Position, Positions};
use super::backoff::Backoff;
use super::cluster::Client;
use super::connection::{Answer, Awaiting, Connection};
use super::error::ClientError;
use crate::kafka::api::fetch::{FetchPartition, FetchRequest, FetchResponse, FetchTopic};
use crate::kafka::api::list_offsets::{EARLIEST, LATEST};
use crate::kafka::api_key::ApiKey;
use crate::kafka::error_code::ErrorCode;

/// The last Fetch version that names topics, for brokers whose topics have no ids.
const BY_NAME_MAX: i16 = 12;
/// Tries of a fetch that fails, about one a second.
const RETRIES: u32 = 60;

/// Where to begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartAt {
    /// At the first record there is.
    #[default]
    Beginning,
    /// Behind the last one.
    End,
    /// At an offset; at the first record there is, if that is later.
    Offset(Offset),
    /// At the first record of that time or later.
    Time(Timestamp),
}

/// What is consumed, and how.
#[derive(Clone, Debug)]
pub struct ConsumerConfig {
    /// Where to begin.
    pub start: StartAt,
    /// Which partitions; none given is all that the topic has now.
    pub partitions: Vec<PartitionIndex>,
    /// Whether to end at what is the end when the consumer is opened.
    pub stop_at_end: bool,
    /// How long a broker waits for records before it answers that there are none.
    pub max_wait: Duration,
    /// The most bytes of an answer, a single larger batch excepted.
    pub max_bytes: i32,
    /// The most bytes of one partition in an answer, a single larger batch excepted.
    pub partition_bytes: i32,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            start: StartAt::Beginning,
            partitions: Vec::new(),
            stop_at_end: false,
            max_wait: Duration::from_millis(500),
            max_bytes: 16 << 20,
            partition_bytes: 4 << 20,
        }
    }
}

/// A consumer.
pub struct Consumer {
    client: Client,
    topic: String,
    config: ConsumerConfig,
    positions: Positions,
    flights: Vec<Flight>,
    backoff: Backoff,
}

/// A fetch that is under way.
struct Flight {
    leader: NodeId,
    awaiting: Awaiting,
}

/// What a partition's answer asks for beside its records.
enum Trouble {
    /// The position is not in the log.
    OutOfRange(Vec<PartitionIndex>),
    /// Something that may pass, or not.
    Failed(ClientError),
}

impl Consumer {
    /// Finds out where to begin, and where to end if that was asked for.
    pub async fn open(
        client: Client,
        topic: &str,
        config: ConsumerConfig,
    ) -> Result<Self, ClientError> {
        let info = client.refresh(topic).await?;
        let mut partitions = config.partitions.clone();
        if partitions.is_empty() {
            partitions = info.partitions.iter().map(|partition| partition.index).collect();
        }
        for partition in &partitions {
            if info.partition(*partition).is_none() {
                let (topic, partitions) = (topic.to_owned(), info.partitions.len());
                let partition = *partition;
                return Err(ClientError::UnknownPartition { topic, partition, partitions });
            }
        }
        let earliest = client.offsets(topic, &partitions, EARLIEST).await?;
        let latest = client.offsets(topic, &partitions, LATEST).await?;
        let at_time = match config.start {
            StartAt::Time(time) => client.offsets(topic, &partitions, time).await?,
            _ => BTreeMap::new(),
        };
        let mut positions = Positions::default();
        for (partition, latest) in latest {
            let earliest = earliest.get(&partition).copied().unwrap_or_default();
            let next = match config.start {
                StartAt::Beginning => earliest,
                StartAt::End => latest,
                StartAt::Offset(offset) if offset > latest => {
                    return Err(ClientError::PastEnd { partition, offset, latest });
                }
                StartAt::Offset(offset) => offset.max(earliest),
                StartAt::Time(_) => {
                    let found = at_time.get(&partition).copied().filter(|found| found.0 >= 0);
                    found.unwrap_or(latest)
                }
            };
            let end = config.stop_at_end.then_some(latest);
            positions.insert(partition, Position { next, end });
        }
        let backoff = new_backoff(&client);
        let topic = topic.to_owned();
        Ok(Self { client, topic, config, positions, flights: Vec::new(), backoff })
    }

    /// The next records, when there are some; `None` when all partitions are at their end. Each
    /// answer's records come once, so the caller works on all of them or is done with them.
    /// Dropping the future loses no record.
    pub async fn next(&mut self) -> Result<Option<Fetched>, ClientError> {
        loop {
            if self.positions.all_done() {
                return Ok(None);
            }
            if let Err(error) = self.start_missing().await {
                self.wait_after(error).await?;
                continue;
            }
            let (leader, answer) = self.landed().await;
            let (fetched, trouble) = match answer {
                Ok(answer) => self.digest(answer),
                Err(error) => (None, Some(Trouble::Failed(error))),
            };
            match trouble {
                None => self.backoff = new_backoff(&self.client),
                Some(Trouble::OutOfRange(partitions)) => self.reposition(&partitions).await?,
                Some(Trouble::Failed(error)) => self.wait_after(error).await?,
            }
            if let Some(fetched) = fetched {
                // The next fetch is on its way while the caller works. If it can not be sent,
                // the next call finds out why.
                drop(self.start(leader).await);
                return Ok(Some(fetched));
            }
        }
    }

    /// Sends a fetch to every leader that has none under way and something to give.
    async fn start_missing(&mut self) -> Result<(), ClientError> {
        let info = self.client.topic(&self.topic).await?;
        let leader = |partition| info.partition(partition).map(|found| found.leader);
        let mut leaders: Vec<_> = self.positions.wanted().filter_map(leader).collect();
        leaders.sort_unstable();
        leaders.dedup();
        leaders.retain(|leader| self.flights.iter().all(|flight| flight.leader != *leader));
        for leader in leaders {
            self.start(leader).await?;
        }
        match self.positions.wanted().next() {
            Some(partition) if self.flights.is_empty() => {
                let topic = self.topic.clone();
                Err(ClientError::NoLeader { topic, partition })
            }
            _ => Ok(()),
        }
    }

    /// Sends a fetch of all that a leader has to give.
    async fn start(&mut self, leader: NodeId) -> Result<(), ClientError> {
        let info = self.client.topic(&self.topic).await?;
        let mut partitions = Vec::new();
        // The broker fills an answer in the order of the request: everybody is first in turn.
        for partition in self.positions.in_turn() {
            let Some(found) = info.partition(partition) else { continue };
            let Some(position) = self.positions.get(partition) else { continue };
            if found.leader == leader && !position.is_done() {
                partitions.push(FetchPartition {
                    partition,
                    current_leader_epoch: LeaderEpoch::NONE,
                    fetch_offset: position.next,
                    max_bytes: self.config.partition_bytes,
                    ..FetchPartition::default()
                });
            }
        }
        let Some(first) = partitions.first() else { return Ok(()) };
        let partition = first.partition;
        let no_leader = || ClientError::NoLeader { topic: self.topic.clone(), partition };
        let connection = self.client.node(leader).await?.ok_or_else(no_leader)?;
        let limit = if info.id.is_nil() { BY_NAME_MAX } else { i16::MAX };
        let topic = FetchTopic { name: &self.topic, id: info.id, partitions: (&partitions).into() };
        let awaiting = self.send(&connection, limit, topic).await?;
        self.flights.push(Flight { leader, awaiting });
        Ok(())
    }

    async fn send(
        &self,
        connection: &Rc<Connection>,
        limit: i16,
        topic: FetchTopic<'_>,
    ) -> Result<Awaiting, ClientError> {
        let version = connection.version(ApiKey::Fetch, limit)?;
        let topics = [topic];
        let request = FetchRequest {
            max_wait_ms: i32::try_from(self.config.max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: 1,
            max_bytes: self.config.max_bytes,
            topics: (&topics).into(),
            ..FetchRequest::default()
        };
        Ok(connection.start(version, &request, self.config.max_wait).await?)
    }

    /// The first answer that comes, and whose it is.
    async fn landed(&mut self) -> (NodeId, Result<Answer, ClientError>) {
        poll_fn(|context| {
            for index in 0..self.flights.len() {
                let Some(flight) = self.flights.get_mut(index) else { break };
                if let Poll::Ready(answer) = Pin::new(&mut flight.awaiting).poll(context) {
                    let leader = self.flights.swap_remove(index).leader;
                    let answer = match answer {
                        Ok(answer) => answer.map_err(ClientError::from),
                        Err(_) => Err(ClientError::Closed),
                    };
                    return Poll::Ready((leader, answer));
                }
            }
            Poll::Pending
        })
        .await
    }

    /// Notes what came, and moves the positions behind it.
    fn digest(&mut self, answer: Answer) -> (Option<Fetched>, Option<Trouble>) {
        let (mut parts, mut trouble, mut lost) = (Vec::new(), None, Vec::new());
        let mut cut_off = None;
        let body = match answer.body::<FetchResponse<'_>>() {
            Ok(body) => body,
            Err(error) => return (None, Some(Trouble::Failed(error.into()))),
        };
        let action = || format!("fetch from topic '{}'", self.topic);
        if let Err(error) = ClientError::check(body.error_code, None, action) {
            return (None, Some(Trouble::Failed(error)));
        }
        for fetched in body.topics.iter().flat_map(|topic| topic.partitions.iter()) {
            let partition = fetched.data.partition;
            let Some(position) = self.positions.get(partition) else { continue };
            if fetched.data.error_code == ErrorCode::OFFSET_OUT_OF_RANGE {
                lost.push(partition);
                continue;
            }
            let action = || format!("fetch partition {partition} of topic '{}'", self.topic);
            if let Err(error) = ClientError::check(fetched.data.error_code, None, action) {
                trouble = Some(Trouble::Failed(error));
                continue;
            }
            let Some(records) = fetched.records else { continue };
            match Part::of(partition, position, records) {
                Ok(PartResult::Empty) => {}
                Ok(PartResult::CutOff { needs }) => cut_off = Some((partition, position, needs)),
                Ok(PartResult::Some { part, next }) => {
                    self.positions.advance(partition, next);
                    parts.push(part);
                }
                Err(error) => trouble = Some(Trouble::Failed(error)),
            }
        }
        // A broker gives one batch whole, however large, and cuts what comes behind it.
        if let Some((partition, position, needs)) = cut_off.filter(|_| parts.is_empty()) {
            let reason = format!("the broker gives only a part of a batch of {needs} bytes");
            let error = ClientError::Damaged { partition, offset: position.next, reason };
            trouble = trouble.or(Some(Trouble::Failed(error)));
        }
        if !lost.is_empty() {
            trouble = trouble.or(Some(Trouble::OutOfRange(lost)));
        }
        let fetched = (!parts.is_empty()).then(|| Fetched::new(answer, parts));
        (fetched, trouble)
    }

    /// Retention has overtaken a position, or the log's end is before it: goes on where the log
    /// begins, or at its end.
    async fn reposition(&mut self, partitions: &[PartitionIndex]) -> Result<(), ClientError> {
        let earliest = self.client.offsets(&self.topic, partitions, EARLIEST).await?;
        let latest = self.client.offsets(&self.topic, partitions, LATEST).await?;
        for partition in partitions {
            let Some(position) = self.positions.get(*partition) else { continue };
            let first = earliest.get(partition).copied().unwrap_or_default();
            let last = latest.get(partition).copied().unwrap_or_default();
            self.positions.advance(*partition, position.next.clamp(first, last.max(first)));
        }
        Ok(())
    }

    /// Waits a while and asks for the topic anew, unless the error is there to stay.
    async fn wait_after(&mut self, error: ClientError) -> Result<(), ClientError> {
        if !error.is_retriable() {
            return Err(error);
        }
        let Some(wait) = self.backoff.next() else { return Err(error) };
        self.client.runtime().sleep(wait).await;
        match self.client.refresh(&self.topic).await {
            Err(error) if !error.is_retriable() => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

fn new_backoff(client: &Client) -> Backoff {
    let config = client.config();
    Backoff::new(config.retry_wait_first, config.retry_wait_max, RETRIES)
}
