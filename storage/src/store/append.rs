//! Appending: sequence check, offset, stamp and staging as one step without waiting.
//!
//! An assigned offset is always in the open commit, and a refused batch never is. Waiting for room
//! happens before, in one place, in the order of arrival.

use std::rc::Rc;
use std::time::Duration;

use record::{BatchHeader, Offset, Timestamp, TimestampType};
use runtime::buffer::DmaBuf;
use runtime::local::Permit;

use super::Store;
use crate::config::LogConfig;
use crate::journal::files::RoomFor;
use crate::journal::safety::Safety;
use crate::journal::staging::{FrameId, Stamp};
use crate::journal::ticket::{CommitTimes, JournalFailed, Progress, Ticket};
use crate::log::producers::{SequenceError, Verdict};
use crate::log::{Log, LogStatus};

/// A checked batch, ready to be appended.
#[derive(Clone, Copy, Debug)]
pub struct NewBatch<'a> {
    /// Its header as the producer sent it.
    pub header: BatchHeader,
    /// What the broker writes into it besides its offset.
    pub stamp: Stamp,
    /// Its bytes.
    pub source: Source<'a>,
}

/// Where a batch's bytes are.
#[derive(Clone, Copy, Debug)]
pub enum Source<'a> {
    /// Here; they are copied into the commit.
    Copied(&'a [u8]),
    /// At an offset in a frame that is part of the open commit.
    InFrame(FrameId, usize),
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Its first offset; a repeated batch's original one.
    pub base_offset: Offset,
    /// The first offset behind it.
    pub next_offset: Offset,
    /// The broker's timestamp on it, if its topic asks for one.
    pub append_time: Timestamp,
    /// When it may be acknowledged.
    pub ack: Ack,
    /// It had been appended before.
    pub duplicate: bool,
}

/// What an acknowledgement waits for.
#[derive(Clone)]
pub enum Ack {
    /// The batch's commit to come so far.
    Commit(Ticket, Progress),
    /// The original's ack condition: the log to be readable up to here.
    Readable(Rc<Log>, Offset),
}

/// Why a batch is not appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The producer's sequence does not fit.
    #[error(transparent)]
    Sequence(#[from] SequenceError),
    /// The log was deleted.
    #[error("the partition was deleted")]
    Deleted,
    /// The log is damaged or its disk fails.
    #[error("the partition is offline: {reason}")]
    Offline {
        /// What is wrong.
        reason: String,
    },
    /// The shard's journal failed.
    #[error(transparent)]
    Journal(#[from] JournalFailed),
    /// The disk is nearly full.
    #[error("too little free space")]
    NoSpace,
    /// The log has no offsets left.
    #[error("the partition has no offsets left")]
    OffsetsExhausted,
    /// There was no room in journal or tail for too long.
    #[error("no room in the journal within the time allowed")]
    TimedOut,
}

/// The right to stage what room was waited for; it must be used at once.
pub struct Admission(#[expect(dead_code, reason = "held, not read")] Option<Permit>);

impl Store {
    /// Whether `payload` bytes in `entries` batches can be staged now, without overtaking anyone.
    pub fn try_admit(&self, payload: usize, entries: usize) -> Option<Admission> {
        let free = self.0.turnstile.free() > 0;
        (free && self.has_room(payload, entries)).then_some(Admission(None))
    }

    /// Waits for room in turn, at most `patience`; the caller stages before it awaits anything.
    pub async fn admit(
        &self,
        payload: usize,
        entries: usize,
        patience: Duration,
    ) -> Result<Admission, AppendError> {
        if let Some(admission) = self.try_admit(payload, entries) {
            return Ok(admission);
        }
        let _counted = Waiting::new(self);
        let deadline = self.0.runtime.now().after(patience);
        let expired = self.0.runtime.sleep_until(deadline);
        self.0.flush_wanted.notify();
        let room = async {
            let turn = self.0.turnstile.acquire().await;
            let room = self.0.journal.room();
            room.wait_until(|| {
                if self.0.journal.is_failed() {
                    return Some(Err(AppendError::Journal(JournalFailed)));
                }
                self.has_room(payload, entries).then_some(Ok(()))
            })
            .await?;
            Ok(Admission(Some(turn)))
        };
        runtime::local::first(room, async {
            expired.await;
            Err(AppendError::TimedOut)
        })
        .await
    }

    fn has_room(&self, payload: usize, entries: usize) -> bool {
        let tail = self.0.tail_usage.bytes() + payload;
        // A batch that is larger than the whole budget goes when the tail is empty enough.
        let fits_tail = tail <= self.0.config.tail_bytes
            || self.0.tail_usage.bytes() <= self.0.config.tail_bytes / 2;
        fits_tail && self.0.journal.has_room(payload, entries, RoomFor::Appends)
    }

    /// Makes a large frame part of the open commit, for batches to be appended from it.
    pub fn add_frame(&self, _admission: &Admission, buffer: DmaBuf, len: usize) -> FrameId {
        self.0.journal.add_frame(buffer, len)
    }

    /// Appends a checked batch. `now` is the wall clock. Room must have been admitted and not
    /// waited since. Nothing is durable yet: see [`Appended::ack`].
    pub fn append(
        &self,
        _admission: &Admission,
        log: &Rc<Log>,
        batch: &NewBatch<'_>,
        now: Timestamp,
    ) -> Result<Appended, AppendError> {
        self.check_usable(log)?;
        let config = log.config();
        let verdict = log.state().producers.check(&batch.header)?;
        if let Verdict::Duplicate(original) = verdict {
            let next_offset = Offset(original.last_offset.0 + 1);
            return Ok(Appended {
                base_offset: original.base_offset,
                next_offset,
                append_time: original.append_time,
                ack: self.duplicates_ack(log, next_offset, &config)?,
                duplicate: true,
            });
        }
        if self.0.low_space.get() {
            return Err(AppendError::NoSpace);
        }
        let header = stamped(&batch.header, batch.stamp);
        let placement = log.state_mut().place(&header, now, &config);
        let placement = placement.ok_or(AppendError::OffsetsExhausted)?;
        let records = u64::try_from(placement.base_offset.distance_to(placement.next_offset));
        let safety = safety_of(log, records.expect("offsets rise"), &config);
        let journal = &self.0.journal;
        let ticket = match batch.source {
            Source::Copied(bytes) => journal.copy_batch(log, placement, bytes, batch.stamp, safety),
            Source::InFrame(frame, offset) => {
                journal.adopt_batch(log, placement, (frame, offset), batch.stamp, safety)
            }
        };
        let goal = if safety.barrier { Progress::Durable } else { Progress::Written };
        Ok(Appended {
            base_offset: placement.base_offset,
            next_offset: placement.next_offset,
            append_time: batch.stamp.append_time.unwrap_or(Timestamp::NONE),
            ack: Ack::Commit(ticket, goal),
            duplicate: false,
        })
    }

    /// What the original waited for. A relaxed one can be read before its barrier, and nobody knows
    /// any more whether it was to have one: its repetition waits for the next.
    fn duplicates_ack(
        &self,
        log: &Rc<Log>,
        next_offset: Offset,
        config: &LogConfig,
    ) -> Result<Ack, JournalFailed> {
        if config.flush_messages <= 1 {
            return Ok(Ack::Readable(Rc::clone(log), next_offset));
        }
        Ok(Ack::Commit(self.0.journal.barrier()?, Progress::Durable))
    }

    pub(super) fn check_usable(&self, log: &Log) -> Result<(), AppendError> {
        match &*log.status() {
            LogStatus::Online => {}
            LogStatus::Deleted => return Err(AppendError::Deleted),
            LogStatus::Offline { reason } => {
                return Err(AppendError::Offline { reason: reason.clone() });
            }
        }
        if self.0.journal.is_failed() { Err(JournalFailed.into()) } else { Ok(()) }
    }
}

fn stamped(header: &BatchHeader, stamp: Stamp) -> BatchHeader {
    let mut header = *header;
    if let Some(max_timestamp) = stamp.max_timestamp {
        header.max_timestamp = max_timestamp;
    }
    if let Some(now) = stamp.append_time {
        header.max_timestamp = now;
        header.attributes = header.attributes.with_timestamp_type(TimestampType::LogAppendTime);
    }
    header
}

/// What a batch's topic asks for: `flush.messages` and `flush.ms`.
fn safety_of(log: &Log, records: u64, config: &LogConfig) -> Safety {
    if config.flush_messages <= 1 {
        return Safety { relaxed: false, barrier: true, barrier_within: None };
    }
    let mut state = log.state_mut();
    state.records_since_barrier += records;
    let barrier = state.records_since_barrier >= config.flush_messages;
    if barrier {
        state.records_since_barrier = 0;
    }
    let barrier_within = config.flush_ms.map(Duration::from_millis);
    Safety { relaxed: true, barrier, barrier_within }
}

impl Ack {
    /// Waits until the batch may be acknowledged.
    pub async fn wait(&self) -> Result<(), AppendError> {
        match self {
            Self::Commit(ticket, goal) => Ok(ticket.reached(*goal).await?),
            Self::Readable(log, offset) => {
                log.advanced().wait_until(|| readable(log, *offset)).await
            }
        }
    }

    /// The same without waiting: `None` if it has not come so far.
    pub fn poll(&self) -> Option<Result<(), AppendError>> {
        match self {
            Self::Commit(ticket, goal) => ticket.has_reached(*goal).map(|fate| Ok(fate?)),
            Self::Readable(log, offset) => readable(log, *offset),
        }
    }

    /// When the batch's commit reached each step; none for a repeated batch.
    pub fn times(&self) -> Option<CommitTimes> {
        match self {
            Self::Commit(ticket, _) => Some(ticket.times()),
            Self::Readable(..) => None,
        }
    }
}

fn readable(log: &Log, offset: Offset) -> Option<Result<(), AppendError>> {
    match &*log.status() {
        LogStatus::Online => (log.state().visible.offset >= offset).then_some(Ok(())),
        LogStatus::Deleted => Some(Err(AppendError::Deleted)),
        LogStatus::Offline { reason } => Some(Err(AppendError::Offline { reason: reason.clone() })),
    }
}

impl std::fmt::Debug for Ack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Commit(ticket, goal) => write!(f, "commit {} {goal:?}", ticket.sequence()),
            Self::Readable(log, offset) => write!(f, "{} readable to {offset}", log.id()),
        }
    }
}

struct Waiting<'a>(&'a Store);

impl<'a> Waiting<'a> {
    fn new(store: &'a Store) -> Self {
        store.0.waiting.set(store.0.waiting.get() + 1);
        Self(store)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.0.waiting.set(self.0.0.waiting.get() - 1);
    }
}
