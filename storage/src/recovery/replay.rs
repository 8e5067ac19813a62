//! Replaying valid commits over a checkpoint's records.
//!
//! A record may know more than the commits before it: it was copied while batches were staged.
//! So an append below a log's next offset only supplies bytes, and everything else is idempotent.

use std::collections::{BTreeMap, BTreeSet};

use record::{BatchHeader, Offset, Timestamp, TopicPartition};
use runtime::buffer::Slice;

use super::RecoveredLog;
use super::choose::Chosen;
use super::pieces::Pieces;
use super::scan::FoundCommit;
use crate::checkpoint::record::LogRecord;
use crate::identity::{CommitSequence, Generation};
use crate::journal::entry::{Entry, EntryKind};
use crate::log::LogStatus;
use crate::log::segments::Segment;
use crate::log::state::{LogState, Visible};

/// A log being put together.
struct Partial {
    state: LogState,
    pieces: Pieces,
    offline: Option<String>,
    known_at: (Generation, CommitSequence),
}

/// What replay made of a journal.
pub(crate) struct Replayed {
    pub(crate) logs: Vec<RecoveredLog>,
    pub(crate) dead: Vec<TopicPartition>,
    /// How many entries there are of logs that neither live here nor are dead.
    pub(crate) unknown: BTreeMap<TopicPartition, usize>,
}

/// Makes the logs that `owned` names of records and commits. `now` stands for times that nobody
/// stored.
pub(super) fn replay(
    records: &[LogRecord],
    generation: Generation,
    chosen: &Chosen,
    owned: impl Fn(TopicPartition) -> bool,
    now: Timestamp,
) -> Replayed {
    let mut replay = Replay { now, ..Replay::default() };
    for record in records.iter().filter(|record| owned(record.log())) {
        replay.take_record(record, generation);
    }
    for (sequence, (_, commit)) in &chosen.commits {
        let entries = commit.header.entries.iter().enumerate();
        for (index, entry) in entries.filter(|(_, entry)| owned(entry.log)) {
            replay.take_entry(*sequence, commit, index, entry);
        }
    }
    replay.finish()
}

#[derive(Default)]
struct Replay {
    now: Timestamp,
    logs: BTreeMap<TopicPartition, Partial>,
    dead: BTreeSet<TopicPartition>,
    /// How many entries there are of logs that were not known when they were met.
    unknown: BTreeMap<TopicPartition, usize>,
}

impl Replay {
    fn take_record(&mut self, record: &LogRecord, generation: Generation) {
        let known_at = (generation, record.sequence());
        let (state, offline) = match record.to_state() {
            Ok(state) => {
                let damaged = state.damaged.clone();
                (state, damaged)
            }
            Err(error) => {
                let state = LogState::new(record.log(), record::LeaderEpoch::FIRST);
                (state, Some(error.to_string()))
            }
        };
        let pieces = Pieces::default();
        self.logs.insert(record.log(), Partial { state, pieces, offline, known_at });
    }

    fn take_entry(
        &mut self,
        sequence: CommitSequence,
        commit: &FoundCommit,
        index: usize,
        entry: &Entry,
    ) {
        let known_at = (commit.header.generation, sequence);
        match entry.kind {
            EntryKind::Create => {
                self.dead.remove(&entry.log);
                self.logs.entry(entry.log).or_insert_with(|| Partial {
                    state: LogState::new(entry.log, entry.leader_epoch),
                    pieces: Pieces::default(),
                    offline: None,
                    known_at,
                });
                return;
            }
            EntryKind::Dead => {
                self.logs.remove(&entry.log);
                self.dead.insert(entry.log);
                return;
            }
            _ => {}
        }
        let Some(log) = self.logs.get_mut(&entry.log) else {
            *self.unknown.entry(entry.log).or_default() += 1;
            return;
        };
        log.known_at = log.known_at.max(known_at);
        if commit.damaged.contains(&index) {
            log.offline.get_or_insert_with(|| format!("journal commit {sequence} is damaged"));
            return;
        }
        let bytes = commit.kept.get(&index);
        if let Err(what) = log.take(entry, sequence, bytes, self.now) {
            log.offline.get_or_insert(what);
        }
    }

    fn finish(self) -> Replayed {
        // A log that was deleted before the checkpoint has no record in it, but its last batches
        // may lie behind the floor, before the entry of its death.
        let mut unknown = self.unknown;
        unknown.retain(|log, _| !self.dead.contains(log));
        let logs = self.logs.into_values().map(Partial::finish).collect();
        let dead = self.dead.into_iter().collect();
        Replayed { logs, dead, unknown }
    }
}

impl Partial {
    fn take(
        &mut self,
        entry: &Entry,
        sequence: CommitSequence,
        bytes: Option<&Slice>,
        now: Timestamp,
    ) -> Result<(), String> {
        match entry.kind {
            EntryKind::Append => self.append(entry, sequence, bytes, now),
            EntryKind::Carry => match bytes {
                Some(bytes) => {
                    self.pieces.carry(entry, sequence, bytes).map_err(|error| error.to_string())
                }
                None => Ok(()),
            },
            EntryKind::LogStart => {
                self.state.log_start = self.state.log_start.max(entry.base_offset);
                self.state.log_start_staged = self.state.log_start;
                self.state.epochs.start_log_at(self.state.log_start);
                Ok(())
            }
            EntryKind::Roll => self.roll(entry, now),
            EntryKind::Truncate => Err("the journal truncates, which this version can not".into()),
            EntryKind::Create | EntryKind::Dead => Ok(()),
        }
    }

    fn roll(&mut self, entry: &Entry, now: Timestamp) -> Result<(), String> {
        let active = self.state.segments.active();
        if active.is_some_and(|active| active.base >= entry.base_offset) {
            return Ok(());
        }
        if active.is_some_and(|active| active.next_offset > entry.base_offset) {
            return Err(format!("segment {} overlaps the one before", entry.base_offset));
        }
        self.state.segments.roll(entry.base_offset, now);
        Ok(())
    }

    fn append(
        &mut self,
        entry: &Entry,
        sequence: CommitSequence,
        bytes: Option<&Slice>,
        now: Timestamp,
    ) -> Result<(), String> {
        let bytes = bytes.ok_or("a batch's bytes were not kept")?;
        if bytes.len() == entry.len as usize {
            self.pieces.append(entry, sequence, bytes.clone());
        }
        if entry.base_offset < self.state.next_offset {
            return Ok(());
        }
        let header = BatchHeader::decode(bytes.as_slice()).map_err(|error| error.to_string())?;
        let active = self.state.segments.active_mut();
        let active = active.ok_or_else(|| "a batch is in no segment".to_owned())?;
        let fits = entry.base_offset == self.state.next_offset
            && entry.segment == active.base
            && entry.segment_position == active.end
            && header.last_offset_delta.0 >= 0
            && active.end.checked_add(entry.len).is_some();
        let sane_producer =
            header.producer_id == record::ProducerId::NONE || header.base_sequence.0 >= 0;
        if !fits || !sane_producer {
            return Err(format!("batch {} does not follow the one before", entry.base_offset));
        }
        let count = i64::from(header.last_offset_delta.0) + 1;
        let next = entry.base_offset.checked_add(count).ok_or("offsets overflow")?;
        active.append(entry.base_offset, next, entry.len, header.max_timestamp);
        self.state.next_offset = next;
        let (epochs, epoch) = (&mut self.state.epochs, entry.leader_epoch);
        if epochs.latest().is_some_and(|latest| latest > epoch) {
            return Err(format!("leader epoch {epoch} comes back"));
        }
        epochs.note(epoch, entry.base_offset);
        self.state.leader_epoch = self.state.leader_epoch.max(epoch);
        self.state.producers.note(&header, now);
        Ok(())
    }

    /// Puts the unflushed bytes into the tail; everything that was recovered can be read.
    fn finish(mut self) -> RecoveredLog {
        let removed = self.state.segments.remove_before(self.state.log_start);
        let gone = removed.iter().map(Segment::name).collect();
        if self.offline.is_none()
            && let Err(error) = self.fill_tail()
        {
            self.offline = Some(error);
        }
        let state = &mut self.state;
        state.damaged.clone_from(&self.offline);
        if let Some(active) = state.segments.active() {
            let (offset, segment, position) = (state.next_offset, active.base, active.end);
            state.visible = Visible { offset, segment, position };
        }
        state.visible.offset = state.next_offset;
        let status = match self.offline {
            None => LogStatus::Online,
            Some(reason) => LogStatus::Offline { reason },
        };
        RecoveredLog { state: self.state, status, gone, known_at: self.known_at }
    }

    fn fill_tail(&mut self) -> Result<(), String> {
        let unfinished: Vec<(Offset, u32, u32)> = self
            .state
            .segments
            .iter()
            .filter(|segment| !segment.finished)
            .map(|segment| (segment.base, segment.flushed, segment.end))
            .collect();
        for (base, flushed, end) in unfinished {
            let spans = self.pieces.spans(base, flushed, end).map_err(|error| error.to_string())?;
            for span in spans {
                if self.state.tail.iter().last().is_some_and(|last| !last.precedes(&span)) {
                    return Err(format!("batches of segment {base} do not follow each other"));
                }
                self.state.tail.push(span);
            }
        }
        Ok(())
    }
}
