//! The load's loop: reap answers, make the next requests, send them, one enter for a few.

use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::AsRawFd;

use io_uring::{opcode, types};

use super::super::clock::now_ns;
use super::super::provided::ProvidedBuffers;
use super::super::ring::{Event, KIND_CANCEL, Ring, Token};
use super::client::Client;
use super::{LoadConfig, LoadEnd, LoadReport};

const KIND_RECEIVE: u8 = 1;
const KIND_SEND: u8 = 2;

const RECEIVE_GROUP: u16 = 0;
const RECEIVE_BUFFERS: u16 = 256;
const RECEIVE_BYTES: usize = 4096;

/// All that a load owns. The ring comes first: it is dropped before what it uses.
pub(super) struct Engine<'a> {
    ring: Ring,
    receive: ProvidedBuffers,
    config: &'a LoadConfig,
    clients: Vec<Client>,
    /// Clients with requests to send.
    dirty: Vec<u32>,
    /// When counting begins.
    counted_from_ns: u64,
    /// No more requests are made.
    ending: bool,
    report: LoadReport,
    streams: Vec<TcpStream>,
}

impl<'a> Engine<'a> {
    /// Makes the ring and the connections. Must run on the thread that will `run`.
    pub(super) fn new(config: &'a LoadConfig) -> io::Result<Engine<'a>> {
        let mut streams = Vec::with_capacity(config.connections);
        let mut clients = Vec::with_capacity(config.connections);
        for _ in 0..config.connections {
            let stream = TcpStream::connect(config.address)?;
            stream.set_nodelay(true)?;
            streams.push(stream);
            clients.push(Client::new(&config.request, config.in_flight));
        }
        let completions =
            u32::try_from(4 * config.connections.max(64)).map_err(io::Error::other)?;
        let ring = Ring::new(completions)?;
        let descriptors: Vec<_> = streams.iter().map(AsRawFd::as_raw_fd).collect();
        ring.submitter().register_files(&descriptors)?;
        let receive = ProvidedBuffers::new(&ring, RECEIVE_GROUP, RECEIVE_BUFFERS, RECEIVE_BYTES)?;
        Ok(Engine {
            ring,
            receive,
            config,
            clients,
            dirty: Vec::new(),
            counted_from_ns: 0,
            ending: false,
            report: LoadReport::default(),
            streams,
        })
    }

    pub(super) fn run(mut self) -> io::Result<LoadReport> {
        let warm_up_ns = u64::try_from(self.config.warm_up.as_nanos()).map_err(io::Error::other)?;
        self.counted_from_ns = now_ns() + warm_up_ns;
        let until_ns = match self.config.end {
            LoadEnd::After(time) => {
                self.counted_from_ns + u64::try_from(time.as_nanos()).map_err(io::Error::other)?
            }
            LoadEnd::Answers(_) => u64::MAX,
        };
        for slot in 0..u32::try_from(self.clients.len()).map_err(io::Error::other)? {
            self.arm_receive(slot)?;
            self.make_requests(slot);
        }
        self.send_requests()?;
        let mut events = Vec::new();
        while !(self.ending && self.clients.iter().all(Client::is_idle)) {
            self.ring.submit_and_wait(self.config.idle)?;
            self.ring.reap(&mut events);
            let now = now_ns();
            self.ending |= now >= until_ns;
            for event in &events {
                self.on_event(event, now)?;
            }
            self.report.turns += 1;
            self.send_requests()?;
        }
        Ok(std::mem::take(&mut self.report))
    }

    fn on_event(&mut self, event: &Event, now: u64) -> io::Result<()> {
        match event.token.kind {
            KIND_RECEIVE => self.on_receive(event, now),
            KIND_SEND => self.on_send(event),
            kind => {
                assert!(kind == KIND_CANCEL, "every kind has its arm");
                Ok(())
            }
        }
    }

    fn on_receive(&mut self, event: &Event, now: u64) -> io::Result<()> {
        let slot = event.token.slot;
        if let Some(id) = event.buffer() {
            let len = usize::try_from(event.result).unwrap_or(0);
            let (report, ending) = (&mut self.report, &mut self.ending);
            let (from, end) = (self.counted_from_ns, self.config.end);
            let nothing: Range<usize> = 0..0;
            let zero = self.config.zero.as_ref().unwrap_or(&nothing);
            let bytes = self.receive.bytes(id, len);
            self.clients[slot as usize].feed(bytes, zero, |answered, piece| {
                if now < from || *ending {
                    return;
                }
                let latency = now.saturating_sub(answered.started_ns);
                report.latency_ns.push(u32::try_from(latency).unwrap_or(u32::MAX));
                report.answers += 1;
                report.answer_bytes += answered.bytes as u64;
                report.elapsed_ns = now - from;
                if answered.refused {
                    report.refused += 1;
                    report.first_refused.get_or_insert_with(|| piece.to_vec());
                }
                *ending |= end == LoadEnd::Answers(report.answers);
            })?;
            self.receive.give_back(id);
        }
        if !event.more() {
            match event.result {
                result if result > 0 || result == -libc::ENOBUFS => self.arm_receive(slot)?,
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                error => return Err(io::Error::from_raw_os_error(-error)),
            }
        }
        self.make_requests(slot);
        Ok(())
    }

    /// Makes as many requests as may be in flight.
    fn make_requests(&mut self, slot: u32) {
        let client = &mut self.clients[slot as usize];
        while !self.ending && client.make_request() {}
        if client.has_unsent() && !client.listed {
            client.listed = true;
            self.dirty.push(slot);
        }
    }

    fn arm_receive(&mut self, slot: u32) -> io::Result<()> {
        let receive = opcode::RecvMulti::new(types::Fixed(slot), RECEIVE_GROUP).build();
        let token = Token { kind: KIND_RECEIVE, generation: 0, slot };
        // SAFETY: the entry names no memory; the kernel fills buffers of the registered group,
        // which outlives the ring.
        unsafe { self.ring.push(receive, token) }
    }

    /// Sends what there is, a few requests an enter. The last few leave with the enter that waits.
    fn send_requests(&mut self) -> io::Result<()> {
        let mut queued = 0;
        let mut now = now_ns();
        for index in 0..self.dirty.len() {
            let slot = self.dirty[index];
            if queued == self.config.sends_per_enter {
                self.ring.submit()?;
                queued = 0;
                now = now_ns();
            }
            let client = &mut self.clients[slot as usize];
            client.listed = false;
            let Some(bytes) = client.take(now) else { continue };
            let len = u32::try_from(bytes.len()).expect("at most 1 GiB");
            let send = opcode::Send::new(types::Fixed(slot), bytes.as_ptr(), len)
                .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
                .build();
            let token = Token { kind: KIND_SEND, generation: 0, slot };
            // SAFETY: the client leaves unanswered requests alone, its memory does not move, and
            // `Engine::drop` waits for the completion.
            unsafe { self.ring.push(send, token) }?;
            queued += 1;
        }
        self.dirty.clear();
        Ok(())
    }

    fn on_send(&mut self, event: &Event) -> io::Result<()> {
        let slot = event.token.slot;
        let sent = usize::try_from(event.result)
            .map_err(|_| io::Error::from_raw_os_error(-event.result))?;
        if !self.clients[slot as usize].sent(sent) {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.make_requests(slot);
        Ok(())
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        self.ring.quiesce();
        self.streams.clear();
    }
}
