//! The open commit: batches are staged here, with their place already decided, until it may be
//! closed.
//!
//! Small batches are copied, once, into a chunk; a large frame becomes a piece of its own. Nothing
//! is frozen before the commit is closed, so batches are stamped in place.

use std::rc::Rc;

use record::{HeaderMut, Timestamp};
use runtime::buffer::{Chunk, DmaBuf, Part, Pool, Slice, Usage};

use super::commit::{ARCHIVE_ALIGNMENT, CommitHeader, PREAMBLE_BYTES, archive, preamble};
use super::entry::{CARRY_PREFIX_BYTES, Entry, EntryKind};
use crate::limits::{BLOCK_BYTES, CHUNK_BYTES, COMMIT_BYTES_MAX, COMMIT_ENTRIES_MAX};
use crate::log::Log;
use crate::log::span::Span;
use crate::log::state::{Placement, Visible};

/// What the broker writes into a batch besides its offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The topic stamps the append time.
    pub append_time: Option<Timestamp>,
    /// The records' largest timestamp, where the producer's header says otherwise.
    pub max_timestamp: Option<Timestamp>,
}

/// Bytes of the commit that are together in one buffer.
enum Piece {
    Copied(Part),
    Frame { buffer: DmaBuf, len: usize },
}

/// A large frame that is part of the open commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameId(usize);

/// A batch of the open commit.
struct Batch {
    log: Rc<Log>,
    placement: Placement,
    piece: usize,
    offset: usize,
    len: usize,
    max_timestamp: Timestamp,
    /// The batch can be read when the commit is written or mirrored; else when it is durable.
    relaxed: bool,
}

/// A closed commit: bytes to be written, and what follows when they are.
pub struct Closed {
    /// The bytes, whole blocks each.
    pub slices: Vec<Slice>,
    /// Their length.
    pub len: usize,
    /// Which logs can be read further, and when.
    pub outcomes: Vec<Outcome>,
    /// An entry asks for a barrier.
    pub barrier: bool,
    /// How many entries it has.
    pub entries: usize,
}

/// How far a log can be read once the commit is safe.
pub struct Outcome {
    /// The log.
    pub log: Rc<Log>,
    /// The end of its last batch in the commit.
    pub visible: Visible,
    /// Readable when written or mirrored; else when durable.
    pub relaxed: bool,
}

/// The open commit.
pub struct Staging {
    pool: Pool,
    usage: Usage,
    chunk: Option<Chunk>,
    /// Whether the open commit has begun in the chunk.
    begun: bool,
    pieces: Vec<Piece>,
    /// Bytes of the pieces before the one in the chunk.
    pieces_bytes: usize,
    entries: Vec<Entry>,
    batches: Vec<Batch>,
    barrier: bool,
}

impl Staging {
    /// An empty commit whose buffers count in `usage`.
    pub fn new(pool: Pool, usage: Usage) -> Self {
        Self {
            pool,
            usage,
            chunk: None,
            begun: false,
            pieces: Vec::new(),
            pieces_bytes: 0,
            entries: Vec::new(),
            batches: Vec::new(),
            barrier: false,
        }
    }

    /// Whether nothing is staged.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.barrier
    }

    /// Whether the commit takes another batch or frame of `bytes`.
    pub fn takes(&self, bytes: usize) -> bool {
        let staged = self.payload_bytes();
        let has_room = staged == 0 || staged + bytes <= COMMIT_BYTES_MAX;
        has_room && self.entries.len() < COMMIT_ENTRIES_MAX
    }

    /// An upper bound of the commit's bytes if `payload` more bytes in `entries` more entries were
    /// staged, wherever they go.
    pub fn bytes_with(&self, payload: usize, entries: usize) -> usize {
        let table = (self.entries.len() + entries) * 64 + 256;
        // Each piece may waste up to a block at its end; so may the new bytes.
        let blocks = self.pieces.len() + 4;
        self.payload_bytes() + payload + table + blocks * BLOCK_BYTES
    }

    fn payload_bytes(&self) -> usize {
        self.pieces_bytes + self.chunk.as_ref().map_or(0, |chunk| chunk.filled() - chunk.frozen())
    }

    /// Asks for a barrier with this commit, whatever is in it.
    pub fn require_barrier(&mut self) {
        self.barrier = true;
    }

    /// Whether every byte of it was copied: no large frame is in it.
    pub fn is_copied(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Copied(_)))
    }

    /// Adds an entry without bytes.
    pub fn mark(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Copies a batch in and stamps it. This is the only copy of a small batch before the disk.
    pub fn copy_batch(
        &mut self,
        log: &Rc<Log>,
        placement: Placement,
        bytes: &[u8],
        stamp: Stamp,
        relaxed: bool,
    ) {
        self.make_room(bytes.len());
        let chunk = self.chunk.as_mut().expect("room was made");
        let offset = chunk.filled() - chunk.frozen();
        chunk.append(bytes);
        let written = chunk.written_mut().get_mut(offset..).expect("it was just appended");
        let piece = self.pieces.len();
        let position = self.pieces_bytes + offset;
        let target = Target { piece, offset, position };
        let (entry, max_timestamp) = stamped(log, &placement, written, position, stamp);
        self.note_batch(log, placement, target, (entry, max_timestamp), relaxed);
    }

    /// Adds a large frame as a piece of its own; no byte of it is copied.
    pub fn add_frame(&mut self, mut buffer: DmaBuf, len: usize) -> FrameId {
        self.begin();
        self.close_piece();
        let padded = len.next_multiple_of(BLOCK_BYTES);
        buffer.count_in(&self.usage);
        buffer.as_mut_slice().get_mut(len..padded).expect("buffers are whole blocks").fill(0);
        let frame = FrameId(self.pieces.len());
        self.pieces.push(Piece::Frame { buffer, len: padded });
        self.pieces_bytes += padded;
        frame
    }

    /// Stamps a batch that lies in a frame of the open commit.
    pub fn adopt_batch(
        &mut self,
        log: &Rc<Log>,
        placement: Placement,
        frame: FrameId,
        offset: usize,
        stamp: Stamp,
        relaxed: bool,
    ) {
        let before: usize = self.pieces.iter().take(frame.0).map(Piece::len).sum();
        let Some(Piece::Frame { buffer, .. }) = self.pieces.get_mut(frame.0) else {
            panic!("a frame id names a frame of this commit");
        };
        let written = buffer.as_mut_slice().get_mut(offset..).expect("inside the frame");
        let target = Target { piece: frame.0, offset, position: before + offset };
        let stamped = stamped(log, &placement, written, target.position, stamp);
        self.note_batch(log, placement, target, stamped, relaxed);
    }

    /// Adds raw bytes of a segment that the journal still owes it.
    pub fn carry(&mut self, entry: Entry, prefix: &[u8; CARRY_PREFIX_BYTES], bytes: &Slice) {
        assert_eq!(entry.kind, EntryKind::Carry, "only carries have loose bytes");
        let len = prefix.len() + bytes.len();
        self.make_room(len);
        let chunk = self.chunk.as_mut().expect("room was made");
        let position = self.pieces_bytes + chunk.filled() - chunk.frozen();
        let mut crc = record::Crc32c::new();
        for part in [prefix, bytes.as_slice()] {
            chunk.append(part);
            crc.update(part);
        }
        self.entries.push(Entry {
            len: small(len),
            position: small(position),
            crc: crc.finish(),
            ..entry
        });
        self.barrier = true;
    }

    fn note_batch(
        &mut self,
        log: &Rc<Log>,
        placement: Placement,
        target: Target,
        (entry, max_timestamp): (Entry, Timestamp),
        relaxed: bool,
    ) {
        if placement.rolled {
            let (id, epoch) = (log.id(), placement.leader_epoch);
            self.mark(Entry::mark(EntryKind::Roll, id, epoch, placement.base_offset));
        }
        self.batches.push(Batch {
            log: Rc::clone(log),
            placement,
            piece: target.piece,
            offset: target.offset,
            len: entry.len as usize,
            max_timestamp,
            relaxed,
        });
        self.entries.push(entry);
    }

    fn begin(&mut self) {
        if !self.begun {
            let room = self.chunk.as_ref().is_some_and(|chunk| chunk.spare() >= BLOCK_BYTES);
            if !room {
                self.chunk = Some(self.pool.chunk_counted(CHUNK_BYTES, &self.usage));
            }
            let chunk = self.chunk.as_mut().expect("it was just made");
            chunk.append(&[0; PREAMBLE_BYTES]);
            self.begun = true;
        }
    }

    /// Sees to it that the chunk takes `len` contiguous bytes.
    fn make_room(&mut self, len: usize) {
        self.begin();
        let spare = self.chunk.as_ref().map_or(0, Chunk::spare);
        if spare < len {
            self.close_piece();
            let capacity = CHUNK_BYTES.max(len);
            self.chunk = Some(self.pool.chunk_counted(capacity, &self.usage));
        }
    }

    /// Ends the piece in the chunk. What is written next starts on a block of another piece.
    fn close_piece(&mut self) {
        let Some(chunk) = self.chunk.as_mut() else { return };
        if chunk.filled() > chunk.frozen() {
            chunk.pad_to_block();
            let part = chunk.split();
            self.pieces_bytes += part.len();
            self.pieces.push(Piece::Copied(part));
        }
    }

    /// Ends the commit: writes its header, freezes its bytes, and hands each log its batches.
    pub fn close(&mut self, header: &CommitHeader) -> Closed {
        self.begin();
        let entries = std::mem::take(&mut self.entries);
        let entry_count = entries.len();
        let sequence = header.sequence;
        let archive = archive(&CommitHeader { entries, ..header.clone() });
        self.make_room(archive.len() + ARCHIVE_ALIGNMENT);
        let chunk = self.chunk.as_mut().expect("room was made");
        let unaligned = self.pieces_bytes + chunk.filled() - chunk.frozen();
        let position = unaligned.next_multiple_of(ARCHIVE_ALIGNMENT);
        chunk.append([0; ARCHIVE_ALIGNMENT].get(..position - unaligned).expect("less than it"));
        chunk.append(&archive);
        chunk.pad_to_block();
        let len = self.pieces_bytes + chunk.filled() - chunk.frozen();
        let preamble = preamble(len, position, &archive);
        let first = match self.pieces.first_mut() {
            Some(Piece::Copied(first)) => first.as_mut_slice(),
            Some(Piece::Frame { .. }) => panic!("a commit begins in a chunk"),
            None => chunk.written_mut(),
        };
        first.get_mut(..PREAMBLE_BYTES).expect("it was reserved").copy_from_slice(&preamble);
        let mut slices: Vec<Slice> = self.pieces.drain(..).map(Piece::freeze).collect();
        slices.push(self.chunk.as_mut().expect("it is still there").freeze());
        let outcomes = self.hand_out(&slices, sequence);
        self.begun = false;
        self.pieces_bytes = 0;
        let barrier = std::mem::take(&mut self.barrier);
        Closed { slices, len, outcomes, barrier, entries: entry_count }
    }

    fn hand_out(
        &mut self,
        slices: &[Slice],
        sequence: crate::identity::CommitSequence,
    ) -> Vec<Outcome> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(self.batches.len());
        for batch in self.batches.drain(..) {
            let placement = batch.placement;
            let slice = slices.get(batch.piece).expect("every batch lies in a piece");
            let bytes = slice.slice(batch.offset..batch.offset + batch.len);
            let end = placement.position + small(batch.len);
            batch.log.state_mut().staged(Span {
                sequence,
                segment: placement.segment,
                batch_position: placement.position,
                position: placement.position,
                base_offset: placement.base_offset,
                next_offset: placement.next_offset,
                max_timestamp: batch.max_timestamp,
                bytes,
                header: None,
            });
            let segment = placement.segment;
            let visible = Visible { offset: placement.next_offset, segment, position: end };
            outcomes.push(Outcome { log: batch.log, visible, relaxed: batch.relaxed });
        }
        outcomes
    }
}

#[derive(Clone, Copy)]
struct Target {
    piece: usize,
    offset: usize,
    position: usize,
}

/// Writes place and time into a batch's header and makes the entry that says the same.
fn stamped(
    log: &Rc<Log>,
    placement: &Placement,
    bytes: &mut [u8],
    position: usize,
    stamp: Stamp,
) -> (Entry, Timestamp) {
    let mut header = HeaderMut::parse(bytes).expect("the batch was checked when it arrived");
    header
        .assign(placement.base_offset, placement.leader_epoch)
        .expect("the log had offsets left for it");
    if let Some(max_timestamp) = stamp.max_timestamp {
        header.set_max_timestamp(max_timestamp);
    }
    if let Some(now) = stamp.append_time {
        header.set_log_append_time(now);
    }
    let view = header.view();
    let entry = Entry {
        kind: EntryKind::Append,
        log: log.id(),
        leader_epoch: placement.leader_epoch,
        base_offset: placement.base_offset,
        segment: placement.segment,
        segment_position: placement.position,
        batch_position: placement.position,
        len: small(view.total_len()),
        position: small(position),
        crc: view.crc(),
    };
    (entry, view.max_timestamp())
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Self::Copied(part) => part.len(),
            Self::Frame { len, .. } => *len,
        }
    }

    fn freeze(self) -> Slice {
        match self {
            Self::Copied(part) => part.freeze(),
            Self::Frame { buffer, len } => buffer.freeze(len),
        }
    }
}

fn small(value: usize) -> u32 {
    u32::try_from(value).expect("a commit is under 4 GiB")
}
