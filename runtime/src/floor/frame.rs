//! Cuts a byte stream into length-prefixed frames.
//!
//! ```text
//! 0        4              8                12
//! +--------+--------------+----------------+----
//! | length | (api, version) | correlation id | ...     big-endian; length counts what follows it
//! +--------+--------------+----------------+----
//! ```
//!
//! A frame that lies whole in the receive buffer is handed on from there. A small one that does not
//! is gathered first. One over 64 KiB gets an aligned buffer of its own, which the socket can fill
//! directly and the disk can be written from, so that its bytes are copied by nobody but the
//! kernel. Nothing else in the frame is looked at.

use std::io;

use super::aligned::AlignedBuffer;

/// The length prefix.
pub(super) const PREFIX: usize = 4;

/// The shortest frame that has a correlation id, prefix included.
pub(super) const SHORTEST: usize = 12;

/// Frames longer than this, prefix included, get a buffer of their own.
pub(super) const BIG: usize = 64 << 10;

/// A frame in its own aligned buffer, prefix included.
pub(super) struct BigFrame {
    pub(super) buffer: AlignedBuffer,
    /// Bytes of the whole frame; `PREFIX` until the prefix is there.
    pub(super) len: usize,
    received: usize,
}

impl BigFrame {
    /// The bytes received so far.
    pub(super) fn bytes(&self) -> &[u8] {
        self.buffer.bytes(0, self.received)
    }

    fn missing(&self) -> usize {
        self.len - self.received
    }
}

/// Who takes the frames.
pub(super) trait FrameSink {
    /// Takes a frame, prefix included, by copy.
    fn small(&mut self, frame: &[u8]) -> io::Result<()>;

    /// Takes a frame with its buffer, which must go back to `pool` in the end.
    fn big(&mut self, frame: BigFrame, pool: &mut BigPool) -> io::Result<()>;
}

/// Buffers for big frames, kept for use again, in sizes that are powers of two.
pub(super) struct BigPool {
    free: Vec<AlignedBuffer>,
    frame_bytes_max: usize,
}

impl BigPool {
    pub(super) fn new(frame_bytes_max: usize) -> BigPool {
        BigPool { free: Vec::new(), frame_bytes_max }
    }

    /// A buffer of at least `len` bytes.
    fn take(&mut self, len: usize) -> io::Result<AlignedBuffer> {
        match self.free.iter().rposition(|buffer| buffer.len() >= len) {
            Some(index) => Ok(self.free.swap_remove(index)),
            None => AlignedBuffer::new(len.next_power_of_two().max(1 << 20)),
        }
    }

    /// Takes a buffer back.
    pub(super) fn put(&mut self, buffer: AlignedBuffer) {
        self.free.push(buffer);
    }
}

/// The state of one connection's stream.
#[derive(Default)]
pub(super) struct Splitter {
    partial: Vec<u8>,
    big: Option<BigFrame>,
    /// The length of the last frame, if it was a big one: the next will be alike.
    last_big: Option<usize>,
}

impl Splitter {
    /// Takes the next bytes of the stream. `InvalidData` for a length that no frame can have.
    pub(super) fn feed(
        &mut self,
        mut bytes: &[u8],
        pool: &mut BigPool,
        sink: &mut impl FrameSink,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            bytes = if self.big.is_some() {
                self.feed_big(bytes, pool, sink)?
            } else if self.partial.is_empty() {
                self.feed_fresh(bytes, pool, sink)?
            } else {
                self.feed_partial(bytes, pool, sink)?
            };
        }
        Ok(())
    }

    /// At the start of a frame: hands on what is whole, keeps the rest.
    fn feed_fresh<'a>(
        &mut self,
        bytes: &'a [u8],
        pool: &mut BigPool,
        sink: &mut impl FrameSink,
    ) -> io::Result<&'a [u8]> {
        let Some(prefix) = bytes.first_chunk::<PREFIX>() else {
            self.partial.extend_from_slice(bytes);
            return Ok(&[]);
        };
        let len = frame_len(*prefix, pool.frame_bytes_max)?;
        if let Some((frame, rest)) = bytes.split_at_checked(len) {
            self.last_big = None;
            sink.small(frame)?;
            return Ok(rest);
        }
        if len > BIG {
            self.big = Some(BigFrame { buffer: pool.take(len)?, len, received: 0 });
            return Ok(bytes);
        }
        self.partial.extend_from_slice(bytes);
        Ok(&[])
    }

    /// In the middle of a small frame.
    fn feed_partial<'a>(
        &mut self,
        bytes: &'a [u8],
        pool: &mut BigPool,
        sink: &mut impl FrameSink,
    ) -> io::Result<&'a [u8]> {
        let Some(prefix) = self.partial.first_chunk::<PREFIX>() else {
            let (head, rest) = bytes.split_at(bytes.len().min(PREFIX - self.partial.len()));
            self.partial.extend_from_slice(head);
            return Ok(rest);
        };
        let len = frame_len(*prefix, pool.frame_bytes_max)?;
        if len > BIG {
            let mut buffer = pool.take(len)?;
            let received = self.partial.len();
            buffer.as_mut_slice()[..received].copy_from_slice(&self.partial);
            self.partial.clear();
            self.big = Some(BigFrame { buffer, len, received });
            return Ok(bytes);
        }
        let (head, rest) = bytes.split_at(bytes.len().min(len - self.partial.len()));
        self.partial.extend_from_slice(head);
        if self.partial.len() == len {
            self.last_big = None;
            sink.small(&self.partial)?;
            self.partial.clear();
        }
        Ok(rest)
    }

    /// In the middle of a big frame.
    fn feed_big<'a>(
        &mut self,
        bytes: &'a [u8],
        pool: &mut BigPool,
        sink: &mut impl FrameSink,
    ) -> io::Result<&'a [u8]> {
        let big = self.big.as_mut().expect("the caller has looked");
        let (head, rest) = bytes.split_at(bytes.len().min(big.missing()));
        let end = big.received + head.len();
        big.buffer.as_mut_slice()[big.received..end].copy_from_slice(head);
        self.direct_received(head.len(), pool, sink)?;
        Ok(rest)
    }

    /// Where the socket should be received to directly, and how many bytes: into the big frame
    /// that has begun, or, after a big frame, to the prefix of the next. `None` between small ones.
    pub(super) fn direct_target(
        &mut self,
        pool: &mut BigPool,
    ) -> io::Result<Option<(*mut u8, usize)>> {
        if self.big.is_none()
            && self.partial.is_empty()
            && let Some(len) = self.last_big
        {
            self.big = Some(BigFrame { buffer: pool.take(len)?, len: PREFIX, received: 0 });
        }
        Ok(self.big.as_ref().map(|big| (big.buffer.at(big.received), big.missing())))
    }

    /// Notes `count` bytes that are now where `direct_target` said.
    pub(super) fn direct_received(
        &mut self,
        count: usize,
        pool: &mut BigPool,
        sink: &mut impl FrameSink,
    ) -> io::Result<()> {
        let mut big = self.big.take().expect("a direct receive has a big frame");
        assert!(count <= big.missing(), "no more was asked for");
        big.received += count;
        if big.missing() > 0 {
            self.big = Some(big);
            return Ok(());
        }
        if big.len > PREFIX {
            self.last_big = Some(big.len);
            return sink.big(big, pool);
        }
        let prefix = *big.buffer.as_slice().first_chunk().expect("a buffer is a block or more");
        let len = frame_len(prefix, pool.frame_bytes_max)?;
        if len <= BIG {
            self.last_big = None;
            self.partial.extend_from_slice(&prefix);
            pool.put(big.buffer);
            return Ok(());
        }
        if len > big.buffer.len() {
            let mut larger = pool.take(len)?;
            larger.as_mut_slice()[..PREFIX].copy_from_slice(&prefix);
            pool.put(std::mem::replace(&mut big.buffer, larger));
        }
        big.len = len;
        self.big = Some(big);
        Ok(())
    }
}

/// The whole frame's length by its prefix.
fn frame_len(prefix: [u8; PREFIX], frame_bytes_max: usize) -> io::Result<usize> {
    let body = usize::try_from(u32::from_be_bytes(prefix)).expect("32 bits fit a size");
    let len = body + PREFIX;
    if len < SHORTEST || len > frame_bytes_max {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame length"));
    }
    Ok(len)
}

/// The correlation id of a frame, bytes 8..12, as it came.
pub(super) fn correlation_id(frame: &[u8]) -> [u8; 4] {
    assert!(frame.len() >= SHORTEST, "the splitter passes no shorter frame");
    [frame[8], frame[9], frame[10], frame[11]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lengths(Vec<usize>, Vec<[u8; 4]>);

    impl FrameSink for Lengths {
        fn small(&mut self, frame: &[u8]) -> io::Result<()> {
            self.0.push(frame.len());
            self.1.push(correlation_id(frame));
            Ok(())
        }

        fn big(&mut self, frame: BigFrame, pool: &mut BigPool) -> io::Result<()> {
            assert_eq!(frame.bytes().len(), frame.len);
            self.small(frame.bytes())?;
            pool.put(frame.buffer);
            Ok(())
        }
    }

    fn frame(len: usize, id: u32) -> Vec<u8> {
        let mut bytes = vec![7_u8; len];
        bytes[..4].copy_from_slice(&u32::try_from(len - PREFIX).unwrap().to_be_bytes());
        bytes[8..12].copy_from_slice(&id.to_be_bytes());
        bytes
    }

    /// Feeds frames of `lens` in pieces of `piece` bytes and checks what comes out.
    fn check(lens: &[usize], piece: usize) {
        let ids = 1_u32..;
        let stream: Vec<u8> =
            lens.iter().zip(ids.clone()).flat_map(|(&len, id)| frame(len, id)).collect();
        let (mut splitter, mut pool) = (Splitter::default(), BigPool::new(1 << 20));
        let mut sink = Lengths::default();
        for bytes in stream.chunks(piece) {
            splitter.feed(bytes, &mut pool, &mut sink).unwrap();
        }
        assert_eq!(sink.0, lens);
        let expected: Vec<[u8; 4]> = ids.take(lens.len()).map(u32::to_be_bytes).collect();
        assert_eq!(sink.1, expected);
    }

    #[test]
    fn frames_come_out_whole_however_the_stream_is_cut() {
        for piece in [1, 3, 4, 5, 11, 12, 100, 4096, 70_000] {
            check(&[12, 13, 1000, BIG, BIG + 1, 12, 200_000, 300_000, 50], piece);
        }
    }

    #[test]
    fn lengths_too_small_or_too_large_are_refused() {
        for body in [0, 7, (1 << 20) - 3, u32::MAX] {
            let (mut splitter, mut pool) = (Splitter::default(), BigPool::new(1 << 20));
            let result = splitter.feed(&body.to_be_bytes(), &mut pool, &mut Lengths::default());
            assert_eq!(result.unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }

    #[test]
    fn after_a_big_frame_the_next_prefix_is_asked_for_directly() {
        let (mut splitter, mut pool) = (Splitter::default(), BigPool::new(1 << 20));
        let mut sink = Lengths::default();
        assert!(splitter.direct_target(&mut pool).unwrap().is_none());
        splitter.feed(&frame(100_000, 1)[..50_000], &mut pool, &mut sink).unwrap();
        let (_, missing) = splitter.direct_target(&mut pool).unwrap().unwrap();
        assert_eq!(missing, 50_000);
        splitter.feed(&frame(100_000, 1)[50_000..], &mut pool, &mut sink).unwrap();
        let (_, missing) = splitter.direct_target(&mut pool).unwrap().unwrap();
        assert_eq!(missing, PREFIX);
        splitter.feed(&frame(20, 2), &mut pool, &mut sink).unwrap();
        assert!(splitter.direct_target(&mut pool).unwrap().is_none());
        assert_eq!(sink.0, [100_000, 20]);
    }
}
