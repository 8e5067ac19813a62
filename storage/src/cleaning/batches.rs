//! [`Batches`]: whole batches out of a segment's bytes, which come in pieces.

use record::{BatchView, HeaderError, Offset};

use super::CleanError;

/// What is left of the pieces before: less than one batch.
#[derive(Debug)]
pub struct Batches {
    rest: Vec<u8>,
    /// A batch that claims to be larger is none: damage must not fill the memory.
    batch_bytes_max: usize,
    taken: u64,
    /// No batch that comes may begin before. No CRC covers its offset.
    next_offset: Offset,
}

impl Batches {
    /// No bytes yet, of segments from this offset on.
    pub fn new(batch_bytes_max: usize, base: Offset) -> Self {
        Self { rest: Vec::new(), batch_bytes_max, taken: 0, next_offset: base }
    }

    /// Takes the next bytes and visits each batch that is whole now, its CRC checked.
    pub fn take(
        &mut self,
        bytes: &[u8],
        mut visit: impl FnMut(&BatchView<'_>) -> Result<(), CleanError>,
    ) -> Result<(), CleanError> {
        self.rest.extend_from_slice(bytes);
        let mut left = self.rest.as_slice();
        loop {
            let position = self.taken + (self.rest.len() - left.len()) as u64;
            match BatchView::parse(left) {
                Ok((batch, behind)) => {
                    if !batch.crc_is_valid() {
                        return Err(CleanError::Crc { base: batch.base_offset() });
                    }
                    if batch.base_offset() < self.next_offset {
                        return Err(CleanError::Offsets { base: batch.base_offset() });
                    }
                    self.next_offset = batch.next_offset();
                    visit(&batch)?;
                    left = behind;
                }
                Err(HeaderError::Incomplete { needs, .. }) if needs <= self.batch_bytes_max => {
                    break;
                }
                Err(error) => {
                    let what = error.to_string();
                    return Err(CleanError::NoBatch { position, what });
                }
            }
        }
        let done = self.rest.len() - left.len();
        self.taken += done as u64;
        self.rest.drain(..done);
        Ok(())
    }

    /// A segment ends, and its offsets before `next_offset`: so must its last batch.
    pub fn end_segment(&mut self, next_offset: Offset) -> Result<(), CleanError> {
        if !self.rest.is_empty() {
            return Err(CleanError::CutOff);
        }
        if self.next_offset > next_offset {
            return Err(CleanError::Offsets { base: self.next_offset });
        }
        self.next_offset = next_offset;
        Ok(())
    }
}
