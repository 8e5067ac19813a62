//! A server of which all is known: it answers every frame after a delay that is decided when the
//! frame has come, and does nothing else. It never sleeps, so that it is late by no more than its
//! core lets it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use super::pin::pin_to;
use crate::Instant;

/// What is read at once.
const READ_BYTES: usize = 16 << 10;
/// The largest frame that is taken.
const FRAME_BYTES_MAX: usize = 1 << 20;

/// How a frame is answered.
#[derive(Clone, Debug)]
pub struct Delayed {
    /// Nanoseconds from when the frame was read.
    pub delay_ns: u64,
    /// The answer, with what it needs in front.
    pub bytes: Vec<u8>,
}

/// A server on a thread of its own. Frames have their length in front, 4 bytes, big-endian.
pub struct DelayServer {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<u64>>>,
}

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    /// When its last answer is due: answers keep the order of their requests.
    last_ns: u64,
    is_open: bool,
}

struct Server<R> {
    listener: TcpListener,
    connections: Vec<Connection>,
    respond: R,
    /// Answers by when they are due, and their number.
    due: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    kept_ns: Vec<u64>,
}

impl DelayServer {
    /// Starts one on `core`, on a port of 127.0.0.1. `respond` is asked once for each frame, its
    /// length cut off, in the order in which they come; its error ends the server.
    pub fn start(
        core: usize,
        respond: impl FnMut(&[u8]) -> io::Result<Delayed> + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let serve = move || {
            pin_to(core)?;
            let (connections, due, kept_ns) = (Vec::new(), BTreeMap::new(), Vec::new());
            let mut server = Server { listener, connections, respond, due, kept_ns };
            while !stopping.load(Ordering::Relaxed) {
                server.turn()?;
                // Once the kernel has handed this core's packets to a thread of its own, they wait
                // until that thread runs.
                std::thread::yield_now();
            }
            Ok(server.kept_ns)
        };
        let thread = std::thread::Builder::new().name("delay".to_owned()).spawn(serve)?;
        Ok(Self { address, stop, thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it. Returns how long each answer was to be kept back, in the order of the requests:
    /// longer than asked where the one before it on its connection was. An error if it had ended
    /// before.
    pub fn end(self) -> io::Result<Vec<u64>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| io::Error::other("the server panicked"))?
    }
}

impl<R: FnMut(&[u8]) -> io::Result<Delayed>> Server<R> {
    fn turn(&mut self) -> io::Result<()> {
        if let Some((stream, _)) = unless_blocked(self.listener.accept())? {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let (input, last_ns, is_open) = (Vec::new(), 0, true);
            self.connections.push(Connection { stream, input, last_ns, is_open });
        }
        for number in 0..self.connections.len() {
            self.read(number)?;
            self.answer();
        }
        Ok(())
    }

    /// Sends what is due.
    fn answer(&mut self) {
        let now_ns = Instant::now().nanos();
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now_ns) {
            let (number, bytes) = entry.remove();
            let Some(connection) = self.connections.get_mut(number) else { continue };
            // Answers are of a few bytes: a socket that takes none belongs to nobody.
            connection.is_open &= connection.stream.write_all(&bytes).is_ok();
        }
    }

    fn read(&mut self, number: usize) -> io::Result<()> {
        let Some(connection) = self.connections.get_mut(number) else { return Ok(()) };
        if !connection.is_open {
            return Ok(());
        }
        let mut bytes = [0; READ_BYTES];
        let count = match connection.stream.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            read => read.unwrap_or(0),
        };
        let now_ns = Instant::now().nanos();
        connection.is_open = count > 0;
        connection.input.extend_from_slice(bytes.get(..count).unwrap_or_default());
        while let Some(frame) = next_frame(&mut connection.input)? {
            let Delayed { delay_ns, bytes } = (self.respond)(&frame)?;
            let at_ns = (now_ns + delay_ns).max(connection.last_ns);
            connection.last_ns = at_ns;
            self.kept_ns.push(at_ns - now_ns);
            self.due.insert((at_ns, self.kept_ns.len() as u64), (number, bytes));
        }
        Ok(())
    }
}

/// Takes a whole frame off the front, without its length.
fn next_frame(input: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let Some(prefix) = input.first_chunk() else { return Ok(None) };
    let length = u32::from_be_bytes(*prefix) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other("a frame that is too large"));
    }
    Ok((input.len() >= 4 + length).then(|| input.drain(..4 + length).skip(4).collect()))
}

/// Nothing where there is nothing now.
fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        other => other.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_back_and_keep_their_order() {
        let mut delays = [3_000_000, 1_000_000].into_iter();
        let server = DelayServer::start(0, move |frame| {
            Ok(Delayed { delay_ns: delays.next().unwrap(), bytes: frame.to_vec() })
        });
        let server = server.unwrap();
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let start = Instant::now();
        stream.write_all(&[0, 0, 0, 1, b'a', 0, 0, 0, 1, b'b']).unwrap();
        let mut bytes = [0; 2];
        stream.read_exact(&mut bytes).unwrap();
        assert!(Instant::now().nanos_since(start) >= 3_000_000);
        assert_eq!(&bytes, b"ab");
        drop(stream);
        let kept = server.end().unwrap();
        assert_eq!((kept.len(), kept[0]), (2, 3_000_000));
        assert!(kept[1] >= 1_000_000);
    }

    #[test]
    fn a_frame_that_no_load_sends_ends_it() {
        let mut input = u32::MAX.to_be_bytes().to_vec();
        assert!(next_frame(&mut input).is_err());
        let mut input = vec![0, 0, 0, 2, 7];
        assert_eq!(next_frame(&mut input).unwrap(), None);
        input.push(8);
        assert_eq!(next_frame(&mut input).unwrap(), Some(vec![7, 8]));
    }
}
