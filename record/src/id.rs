//! Identifiers, each its own type: a partition can not be passed where a shard is meant.

use std::fmt;

/// A topic's UUID: stable across restarts, new on re-creation (KIP-516).
///
/// Displayed as Kafka does: URL-safe base64 of the 16 bytes, without padding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// The all-zero id: "no topic id" on the wire, the registry's own log on disk.
    pub const NIL: Self = Self([0; 16]);

    /// Whether this is the all-zero id.
    pub fn is_nil(self) -> bool {
        self == Self::NIL
    }

    /// The id in lower-case hexadecimal: what directory names are made of.
    pub fn to_hex(self) -> String {
        use fmt::Write;
        let mut hex = String::with_capacity(32);
        for byte in self.0 {
            write!(hex, "{byte:02x}").expect("writing to a String does not fail");
        }
        hex
    }

    /// The inverse of [`TopicId::to_hex`]; `None` unless exactly 32 lower-case hex digits.
    pub fn from_hex(hex: &str) -> Option<Self> {
        if hex.len() != 32 || hex.bytes().any(|b| !b.is_ascii_hexdigit() || b.is_ascii_uppercase())
        {
            return None;
        }
        u128::from_str_radix(hex, 16).ok().map(|value| Self(value.to_be_bytes()))
    }
}

const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(22);
        for chunk in self.0.chunks(3) {
            let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte))
                << (8 * (3 - chunk.len()));
            for digit in 0..=chunk.len() {
                let index = group >> (18 - 6 * digit) & 0x3f;
                let letter = usize::try_from(index).ok().and_then(|index| BASE64_URL.get(index));
                text.push(char::from(*letter.expect("six bits index 64 letters")));
            }
        }
        f.write_str(&text)
    }
}

/// A partition's number within its topic, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionIndex(pub i32);

/// A partition of a topic: the name of one log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicId,
    /// The partition within it.
    pub partition: PartitionIndex,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition.0)
    }
}

/// A broker's id as Kafka clients see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub i32);

/// A shard's number within its process, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

impl ShardId {
    /// The shard as an index into per-shard tables.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for PartitionIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topic_id_is_displayed_as_kafka_does() {
        assert_eq!(TopicId::NIL.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(TopicId([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn topic_id_survives_hex() {
        let id = TopicId(*b"\x00\x01\x0f\xf0456789abcdef");
        assert_eq!(TopicId::from_hex(&id.to_hex()), Some(id));
        for bad in
            ["", "00", "0000000000000000000000000000000g", "0000000000000000000000000000000A"]
        {
            assert_eq!(TopicId::from_hex(bad), None, "{bad}");
        }
    }
}
