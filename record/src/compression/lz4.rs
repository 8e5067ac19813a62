//! LZ4 in its frame format, as Kafka's clients send it.
//!
//! ```text
//! 0  u32  magic 184D2204
//! 4  u8   flags: bit 6-7 version 1, 5 independent blocks, 4 block checksums, 3 content size,
//!         2 content checksum, 1 reserved, 0 dictionary id
//! 5  u8   largest block: bit 4-6, 4 to 7 for 64 KiB, 256 KiB, 1 MiB, 4 MiB
//! 6       u64 content size, if flagged
//!    u8   header checksum
//!    blocks: u32 length (bit 31: stored plain), bytes, u32 checksum if flagged
//!    u32  0: end mark
//!    u32  content checksum, if flagged
//! ```
//!
//! All integers are little-endian. Blocks are independent: Kafka's own reader knows no others, and
//! no dictionaries. The frame's outline is walked before anything is decompressed or allocated, so
//! a frame without its end mark is a cut one, which the decoder would take for a whole one.

use std::io::{self, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use super::{Codec, CompressionError};

const MAGIC: [u8; 4] = 0x184d_2204_u32.to_le_bytes();

const INDEPENDENT_BLOCKS: u8 = 1 << 5;
const BLOCK_CHECKSUMS: u8 = 1 << 4;
const CONTENT_SIZE: u8 = 1 << 3;
const CONTENT_CHECKSUM: u8 = 1 << 2;
const DICTIONARY_ID: u8 = 1;

/// In a block's length: the block is not compressed.
const PLAIN_BLOCK: u32 = 1 << 31;

const CODEC: Codec = Codec::Lz4;

pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, output);
    encoder.write_all(input)?;
    encoder.finish()?;
    Ok(())
}

/// Whether `input` starts with one whole frame of a supported form, by its lengths alone.
pub(super) fn check_outline(input: &[u8]) -> Result<(), CompressionError> {
    let mut rest = input;
    if *take(&mut rest)? != MAGIC {
        return Err(CompressionError::Corrupt { codec: CODEC });
    }
    let [flags, _block_size] = *take(&mut rest)?;
    if flags & INDEPENDENT_BLOCKS == 0 || flags & DICTIONARY_ID != 0 {
        return Err(CompressionError::Unsupported { codec: CODEC });
    }
    if flags & CONTENT_SIZE != 0 {
        take::<8>(&mut rest)?;
    }
    take::<1>(&mut rest)?;
    let checksum = if flags & BLOCK_CHECKSUMS != 0 { 4 } else { 0 };
    loop {
        let length = u32::from_le_bytes(*take(&mut rest)?);
        if length == 0 {
            break;
        }
        let length = usize::try_from(length & !PLAIN_BLOCK).map_err(|_| TRUNCATED)?;
        (_, rest) = rest.split_at_checked(length + checksum).ok_or(TRUNCATED)?;
    }
    if flags & CONTENT_CHECKSUM != 0 {
        take::<4>(&mut rest)?;
    }
    Ok(())
}

const TRUNCATED: CompressionError = CompressionError::Truncated { codec: CODEC };

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], CompressionError> {
    let (bytes, after) = rest.split_first_chunk().ok_or(TRUNCATED)?;
    *rest = after;
    Ok(bytes)
}
