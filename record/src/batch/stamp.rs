//! What the broker writes into a batch on its way to the log, in place.
//!
//! Guarantees that the records are neither read nor changed, and that a CRC that was right stays
//! right, and one that was wrong stays wrong: damage between check and stamp is not signed over.
//! Only the header is needed, so a batch whose records lie elsewhere is stamped alike.

use super::header::{
    ATTRIBUTES_AT, BASE_OFFSET_AT, CRC_AT, HeaderArray, LEADER_EPOCH_AT, MAX_TIMESTAMP_AT,
    PRODUCER_ID_AT, UNSUMMED_BYTES, check, check_offsets, put,
};
use super::{HeaderError, HeaderView};
use crate::{Crc32c, LeaderEpoch, Offset, Timestamp, TimestampType};

/// The bytes from the first summed one to the last that a stamp can change: from the attributes
/// to the max timestamp.
const FRONT_BYTES: usize = PRODUCER_ID_AT - ATTRIBUTES_AT;

/// A checked header that can be stamped.
#[derive(Debug, PartialEq, Eq)]
pub struct HeaderMut<'a>(&'a mut HeaderArray);

impl<'a> HeaderMut<'a> {
    /// Checks the header at the front of `bytes`, as [`HeaderView::parse`] does.
    #[inline]
    pub fn parse(bytes: &'a mut [u8]) -> Result<Self, HeaderError> {
        HeaderView::parse(bytes)?;
        let array = bytes.first_chunk_mut().expect("a parsed header is there");
        Ok(Self(array))
    }

    /// The header as it is now.
    #[inline]
    pub fn view(&self) -> HeaderView<'_> {
        HeaderView::of_checked(self.0)
    }

    /// Gives the batch its place in the log. Neither field is under the CRC. Offsets that would
    /// run over the largest one are refused, and the header is then unchanged.
    #[inline]
    pub fn assign(
        &mut self,
        base_offset: Offset,
        leader_epoch: LeaderEpoch,
    ) -> Result<(), HeaderError> {
        check_offsets(base_offset, self.view().last_offset_delta())?;
        put::<BASE_OFFSET_AT, _>(self.0, base_offset.0.to_be_bytes());
        put::<LEADER_EPOCH_AT, _>(self.0, leader_epoch.0.to_be_bytes());
        Ok(())
    }

    /// Stamps every record with the broker's time: sets the timestamp type and the max timestamp
    /// and carries the CRC over.
    pub fn set_log_append_time(&mut self, now: Timestamp) {
        let attributes = self.view().attributes();
        let attributes = attributes.with_timestamp_type(TimestampType::LogAppendTime);
        self.edit_summed(|array| {
            put::<ATTRIBUTES_AT, _>(array, attributes.0.to_be_bytes());
            put::<MAX_TIMESTAMP_AT, _>(array, now.0.to_be_bytes());
        });
    }

    /// Corrects the max timestamp to what the records say and carries the CRC over.
    pub fn set_max_timestamp(&mut self, max_timestamp: Timestamp) {
        self.edit_summed(|array| {
            put::<MAX_TIMESTAMP_AT, _>(array, max_timestamp.0.to_be_bytes());
        });
    }

    fn edit_summed(&mut self, edit: impl FnOnce(&mut HeaderArray)) {
        let old = front(self.0);
        edit(self.0);
        let new = front(self.0);
        let header = self.view();
        let tail_len = header.total_len() - UNSUMMED_BYTES - FRONT_BYTES;
        let crc = Crc32c::with_front_replaced(header.crc(), &old, &new, tail_len);
        put::<CRC_AT, _>(self.0, crc.to_be_bytes());
        debug_assert!(check(self.0).is_ok(), "a stamp keeps the header coherent");
    }
}

#[inline]
fn front(array: &HeaderArray) -> [u8; FRONT_BYTES] {
    let summed = array.split_at(UNSUMMED_BYTES).1;
    *summed.first_chunk().expect("the front is inside the header")
}
