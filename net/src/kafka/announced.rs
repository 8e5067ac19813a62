//! Keeps a streaming encoder to the counts that it announced: a response whose count does not
//! match its elements would be garbage to the client.

use crate::kafka::wire::EncodeError;

/// How many topics, and how many partitions of the present topic, are still to come.
#[derive(Debug)]
pub(super) struct Announced {
    topics: usize,
    partitions: usize,
}

impl Announced {
    /// Announces topics.
    pub(super) fn new(topics: usize) -> Self {
        Self { topics, partitions: 0 }
    }

    /// The next topic comes, with so many partitions; all of the previous one must have come.
    pub(super) fn topic(&mut self, partitions: usize) -> Result<(), EncodeError> {
        self.partitions_done()?;
        self.topics = self.topics.checked_sub(1).ok_or(EncodeError::Count { what: "topics" })?;
        self.partitions = partitions;
        Ok(())
    }

    /// The next partition comes; true if it is the topic's last.
    pub(super) fn partition(&mut self) -> Result<bool, EncodeError> {
        let left = self.partitions.checked_sub(1);
        self.partitions = left.ok_or(EncodeError::Count { what: "partitions" })?;
        Ok(self.partitions == 0)
    }

    /// Everything must have come.
    pub(super) fn done(&self) -> Result<(), EncodeError> {
        self.partitions_done()?;
        if self.topics == 0 { Ok(()) } else { Err(EncodeError::Count { what: "topics" }) }
    }

    fn partitions_done(&self) -> Result<(), EncodeError> {
        if self.partitions == 0 { Ok(()) } else { Err(EncodeError::Count { what: "partitions" }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPICS: Result<(), EncodeError> = Err(EncodeError::Count { what: "topics" });
    const PARTITIONS: Result<(), EncodeError> = Err(EncodeError::Count { what: "partitions" });

    #[test]
    fn what_was_announced_has_to_come() {
        let mut announced = Announced::new(2);
        assert_eq!(announced.done(), TOPICS);
        announced.topic(2).unwrap();
        assert_eq!(announced.partition(), Ok(false));
        assert_eq!(announced.topic(1), PARTITIONS);
        assert_eq!(announced.partition(), Ok(true));
        announced.topic(0).unwrap();
        assert_eq!(announced.done(), Ok(()));
    }

    #[test]
    fn nothing_else_may_come() {
        let mut announced = Announced::new(1);
        assert_eq!(announced.partition().map(|_| ()), PARTITIONS);
        announced.topic(1).unwrap();
        announced.partition().unwrap();
        assert_eq!(announced.partition().map(|_| ()), PARTITIONS);
        assert_eq!(announced.topic(1), TOPICS);
    }
}
