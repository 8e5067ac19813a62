//! Responses whose records stay where they are: encoded bytes with extents cut in.
//!
//! ```text
//! bytes    [length, header, topic, partition 0, records length][tags, partition 1, ...][tags]
//! cuts                                                          ^                       ^
//!                                                  extent(s) of partition 0   of partition 1
//! ```
//!
//! The frame's length covers the bytes and the extents. Several frames may follow each other in
//! one reply, and both buffers can be used again, so answering allocates nothing in the long run.
//! Does not know what an extent is: the broker chooses (a slice of the tail, a range of a file).

use crate::kafka::frame;
use crate::kafka::header::{CorrelationId, ResponseHeader};
use crate::kafka::message::Response;
use crate::kafka::version::Version;
use crate::kafka::wire::{EncodeError, Writer};

/// Bytes that live somewhere else and are sent in place.
pub trait Extent {
    /// How many bytes.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Extent for &[u8] {
    fn len(&self) -> usize {
        (**self).len()
    }
}

/// An extent and where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut<E> {
    /// The extent is sent before the byte at this position of [`Reply::bytes`].
    pub position: usize,
    /// What is sent there; never empty.
    pub extent: E,
}

/// Encoded responses with extents cut in, in sending order.
#[derive(Debug)]
pub struct Reply<E> {
    bytes: Vec<u8>,
    cuts: Vec<Cut<E>>,
}

/// A stretch of a [`Reply`] that is sent in one piece; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'r, E> {
    /// Encoded bytes.
    Bytes(&'r [u8]),
    /// An extent.
    Extent(&'r E),
}

impl<E: Extent> Reply<E> {
    /// An empty reply that takes over the buffers, cleared, with their capacity.
    pub fn reusing(mut bytes: Vec<u8>, mut cuts: Vec<Cut<E>>) -> Self {
        bytes.clear();
        cuts.clear();
        Self { bytes, cuts }
    }

    /// An empty reply.
    pub fn new() -> Self {
        Self::reusing(Vec::new(), Vec::new())
    }

    /// The encoded bytes, without the extents.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The extents, by ascending position.
    pub fn cuts(&self) -> &[Cut<E>] {
        &self.cuts
    }

    /// How many bytes are to be sent, extents included.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.cuts.iter().map(|cut| cut.extent.len()).sum::<usize>()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What is to be sent, in order.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_, E>> {
        let mut start = 0;
        let cuts = self.cuts.iter().flat_map(move |cut| {
            let bytes = self.bytes.get(start..cut.position).unwrap_or_default();
            start = cut.position;
            [Part::Bytes(bytes), Part::Extent(&cut.extent)]
        });
        let end = self.cuts.last().map_or(0, |cut| cut.position);
        let rest = self.bytes.get(end..).unwrap_or_default();
        cuts.chain([Part::Bytes(rest)]).filter(|part| !matches!(part, Part::Bytes([])))
    }

    /// The buffers, to send from and to use again.
    pub fn into_buffers(self) -> (Vec<u8>, Vec<Cut<E>>) {
        (self.bytes, self.cuts)
    }

    /// Appends all of another reply, to be sent behind this one.
    pub fn append(&mut self, other: Self) {
        let shift = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        let moved = other
            .cuts
            .into_iter()
            .map(|cut| Cut { position: cut.position + shift, extent: cut.extent });
        self.cuts.extend(moved);
    }

    /// Appends a response without extents as a frame of its own. After an error the reply is as
    /// before.
    pub fn push<'a>(
        &mut self,
        version: Version,
        correlation_id: CorrelationId,
        response: &impl Response<'a>,
    ) -> Result<(), EncodeError> {
        response.encode_frame(version, correlation_id, &mut self.bytes)
    }
}

impl<E: Extent> Default for Reply<E> {
    fn default() -> Self {
        Self::new()
    }
}

/// A response that is being written; dropped before [`OpenFrame::close`], it leaves the reply as
/// it was before.
#[derive(Debug)]
pub(in crate::kafka) struct OpenFrame<'r, E: Extent> {
    reply: &'r mut Reply<E>,
    bytes_start: usize,
    cuts_start: usize,
    extents_len: usize,
    closed: bool,
}

impl<'r, E: Extent> OpenFrame<'r, E> {
    /// Opens a frame at the reply's end and writes the response header.
    pub(in crate::kafka) fn open(
        reply: &'r mut Reply<E>,
        version: Version,
        correlation_id: CorrelationId,
    ) -> Self {
        let bytes_start = reply.bytes.len();
        let cuts_start = reply.cuts.len();
        reply.bytes.extend_from_slice(&[0; frame::PREFIX_LEN]);
        let header = ResponseHeader { correlation_id };
        header.write(version, &mut Writer::new(&mut reply.bytes));
        Self { reply, bytes_start, cuts_start, extents_len: 0, closed: false }
    }

    /// A writer at the end of the frame.
    pub(in crate::kafka) fn writer(&mut self) -> Writer<'_> {
        Writer::new(&mut self.reply.bytes)
    }

    /// Appends extents as one field of bytes: their length together, and the cuts.
    pub(in crate::kafka) fn extents(
        &mut self,
        v: Version,
        extents: impl IntoIterator<Item = E>,
    ) -> Result<(), EncodeError> {
        // The length goes before the extents and its own size depends on it, so the cuts get
        // their position after it is written.
        let first = self.reply.cuts.len();
        let mut len = 0_usize;
        for extent in extents.into_iter().filter(|extent| !extent.is_empty()) {
            len = len.saturating_add(extent.len());
            self.reply.cuts.push(Cut { position: 0, extent });
        }
        self.writer().bytes_length(v, Some(len))?;
        let position = self.reply.bytes.len();
        for cut in self.reply.cuts.iter_mut().skip(first) {
            cut.position = position;
        }
        self.extents_len = self.extents_len.saturating_add(len);
        Ok(())
    }

    /// Ends the frame.
    pub(in crate::kafka) fn close(mut self) -> Result<(), EncodeError> {
        frame::close(&mut self.reply.bytes, self.bytes_start, self.extents_len)?;
        self.closed = true;
        Ok(())
    }
}

impl<E: Extent> Drop for OpenFrame<'_, E> {
    fn drop(&mut self) {
        if !self.closed {
            self.reply.bytes.truncate(self.bytes_start);
            self.reply.cuts.truncate(self.cuts_start);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::api_key::ApiKey;
    use crate::kafka::wire::Reading;

    /// An extent that is only a length.
    #[derive(Debug, PartialEq)]
    struct Hole(usize);

    impl Extent for Hole {
        fn len(&self) -> usize {
            self.0
        }
    }

    fn fetch(version: i16) -> Version {
        ApiKey::Fetch.version(version).unwrap()
    }

    #[test]
    fn extents_are_cut_in_behind_their_length() {
        let mut reply = Reply::new();
        let mut frame = OpenFrame::open(&mut reply, fetch(4), CorrelationId(7));
        frame.extents(fetch(4), [Hole(300), Hole(0), Hole(5)]).unwrap();
        frame.writer().i8(-1);
        frame.close().unwrap();

        let parts: Vec<_> = reply.parts().collect();
        let head = [0, 0, 1, 0x3a, 0, 0, 0, 7, 0, 0, 1, 0x31];
        let expected = [
            Part::Bytes(&head[..]),
            Part::Extent(&Hole(300)),
            Part::Extent(&Hole(5)),
            Part::Bytes(&[0xff]),
        ];
        assert_eq!(parts, expected);
        assert_eq!(reply.len(), 4 + 0x13a);
    }

    #[test]
    fn an_abandoned_frame_leaves_the_reply_as_it_was() {
        let mut reply = Reply::new();
        let mut frame = OpenFrame::open(&mut reply, fetch(12), CorrelationId(1));
        frame.extents(fetch(12), [Hole(9)]).unwrap();
        frame.close().unwrap();
        let (len, cuts) = (reply.len(), reply.cuts().len());

        let mut frame = OpenFrame::open(&mut reply, fetch(12), CorrelationId(2));
        frame.extents(fetch(12), [Hole(9)]).unwrap();
        drop(frame);
        assert_eq!((reply.len(), reply.cuts().len()), (len, cuts));
    }

    #[test]
    fn a_frame_beyond_32_bits_is_refused_and_leaves_nothing() {
        let mut reply = Reply::new();
        let mut frame = OpenFrame::open(&mut reply, fetch(12), CorrelationId(1));
        let half = Hole(usize::try_from(i32::MAX).unwrap() / 2);
        frame.extents(fetch(12), [half]).unwrap();
        let too_long = frame.extents(fetch(12), [Hole(usize::MAX), Hole(1)]);
        assert_eq!(too_long, Err(EncodeError::TooLong { what: Reading::Bytes, len: usize::MAX }));
        let half = Hole(usize::try_from(i32::MAX).unwrap() / 2);
        frame.extents(fetch(12), [half]).unwrap();
        assert!(matches!(frame.close(), Err(EncodeError::FrameTooLarge { .. })));
        assert!(reply.is_empty() && reply.cuts().is_empty());
    }

    #[test]
    fn buffers_keep_their_capacity() {
        let mut reply = Reply::new();
        let mut frame = OpenFrame::open(&mut reply, fetch(12), CorrelationId(1));
        frame.extents(fetch(12), [Hole(9)]).unwrap();
        frame.close().unwrap();
        let (bytes, cuts) = reply.into_buffers();
        let capacities = (bytes.capacity(), cuts.capacity());
        let reply = Reply::reusing(bytes, cuts);
        assert!(reply.is_empty());
        let (bytes, cuts) = reply.into_buffers();
        assert_eq!((bytes.capacity(), cuts.capacity()), capacities);
    }
}
