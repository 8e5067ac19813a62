//! The topics that members subscribe to: the one thing that is read of what they say of
//! themselves, to know whose offsets are in use.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::answer::ClassicError;
use super::group::ClassicGroup;
use super::state::GroupState;

/// The protocol type of Kafka's consumers.
const CONSUMER: &str = "consumer";

impl ClassicGroup {
    /// Whether a member reads the topic, as far as can be known: members of type "consumer" that
    /// can not be understood may read any. The offsets of such a topic are not to be deleted.
    pub fn is_subscribed_to(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.is_of_consumers(), |topics| topics.contains(topic))
    }

    /// Whether offsets may be deleted one by one: where it is not known who reads what, only with
    /// no members.
    pub fn may_delete_offsets(&self) -> Result<(), ClassicError> {
        match self.state {
            GroupState::Dead => Err(ClassicError::GroupIdNotFound),
            GroupState::Empty => Ok(()),
            _ if self.is_of_consumers() => Ok(()),
            _ => Err(ClassicError::NonEmptyGroup),
        }
    }

    pub(super) fn is_of_consumers(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    /// None unless all members are consumers that can be understood.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<Arc<str>>> {
        if !self.is_of_consumers() {
            return None;
        }
        let mut topics = BTreeSet::new();
        for (_, member) in self.roster.iter() {
            let metadata = member.protocols.metadata(Some(self.protocol.as_deref()?));
            topics_of(&metadata, &mut topics)?;
        }
        Some(topics)
    }
}

/// Reads what all versions of `ConsumerProtocolSubscription` begin with: a version, and the names
/// of topics. None for anything else; a count or length is never believed beyond the bytes.
fn topics_of(metadata: &[u8], topics: &mut BTreeSet<Arc<str>>) -> Option<()> {
    let (version, rest) = metadata.split_first_chunk()?;
    if i16::from_be_bytes(*version) < 0 {
        return None;
    }
    let (count, mut rest) = rest.split_first_chunk()?;
    let count = usize::try_from(i32::from_be_bytes(*count)).ok()?;
    for _ in 0..count {
        let (len, after) = rest.split_first_chunk()?;
        let len = usize::try_from(i16::from_be_bytes(*len)).ok()?;
        let (name, after) = after.split_at_checked(len)?;
        topics.insert(Arc::from(str::from_utf8(name).ok()?));
        rest = after;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Vec<String>> {
        let mut topics = BTreeSet::new();
        topics_of(bytes, &mut topics)?;
        Some(topics.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn topics_are_read_whatever_follows_them() {
        let topics = Some(vec!["a".to_owned(), "bc".to_owned()]);
        assert_eq!(read(b"\0\0\0\0\0\x02\0\x01a\0\x02bc\xff\xff\xff\xff"), topics);
        assert_eq!(read(b"\0\x03\0\0\0\x02\0\x02bc\0\x01a and more"), topics);
        assert_eq!(read(b"\0\0\0\0\0\0"), Some(vec![]));
    }

    #[test]
    fn garbage_is_no_subscription() {
        for garbage in [
            b"".as_slice(),
            b"\0",
            b"\xff\xff\0\0\0\0",
            b"\0\0\xff\xff\xff\xff",
            b"\0\0\x7f\xff\xff\xff",
            b"\0\0\0\0\0\x01\0\x05a",
            b"\0\0\0\0\0\x01\xff\xffa",
            b"\0\0\0\0\0\x01\0\x01\xff",
        ] {
            assert_eq!(read(garbage), None, "{garbage:?}");
        }
    }
}
