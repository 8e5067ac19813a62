//! Which partition of `__consumer_offsets` a group belongs to.

use record::PartitionIndex;

/// As Kafka has it: the absolute value of Java's hash of the name, modulo the partitions.
pub fn partition_of(group: &str, partitions: i32) -> PartitionIndex {
    assert!(partitions > 0, "a topic has partitions");
    let hash = group
        .encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka's `abs` of the least number is zero.
    PartitionIndex(hash.checked_abs().unwrap_or(0) % partitions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_placed_as_kafka_places_them() {
        // "".hashCode() is 0, "a" 97, "group" 98629247, "console-consumer-1" below zero.
        let placed = |group| partition_of(group, 50).0;
        assert_eq!([placed(""), placed("a"), placed("group")], [0, 47, 47]);
        // "polygenelubricants".hashCode() is Integer.MIN_VALUE.
        assert_eq!(placed("polygenelubricants"), 0);
        assert!((0..50).contains(&placed("consumer-\u{1F30A}")));
    }
}
