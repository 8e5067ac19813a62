//! What is known of one log: every record that was read from it, and what must stay true.

use std::collections::BTreeMap;

use kafka_protocol::records::Record;

use crate::support::payload::Mark;
use crate::support::produce::Partition;

/// Whether anything but a crash may take records away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nothing may.
    Kept,
    /// Retention or `DeleteRecords` cut the beginning off.
    Shrinks,
}

/// What comes next from a producer.
#[derive(Clone, Copy, Debug)]
struct Expected {
    counter: u64,
    /// Records before it were deleted unseen: it may be a later one.
    at_least: bool,
}

/// One log.
pub(crate) struct Log {
    pub(crate) number: u32,
    pub(crate) partition: Partition,
    pub(crate) kind: Kind,
    /// The log's start, which never goes back.
    pub(crate) start: i64,
    /// The first offset that was read; all that follow without a gap are in `marks`.
    first: i64,
    marks: Vec<Mark>,
    next: BTreeMap<u32, Expected>,
    has_hole: bool,
    /// From where records are read again after a crash; and the next such place.
    pub(crate) reread: i64,
    pub(crate) reread_next: i64,
}

impl Log {
    pub(crate) fn new(number: u32, partition: Partition, kind: Kind) -> Self {
        Self {
            number,
            partition,
            kind,
            start: 0,
            first: 0,
            marks: Vec::new(),
            next: BTreeMap::new(),
            has_hole: false,
            reread: 0,
            reread_next: 0,
        }
    }

    /// Behind the last record that was ever read.
    pub(crate) fn seen_end(&self) -> i64 {
        self.first + i64::try_from(self.marks.len()).expect("few records")
    }

    /// The record that was read at an offset.
    pub(crate) fn seen(&self, offset: i64) -> Option<Mark> {
        self.marks.get(usize::try_from(offset - self.first).ok()?).copied()
    }

    /// The counter behind the last one that was read of a producer, if it is known exactly.
    pub(crate) fn next_of(&self, producer: u32) -> Option<u64> {
        match self.next.get(&producer) {
            Some(expected) if expected.at_least => None,
            Some(expected) => Some(expected.counter),
            None if self.has_hole => None,
            None => Some(0),
        }
    }

    /// Records before `offset` were deleted, some of them never read.
    pub(crate) fn skip_to(&mut self, offset: i64) -> Result<(), String> {
        if self.kind == Kind::Kept {
            return Err(self.wrong(format!("records before {offset} are gone")));
        }
        if offset > self.seen_end() {
            self.first = offset;
            self.marks.clear();
            self.has_hole = true;
            self.next.values_mut().for_each(|expected| expected.at_least = true);
        }
        Ok(())
    }

    /// Takes what was read from `from` on: what was read before is the same, what is new follows
    /// without a gap, and no producer's record is missing, repeated or out of order.
    pub(crate) fn absorb(&mut self, from: i64, records: &[Record]) -> Result<(), String> {
        assert!(from <= self.seen_end(), "read without a gap");
        for (offset, record) in (from..).zip(records) {
            if record.offset != offset {
                return Err(self.wrong(format!("offset {} where {offset} is due", record.offset)));
            }
            let value = record.value.as_deref().unwrap_or_default();
            let mark =
                Mark::read(value).map_err(|error| self.wrong(format!("{offset}: {error}")))?;
            if mark.log != self.number {
                return Err(self.wrong(format!("{offset}: {mark:?} belongs elsewhere")));
            }
            match self.seen(offset) {
                Some(seen) if seen == mark => {}
                Some(seen) => {
                    return Err(self.wrong(format!("{offset}: {mark:?} where {seen:?} was read")));
                }
                // Older than what is kept in mind.
                None if offset < self.first => {}
                None => self.append(offset, mark)?,
            }
        }
        Ok(())
    }

    fn append(&mut self, offset: i64, mark: Mark) -> Result<(), String> {
        let fresh = Expected { counter: 0, at_least: self.has_hole };
        let expected = self.next.get(&mark.producer).copied().unwrap_or(fresh);
        let fits = mark.counter == expected.counter
            || (expected.at_least && mark.counter > expected.counter);
        if !fits {
            return Err(self.wrong(format!("{offset}: {mark:?} where {expected:?} is due")));
        }
        let next = Expected { counter: mark.counter + 1, at_least: false };
        self.next.insert(mark.producer, next);
        self.marks.push(mark);
        Ok(())
    }

    /// A complaint about this log.
    pub(crate) fn wrong(&self, what: impl std::fmt::Display) -> String {
        let Partition { topic, index } = &self.partition;
        let (start, end) = (self.start, self.seen_end());
        format!("{topic}-{index} (log {}, seen {start}..{end}): {what}", self.number)
    }
}
