//! The server's loop: reap, stage, start the commit, send the answers, one enter a turn.
//!
//! The commit is on its way before the answers: while their sends run, and a send over loopback is
//! a whole TCP receive, the device works already.

use std::io;
use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};

use io_uring::{opcode, types};

use super::super::barrier::{self, BarrierProbe};
use super::super::frame::BigPool;
use super::super::group::{GroupCommit, KIND_SYNC, KIND_WRITE};
use super::super::journal::Journal;
use super::super::provided::ProvidedBuffers;
use super::super::ring::{Event, Idle, KIND_CANCEL, Ring, Token};
use super::super::socket;
use super::connection::{Connection, Life, Receiving};
use super::stage::{Intake, Stage};
use super::{FloorConfig, FloorReport, Work};

const KIND_ACCEPT: u8 = 3;
const KIND_RECEIVE: u8 = 4;
const KIND_DIRECT: u8 = 5;
const KIND_SEND: u8 = 6;
const KIND_SHUTDOWN: u8 = 7;
const KIND_CLOSE: u8 = 8;
const KIND_STOP: u8 = 9;

/// The group id of the receive buffers.
const RECEIVE_GROUP: u16 = 0;

/// All that the server's thread owns. The ring comes first: it is dropped before what it uses.
pub(super) struct Engine {
    ring: Ring,
    receive: ProvidedBuffers,
    connections: Vec<Connection>,
    /// Registered files before the first socket: the journal's.
    files_before: u32,
    stage: Stage,
    pool: BigPool,
    idle: Idle,
    probe: Option<BarrierProbe>,
    listener: TcpListener,
    stop: OwnedFd,
    stopping: bool,
    report: FloorReport,
}

impl Engine {
    /// Makes the ring, the journal and everything else. Must run on the thread that will `run`.
    pub(super) fn new(
        config: &FloorConfig,
        listener: TcpListener,
        stop: OwnedFd,
    ) -> io::Result<Engine> {
        let mut ring = Ring::new(4 * config.connections_max.max(64))?;
        let receive = ProvidedBuffers::new(
            &ring,
            RECEIVE_GROUP,
            config.receive_buffers,
            config.receive_bytes,
        )?;
        let mut journal = match &config.work {
            Work::Echo => None,
            Work::Append { journal, .. } => Some(Journal::create(journal)?),
        };
        let files = journal.as_ref().map(Journal::descriptors).unwrap_or_default();
        let files_before = u32::try_from(files.len()).map_err(io::Error::other)?;
        ring.submitter().register_files_sparse(files_before + config.connections_max)?;
        if !files.is_empty() {
            ring.submitter().register_files_update(0, &files)?;
        }
        let (mut group, mut found) = (None, None);
        if let (Work::Append { barrier, .. }, Some(mut journal)) = (&config.work, journal.take()) {
            if barrier.is_none() {
                found = Some(barrier::probe(&mut ring, &mut journal, config.idle)?);
            }
            let barrier = barrier.or(found.map(|found| found.choice));
            group = Some(GroupCommit::new(journal, barrier.expect("given or probed"))?);
        }
        socket::set_no_delay(listener.as_raw_fd())?;
        let mut connections = Vec::new();
        connections.resize_with(config.connections_max as usize, Connection::default);
        Ok(Engine {
            ring,
            receive,
            connections,
            files_before,
            stage: Stage::new(config.answer_bytes, group),
            pool: BigPool::new(config.frame_bytes_max),
            idle: config.idle,
            probe: found,
            listener,
            stop,
            stopping: false,
            report: FloorReport::default(),
        })
    }

    pub(super) fn probe(&self) -> Option<BarrierProbe> {
        self.probe
    }

    /// Serves until told to stop, or until the journal fails.
    pub(super) fn run(&mut self) -> io::Result<FloorReport> {
        self.arm_accept()?;
        let stop = types::Fd(self.stop.as_raw_fd());
        let readable = u32::try_from(libc::POLLIN).expect("a small flag");
        let poll = opcode::PollAdd::new(stop, readable).build();
        // SAFETY: a poll names no memory.
        unsafe { self.ring.push(poll, Token { kind: KIND_STOP, generation: 0, slot: 0 }) }?;
        let mut events = Vec::new();
        while !self.stopping {
            self.ring.submit_and_wait(self.idle)?;
            self.ring.reap(&mut events);
            self.report.turns += 1;
            for event in &events {
                self.on_event(event)?;
            }
            self.start_commit()?;
            self.send_answers()?;
        }
        self.report.frames = self.stage.answered;
        if let Some(group) = &self.stage.group {
            self.report.commits = group.commits;
            self.report.bytes_written = group.bytes_written;
        }
        Ok(self.report)
    }

    /// Starts the next commit if it may, ahead of the answers of this turn.
    fn start_commit(&mut self) -> io::Result<()> {
        let Some(group) = &mut self.stage.group else { return Ok(()) };
        if group.start(&mut self.ring)? && group.waits_for_barrier() {
            // In an enter of its own: the kernel holds back (plugs) the block requests of an enter
            // of more than two entries until the last entry has run, and the sends that follow take
            // 100 us. Without a barrier the commits would only become smaller, and cost more.
            self.ring.submit()?;
        }
        Ok(())
    }

    fn on_event(&mut self, event: &Event) -> io::Result<()> {
        match event.token.kind {
            KIND_RECEIVE => self.on_receive(event),
            KIND_SEND => self.on_send(event),
            KIND_WRITE | KIND_SYNC => self.on_commit(event),
            KIND_DIRECT => self.on_direct(event),
            KIND_ACCEPT => self.on_accept(event),
            KIND_SHUTDOWN => self.end_operation(event.token.slot),
            KIND_CLOSE => {
                self.connection(event.token).operations -= 1;
                self.connection(event.token).reset();
                Ok(())
            }
            KIND_STOP => {
                self.stopping = true;
                Ok(())
            }
            kind => {
                assert!(kind == KIND_CANCEL, "every kind has its arm");
                Ok(())
            }
        }
    }

    /// The connection of a token, which still is the one the token was made for.
    fn connection(&mut self, token: Token) -> &mut Connection {
        let connection = &mut self.connections[token.slot as usize];
        assert!(connection.generation == token.generation, "a slot waits for its operations");
        connection
    }

    fn on_receive(&mut self, event: &Event) -> io::Result<()> {
        let token = event.token;
        let connection = self.connection(token);
        if !event.more() {
            connection.receiving = Receiving::Nothing;
            connection.operations -= 1;
        }
        let mut alive = true;
        if let Some(id) = event.buffer() {
            let len = usize::try_from(event.result).unwrap_or(0);
            alive = len > 0 && self.feed(token, id, len).is_ok();
            self.receive.give_back(id);
        } else if event.result == 0
            || (event.result != -libc::ENOBUFS && event.result != -libc::ECANCELED)
        {
            alive = false;
        }
        self.steer(token.slot, alive)
    }

    /// Cuts received bytes into frames and stages them. An error means a broken stream.
    fn feed(&mut self, token: Token, id: u16, len: usize) -> io::Result<()> {
        let connection = &mut self.connections[token.slot as usize];
        let mut intake = Intake { token, stage: &mut self.stage, outbox: &mut connection.outbox };
        connection.splitter.feed(self.receive.bytes(id, len), &mut self.pool, &mut intake)
    }

    fn on_direct(&mut self, event: &Event) -> io::Result<()> {
        let token = event.token;
        let connection = self.connection(token);
        connection.receiving = Receiving::Nothing;
        connection.operations -= 1;
        let alive = match usize::try_from(event.result) {
            Err(_) | Ok(0) => false,
            Ok(count) => {
                let connection = &mut self.connections[token.slot as usize];
                let mut intake =
                    Intake { token, stage: &mut self.stage, outbox: &mut connection.outbox };
                connection.splitter.direct_received(count, &mut self.pool, &mut intake).is_ok()
            }
        };
        self.steer(token.slot, alive)
    }

    /// Decides how the connection receives next: by multishot into shared buffers, or directly into
    /// a big frame's own. A connection that is not `alive` begins to close.
    fn steer(&mut self, slot: u32, alive: bool) -> io::Result<()> {
        let connection = &mut self.connections[slot as usize];
        if connection.life == Life::Closing {
            return self.finish_close(slot);
        }
        if !alive {
            return self.close(slot);
        }
        let target = connection.splitter.direct_target(&mut self.pool)?;
        match (connection.receiving, target) {
            (Receiving::Nothing, None) => self.arm_receive(slot),
            (Receiving::Nothing, Some((address, missing))) => {
                self.receive_direct(slot, address, missing)
            }
            (Receiving::Multishot, Some(_)) => {
                connection.receiving = Receiving::Leaving;
                let target = connection.token(KIND_RECEIVE, slot);
                self.ring.cancel(target)
            }
            (Receiving::Multishot, None) | (Receiving::Leaving | Receiving::Direct, _) => Ok(()),
        }
    }

    fn arm_receive(&mut self, slot: u32) -> io::Result<()> {
        let connection = &mut self.connections[slot as usize];
        connection.receiving = Receiving::Multishot;
        connection.operations += 1;
        let token = connection.token(KIND_RECEIVE, slot);
        let file = types::Fixed(self.files_before + slot);
        let receive = opcode::RecvMulti::new(file, RECEIVE_GROUP).build();
        // SAFETY: the entry names no memory; the kernel fills buffers of the registered group,
        // which outlives the ring.
        unsafe { self.ring.push(receive, token) }
    }

    /// Receives `missing` bytes to `address`, which lies in the connection's splitter.
    fn receive_direct(&mut self, slot: u32, address: *mut u8, missing: usize) -> io::Result<()> {
        let connection = &mut self.connections[slot as usize];
        connection.receiving = Receiving::Direct;
        connection.operations += 1;
        let token = connection.token(KIND_DIRECT, slot);
        let len = u32::try_from(missing).expect("frames are at most 1 GiB");
        let receive = opcode::Recv::new(types::Fixed(self.files_before + slot), address, len)
            .flags(libc::MSG_WAITALL)
            .build();
        // SAFETY: the address begins `missing` bytes of the big frame's buffer, which stays in the
        // splitter until the completion; `Engine::drop` waits for it.
        unsafe { self.ring.push(receive, token) }
    }

    fn arm_accept(&mut self) -> io::Result<()> {
        let listener = types::Fd(self.listener.as_raw_fd());
        let accept = opcode::AcceptMulti::new(listener).allocate_file_index(true).build();
        // SAFETY: an accept without an address names no memory.
        unsafe { self.ring.push(accept, Token { kind: KIND_ACCEPT, generation: 0, slot: 0 }) }
    }

    /// A new connection, already in the table of registered files.
    fn on_accept(&mut self, event: &Event) -> io::Result<()> {
        if !event.more() {
            self.arm_accept()?;
        }
        let file = match u32::try_from(event.result) {
            Ok(file) => file,
            Err(_) if event.result == -libc::ECONNABORTED => return Ok(()),
            Err(_) => return Err(io::Error::from_raw_os_error(-event.result)),
        };
        let slot = file.checked_sub(self.files_before).expect("the journal's slots are taken");
        let connection = &mut self.connections[slot as usize];
        assert!(connection.life == Life::Free, "the kernel gives out free slots only");
        connection.life = Life::Open;
        self.arm_receive(slot)
    }

    /// A part of the commit in flight has ended; with the last one its answers may go.
    fn on_commit(&mut self, event: &Event) -> io::Result<()> {
        let group = self.stage.group.as_mut().expect("only a group commits");
        let Some(mut commit) = group.on_completion(event)? else { return Ok(()) };
        for answer in &commit.answers {
            let connection = &mut self.connections[answer.slot as usize];
            if connection.generation == answer.generation && connection.life == Life::Open {
                self.stage.answer(&mut connection.outbox, *answer);
            }
        }
        commit.clear(|buffer| self.pool.put(buffer));
        if let Some(group) = &mut self.stage.group {
            group.recycle(commit);
        }
        Ok(())
    }

    /// Queues one send for each connection that has answers and no send in flight.
    fn send_answers(&mut self) -> io::Result<()> {
        for slot in self.stage.dirty.drain(..) {
            let connection = &mut self.connections[slot as usize];
            connection.outbox.listed = false;
            let token = connection.token(KIND_SEND, slot);
            if connection.life == Life::Closing {
                continue;
            }
            let Some(bytes) = connection.outbox.take() else { continue };
            let len = u32::try_from(bytes.len()).expect("answers are small");
            let file = types::Fixed(self.files_before + slot);
            let send = opcode::Send::new(file, bytes.as_ptr(), len)
                .flags(libc::MSG_NOSIGNAL | libc::MSG_WAITALL)
                .build();
            connection.operations += 1;
            // SAFETY: the outbox leaves the bytes alone until `sent`, which the completion calls;
            // the table of connections does not move, and `Engine::drop` waits.
            unsafe { self.ring.push(send, token) }?;
        }
        Ok(())
    }

    fn on_send(&mut self, event: &Event) -> io::Result<()> {
        let slot = event.token.slot;
        let connection = self.connection(event.token);
        connection.operations -= 1;
        let whole = connection.outbox.sent(usize::try_from(event.result).unwrap_or(0));
        if connection.life == Life::Closing {
            return self.finish_close(slot);
        }
        if !whole {
            return self.close(slot);
        }
        if connection.outbox.has_more() {
            self.stage.list(&mut self.connections[slot as usize].outbox, slot);
        }
        Ok(())
    }

    /// Begins to close: what is in flight ends by the shutdown, then the slot is freed.
    fn close(&mut self, slot: u32) -> io::Result<()> {
        let connection = &mut self.connections[slot as usize];
        connection.life = Life::Closing;
        connection.operations += 1;
        let token = connection.token(KIND_SHUTDOWN, slot);
        let file = types::Fixed(self.files_before + slot);
        let shutdown = opcode::Shutdown::new(file, libc::SHUT_RDWR).build();
        // SAFETY: a shutdown names no memory.
        unsafe { self.ring.push(shutdown, token) }
    }

    fn end_operation(&mut self, slot: u32) -> io::Result<()> {
        self.connections[slot as usize].operations -= 1;
        self.finish_close(slot)
    }

    /// Closes the socket once nothing is in flight on it.
    fn finish_close(&mut self, slot: u32) -> io::Result<()> {
        let connection = &mut self.connections[slot as usize];
        assert!(connection.life == Life::Closing, "begun by `close`");
        if connection.operations > 0 {
            return Ok(());
        }
        connection.operations += 1;
        let token = connection.token(KIND_CLOSE, slot);
        let close = opcode::Close::new(types::Fixed(self.files_before + slot)).build();
        // SAFETY: a close names no memory.
        unsafe { self.ring.push(close, token) }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.ring.quiesce();
    }
}
