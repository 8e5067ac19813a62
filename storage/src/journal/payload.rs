//! Whether a commit's payload is what its entries say.

use record::{BatchView, Crc32c};

use super::entry::{Entry, EntryKind};

/// Checks the bytes of one entry against what the entry says of them: for a batch, the fields
/// outside of its CRC and the CRC itself.
pub fn entry_is_intact(entry: &Entry, commit: &[u8]) -> bool {
    let (start, len) = (entry.position as usize, entry.len as usize);
    let Some(bytes) = commit.get(start..start + len) else { return false };
    match entry.kind {
        EntryKind::Append => batch_is_intact(entry, bytes),
        EntryKind::Carry => Crc32c::of(bytes) == entry.crc,
        _ => entry.len == 0,
    }
}

fn batch_is_intact(entry: &Entry, bytes: &[u8]) -> bool {
    let Ok((batch, rest)) = BatchView::parse(bytes) else { return false };
    let header = batch.header();
    rest.is_empty()
        && header.base_offset() == entry.base_offset
        && header.leader_epoch() == entry.leader_epoch
        && header.crc() == entry.crc
        && batch.crc_is_valid()
}
