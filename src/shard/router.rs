//! Which shard owns a partition: a function of topic id, partition and shard count alone.

use record::{ShardId, TopicPartition};

use crate::registry::log::REGISTRY_LOG;

/// The shard that keeps the registry.
pub const REGISTRY_SHARD: ShardId = ShardId(0);

/// The owner of a log. Partitions of one topic go round the shards, from a start that its id
/// decides; the registry's own log stays on shard 0.
pub fn owner(log: TopicPartition, shards: u16) -> ShardId {
    assert!(shards > 0, "some shard owns every log");
    if log == REGISTRY_LOG {
        return REGISTRY_SHARD;
    }
    // Ids are random: any eight bytes of one are a fair start.
    let (start, _) = log.topic.0.split_at(8);
    let start = start.iter().fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    let number = start.wrapping_add(u64::from(log.partition.0.unsigned_abs()));
    ShardId(u16::try_from(number % u64::from(shards)).expect("below the shard count"))
}

#[cfg(test)]
mod tests {
    use record::{PartitionIndex, TopicId};

    use super::*;

    #[test]
    fn a_topic_s_partitions_go_round_the_shards() {
        let log = |partition| TopicPartition {
            topic: TopicId(*b"0123456789abcdef"),
            partition: PartitionIndex(partition),
        };
        let owners: Vec<u16> = (0..6).map(|partition| owner(log(partition), 3).0).collect();
        let mut sorted = owners.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 0, 1, 1, 2, 2]);
        assert_eq!(owners[0], owners[3]);
        assert_eq!(owner(log(5), 1), ShardId(0));
        assert_eq!(owner(REGISTRY_LOG, 7), ShardId(0));
    }
}
