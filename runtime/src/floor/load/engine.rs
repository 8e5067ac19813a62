//! The load's loop: reap answers, make the requests that are due, send them, one enter for a few.

use std::io;
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::time::Duration;

use io_uring::{opcode, types};

use super::super::clock::now_ns;
use super::super::provided::ProvidedBuffers;
use super::super::ring::{Event, KIND_CANCEL, Ring, Token};
use super::agenda::Agenda;
use super::client::Client;
use super::{Drive, LoadConfig, LoadEnd, LoadReport, Outcome, Tally, Verdict};

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
    tally: &'a mut dyn Tally,
    clients: Vec<Client>,
    /// Clients with requests to send.
    dirty: Vec<u32>,
    /// Clients whose next request is due, but too many are in flight; in an open loop.
    behind: Vec<bool>,
    /// What is counted: answers in this time, or records due in it.
    window_ns: Range<u64>,
    /// No more requests are made; in a closed loop.
    ending: bool,
    report: LoadReport,
    streams: Vec<TcpStream>,
}

impl<'a> Engine<'a> {
    /// Makes the ring and the connections. Must run on the thread that will `run`.
    pub(super) fn new(
        config: &'a LoadConfig,
        drive: &Drive<'_>,
        tally: &'a mut dyn Tally,
    ) -> io::Result<Engine<'a>> {
        let records = match drive {
            Drive::Closed => 0,
            Drive::Open { records, .. } => *records,
        };
        let mut streams = Vec::with_capacity(config.connections);
        let mut clients = Vec::with_capacity(config.connections);
        for _ in 0..config.connections {
            let stream = TcpStream::connect(config.address)?;
            stream.set_nodelay(true)?;
            streams.push(stream);
            clients.push(Client::new(&config.request, config.in_flight, records));
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
            tally,
            clients,
            dirty: Vec::new(),
            behind: vec![false; config.connections],
            window_ns: 0..u64::MAX,
            ending: false,
            report: LoadReport::default(),
            streams,
        })
    }

    pub(super) fn run(mut self, drive: Drive<'_>) -> io::Result<LoadReport> {
        let start_ns = now_ns();
        let from_ns = start_ns + nanos(self.config.warm_up)?;
        let (until_ns, give_up_ns) = match self.config.end {
            LoadEnd::After(time) => {
                let until_ns = from_ns + nanos(time)?;
                (until_ns, until_ns + nanos(self.config.drain)?)
            }
            LoadEnd::Answers(_) => (u64::MAX, u64::MAX),
        };
        self.window_ns = from_ns..until_ns;
        let connections = u32::try_from(self.clients.len()).map_err(io::Error::other)?;
        let mut agenda = match drive {
            Drive::Closed => None,
            Drive::Open { arrivals, records } => {
                self.report.elapsed_ns = until_ns - from_ns;
                Some(Agenda::new(arrivals, connections, records, start_ns, until_ns))
            }
        };
        for slot in 0..connections {
            self.arm_receive(slot)?;
            self.make_requests(slot, agenda.as_mut());
        }
        let mut events = Vec::new();
        while !self.is_done(agenda.as_ref()) {
            self.make_due_requests(agenda.as_mut(), now_ns());
            self.send_requests()?;
            let due_ns = agenda.as_ref().and_then(Agenda::next_due_ns);
            let wake_ns = due_ns.map_or(give_up_ns, |due_ns| due_ns.min(give_up_ns));
            self.ring.submit_and_wait_until(self.config.idle, wake_ns)?;
            self.ring.reap(&mut events);
            let now = now_ns();
            self.ending |= now >= until_ns;
            for event in &events {
                self.on_event(event, now, agenda.as_mut())?;
            }
            self.report.turns += 1;
            if now >= give_up_ns {
                break;
            }
        }
        self.give_up(agenda.as_mut(), now_ns());
        Ok(std::mem::take(&mut self.report))
    }

    fn is_done(&self, agenda: Option<&Agenda<'_>>) -> bool {
        let finished = agenda.map_or(self.ending, Agenda::is_finished);
        finished && self.clients.iter().all(Client::is_idle)
    }

    fn on_event(
        &mut self,
        event: &Event,
        now: u64,
        agenda: Option<&mut Agenda<'_>>,
    ) -> io::Result<()> {
        match event.token.kind {
            KIND_RECEIVE => self.on_receive(event, now, agenda),
            KIND_SEND => self.on_send(event, agenda),
            kind => {
                assert!(kind == KIND_CANCEL, "every kind has its arm");
                Ok(())
            }
        }
    }

    fn on_receive(
        &mut self,
        event: &Event,
        now: u64,
        agenda: Option<&mut Agenda<'_>>,
    ) -> io::Result<()> {
        let slot = event.token.slot;
        if let Some(id) = event.buffer() {
            self.on_bytes(
                slot,
                id,
                usize::try_from(event.result).unwrap_or(0),
                now,
                agenda.is_some(),
            )?;
            self.receive.give_back(id);
        }
        if !event.more() {
            match event.result {
                result if result > 0 || result == -libc::ENOBUFS => self.arm_receive(slot)?,
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                error => return Err(io::Error::from_raw_os_error(-error)),
            }
        }
        self.make_requests(slot, agenda);
        Ok(())
    }

    /// Takes received bytes and counts the answers that they complete.
    fn on_bytes(&mut self, slot: u32, id: u16, len: usize, now: u64, open: bool) -> io::Result<()> {
        let (report, ending, tally) = (&mut self.report, &mut self.ending, &mut *self.tally);
        let (window, end) = (&self.window_ns, self.config.end);
        let nothing: Range<usize> = 0..0;
        let zero = self.config.zero.as_ref().unwrap_or(&nothing);
        let bytes = self.receive.bytes(id, len);
        self.clients[slot as usize].feed(bytes, zero, |answered, piece| {
            report.received += 1;
            let due_ns = if open {
                due_within(answered.due_ns, window)
            } else if now < window.start || *ending {
                &[]
            } else {
                answered.due_ns
            };
            if due_ns.is_empty() {
                return;
            }
            report.elapsed_ns = report.elapsed_ns.max(now - window.start);
            report.answers += 1;
            report.answer_bytes += answered.bytes as u64;
            if answered.refused {
                report.refused += 1;
                report.first_refused.get_or_insert_with(|| piece.to_vec());
            }
            let verdict = if answered.refused { Verdict::Refused } else { Verdict::Answered };
            let sent_ns = Some(answered.started_ns);
            tally.on_outcome(Outcome { verdict, due_ns, sent_ns, now_ns: now });
            *ending |= end == LoadEnd::Answers(report.answers);
        })
    }

    /// In a closed loop, makes as many requests as may be in flight; in an open one, lets a
    /// connection that fell behind catch up. Lists what is to be sent.
    fn make_requests(&mut self, slot: u32, agenda: Option<&mut Agenda<'_>>) {
        if let Some(agenda) = agenda {
            if std::mem::take(&mut self.behind[slot as usize]) {
                agenda.wait(slot);
            }
        } else {
            while !self.ending && self.make_request(slot, &[]) {}
        }
        self.list(slot);
    }

    /// Makes every request that is due, as far as its connection has room.
    fn make_due_requests(&mut self, agenda: Option<&mut Agenda<'_>>, now: u64) {
        let Some(agenda) = agenda else { return };
        while let Some(slot) = agenda.pop_due(now) {
            if self.make_request(slot, agenda.due_ns(slot)) {
                agenda.plan(slot);
                self.list(slot);
            } else {
                self.behind[slot as usize] = true;
            }
        }
    }

    fn make_request(&mut self, slot: u32, due_ns: &[u64]) -> bool {
        let connections = self.clients.len() as u64;
        let client = &mut self.clients[slot as usize];
        let patch = self.config.rotation.map(|rotation| {
            let number = u64::from(slot) + client.made() * connections;
            let number = u32::try_from(number % u64::from(rotation.count));
            (rotation.at, number.expect("below a 32-bit count").to_be_bytes())
        });
        let made = client.make_request(due_ns, patch);
        self.report.made += u64::from(made);
        made
    }

    fn list(&mut self, slot: u32) {
        let client = &mut self.clients[slot as usize];
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

    fn on_send(&mut self, event: &Event, agenda: Option<&mut Agenda<'_>>) -> io::Result<()> {
        let slot = event.token.slot;
        let sent = usize::try_from(event.result)
            .map_err(|_| io::Error::from_raw_os_error(-event.result))?;
        if !self.clients[slot as usize].sent(sent) {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.make_requests(slot, agenda);
        Ok(())
    }

    /// Counts what was never answered, and in an open loop what could not even be sent.
    fn give_up(&mut self, agenda: Option<&mut Agenda<'_>>, now_ns: u64) {
        let open = agenda.is_some();
        let (report, tally, window) = (&mut self.report, &mut *self.tally, &self.window_ns);
        let mut count = |due_ns: &[u64], sent_ns| {
            let due_ns = if open { due_within(due_ns, window) } else { due_ns };
            if !due_ns.is_empty() {
                report.unanswered += 1;
                tally.on_outcome(Outcome { verdict: Verdict::Unanswered, due_ns, sent_ns, now_ns });
            }
        };
        for client in &self.clients {
            client.unanswered().for_each(|(due_ns, sent_ns)| count(due_ns, sent_ns));
        }
        let Some(agenda) = agenda else { return };
        for slot in (0_u32..).take(self.clients.len()) {
            while !agenda.due_ns(slot).is_empty() {
                count(agenda.due_ns(slot), None);
                agenda.plan(slot);
            }
        }
    }
}

impl Drop for Engine<'_> {
    fn drop(&mut self) {
        self.ring.quiesce();
        self.streams.clear();
    }
}

/// The times that lie in the window; they come in order.
fn due_within<'a>(due_ns: &'a [u64], window: &Range<u64>) -> &'a [u64] {
    let from = due_ns.partition_point(|due_ns| *due_ns < window.start);
    let to = due_ns.partition_point(|due_ns| *due_ns < window.end);
    &due_ns[from..to]
}

fn nanos(time: Duration) -> io::Result<u64> {
    u64::try_from(time.as_nanos()).map_err(io::Error::other)
}
