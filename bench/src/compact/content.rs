//! What the compacted topic holds: each record follows from its offset, so that whoever reads one
//! knows what it must be.

use record::Offset;

use crate::random::mix;

/// One record in so many deletes its key.
const TOMBSTONES: u64 = 50;

/// The records of a topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    /// How many keys there are at most.
    pub(super) keys: u64,
    /// Bytes of a value.
    pub(super) value_bytes: usize,
}

impl Content {
    /// The number of the key at an offset: at random, the same in each run.
    pub(super) fn key_number(&self, offset: Offset) -> u64 {
        mix(offset.0.unsigned_abs()) % self.keys
    }

    /// Writes the key with this number.
    pub(super) fn key(number: u64, key: &mut Vec<u8>) {
        key.clear();
        key.extend_from_slice(b"key-");
        key.extend_from_slice(&number.to_be_bytes());
    }

    /// Writes the value at an offset; false if there is none.
    pub(super) fn value(&self, offset: Offset, value: &mut Vec<u8>) -> bool {
        value.clear();
        let number = offset.0.unsigned_abs();
        if mix(number ^ u64::MAX).is_multiple_of(TOMBSTONES) {
            return false;
        }
        let [first, ..] = mix(number).to_be_bytes();
        value.extend_from_slice(&number.to_be_bytes());
        value.resize(self.value_bytes.max(value.len()), first);
        true
    }

    /// The last offset before `end` of each key, by its number; [`Offset::NONE`] if it has none.
    pub(super) fn last_offsets(&self, end: Offset) -> Vec<Offset> {
        let keys = usize::try_from(self.keys).expect("64 bits");
        let mut last = vec![Offset::NONE; keys];
        for offset in (0..end.0).map(Offset) {
            let number = usize::try_from(self.key_number(offset)).expect("64 bits");
            if let Some(last) = last.get_mut(number) {
                *last = offset;
            }
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_again_and_some_records_delete_theirs() {
        let content = Content { keys: 100, value_bytes: 20 };
        let last = content.last_offsets(Offset(2_000));
        assert!(last.iter().all(|offset| *offset >= Offset::ZERO), "all of them by then");
        let above = |number: i64| last.iter().filter(|offset| offset.0 >= number).count();
        assert!(above(1_000) > 90 && above(1_990) <= 10);
        let mut value = Vec::new();
        let deleting = (0..2_000).filter(|offset| !content.value(Offset(*offset), &mut value));
        assert!((20..80).contains(&deleting.count()));
        assert!(content.value(Offset(7), &mut value));
        assert_eq!((value.len(), value.get(..8)), (20, Some(&7_u64.to_be_bytes()[..])));
    }
}
