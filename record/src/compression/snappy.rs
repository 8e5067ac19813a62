//! Snappy as Kafka's clients send it: in the framing of xerial's `snappy-java`, or bare.
//!
//! ```text
//!  0  8 bytes  82 "SNAPPY" 00
//!  8  i32      version 1        -+ not read: one producer in the wild writes them with the bytes
//! 12  i32      compatible with 1-+ the other way round
//! 16  chunks:  i32 length, then one raw snappy block of that length
//! ```
//!
//! All integers are big-endian. The Java client writes chunks of 32 KiB of input; librdkafka
//! writes one raw block without the framing. A second header between chunks is skipped, as
//! `snappy-java` does for concatenated streams. Each raw block starts with the length of what it
//! holds, which is believed only as far as its compressed bytes could reach.

use std::io;

use super::{Codec, CompressionError};

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];

/// Input bytes in one chunk, as the Java client has it.
const CHUNK_BYTES: usize = 32 * 1024;

/// The densest element of the format copies 64 bytes in 3.
const EXPANSION_MAX: usize = 22;

const CODEC: Codec = Codec::Snappy;

pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = snap::raw::Encoder::new();
    output.extend_from_slice(&MAGIC);
    output.extend_from_slice(&VERSIONS);
    for chunk in input.chunks(CHUNK_BYTES) {
        let block = encoder.compress_vec(chunk)?;
        let length = i32::try_from(block.len()).expect("a chunk's block is little over 32 KiB");
        output.extend_from_slice(&length.to_be_bytes());
        output.extend_from_slice(&block);
    }
    Ok(())
}

pub(super) fn decompress(
    input: &[u8],
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let start = output.len();
    if !input.starts_with(&MAGIC) {
        return decompress_block(input, start, limit, output);
    }
    let mut rest = input;
    while !rest.is_empty() {
        rest = if let Some(header) = rest.strip_prefix(&MAGIC) {
            header.split_at_checked(VERSIONS.len()).ok_or(TRUNCATED)?.1
        } else {
            let (length, chunk) = rest.split_first_chunk().ok_or(TRUNCATED)?;
            let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| CORRUPT)?;
            let (block, rest) = chunk.split_at_checked(length).ok_or(TRUNCATED)?;
            decompress_block(block, start, limit, output)?;
            rest
        };
    }
    Ok(())
}

const TRUNCATED: CompressionError = CompressionError::Truncated { codec: CODEC };
const CORRUPT: CompressionError = CompressionError::Corrupt { codec: CODEC };

/// Appends one raw block; `output` may grow to `limit` bytes above `start`.
fn decompress_block(
    block: &[u8],
    start: usize,
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let end = output.len();
    let claimed = snap::raw::decompress_len(block).map_err(|_| CORRUPT)?;
    if claimed > limit.saturating_sub(end - start) {
        return Err(CompressionError::TooLarge { codec: CODEC, limit });
    }
    if claimed > block.len().saturating_mul(EXPANSION_MAX) {
        return Err(CORRUPT);
    }
    if output.try_reserve(claimed).is_err() {
        return Err(CompressionError::OutOfMemory { codec: CODEC });
    }
    output.resize(end + claimed, 0);
    let (_, place) = output.split_at_mut(end);
    snap::raw::Decoder::new().decompress(block, place).map(drop).map_err(|_| CORRUPT)
}
