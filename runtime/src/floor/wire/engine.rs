//! The loop of conversations: reap what came, ask the script, send, one enter for a few.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

use io_uring::{opcode, types};

use super::super::clock::now_ns;
use super::super::provided::ProvidedBuffers;
use super::super::ring::{Event, KIND_CANCEL, Ring, Token};
use super::{Outbox, Script, WireConfig};

const KIND_RECEIVE: u8 = 1;
const KIND_SEND: u8 = 2;

const RECEIVE_GROUP: u16 = 0;
const RECEIVE_BUFFERS: u16 = 256;

/// Bytes of a length prefix.
const PREFIX_BYTES: usize = 4;

/// All that conversations own. The ring comes first: it is dropped before what it uses.
pub(super) struct Engine<'a> {
    ring: Ring,
    receive: ProvidedBuffers,
    config: &'a WireConfig,
    outbox: Outbox,
    peers: Vec<Peer>,
    streams: Vec<TcpStream>,
}

/// One connection.
#[derive(Default)]
struct Peer {
    /// What the kernel is sending; it must not move while `is_sending`.
    sending: Vec<u8>,
    is_sending: bool,
    /// The start of a frame that is not whole.
    partial: Vec<u8>,
}

impl<'a> Engine<'a> {
    /// Makes the ring and the connections. Must run on the thread that will `run`.
    pub(super) fn new(config: &'a WireConfig) -> io::Result<Self> {
        let count = config.addresses.len();
        if count > 512 {
            crate::raise_open_files_limit()?;
        }
        let mut streams = Vec::with_capacity(count);
        for address in &config.addresses {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let ring = Ring::new(u32::try_from(4 * count.max(64)).map_err(io::Error::other)?)?;
        let descriptors: Vec<_> = streams.iter().map(AsRawFd::as_raw_fd).collect();
        ring.submitter().register_files(&descriptors)?;
        let receive =
            ProvidedBuffers::new(&ring, RECEIVE_GROUP, RECEIVE_BUFFERS, config.receive_bytes)?;
        let peers = (0..count).map(|_| Peer::default()).collect();
        Ok(Self { ring, receive, config, outbox: Outbox::new(count), peers, streams })
    }

    pub(super) fn run(mut self, script: &mut dyn Script) -> io::Result<()> {
        for slot in 0..self.peers.len() {
            self.arm_receive(u32::try_from(slot).map_err(io::Error::other)?)?;
        }
        let mut events = Vec::new();
        while let Some(wake_ns) = script.on_turn(now_ns(), &mut self.outbox) {
            self.send_queued(script)?;
            self.ring.submit_and_wait_until(self.config.idle, wake_ns)?;
            self.ring.reap(&mut events);
            let now = now_ns();
            for event in &events {
                self.on_event(event, now, script)?;
            }
        }
        Ok(())
    }

    fn on_event(&mut self, event: &Event, now: u64, script: &mut dyn Script) -> io::Result<()> {
        let slot = event.token.slot;
        match event.token.kind {
            KIND_RECEIVE => self.on_receive(event, now, script),
            KIND_SEND => {
                let peer = &mut self.peers[slot as usize];
                let whole = usize::try_from(event.result) == Ok(peer.sending.len());
                peer.is_sending = false;
                peer.sending.clear();
                if !whole {
                    self.close(slot, now, &error_of(event.result), script);
                }
                // What was queued meanwhile was passed over.
                if !self.outbox.queues[slot as usize].bytes.is_empty() {
                    self.outbox.queue(slot as usize);
                }
                Ok(())
            }
            kind => {
                assert!(kind == KIND_CANCEL, "every kind has its arm");
                Ok(())
            }
        }
    }

    fn on_receive(&mut self, event: &Event, now: u64, script: &mut dyn Script) -> io::Result<()> {
        let slot = event.token.slot;
        if let Some(id) = event.buffer() {
            let len = usize::try_from(event.result).unwrap_or(0);
            let bytes = self.receive.bytes(id, len);
            let partial = &mut self.peers[slot as usize].partial;
            let (most, outbox) = (self.config.frame_bytes_max, &mut self.outbox);
            let fed = feed(partial, bytes, most, |frame| {
                script.on_frame(slot as usize, frame, now, outbox);
            });
            self.receive.give_back(id);
            if let Err(error) = fed {
                self.close(slot, now, &error, script);
            }
        }
        if !event.more() {
            match event.result {
                result if result > 0 || result == -libc::ENOBUFS => self.arm_receive(slot)?,
                result => self.close(slot, now, &error_of(result), script),
            }
        }
        Ok(())
    }

    /// Ends a connection; the script hears of it once.
    fn close(&mut self, slot: u32, now: u64, error: &io::Error, script: &mut dyn Script) {
        let queue = &mut self.outbox.queues[slot as usize];
        if !std::mem::replace(&mut queue.closed, true) {
            queue.bytes.clear();
            // It may be closed already; then there is nothing to shut down.
            let _ = self.streams[slot as usize].shutdown(std::net::Shutdown::Both);
            script.on_closed(slot as usize, now, error);
        }
    }

    fn arm_receive(&mut self, slot: u32) -> io::Result<()> {
        if self.outbox.queues[slot as usize].closed {
            return Ok(());
        }
        let receive = opcode::RecvMulti::new(types::Fixed(slot), RECEIVE_GROUP).build();
        let token = Token { kind: KIND_RECEIVE, generation: 0, slot };
        // SAFETY: the entry names no memory; the kernel fills buffers of the registered group,
        // which outlives the ring.
        unsafe { self.ring.push(receive, token) }
    }

    /// Sends what is queued, a few connections an enter. The last few leave with the enter that
    /// waits.
    fn send_queued(&mut self, script: &mut dyn Script) -> io::Result<()> {
        let mut queued = 0;
        let mut now = now_ns();
        for index in 0..self.outbox.dirty.len() {
            let slot = self.outbox.dirty[index];
            if queued == self.config.sends_per_enter {
                self.ring.submit()?;
                queued = 0;
                now = now_ns();
            }
            let (peer, queue) =
                (&mut self.peers[slot as usize], &mut self.outbox.queues[slot as usize]);
            queue.listed = false;
            if peer.is_sending || queue.bytes.is_empty() {
                continue;
            }
            std::mem::swap(&mut peer.sending, &mut queue.bytes);
            peer.is_sending = true;
            script.on_sent(slot as usize, now);
            let bytes = &peer.sending;
            let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
            let send = opcode::Send::new(types::Fixed(slot), bytes.as_ptr(), len)
                .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
                .build();
            let token = Token { kind: KIND_SEND, generation: 0, slot };
            // SAFETY: what is being sent is left alone until its completion, and `Engine::drop`
            // waits for that.
            unsafe { self.ring.push(send, token) }?;
            queued += 1;
        }
        self.outbox.dirty.clear();
        Ok(())
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        // A peer that does not read would let a send wait for ever.
        for stream in &self.streams {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
        self.ring.quiesce();
        self.streams.clear();
    }
}

/// Cuts received bytes into frames. An error if one is longer than `most`.
fn feed(
    partial: &mut Vec<u8>,
    mut bytes: &[u8],
    most: usize,
    mut on_frame: impl FnMut(&[u8]),
) -> io::Result<()> {
    while !bytes.is_empty() {
        if partial.is_empty()
            && let Some(end) = end_of(bytes, most)?.filter(|end| *end <= bytes.len())
        {
            let (frame, rest) = bytes.split_at(end);
            on_frame(&frame[PREFIX_BYTES..]);
            bytes = rest;
            continue;
        }
        let wanted = end_of(partial, most)?.unwrap_or(PREFIX_BYTES);
        let (piece, rest) = bytes.split_at(bytes.len().min(wanted - partial.len()));
        partial.extend_from_slice(piece);
        bytes = rest;
        if end_of(partial, most)? == Some(partial.len()) {
            on_frame(&partial[PREFIX_BYTES..]);
            partial.clear();
        }
    }
    Ok(())
}

/// Where the frame ends that begins here, once its prefix is there.
fn end_of(bytes: &[u8], most: usize) -> io::Result<Option<usize>> {
    let Some(prefix) = bytes.first_chunk() else { return Ok(None) };
    let len = u32::from_be_bytes(*prefix) as usize;
    if len > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame that is too long"));
    }
    Ok(Some(PREFIX_BYTES + len))
}

fn error_of(result: i32) -> io::Error {
    if result < 0 {
        return io::Error::from_raw_os_error(-result);
    }
    io::ErrorKind::UnexpectedEof.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_bytes_are_cut() {
        let frames: [&[u8]; 4] = [b"one", b"", b"a longer one", b"x"];
        let mut bytes = Vec::new();
        for frame in frames {
            bytes.extend(u32::try_from(frame.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(frame);
        }
        for size in 1..=bytes.len() {
            let (mut partial, mut seen) = (Vec::new(), Vec::new());
            for piece in bytes.chunks(size) {
                feed(&mut partial, piece, 12, |frame| seen.push(frame.to_vec())).unwrap();
            }
            assert_eq!(seen, frames, "pieces of {size}");
        }
        assert!(feed(&mut Vec::new(), &[0, 0, 0, 13], 12, |_| ()).is_err());
    }
}
