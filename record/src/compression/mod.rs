//! The codecs of record batches (KIP-98, KIP-110): one block of bytes in, one out.
//!
//! Guarantees that decompression never gives more than the caller's limit, never allocates by the
//! word of the stream, takes the whole stream, and answers any bytes with a typed error or with
//! output. Writes what the Java client writes, so that every client can read it. Knows nothing of
//! batches and records.
//!
//! Concatenated gzip members and zstd frames are read one after the other, as Kafka's consumers
//! do; a lz4 block is one frame and a raw snappy block is one block, and bytes after them are an
//! error, because those consumers would not see them.

mod codec;
mod lz4;
mod snappy;

use std::io::{self, ErrorKind, Read, Write};

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;
use lz4_flex::frame::FrameDecoder;
use zstd::zstd_safe::{DCtx, DParameter};

pub use codec::Codec;

/// Why a block can not be compressed or decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// No codec has this id: `UNSUPPORTED_COMPRESSION_TYPE`.
    #[error("compression codec {id} is unknown")]
    UnknownCodec {
        /// The id.
        id: u8,
    },
    /// The stream ends before its data does.
    #[error("the {codec} stream is cut off")]
    Truncated {
        /// The codec.
        codec: Codec,
    },
    /// The stream is not one of the codec's, or a checksum in it is wrong.
    #[error("the {codec} stream is damaged")]
    Corrupt {
        /// The codec.
        codec: Codec,
    },
    /// A right stream of a kind that Kafka's clients can not read.
    #[error("the {codec} stream uses a form that Kafka does not")]
    Unsupported {
        /// The codec.
        codec: Codec,
    },
    /// The output is over the caller's limit: a large batch or a bomb.
    #[error("the {codec} stream holds over {limit} bytes")]
    TooLarge {
        /// The codec.
        codec: Codec,
        /// The limit in bytes.
        limit: usize,
    },
    /// There is no memory for the codec's state or the output.
    #[error("no memory for {codec}")]
    OutOfMemory {
        /// The codec.
        codec: Codec,
    },
}

/// zstd's own default level, and Kafka's.
const ZSTD_LEVEL: i32 = 3;

/// The largest zstd window accepted: 128 MiB, which is what a Java producer at level 22 announces
/// for a batch of any size, for it does not know the size when it starts (8 MiB would refuse
/// levels 20 to 22). The window is reserved but not touched: only output fills it, and that has
/// the caller's limit.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// Appends the compressed form of `input` to `output`.
pub fn compress(codec: Codec, input: &[u8], output: &mut Vec<u8>) -> Result<(), CompressionError> {
    let done = match codec {
        Codec::None => output.write_all(input),
        Codec::Gzip => compress_gzip(input, output),
        Codec::Snappy => snappy::compress(input, output),
        Codec::Lz4 => lz4::compress(input, output),
        Codec::Zstd => compress_zstd(input, output),
    };
    done.map_err(|error| classify(codec, &error))
}

/// Decompresses blocks, one after another, into a buffer of its own.
///
/// It keeps that buffer, at most about twice the largest limit it was called with, and zstd's
/// state between calls: making it anew costs more than a small batch. That state includes a
/// window, of which no more is touched than the largest output.
#[derive(Default)]
pub struct Decompressor {
    output: Vec<u8>,
    zstd: Option<DCtx<'static>>,
}

impl Decompressor {
    /// One that holds no memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `input` holds, refusing more than `limit` bytes of it.
    pub fn decompress(
        &mut self,
        codec: Codec,
        input: &[u8],
        limit: usize,
    ) -> Result<&[u8], CompressionError> {
        self.output.clear();
        if input.is_empty() && codec != Codec::None {
            return Err(CompressionError::Truncated { codec });
        }
        let output = &mut self.output;
        let mut rest = input;
        match codec {
            Codec::None => read_limited(codec, &mut rest, limit, output)?,
            Codec::Gzip => read_limited(codec, MultiGzDecoder::new(&mut rest), limit, output)?,
            Codec::Snappy => {
                snappy::decompress(input, limit, output)?;
                rest = &[];
            }
            Codec::Lz4 => {
                lz4::check_outline(input)?;
                read_limited(codec, FrameDecoder::new(&mut rest), limit, output)?;
            }
            Codec::Zstd => {
                let context = zstd_context(&mut self.zstd)?;
                let decoder = zstd::Decoder::with_context(&mut rest, context);
                read_limited(codec, decoder, limit, output)?;
            }
        }
        // A decoder that stops early has met something that it takes for an end: an empty lz4
        // block is one. What would follow must not vanish.
        if rest.is_empty() { Ok(output) } else { Err(CompressionError::Corrupt { codec }) }
    }
}

/// The context in `place`, made and set up the first time.
fn zstd_context<'c>(
    place: &'c mut Option<DCtx<'static>>,
) -> Result<&'c mut DCtx<'static>, CompressionError> {
    let failed = CompressionError::OutOfMemory { codec: Codec::Zstd };
    if place.is_none() {
        let mut context = DCtx::try_create().ok_or(failed)?;
        let set = context.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX));
        set.map_err(|_| failed)?;
        *place = Some(context);
    }
    place.as_mut().ok_or(failed)
}

/// Reads all of `reader`, asking for one byte more than allowed to see whether there is more.
fn read_limited(
    codec: Codec,
    reader: impl Read,
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let ask = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = reader.take(ask).read_to_end(output).map_err(|error| classify(codec, &error))?;
    if read > limit {
        return Err(CompressionError::TooLarge { codec, limit });
    }
    Ok(())
}

fn compress_gzip(input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = GzEncoder::new(output, flate2::Compression::default());
    encoder.write_all(input)?;
    encoder.finish().map(drop)
}

/// States the size in the frame, so that a reader's window is no larger than the data.
fn compress_zstd(input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
    encoder.set_pledged_src_size(u64::try_from(input.len()).ok())?;
    encoder.write_all(input)?;
    encoder.finish().map(drop)
}

fn classify(codec: Codec, error: &io::Error) -> CompressionError {
    match error.kind() {
        ErrorKind::UnexpectedEof => CompressionError::Truncated { codec },
        ErrorKind::OutOfMemory => CompressionError::OutOfMemory { codec },
        _ => CompressionError::Corrupt { codec },
    }
}

#[cfg(test)]
mod tests;
