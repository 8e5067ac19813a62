//! The unflushed bytes of one log, put together from appends and carries.

use std::collections::BTreeMap;

use record::{BatchHeader, HEADER_BYTES, Offset};
use runtime::buffer::Slice;

use crate::identity::CommitSequence;
use crate::journal::entry::{CARRY_PREFIX_BYTES, Entry};
use crate::log::span::Span;

/// Bytes of a segment, and which commit holds them.
#[derive(Clone)]
struct Piece {
    sequence: CommitSequence,
    bytes: Slice,
    /// Where the first batch starts, at or before the piece.
    batch_position: u32,
    /// That batch's header, if its front is before the piece.
    header: Option<Box<[u8; HEADER_BYTES]>>,
}

/// Why the bytes do not make a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PieceError {
    /// A carry and the append that it supersedes are both readable, and differ.
    #[error("two journal entries disagree about bytes of segment {segment} at {position}")]
    Contradiction { segment: Offset, position: u32 },
    /// Bytes are in no file and in no commit.
    #[error("bytes of segment {segment} from {position} on are missing in the journal")]
    Missing { segment: Offset, position: u32 },
    /// The bytes are no batches.
    #[error("segment {segment} has no batch at {position}")]
    NoBatch { segment: Offset, position: u32 },
}

/// All pieces of one log; they do not overlap.
#[derive(Clone, Default)]
pub(super) struct Pieces {
    by_place: BTreeMap<(Offset, u32), Piece>,
}

impl Pieces {
    /// Adds a batch's bytes.
    pub(super) fn append(&mut self, entry: &Entry, sequence: CommitSequence, bytes: Slice) {
        let (batch_position, header) = (entry.segment_position, None);
        let piece = Piece { sequence, bytes, batch_position, header };
        self.by_place.insert((entry.segment, entry.segment_position), piece);
    }

    /// Adds carried bytes. Where older entries are still readable they must be the same, and are
    /// kept: a flush that the checkpoint does not know yet may have let a carry begin inside a
    /// batch whose front only they have.
    pub(super) fn carry(
        &mut self,
        entry: &Entry,
        sequence: CommitSequence,
        bytes: &Slice,
    ) -> Result<(), PieceError> {
        let (segment, start) = (entry.segment, entry.segment_position);
        let cut = entry.batch_position < start;
        let mut header =
            bytes.as_slice().first_chunk().filter(|_| cut).map(|front| Box::new(*front));
        let bytes = bytes.slice(CARRY_PREFIX_BYTES.min(bytes.len())..bytes.len());
        let end = start + length(&bytes);
        let older: Vec<(u32, Slice)> = self
            .by_place
            .range((segment, 0)..(segment, end))
            .filter(|((_, at), piece)| at + length(&piece.bytes) > start)
            .map(|((_, at), piece)| (*at, piece.bytes.clone()))
            .collect();
        let mut reached = start;
        let mut batch_position = entry.batch_position;
        for (at, old) in older {
            let (from, to) = (at.max(start), (at + length(&old)).min(end));
            let same =
                part(&old, at, from, to).as_slice() == part(&bytes, start, from, to).as_slice();
            if !same {
                return Err(PieceError::Contradiction { segment, position: from });
            }
            if from > reached {
                let bytes = part(&bytes, start, reached, from);
                let header = header.take();
                let piece = Piece { sequence, bytes, batch_position, header };
                self.by_place.insert((segment, reached), piece);
            }
            // Entries end where batches end.
            reached = reached.max(to);
            (batch_position, header) = (reached, None);
        }
        if reached < end {
            let bytes = part(&bytes, start, reached, end);
            let piece = Piece { sequence, bytes, batch_position, header };
            self.by_place.insert((segment, reached), piece);
        }
        Ok(())
    }

    /// The batches of a segment from `flushed` to `end`, in order: whatever no file has.
    pub(super) fn spans(
        &self,
        segment: Offset,
        flushed: u32,
        end: u32,
    ) -> Result<Vec<Span>, PieceError> {
        let mut spans = Vec::new();
        let mut reached = flushed;
        for ((_, at), piece) in self.by_place.range((segment, 0)..=(segment, u32::MAX)) {
            let piece_end = at + length(&piece.bytes);
            if piece_end <= reached {
                continue;
            }
            if *at > reached {
                return Err(PieceError::Missing { segment, position: reached });
            }
            split(segment, *at, piece, reached, &mut spans)?;
            reached = piece_end;
        }
        if reached < end {
            return Err(PieceError::Missing { segment, position: reached });
        }
        Ok(spans)
    }
}

/// Splits a piece into its batches, as far as they lie behind `flushed`.
fn split(
    segment: Offset,
    start: u32,
    piece: &Piece,
    flushed: u32,
    spans: &mut Vec<Span>,
) -> Result<(), PieceError> {
    let end = start + length(&piece.bytes);
    let mut batch_position = piece.batch_position;
    let mut header = piece.header.clone();
    while batch_position < end {
        let position = batch_position;
        let wrong = PieceError::NoBatch { segment, position };
        let front = if let Some(front) = header.take() {
            front
        } else {
            let at = batch_position.checked_sub(start).ok_or(wrong)? as usize;
            let rest = piece.bytes.as_slice().get(at..).ok_or(wrong)?;
            Box::new(*rest.first_chunk().ok_or(wrong)?)
        };
        let decoded = BatchHeader::decode(front.as_slice()).map_err(|_| wrong)?;
        let len = u32::try_from(decoded.total_len).map_err(|_| wrong)?;
        let batch_end = batch_position.checked_add(len).filter(|batch_end| *batch_end <= end);
        let batch_end = batch_end.ok_or(wrong)?;
        if batch_end > flushed {
            let from = batch_position.max(start).max(flushed);
            spans.push(Span {
                sequence: piece.sequence,
                segment,
                batch_position,
                position: from,
                base_offset: decoded.base_offset,
                next_offset: Offset(
                    decoded.base_offset.0 + i64::from(decoded.last_offset_delta.0) + 1,
                ),
                max_timestamp: decoded.max_timestamp,
                bytes: part(&piece.bytes, start, from, batch_end),
                header: (from > batch_position).then_some(front),
            });
        }
        batch_position = batch_end;
    }
    Ok(())
}

/// The part from `from` to `to` of bytes that start at `start`.
fn part(bytes: &Slice, start: u32, from: u32, to: u32) -> Slice {
    bytes.slice((from - start) as usize..(to - start) as usize)
}

fn length(bytes: &Slice) -> u32 {
    u32::try_from(bytes.len()).expect("a commit is under 4 GiB")
}

#[cfg(test)]
mod tests {
    use record::{
        BatchBuilder, LeaderEpoch, NewRecord, PartitionIndex, Seal, Timestamp, TopicId,
        TopicPartition,
    };
    use runtime::buffer::Pool;

    use super::*;
    use crate::journal::entry::EntryKind;

    /// Three batches as they lie in a segment, back to back.
    fn segment() -> (Vec<u8>, [u32; 4]) {
        let (mut bytes, mut starts) = (Vec::new(), [0; 4]);
        for number in 0..3_u8 {
            let mut builder = BatchBuilder::new();
            let value = [number; 100];
            let record =
                NewRecord { timestamp: Timestamp(1), key: None, value: Some(&value), headers: &[] };
            builder.append(&record).unwrap();
            let mut batch = builder.seal(&Seal::default()).unwrap();
            batch[..8].copy_from_slice(&i64::from(number).to_be_bytes());
            bytes.extend_from_slice(&batch);
            starts[usize::from(number) + 1] = u32::try_from(bytes.len()).unwrap();
        }
        (bytes, starts)
    }

    fn slice(bytes: &[u8]) -> Slice {
        let mut chunk = Pool::new(0).chunk(bytes.len());
        chunk.append(bytes);
        chunk.freeze()
    }

    fn entry(kind: EntryKind, start: u32, batch_position: u32) -> Entry {
        Entry {
            kind,
            log: TopicPartition { topic: TopicId([1; 16]), partition: PartitionIndex(0) },
            leader_epoch: LeaderEpoch(0),
            base_offset: Offset(0),
            segment: Offset(0),
            segment_position: start,
            batch_position,
            len: 0,
            position: 0,
            crc: 0,
        }
    }

    fn append(pieces: &mut Pieces, bytes: &[u8], starts: &[u32; 4], number: usize) {
        let (from, to) = (starts[number], starts[number + 1]);
        let batch = slice(&bytes[from as usize..to as usize]);
        let sequence = CommitSequence(number as u64 + 1);
        pieces.append(&entry(EntryKind::Append, from, from), sequence, batch);
    }

    fn carry(
        pieces: &mut Pieces,
        bytes: &[u8],
        (from, to): (u32, u32),
        batch_position: u32,
    ) -> Result<(), PieceError> {
        let mut carried = vec![0; CARRY_PREFIX_BYTES];
        if batch_position < from {
            let header = &bytes[batch_position as usize..][..HEADER_BYTES];
            carried[..HEADER_BYTES].copy_from_slice(header);
        }
        carried.extend_from_slice(&bytes[from as usize..to as usize]);
        let entry = entry(EntryKind::Carry, from, batch_position);
        pieces.carry(&entry, CommitSequence(9), &slice(&carried))
    }

    fn check(pieces: &Pieces, bytes: &[u8], flushed: u32, first_batch: u32) {
        let end = u32::try_from(bytes.len()).unwrap();
        let spans = pieces.spans(Offset(0), flushed, end).unwrap();
        let mut reached = flushed;
        assert_eq!(spans[0].batch_position, first_batch);
        for span in &spans {
            assert_eq!(span.position, reached);
            assert_eq!(span.bytes.as_slice(), &bytes[reached as usize..span.end() as usize]);
            assert_eq!(span.header.is_some(), span.batch_position < span.position);
            reached = span.end();
        }
        assert_eq!(reached, end);
    }

    #[test]
    fn a_carry_alone_gives_the_batch_that_it_cuts() {
        let (bytes, starts) = segment();
        let mut pieces = Pieces::default();
        let cut = starts[1] + 70;
        carry(&mut pieces, &bytes, (cut, starts[3]), starts[1]).unwrap();
        check(&pieces, &bytes, cut, starts[1]);
    }

    #[test]
    fn a_carry_that_cuts_a_batch_leaves_it_to_the_append_that_has_its_front() {
        let (bytes, starts) = segment();
        let mut pieces = Pieces::default();
        (0..3).for_each(|number| append(&mut pieces, &bytes, &starts, number));
        carry(&mut pieces, &bytes, (starts[1] + 70, starts[3]), starts[1]).unwrap();
        check(&pieces, &bytes, 0, 0);
        check(&pieces, &bytes, starts[1] + 70, starts[1]);
    }

    #[test]
    fn a_carry_fills_in_what_older_entries_have_lost() {
        let (bytes, starts) = segment();
        for kept in [[1, 1], [0, 2], [2, 2]] {
            let mut pieces = Pieces::default();
            for number in kept {
                append(&mut pieces, &bytes, &starts, number);
            }
            carry(&mut pieces, &bytes, (0, starts[3]), 0).unwrap();
            check(&pieces, &bytes, 0, 0);
        }
    }

    #[test]
    fn a_carry_that_differs_from_what_it_supersedes_is_refused() {
        let (mut bytes, starts) = segment();
        let mut pieces = Pieces::default();
        append(&mut pieces, &bytes, &starts, 1);
        bytes[starts[1] as usize + 80] ^= 1;
        let carried = carry(&mut pieces, &bytes, (0, starts[3]), 0);
        let position = starts[1];
        assert_eq!(carried, Err(PieceError::Contradiction { segment: Offset(0), position }));
    }

    #[test]
    fn missing_bytes_are_named() {
        let (bytes, starts) = segment();
        let mut pieces = Pieces::default();
        append(&mut pieces, &bytes, &starts, 0);
        append(&mut pieces, &bytes, &starts, 2);
        let found = pieces.spans(Offset(0), 0, starts[3]).unwrap_err();
        assert_eq!(found, PieceError::Missing { segment: Offset(0), position: starts[1] });
    }
}
