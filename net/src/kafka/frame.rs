//! Frames: a signed 32-bit length, big-endian, and as many bytes.
//!
//! ```text
//! 0  length n (int32), of what follows
//! 4  n bytes: header and body of one request or response
//! ```
//!
//! Pure: told what has been received so far, it says what is missing. A length is checked against
//! the caller's limit before anybody reserves memory for it.

use crate::kafka::wire::{EncodeError, Writer};

/// The bytes of the length before a frame.
pub const PREFIX_LEN: usize = 4;

/// What a connection has to receive before the frame at its front can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// The length is not there yet; so many more bytes of it are missing.
    Prefix(usize),
    /// The length is known.
    Body {
        /// The frame's length without its prefix.
        len: usize,
        /// How many of those bytes are missing.
        missing: usize,
    },
    /// The frame is there, at `PREFIX_LEN..PREFIX_LEN + len`; what follows is the next one.
    Complete {
        /// The frame's length without its prefix.
        len: usize,
    },
}

/// A length that ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Negative: not a Kafka client, or out of step.
    #[error("frame length {0} is negative")]
    Negative(i32),
    /// Above the limit.
    #[error("a frame of {len} bytes is above the limit of {len_max}")]
    Oversize {
        /// The length in the prefix.
        len: usize,
        /// The limit given.
        len_max: usize,
    },
}

/// What is missing of the frame that `received` starts with. `len_max` is the longest frame
/// accepted, its prefix not counted.
pub fn need(received: &[u8], len_max: usize) -> Result<Need, FrameError> {
    let Some((prefix, body)) = received.split_first_chunk::<PREFIX_LEN>() else {
        return Ok(Need::Prefix(PREFIX_LEN - received.len()));
    };
    let signed = i32::from_be_bytes(*prefix);
    let len = usize::try_from(signed).map_err(|_| FrameError::Negative(signed))?;
    if len > len_max {
        return Err(FrameError::Oversize { len, len_max });
    }
    match len.saturating_sub(body.len()) {
        0 => Ok(Need::Complete { len }),
        missing => Ok(Need::Body { len, missing }),
    }
}

/// Appends one frame: its length and what `write` appends. After an error `bytes` is as before.
pub fn append(
    bytes: &mut Vec<u8>,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let start = bytes.len();
    bytes.extend_from_slice(&[0; PREFIX_LEN]);
    let result = write(&mut Writer::new(bytes)).and_then(|()| close(bytes, start, 0));
    if result.is_err() {
        bytes.truncate(start);
    }
    result
}

/// Sets the length of the frame that starts at `start` and has `extents_len` bytes elsewhere.
pub(super) fn close(bytes: &mut [u8], start: usize, extents_len: usize) -> Result<(), EncodeError> {
    let written = bytes.len() - start - PREFIX_LEN;
    let len = written.saturating_add(extents_len);
    let signed = i32::try_from(len).map_err(|_| EncodeError::FrameTooLarge { len })?;
    let prefix = bytes.get_mut(start..).and_then(|frame| frame.first_chunk_mut());
    *prefix.expect("the frame was opened with room for its length") = signed.to_be_bytes();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_complete_at_its_last_byte_and_not_before() {
        let stream = [0, 0, 0, 3, 7, 8, 9, 0, 0];
        assert_eq!(need(&stream[..0], 10), Ok(Need::Prefix(4)));
        assert_eq!(need(&stream[..3], 10), Ok(Need::Prefix(1)));
        assert_eq!(need(&stream[..4], 10), Ok(Need::Body { len: 3, missing: 3 }));
        assert_eq!(need(&stream[..6], 10), Ok(Need::Body { len: 3, missing: 1 }));
        assert_eq!(need(&stream[..7], 10), Ok(Need::Complete { len: 3 }));
        assert_eq!(need(&stream, 10), Ok(Need::Complete { len: 3 }));
    }

    #[test]
    fn an_empty_frame_is_complete() {
        assert_eq!(need(&[0, 0, 0, 0], 0), Ok(Need::Complete { len: 0 }));
    }

    #[test]
    fn bad_lengths_are_refused_as_soon_as_they_are_known() {
        assert_eq!(need(&[0xff; 4], 10), Err(FrameError::Negative(-1)));
        assert_eq!(need(&[0x80, 0, 0, 0], 10), Err(FrameError::Negative(i32::MIN)));
        let oversize = FrameError::Oversize { len: 11, len_max: 10 };
        assert_eq!(need(&[0, 0, 0, 11], 10), Err(oversize));
        assert_eq!(need(&[0, 0, 0, 10], 10), Ok(Need::Body { len: 10, missing: 10 }));
    }

    #[test]
    fn a_frame_that_fails_leaves_nothing_behind() {
        let mut bytes = vec![1, 2];
        let failed = append(&mut bytes, |w| {
            w.i64(0);
            Err(EncodeError::Count { what: "test" })
        });
        assert_eq!(failed, Err(EncodeError::Count { what: "test" }));
        assert_eq!(bytes, [1, 2]);
        append(&mut bytes, |w| {
            w.i16(-1);
            Ok(())
        })
        .unwrap();
        assert_eq!(bytes, [1, 2, 0, 0, 0, 2, 0xff, 0xff]);
    }

    #[test]
    fn extents_count_towards_the_length_and_its_limit() {
        let mut bytes = vec![0; 6];
        close(&mut bytes, 0, 1000).unwrap();
        assert_eq!(bytes, [0, 0, 3, 0xea, 0, 0]);
        let len = usize::try_from(i32::MAX).unwrap() + 1;
        assert_eq!(close(&mut bytes, 0, len - 2), Err(EncodeError::FrameTooLarge { len }));
        assert_eq!(
            close(&mut bytes, 0, usize::MAX),
            Err(EncodeError::FrameTooLarge { len: usize::MAX })
        );
    }
}
