//! Which partition a record goes to: by its key as Kafka's Java client does, or, without a key,
//! the same one until a batch is full.

use record::PartitionIndex;

/// Java's `Utils.murmur2`: murmur2 of 32 bits with Kafka's seed.
pub fn murmur2(bytes: &[u8]) -> u32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    // Java hashes an array, whose length is an int.
    let length = u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or_default();
    let mut hash = SEED ^ length;
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        for (index, byte) in (0_u32..).zip(rest) {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// The partition of a key among `partitions`, which must not be 0.
pub fn partition_of_key(key: &[u8], partitions: u32) -> PartitionIndex {
    assert!(partitions > 0, "a topic has a partition");
    let positive = murmur2(key) & 0x7fff_ffff;
    PartitionIndex(i32::try_from(positive % partitions).expect("below 2^31"))
}

/// The partition of records without a key: it changes when a batch is full, so that batches are
/// full even where there are many partitions (KIP-480).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StickyPartition {
    next: u32,
}

impl StickyPartition {
    /// Begins somewhere: different producers shall not all begin at partition 0.
    pub fn starting_at(seed: u32) -> Self {
        // Far from wrapping round, which would skip a turn.
        Self { next: seed & 0xffff }
    }

    /// The partition for now.
    pub fn current(self, partitions: u32) -> PartitionIndex {
        assert!(partitions > 0, "a topic has a partition");
        PartitionIndex(i32::try_from((self.next % partitions) & 0x7fff_ffff).expect("31 bits"))
    }

    /// A batch is full: the next partition's turn.
    pub fn advance(&mut self) {
        self.next = self.next.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of `UtilsTest.testMurmur2` in Apache Kafka.
    #[test]
    fn the_hash_is_javas() {
        let known: [(&[u8], i32); 7] = [
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
            (b"", 275_646_681),
        ];
        for (bytes, hash) in known {
            assert_eq!(murmur2(bytes).cast_signed(), hash, "{bytes:?}");
        }
    }

    #[test]
    fn keys_are_spread_over_all_partitions_and_stay_where_they_are() {
        let mut seen = [false; 7];
        for key in 0..200_u32 {
            let partition = partition_of_key(&key.to_be_bytes(), 7);
            assert_eq!(partition, partition_of_key(&key.to_be_bytes(), 7));
            seen[usize::try_from(partition.0).unwrap()] = true;
        }
        assert_eq!(seen, [true; 7]);
        assert_eq!(partition_of_key(b"any", 1), PartitionIndex(0));
    }

    #[test]
    fn a_sticky_partition_moves_only_when_it_is_told_to() {
        let mut sticky = StickyPartition::starting_at(u32::MAX);
        let first = sticky.current(3);
        assert_eq!(sticky.current(3), first);
        sticky.advance();
        assert_ne!(sticky.current(3), first);
        assert!((0..3).contains(&sticky.current(3).0));
    }
}
