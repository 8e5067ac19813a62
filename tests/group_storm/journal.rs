//! What a member did, written as it does it: a line an event, whole or not there when it is killed.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// A member's generation (classic) or member epoch (KIP-848).
pub(crate) type Epoch = i32;

/// Something that a member did. Times are nanoseconds, the same for all processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It processed the records from `first` to `last`.
    Read { at: u64, epoch: Epoch, partition: i32, first: i64, last: i64 },
    /// It asked at `from` for the records before `offset` to be committed, and that was answered
    /// with yes at `until`.
    Committed { from: u64, until: u64, epoch: Epoch, partition: i32, offset: i64 },
    /// It took its place in an epoch.
    Entered { at: u64, epoch: Epoch, partitions: usize },
    /// It was told that it has no place any more, by this error.
    Fenced { at: u64, error: i16 },
}

/// A member's events, written.
pub(crate) struct Journal(File);

pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    u64::try_from(now.as_nanos()).expect("before 2554")
}

impl Journal {
    pub(crate) fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(file.expect("a journal can be opened"))
    }

    /// Writes events with one call to the kernel, which keeps them if this process is killed.
    pub(crate) fn note(&mut self, events: &[Event]) {
        let lines: String = events.iter().map(Event::line).collect();
        self.0.write_all(lines.as_bytes()).expect("a journal can be written");
    }
}

/// All events that were written whole.
pub(crate) fn read(path: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(Event::parse).collect()
}

impl Event {
    fn line(&self) -> String {
        match self {
            Self::Read { at, epoch, partition, first, last } => {
                format!("read {at} {epoch} {partition} {first} {last}\n")
            }
            Self::Committed { from, until, epoch, partition, offset } => {
                format!("committed {from} {until} {epoch} {partition} {offset}\n")
            }
            Self::Entered { at, epoch, partitions } => {
                format!("entered {at} {epoch} {partitions}\n")
            }
            Self::Fenced { at, error } => format!("fenced {at} {error}\n"),
        }
    }

    fn parse(line: &str) -> Self {
        let mut words = line.split(' ');
        let kind = words.next().unwrap_or_default();
        let numbers: Vec<i64> =
            words.map(|word| word.parse().unwrap_or_else(|_| panic!("no event: {line}"))).collect();
        let time = |index: usize| u64::try_from(numbers[index]).expect("a time");
        let small = |index: usize| i32::try_from(numbers[index]).expect("a small number");
        match (kind, &numbers[..]) {
            ("read", &[_, _, _, first, last]) => {
                Self::Read { at: time(0), epoch: small(1), partition: small(2), first, last }
            }
            ("committed", &[_, _, _, _, offset]) => {
                let (epoch, partition) = (small(2), small(3));
                Self::Committed { from: time(0), until: time(1), epoch, partition, offset }
            }
            ("entered", &[_, _, partitions]) => {
                let partitions = usize::try_from(partitions).expect("a count");
                Self::Entered { at: time(0), epoch: small(1), partitions }
            }
            ("fenced", &[_, error]) => {
                Self::Fenced { at: time(0), error: i16::try_from(error).expect("a code") }
            }
            _ => panic!("no event: {line}"),
        }
    }
}
