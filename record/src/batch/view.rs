//! A batch in borrowed bytes: checked once, then read without further doubt.
//!
//! [`BatchView::parse`] guarantees a coherent header and that all of the batch's bytes are there.
//! The CRC, the producer's claims and the records are checked on request, each by its own call,
//! because a log that is being served needs none of them again. Nothing here allocates or copies.

use super::{HEADER_BYTES, HeaderError, HeaderView, ProduceError, ProduceLimits, Records};
use crate::batch::header::{HeaderArray, UNSUMMED_BYTES};
use crate::{Codec, CompressionError, Crc32c, Decompressor, Offset};

/// One whole batch in borrowed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchView<'a> {
    /// The batch's bytes and no others.
    bytes: &'a [u8],
    /// Their first 61.
    header: &'a HeaderArray,
}

impl<'a> BatchView<'a> {
    /// Checks the batch at the front of `bytes`; also gives the bytes after it.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), HeaderError> {
        let total_len = HeaderView::parse(bytes)?.total_len();
        let (Some((batch, rest)), Some(header)) =
            (bytes.split_at_checked(total_len), bytes.first_chunk())
        else {
            return Err(HeaderError::Incomplete { needs: total_len, have: bytes.len() });
        };
        Ok((Self { bytes: batch, header }, rest))
    }

    /// The header, field by field.
    #[inline]
    pub fn header(&self) -> HeaderView<'a> {
        HeaderView::of_checked(self.header)
    }

    /// All of the batch's bytes.
    #[inline]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The batch's size in bytes.
    #[inline]
    pub fn total_len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes after the header: the records, compressed if the attributes say so.
    #[inline]
    pub fn body(&self) -> &'a [u8] {
        self.bytes.split_at(HEADER_BYTES).1
    }

    /// The offset of the batch's first record.
    #[inline]
    pub fn base_offset(&self) -> Offset {
        self.header().base_offset()
    }

    /// The last offset that the batch covers.
    #[inline]
    pub fn last_offset(&self) -> Offset {
        self.header().last_offset()
    }

    /// The offset after the batch's last.
    #[inline]
    pub fn next_offset(&self) -> Offset {
        self.header().next_offset()
    }

    /// Whether the CRC is right, in one pass over the batch: for small ones, or off the hot core.
    #[inline]
    pub fn crc_is_valid(&self) -> bool {
        Crc32c::of(self.summed()) == self.header().crc()
    }

    /// The same check in steps.
    pub fn crc_check(&self) -> CrcCheck<'a> {
        CrcCheck { crc: Crc32c::new(), rest: self.summed(), claimed: self.header().crc() }
    }

    /// Checks what a producer's header claims, alone and against `limits`; not the CRC, and not
    /// the records.
    #[inline]
    pub fn check_produced(&self, limits: ProduceLimits) -> Result<(), ProduceError> {
        super::produced::check(self.header(), limits)
    }

    /// The records in place, if they are not compressed; checked only as they are read.
    #[inline]
    pub fn plain_records(&self) -> Option<Records<'a>> {
        match self.header().attributes().codec() {
            Some(Codec::None) => Some(Records::new(self.header(), self.body())),
            _ => None,
        }
    }

    /// The records, in place or in `decompressor`'s buffer; checked only as they are read.
    /// Refuses more than `limit` decompressed bytes.
    pub fn records<'s>(
        &self,
        decompressor: &'s mut Decompressor,
        limit: usize,
    ) -> Result<Records<'s>, CompressionError>
    where
        'a: 's,
    {
        let attributes = self.header().attributes();
        let unknown = CompressionError::UnknownCodec { id: attributes.codec_id() };
        let body = match attributes.codec().ok_or(unknown)? {
            Codec::None => self.body(),
            codec => decompressor.decompress(codec, self.body(), limit)?,
        };
        Ok(Records::new(self.header(), body))
    }

    /// The bytes that the CRC covers.
    #[inline]
    fn summed(&self) -> &'a [u8] {
        self.bytes.split_at(UNSUMMED_BYTES).1
    }
}

/// A batch's CRC, checked a slice at a time so that a large batch does not hold up its core.
#[derive(Clone, Debug)]
pub struct CrcCheck<'a> {
    crc: Crc32c,
    rest: &'a [u8],
    claimed: u32,
}

/// How far a [`CrcCheck`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrcProgress {
    /// There are bytes left to sum.
    More,
    /// All bytes are summed and the CRC is right.
    Valid,
    /// All bytes are summed and the CRC is wrong: `CORRUPT_MESSAGE` in a request, damage in a log.
    Corrupt,
}

impl CrcCheck<'_> {
    /// Sums up to `bytes_max` further bytes, which must be at least one.
    pub fn step(&mut self, bytes_max: usize) -> CrcProgress {
        assert!(bytes_max > 0, "a step of no bytes never ends the check");
        let (slice, rest) = self.rest.split_at(bytes_max.min(self.rest.len()));
        self.crc.update(slice);
        self.rest = rest;
        match (self.rest.is_empty(), self.crc.finish() == self.claimed) {
            (false, _) => CrcProgress::More,
            (true, true) => CrcProgress::Valid,
            (true, false) => CrcProgress::Corrupt,
        }
    }
}
