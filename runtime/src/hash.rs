//! Hash maps whose order is the same in every run: a fixed hasher instead of a random seed.
//!
//! The hash is `SipHash-1-3` under a fixed key: a seeded simulation replays to the letter. The
//! price is that whoever reads this can compute colliding keys, so what clients can put into a
//! map (topics, producers) is bounded elsewhere.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, DefaultHasher};

/// Builds the same hasher every time.
#[derive(Clone, Copy, Debug, Default)]
pub struct FixedState;

impl BuildHasher for FixedState {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        DefaultHasher::new()
    }
}

/// A map with a fixed order.
pub type FixedMap<K, V> = HashMap<K, V, FixedState>;
/// A set with a fixed order.
pub type FixedSet<K> = HashSet<K, FixedState>;
