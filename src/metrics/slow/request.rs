//! What is written down of a slow request.

use core::net::SocketAddr;

use net::kafka::version::Version;

use super::step::Took;

/// The longest text of a client that is kept, in bytes: as long as a topic's name can be.
const TEXT_BYTES_MAX: usize = 249;

/// A request that was among the slowest of its minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowRequest {
    /// When its last byte had come, in milliseconds since the Unix epoch.
    pub received_ms: i64,
    /// Where it came from.
    pub client: SocketAddr,
    /// What the client calls itself.
    pub client_id: Box<str>,
    /// The API, and in which version.
    pub version: Version,
    /// The first topic that it produces to or fetches from.
    pub topic: Option<Box<str>>,
    /// How many partitions.
    pub partitions: u32,
    /// Bytes of batches in a produce request, of the whole answer of any other.
    pub bytes: u64,
    /// The records of a produce request that were appended; nobody counts those of an answer.
    pub records: Option<u64>,
    /// Where its time went.
    pub took: Took,
}

impl SlowRequest {
    /// A text of a client, cut where it is longer than anybody would read.
    pub fn text(text: &str) -> Box<str> {
        let mut end = text.len().min(TEXT_BYTES_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text[..end].into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_text_is_bounded_and_still_text() {
        assert_eq!(&*SlowRequest::text("kcat"), "kcat");
        let long = "\u{e9}".repeat(32_000);
        assert_eq!(&*SlowRequest::text(&long), "\u{e9}".repeat(TEXT_BYTES_MAX / 2));
    }
}
