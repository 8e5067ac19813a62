//! Frames of a stream: whatever was received, the answer fits it and does not depend on how the
//! bytes came.

use net::kafka::frame::{Need, PREFIX_LEN, need};

/// The first two bytes are the limit, the rest is what was received.
pub(crate) fn check(data: &[u8]) {
    let Some((limit, received)) = data.split_first_chunk() else { return };
    let len_max = usize::from(u16::from_be_bytes(*limit));
    let whole = need(received, len_max);
    for cut in 0..received.len() {
        let part = need(&received[..cut], len_max);
        match part {
            Ok(Need::Prefix(missing)) => assert_eq!(cut + missing, PREFIX_LEN),
            Ok(Need::Body { len, missing }) => {
                assert!(len <= len_max);
                assert_eq!(cut + missing, PREFIX_LEN + len);
            }
            Ok(Need::Complete { len }) => {
                assert!(cut >= PREFIX_LEN + len);
                assert_eq!(whole, part, "what follows a frame does not matter");
            }
            Err(_) => assert_eq!(whole, part, "a bad length stays bad"),
        }
    }
}
