//! A record's value that says whose it is, and proves that it is whole.
//!
//! ```text
//! producer u32 | log u32 | counter u64 | crc32c u32 of all else | filler made of the three
//! ```

use super::random::Random;

/// The smallest value.
pub(crate) const PAYLOAD_BYTES_MIN: usize = 20;

/// Whose record it is, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) producer: u32,
    pub(crate) log: u32,
    pub(crate) counter: u64,
}

impl Mark {
    /// A value of `len` bytes.
    pub(crate) fn write(self, len: usize) -> Vec<u8> {
        assert!(len >= PAYLOAD_BYTES_MIN, "a value holds its mark");
        let mut bytes = vec![0; len];
        bytes[0..4].copy_from_slice(&self.producer.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.log.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.counter.to_be_bytes());
        let seed = (u64::from(self.producer) << 48) ^ (u64::from(self.log) << 40) ^ self.counter;
        Random::new(seed).fill(&mut bytes[PAYLOAD_BYTES_MIN..]);
        let crc = checksum(&bytes);
        bytes[16..20].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    /// The mark of a whole value.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() < PAYLOAD_BYTES_MIN {
            return Err(format!("a value of {} bytes was never sent", bytes.len()));
        }
        let word = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four"));
        let counter = u64::from_be_bytes(bytes[8..16].try_into().expect("eight"));
        let mark = Self { producer: word(0), log: word(4), counter };
        if word(16) == checksum(bytes) {
            Ok(mark)
        } else {
            Err(format!("the checksum of {mark:?}, {} bytes, is wrong", bytes.len()))
        }
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&bytes[..16]), &bytes[PAYLOAD_BYTES_MIN..])
}
