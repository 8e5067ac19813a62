//! What a member does with its partitions: it reads on from what is committed, checks each
//! record, writes down that it was processed, and commits.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError as E;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::{BrokerId, FetchRequest};

use super::journal::{Epoch, Event, Journal, now};
use super::member::{Role, TOPIC};
use super::trouble::Trouble;
use crate::support::batch;
use crate::support::classic_group::{Seat, error};
use crate::support::connection::Connection;
use crate::support::offsets::Commit;
use crate::support::payload::Mark;
use crate::support::produce::{Partition, topic_name};

/// How long a fetch waits for records.
const WAIT_MS: i32 = 50;
const PARTITION_BYTES_MAX: i32 = 16 << 10;
/// How often what was processed is committed.
const COMMIT_INTERVAL: Duration = Duration::from_millis(300);

/// A member's partitions and how far it is in each.
pub(crate) struct Readout {
    role: Role,
    data: Connection,
    journal: Journal,
    positions: BTreeMap<i32, i64>,
    committed: BTreeMap<i32, i64>,
    last_commit: Instant,
}

impl Readout {
    pub(crate) fn new(role: Role, journal: Journal) -> Self {
        Self {
            data: role.connect(),
            role,
            journal,
            positions: BTreeMap::new(),
            committed: BTreeMap::new(),
            last_commit: Instant::now(),
        }
    }

    /// Connects again: the broker was killed. How far it is in each partition it knows still.
    pub(crate) fn reconnect(&mut self, error: &io::Error) {
        self.data = self.role.reconnect(error);
    }

    pub(crate) fn partitions(&self) -> Vec<i32> {
        self.positions.keys().copied().collect()
    }

    pub(crate) fn entered(&mut self, epoch: Epoch) {
        let partitions = self.positions.len();
        self.journal.note(&[Event::Entered { at: now(), epoch, partitions }]);
    }

    /// Forgets everything: the member has no place any more.
    pub(crate) fn fenced(&mut self, error: E) {
        self.journal.note(&[Event::Fenced { at: now(), error: error.code() }]);
        self.positions.clear();
        self.committed.clear();
    }

    pub(crate) fn forget(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.positions.remove(partition);
            self.committed.remove(partition);
        }
    }

    /// Takes partitions up where the group is. Gives the error back if the asker has no place.
    pub(crate) fn take_up(
        &mut self,
        connection: &mut Connection,
        asker: &Seat,
        partitions: &[i32],
    ) -> Result<(), Trouble> {
        if partitions.is_empty() {
            return Ok(());
        }
        let wanted: Vec<_> = partitions.iter().map(|&index| Partition::new(TOPIC, index)).collect();
        let answer = connection.try_fetch_offsets(9, &[asker], Some(&wanted))?;
        let group = &answer.groups[0];
        if let Some(error) = error(group.error_code) {
            return Err(error.into());
        }
        for part in group.topics.iter().flat_map(|topic| &topic.partitions) {
            assert_eq!(error(part.error_code), None, "{part:?}");
            let offset = part.committed_offset.max(0);
            self.positions.insert(part.partition_index, offset);
            self.committed.insert(part.partition_index, offset);
        }
        Ok(())
    }

    /// Processes what there is by now, as the owner in `epoch`.
    pub(crate) fn read(&mut self, epoch: Epoch) -> Result<(), Trouble> {
        let partitions = self.positions.iter().map(|(&index, &offset)| {
            FetchPartition::default()
                .with_partition(index)
                .with_current_leader_epoch(-1)
                .with_fetch_offset(offset)
                .with_last_fetched_epoch(-1)
                .with_log_start_offset(-1)
                .with_partition_max_bytes(PARTITION_BYTES_MAX)
        });
        let topic = FetchTopic::default()
            .with_topic(topic_name(TOPIC))
            .with_partitions(partitions.collect());
        let topics = if self.positions.is_empty() { Vec::new() } else { vec![topic] };
        let request = FetchRequest::default()
            .with_replica_id(BrokerId(-1))
            .with_max_wait_ms(WAIT_MS)
            .with_min_bytes(1)
            .with_max_bytes(1 << 20)
            .with_session_epoch(-1)
            .with_topics(topics);
        let answer = self.data.call(&request, 12)?;
        assert_eq!(error(answer.error_code), None);
        let mut events = Vec::new();
        for part in answer.responses.into_iter().flat_map(|topic| topic.partitions) {
            assert_eq!(error(part.error_code), None, "{part:?}");
            let index = part.partition_index;
            let from = self.positions[&index];
            let records = batch::decode(part.records.unwrap_or_default());
            let records = records.expect("batches are sound");
            let mut next = from;
            for record in records.iter().filter(|record| record.offset >= from) {
                assert_eq!(record.offset, next, "no gap in partition {index}");
                let mark = Mark::read(record.value.as_ref().expect("a value"));
                let mark = mark.expect("a whole value");
                let place = (u32::try_from(index).unwrap(), u64::try_from(next).unwrap());
                assert_eq!((mark.log, mark.counter), place, "what was produced there");
                next += 1;
            }
            if next > from {
                let (first, last) = (from, next - 1);
                events.push(Event::Read { at: now(), epoch, partition: index, first, last });
                self.positions.insert(index, next);
            }
        }
        self.journal.note(&events);
        Ok(())
    }

    /// Whether it is time to commit.
    pub(crate) fn is_due(&self) -> bool {
        self.last_commit.elapsed() >= COMMIT_INTERVAL
    }

    /// Commits what was processed in these partitions, as `seat`; why not.
    pub(crate) fn commit(
        &mut self,
        connection: &mut Connection,
        seat: &Seat,
        partitions: &[i32],
    ) -> Result<(), Trouble> {
        self.last_commit = Instant::now();
        let new = partitions.iter().filter_map(|index| {
            let (offset, before) = (*self.positions.get(index)?, *self.committed.get(index)?);
            (offset > before).then(|| Commit::new(Partition::new(TOPIC, *index), offset))
        });
        let commits: Vec<Commit> = new.collect();
        if commits.is_empty() {
            return Ok(());
        }
        let from = now();
        let codes = connection.try_commit(9, seat, &commits)?;
        let until = now();
        let refused = codes.iter().flatten().next().copied();
        let mut events = Vec::new();
        for (commit, code) in commits.iter().zip(&codes) {
            assert_eq!(*code, refused, "one member, one answer");
            let (partition, offset) = (commit.partition.index, commit.offset);
            if code.is_none() {
                let epoch = seat.generation;
                events.push(Event::Committed { from, until, epoch, partition, offset });
                self.committed.insert(partition, offset);
            }
        }
        self.journal.note(&events);
        refused.map_or(Ok(()), |error| Err(error.into()))
    }

    /// The same before the partitions are given up; what is not committed is processed again.
    pub(crate) fn commit_if_may(
        &mut self,
        connection: &mut Connection,
        seat: &Seat,
        partitions: &[i32],
    ) -> Result<(), io::Error> {
        let refused = match self.commit(connection, seat, partitions) {
            Ok(()) => return Ok(()),
            Err(Trouble::Broken(error)) => return Err(error),
            Err(Trouble::Refused(refused)) => refused,
        };
        let is_late = matches!(refused, E::RebalanceInProgress | E::IllegalGeneration)
            || matches!(refused, E::UnknownMemberId | E::StaleMemberEpoch);
        assert!(is_late, "{refused:?}");
        Ok(())
    }
}
