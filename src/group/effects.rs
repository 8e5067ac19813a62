//! What a group's state machine wants done.

/// Who waits for an answer; given by whoever asked, never looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A record of `__consumer_offsets`, in Kafka's own format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// The key: two bytes of version, then what is named.
    pub key: Vec<u8>,
    /// The value; none is a tombstone: the key is forgotten.
    pub value: Option<Vec<u8>>,
}

/// What follows from an event, in order: first every record is durable, then answers leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effects<Answer> {
    /// Records to append, in order.
    pub records: Vec<GroupRecord>,
    /// Who gets which answer. A ticket gets exactly one, in this event or in a later one.
    pub answers: Vec<(Ticket, Answer)>,
}

impl<Answer> Default for Effects<Answer> {
    fn default() -> Self {
        Self { records: Vec::new(), answers: Vec::new() }
    }
}

impl<Answer> Effects<Answer> {
    /// Nothing but one answer.
    pub fn answer(ticket: Ticket, answer: Answer) -> Self {
        Self { records: Vec::new(), answers: vec![(ticket, answer)] }
    }
}
