//! Every limit of a shard's storage, and how they hang together.

/// The unit of the journal and of segment writes: what the device takes as one.
pub const BLOCK_BYTES: usize = 4096;
/// [`BLOCK_BYTES`] for positions in files.
pub const BLOCK: u64 = 4096;

/// The default size of a journal file.
pub const JOURNAL_FILE_BYTES: u64 = 64 << 20;
/// The default number of journal files a shard.
pub const JOURNAL_FILES: usize = 16;
/// Fewer could not hold a file being written, two for carries and one to drain.
pub const JOURNAL_FILES_MIN: usize = 4;

/// A commit over this takes no more batches.
pub const COMMIT_BYTES_MAX: usize = 8 << 20;
/// Commits over this are not copied to the mirror: they wait for the device instead.
pub const MIRRORED_COMMIT_BYTES: usize = 2 << 20;
/// Bytes of commits that may be acknowledged before they are written, a shard.
pub const MIRROR_BYTES: usize = 8 << 20;
/// Mirrored commits that one write takes at most, in bytes and in number.
pub const WRITE_BEHIND_BYTES: usize = 1 << 20;
/// The number.
pub const WRITE_BEHIND_COMMITS: usize = 256;
/// Entries of one commit; the table must stay small beside what it describes.
pub const COMMIT_ENTRIES_MAX: usize = 16_384;
/// Batches larger than this are not copied into a commit but come in their own buffer.
pub const COPIED_BYTES_MAX: usize = 64 << 10;
/// The buffers that commits are gathered in.
pub const CHUNK_BYTES: usize = 1 << 20;

/// The default bytes of recent batches in memory, a shard.
pub const TAIL_BYTES: usize = 512 << 20;

/// The default memory for the keys of a log that is being compacted, a shard.
pub const KEY_BYTES: usize = 128 << 20;
/// The least: some hundred keys.
pub const KEY_BYTES_MIN: usize = 32 << 10;
/// Read, and looked through, at once by compaction, at most.
pub const COMPACTION_BYTES: usize = 256 << 10;
/// Bytes of segments that compaction has replaced, and that take space until a checkpoint without
/// them is written.
pub const OBSOLETE_BYTES: u64 = 1 << 30;
/// Bytes that one batch may have unpacked for compaction to look into it.
pub const UNPACKED_BYTES_MAX: usize = 128 << 20;

/// Between two entries of a segment's index.
pub const INDEX_INTERVAL_BYTES: u32 = 64 << 10;
/// Index entries of sealed segments kept in memory, a shard.
pub const INDEX_CACHE_BYTES: usize = 32 << 20;
/// Segments are preallocated in steps that double from this ...
pub const PREALLOCATION_MIN: u64 = 64 << 10;
/// ... to this.
pub const PREALLOCATION_MAX: u64 = 32 << 20;
/// One write of a flush.
pub const SCRATCH_BYTES: usize = 1 << 20;
/// Files that one round of a flush has open and syncs together.
pub const FLUSH_ROUND_FILES: usize = 512;
/// Segment syncs and opens in flight at once: the journal's own sync must find a worker free.
pub const BACKGROUND_CALLS: usize = 4;

/// Batches of one producer that are remembered to recognise repeats.
pub const PRODUCER_BATCHES: usize = 5;
/// Producers that one partition remembers; the one that wrote longest ago goes first.
pub const PRODUCERS_MAX: usize = 16_384;

/// Starts whose journal entries may still be needed: each is a generation with its own end.
pub const GENERATIONS_MAX: usize = 64;

const _: () = assert!(BLOCK_BYTES.is_power_of_two());
const _: () = assert!(BLOCK_BYTES == runtime::buffer::BLOCK_ALIGNMENT);
const _: () = assert!(COPIED_BYTES_MAX * 4 <= CHUNK_BYTES, "chunks waste little at their ends");
const _: () = assert!((COMMIT_BYTES_MAX as u64) * 4 <= JOURNAL_FILE_BYTES);
const _: () = assert!(JOURNAL_FILES >= JOURNAL_FILES_MIN);
const _: () = assert!(INDEX_INTERVAL_BYTES as usize >= BLOCK_BYTES);

/// The smallest allowed journal file for frames of up to `frame_bytes_max`: half a file each.
pub const fn journal_file_bytes_min(frame_bytes_max: u64) -> u64 {
    frame_bytes_max * 2
}

/// How many partitions fit a shard: each may hold back one block of journal and tail, and all of
/// them together at most an eighth.
pub const fn partitions_max(journal_bytes: u64, tail_bytes: u64) -> u64 {
    let smaller = if journal_bytes < tail_bytes { journal_bytes } else { tail_bytes };
    smaller / 8 / BLOCK
}

const _: () = assert!(partitions_max(1 << 30, TAIL_BYTES as u64) == 16_384);
