//! Answers out of a stream of bytes: pure, told what came, giving whole frames.

use crate::kafka::frame::{self, FrameError, Need, PREFIX_LEN};

/// Memory that is reserved before any byte of a frame has come; larger frames grow as they come.
const RESERVED_MAX: usize = 1 << 20;

/// The frame that is being received.
#[derive(Debug)]
pub(super) struct Frames {
    /// Its length and its bytes so far.
    received: Vec<u8>,
    len_max: usize,
}

impl Frames {
    /// Takes no frame longer than `len_max`, its prefix not counted.
    pub(super) fn new(len_max: usize) -> Self {
        Self { received: Vec::new(), len_max }
    }

    /// Takes bytes off the front of `input`. `Some` is a whole frame without its prefix, and there
    /// may be another in what is left; `None` means that all was taken and more is needed.
    pub(super) fn take(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameError> {
        loop {
            let wanted = match frame::need(&self.received, self.len_max)? {
                Need::Prefix(missing) => missing,
                Need::Body { len, missing } => {
                    let room = (PREFIX_LEN + len).min(RESERVED_MAX);
                    self.received.reserve(room.saturating_sub(self.received.len()));
                    missing
                }
                Need::Complete { .. } => {
                    let mut whole = std::mem::take(&mut self.received);
                    whole.drain(..PREFIX_LEN);
                    return Ok(Some(whole));
                }
            };
            if input.is_empty() {
                return Ok(None);
            }
            let (taken, rest) = input.split_at(wanted.min(input.len()));
            self.received.extend_from_slice(taken);
            *input = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(stream: &[u8], step: usize) -> Result<Vec<Vec<u8>>, FrameError> {
        let mut frames = Frames::new(10);
        let mut whole = Vec::new();
        for mut piece in stream.chunks(step) {
            while let Some(frame) = frames.take(&mut piece)? {
                whole.push(frame);
            }
        }
        Ok(whole)
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_are_cut() {
        let stream = [0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 1, 9, 0, 0];
        for step in 1..=stream.len() {
            assert_eq!(split(&stream, step).unwrap(), [vec![1, 2, 3], vec![], vec![9]], "{step}");
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_refused_before_it_is_read() {
        let refused = FrameError::Oversize { len: 11, len_max: 10 };
        assert_eq!(split(&[0, 0, 0, 11, 1], 1), Err(refused));
    }
}
