//! TCP on a shard: a listener, and streams whose receives belong to them and not to a future.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use crate::buffer::DmaBuf;
use crate::descriptor::Fd;
use crate::driver::inflight::{Completion, Key, Stream as Events};
use crate::driver::op::{Gather, Op, Piece};
pub use crate::driver::provided::ReceiveBuffer;
use crate::executor::Runtime;
use crate::file::{check, count_of};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// How long a bind waits for a port whose last owner is still being torn down.
const BIND_PATIENCE: Duration = Duration::from_secs(5);
const BIND_RETRY: Duration = Duration::from_millis(50);

/// A listening socket with one accept in flight that completes for each connection.
pub struct Listener {
    runtime: Runtime,
    descriptor: Fd,
    local: SocketAddr,
    events: Rc<Events>,
    armed: Cell<Option<Key>>,
}

impl Listener {
    /// Binds and listens. A port in use is tried again for 5 s: after a `kill -9` the kernel takes
    /// up to a second to tear down the ring that still accepts on it.
    pub async fn bind(runtime: &Runtime, address: SocketAddr) -> io::Result<Self> {
        let deadline = runtime.now().after(BIND_PATIENCE);
        let listener = loop {
            match TcpListener::bind(address) {
                Err(error)
                    if error.kind() == io::ErrorKind::AddrInUse && runtime.now() < deadline =>
                {
                    runtime.sleep(BIND_RETRY).await;
                }
                other => break other?,
            }
        };
        let local = listener.local_addr()?;
        let descriptor = OwnedFd::from(listener);
        // SAFETY: listen has no memory arguments; on a listening socket it sets the backlog.
        if unsafe { libc::listen(descriptor.as_raw_fd(), BACKLOG) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            runtime: runtime.clone(),
            descriptor: runtime.adopt(descriptor),
            local,
            events: Rc::default(),
            armed: Cell::new(None),
        })
    }

    /// The address that it listens on, with the port that the kernel chose if it was asked to.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The next connection, as a plain descriptor for whichever shard will own it.
    /// Dropping the future loses no connection.
    pub async fn accept(&self) -> io::Result<OwnedFd> {
        let event = poll_fn(|context| {
            if let Some(event) = self.events.pop() {
                return Poll::Ready(event);
            }
            if self.armed.get().is_none() {
                let op = Op::Accept { listener: self.descriptor.clone() };
                let key = self.runtime.submit_stream(op, Rc::clone(&self.events));
                self.armed.set(Some(key));
            }
            self.events.wake_with(context.waker());
            Poll::Pending
        })
        .await;
        if !has_more(event) {
            self.armed.set(None);
        }
        crate::driver::uring::owned(check(event)?)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.events.close();
        while let Some(event) = self.events.pop() {
            drop(check(event).and_then(crate::driver::uring::owned));
        }
        if let Some(key) = self.armed.take() {
            self.runtime.cancel(key);
        }
    }
}

/// A connection.
pub struct Stream {
    runtime: Runtime,
    descriptor: Fd,
    receiving: Receiving,
    /// Responses and requests that were abandoned half way make the stream useless.
    broken: Cell<bool>,
}

#[derive(Default)]
struct Receiving {
    events: Rc<Events>,
    armed: Cell<Option<Key>>,
    /// The multishot receive is being cancelled: its last completion has yet to be taken.
    stopping: Cell<bool>,
    /// The kernel had no buffer left: the next receive waits for one to come back.
    starved: Cell<bool>,
    ended: Cell<bool>,
}

impl Stream {
    /// Takes over an accepted or connected descriptor.
    pub fn from_descriptor(runtime: &Runtime, descriptor: OwnedFd) -> io::Result<Self> {
        set_option(&descriptor, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1)?;
        Ok(Self {
            runtime: runtime.clone(),
            descriptor: runtime.adopt(descriptor),
            receiving: Receiving::default(),
            broken: Cell::new(false),
        })
    }

    /// The peer's address.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.borrow_std(TcpStream::peer_addr)
    }

    /// The address that the peer came to.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.borrow_std(TcpStream::local_addr)
    }

    fn borrow_std<T>(&self, ask: impl FnOnce(&TcpStream) -> io::Result<T>) -> io::Result<T> {
        // SAFETY: the descriptor stays open during the call, and ManuallyDrop keeps it open after.
        let stream = std::mem::ManuallyDrop::new(unsafe {
            <TcpStream as std::os::fd::FromRawFd>::from_raw_fd(self.descriptor.raw())
        });
        ask(&stream)
    }

    /// Received bytes in the order of their arrival, `None` at the end of the stream.
    ///
    /// Keeps one multishot receive in flight. Out of provided buffers, it waits until one comes
    /// back. Dropping the future loses no byte.
    pub async fn receive(&self) -> io::Result<Option<ReceiveBuffer>> {
        assert!(!self.receiving.stopping.get(), "a stopping receive is not started again");
        poll_fn(|context| {
            loop {
                match self.try_receive() {
                    Ok(Received::Nothing) => {}
                    Ok(Received::Bytes(buffer)) => return Poll::Ready(Ok(Some(buffer))),
                    Ok(Received::End) => return Poll::Ready(Ok(None)),
                    Err(error) => return Poll::Ready(Err(error)),
                }
                if self.receiving.armed.get().is_none() {
                    if self.receiving.starved.replace(false) && !self.runtime.provided().all_home()
                    {
                        self.runtime.provided().wake_when_free(context.waker());
                        return Poll::Pending;
                    }
                    let op = Op::Receive { socket: self.descriptor.clone() };
                    let events = Rc::clone(&self.receiving.events);
                    self.receiving.armed.set(Some(self.runtime.submit_stream(op, events)));
                }
                if self.receiving.events.is_empty() {
                    self.receiving.events.wake_with(context.waker());
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// What has already been received, without waiting and without starting a receive.
    pub fn try_receive(&self) -> io::Result<Received> {
        loop {
            if self.receiving.ended.get() {
                return Ok(Received::End);
            }
            let Some(event) = self.receiving.events.pop() else {
                return Ok(Received::Nothing);
            };
            if !has_more(event) {
                self.receiving.armed.set(None);
                self.receiving.stopping.set(false);
            }
            match check(event) {
                Ok(0) => self.receiving.ended.set(true),
                Ok(count) => {
                    let id = io_uring::cqueue::buffer_select(event.flags)
                        .expect("received bytes name their buffer");
                    let buffer = self.runtime.provided().take(id, count_of(count));
                    return Ok(Received::Bytes(buffer));
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::ENOBUFS) => self.receiving.starved.set(true),
                    Some(libc::ECANCELED | libc::EINTR) => {}
                    _ => {
                        self.receiving.ended.set(true);
                        return Err(error);
                    }
                },
            }
        }
    }

    /// Ends the multishot receive: the kernel takes no more bytes from the socket when this
    /// resolves. What came before is still there for [`Stream::try_receive`].
    pub async fn stop_receiving(&self) {
        if let Some(key) = self.receiving.armed.get()
            && !self.receiving.stopping.replace(true)
        {
            self.runtime.cancel(key);
        }
        poll_fn(|context| {
            if self.receiving.armed.get().is_none() || self.receiving.events.is_finished() {
                return Poll::Ready(());
            }
            self.receiving.events.wake_with(context.waker());
            Poll::Pending
        })
        .await;
    }

    /// Receives exactly `len` bytes into `buffer[from..]`; fewer only at the end of the stream.
    /// No multishot receive may be in flight. The buffer is lost if the future is dropped, and the
    /// stream with it.
    pub async fn receive_into(
        &self,
        buffer: DmaBuf,
        from: usize,
        len: usize,
    ) -> (DmaBuf, io::Result<usize>) {
        assert!(self.receiving.armed.get().is_none(), "one receive at a time");
        let guard = BreakOnDrop::new(self);
        let mut buffer = buffer;
        let mut done = 0;
        let result = loop {
            if done == len {
                break Ok(done);
            }
            let socket = self.descriptor.clone();
            let op = Op::ReceiveInto { socket, buffer, from: from + done, len: len - done };
            let (op, completion) = self.runtime.submit(op).await;
            let Op::ReceiveInto { buffer: back, .. } = op else { unreachable!("it comes back") };
            buffer = back;
            match check(completion) {
                Ok(0) => {
                    self.receiving.ended.set(true);
                    break Ok(done);
                }
                Ok(count) => done += count_of(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        guard.disarm();
        (buffer, result)
    }

    /// Receives once, at most `max` bytes, into a provided buffer; `None` at the end.
    /// No multishot receive may be in flight.
    pub async fn receive_once(&self, max: u32) -> io::Result<Option<ReceiveBuffer>> {
        assert!(self.receiving.armed.get().is_none(), "one receive at a time");
        let guard = BreakOnDrop::new(self);
        let result = loop {
            if self.receiving.starved.replace(false) && !self.runtime.provided().all_home() {
                self.wait_for_buffer().await;
            }
            let op = Op::ReceiveOnce { socket: self.descriptor.clone(), max };
            let (_, completion) = self.runtime.submit(op).await;
            match check(completion) {
                Ok(0) => {
                    self.receiving.ended.set(true);
                    break Ok(None);
                }
                Ok(count) => {
                    let id = io_uring::cqueue::buffer_select(completion.flags)
                        .expect("received bytes name their buffer");
                    break Ok(Some(self.runtime.provided().take(id, count_of(count))));
                }
                Err(error) => match error.raw_os_error() {
                    Some(libc::ENOBUFS) => self.receiving.starved.set(true),
                    Some(libc::EINTR) => {}
                    _ => break Err(error),
                },
            }
        };
        guard.disarm();
        result
    }

    async fn wait_for_buffer(&self) {
        let mut waited = false;
        poll_fn(|context| {
            if std::mem::replace(&mut waited, true) {
                return Poll::Ready(());
            }
            self.runtime.provided().wake_when_free(context.waker());
            Poll::Pending
        })
        .await;
    }

    /// Sends all bytes and gives the vector back for reuse, empty. Dropping the future breaks the
    /// stream: the peer may have got a part.
    pub async fn send(&self, bytes: Vec<u8>) -> io::Result<Vec<u8>> {
        let guard = self.begin_send()?;
        let mut bytes = bytes;
        let mut from = 0;
        while from < bytes.len() {
            let op = Op::Send { socket: self.descriptor.clone(), bytes, from };
            let (op, completion) = self.runtime.submit(op).await;
            let Op::Send { bytes: back, .. } = op else { unreachable!("a send comes back") };
            bytes = back;
            from += sent(completion)?;
        }
        guard.disarm();
        bytes.clear();
        Ok(bytes)
    }

    /// Sends all pieces, in order, without copying them; at most 1,024, the kernel's limit.
    /// Dropping the future breaks the stream.
    pub async fn send_gathered(&self, pieces: Vec<Piece>) -> io::Result<()> {
        let guard = self.begin_send()?;
        let mut gather = Gather::new(pieces);
        while gather.remaining() > 0 {
            let op = Op::SendGathered { socket: self.descriptor.clone(), gather };
            let (op, completion) = self.runtime.submit(op).await;
            let Op::SendGathered { gather: back, .. } = op else { unreachable!("it comes back") };
            gather = back;
            gather.advance(sent(completion)?);
        }
        guard.disarm();
        Ok(())
    }

    fn begin_send(&self) -> io::Result<BreakOnDrop<'_>> {
        if self.broken.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(BreakOnDrop::new(self))
    }

    /// Resolves when the socket takes bytes, or has failed.
    pub async fn writable(&self) -> io::Result<()> {
        let op = Op::PollWritable { socket: self.descriptor.clone() };
        check(self.runtime.submit(op).await.1).map(drop)
    }

    /// Ends both directions at once; pending receives and sends end. For a peer that misbehaves.
    pub fn shutdown(&self) {
        self.broken.set(true);
        let op = Op::Shutdown { socket: self.descriptor.clone() };
        drop(self.runtime.submit(op));
    }

    /// Gives the plain descriptor away, to continue on another shard. Nothing may be in flight
    /// and nothing received may be left: `Err` gives the stream back otherwise.
    pub fn into_descriptor(self) -> Result<OwnedFd, Self> {
        let quiet = self.receiving.armed.get().is_none()
            && self.receiving.events.is_empty()
            && !self.broken.get();
        if !quiet {
            return Err(self);
        }
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: ManuallyDrop keeps the fields from being dropped again; each is read once.
        let runtime = unsafe { std::ptr::read(&raw const this.runtime) };
        // SAFETY: the field is read once, and `this` never drops it.
        let descriptor = unsafe { std::ptr::read(&raw const this.descriptor) };
        // SAFETY: the field is read once, and `this` never drops it.
        let receiving = unsafe { std::ptr::read(&raw const this.receiving) };
        descriptor.into_owned().map_err(|descriptor| Self {
            runtime,
            descriptor,
            receiving,
            broken: Cell::new(false),
        })
    }

    pub(crate) fn descriptor(&self) -> &Fd {
        &self.descriptor
    }

    pub(crate) fn break_stream(&self) {
        self.broken.set(true);
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(key) = self.receiving.armed.get() {
            self.runtime.cancel(key);
        }
        // What has come goes back to the kernel now; what still comes, as it comes.
        self.receiving.events.close();
        while let Some(event) = self.receiving.events.pop() {
            self.runtime.discard(event);
        }
    }
}

/// What [`Stream::try_receive`] found.
pub enum Received {
    /// Bytes.
    Bytes(ReceiveBuffer),
    /// Nothing yet.
    Nothing,
    /// The peer sends no more.
    End,
}

/// Marks the stream as broken unless the operation was seen to its end.
struct BreakOnDrop<'a>(Option<&'a Stream>);

impl<'a> BreakOnDrop<'a> {
    fn new(stream: &'a Stream) -> Self {
        Self(Some(stream))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for BreakOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(stream) = self.0 {
            stream.shutdown();
        }
    }
}

fn sent(completion: Completion) -> io::Result<usize> {
    match check(completion) {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        Ok(count) => Ok(count_of(count)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(error) => Err(error),
    }
}

fn has_more(event: Completion) -> bool {
    io_uring::cqueue::more(event.flags)
}

fn set_option(descriptor: &OwnedFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    let len = libc::socklen_t::try_from(size_of::<i32>()).expect("four");
    let pointer = (&raw const value).cast();
    // SAFETY: `pointer` is to `len` readable bytes.
    match unsafe { libc::setsockopt(descriptor.as_raw_fd(), level, name, pointer, len) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
