//! [`KeyMap`]: the last offset of each key, in memory that has a limit.
//!
//! Keys are kept as 128 bits of hash, so that a key's length costs nothing. Two keys of one hash
//! would lose a record: with a salt that no client knows, nobody can look for such keys, and by
//! chance two of a billion keys collide once in 10^20 passes (Kafka keeps 128 bits of MD5).

use std::hash::{BuildHasher, Hasher};

use record::Offset;
use runtime::hash::{FixedMap, FixedState};

use crate::limits::KEY_BYTES_MIN;

/// Bytes of one place in the map, with the byte that says whether it is taken.
const PLACE_BYTES: usize = size_of::<([u64; 2], i64)>() + 1;

/// Hashes of keys and the last offset at which each was met.
#[derive(Debug)]
pub struct KeyMap {
    salt: [u64; 2],
    offsets: FixedMap<[u64; 2], i64>,
    keys_max: usize,
}

impl KeyMap {
    /// An empty map that takes no more than `bytes`, or [`KEY_BYTES_MIN`] if that is more.
    pub fn new(bytes: usize, salt: [u64; 2]) -> Self {
        // A map that grows has its old places beside twice as many new ones, of which it fills
        // seven eighths.
        let places = (bytes.max(KEY_BYTES_MIN) / PLACE_BYTES) * 2 / 3;
        let places = (places + 1).next_power_of_two() / 2;
        Self { salt, offsets: FixedMap::default(), keys_max: places / 8 * 7 }
    }

    /// Notes that a key was met at `offset`, which is above all before. False, and nothing is
    /// noted, if it is a new key and there is no room.
    pub fn note(&mut self, key: &[u8], offset: Offset) -> bool {
        let hash = self.hash(key);
        if let Some(last) = self.offsets.get_mut(&hash) {
            *last = offset.0;
            return true;
        }
        if self.offsets.len() >= self.keys_max {
            return false;
        }
        self.offsets.insert(hash, offset.0);
        true
    }

    /// The last offset at which a key was met.
    pub fn last(&self, key: &[u8]) -> Option<Offset> {
        self.offsets.get(&self.hash(key)).copied().map(Offset)
    }

    /// How many keys it has.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// How many keys it can have.
    pub fn keys_max(&self) -> usize {
        self.keys_max
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        self.salt.map(|salt| {
            let mut hasher = FixedState.build_hasher();
            hasher.write_u64(salt);
            hasher.write(key);
            hasher.finish()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_offset_of_a_key_counts() {
        let mut keys = KeyMap::new(1 << 20, [1, 2]);
        assert!(keys.note(b"a", Offset(1)) && keys.note(b"b", Offset(2)));
        assert!(keys.note(b"a", Offset(7)) && keys.note(b"", Offset(9)));
        assert_eq!(keys.last(b"a"), Some(Offset(7)));
        assert_eq!(keys.last(b"b"), Some(Offset(2)));
        assert_eq!(keys.last(b""), Some(Offset(9)));
        assert_eq!((keys.last(b"c"), keys.len()), (None, 3));
    }

    #[test]
    fn a_full_map_takes_known_keys_only() {
        let mut keys = KeyMap::new(0, [3, 4]);
        let max = keys.keys_max();
        assert!((100..KEY_BYTES_MIN / PLACE_BYTES).contains(&max), "{max}");
        for number in 0..max {
            assert!(keys.note(&number.to_le_bytes(), Offset(1)));
        }
        assert!(!keys.note(b"another", Offset(2)));
        assert!(keys.note(&0_usize.to_le_bytes(), Offset(3)));
        assert_eq!((keys.last(b"another"), keys.len()), (None, max));
    }

    #[test]
    fn the_default_has_room_for_a_million_keys() {
        assert!(KeyMap::new(crate::limits::KEY_BYTES, [0, 1]).keys_max() > 1_000_000);
    }
}
