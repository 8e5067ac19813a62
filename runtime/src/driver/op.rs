//! [`Op`]: every request that this crate makes of the kernel, as a value that owns all memory the
//! kernel will read or write until the completion has come.

use std::ffi::CString;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use crate::buffer::{DmaBuf, Slice};
use crate::descriptor::Fd;

/// One request. What the kernel points into is on the heap, so a moved `Op` stays valid.
pub(crate) enum Op {
    /// Accepts connections until cancelled; a completion each.
    Accept { listener: Fd },
    /// Receives into provided buffers until cancelled or out of buffers; a completion each.
    Receive { socket: Fd },
    /// Receives once, at most `max` bytes, into a provided buffer.
    ReceiveOnce { socket: Fd, max: u32 },
    /// Receives exactly `len` bytes, or less at the end of the stream, into `buffer[from..]`.
    ReceiveInto { socket: Fd, buffer: DmaBuf, from: usize, len: usize },
    /// Sends `bytes[from..]`.
    Send { socket: Fd, bytes: Vec<u8>, from: usize },
    /// Sends slices gathered.
    SendGathered { socket: Fd, gather: Box<Gather> },
    /// Connects to an address.
    Connect { socket: Fd, address: Box<SocketAddress> },
    /// Ends sending and receiving.
    Shutdown { socket: Fd },
    /// Reads `len` bytes at `offset` into `buffer[from..]`.
    Read { file: Fd, buffer: DmaBuf, from: usize, len: usize, offset: u64 },
    /// Writes slices gathered at `offset`; with `durable` as one barrier with the write
    /// (`RWF_DSYNC`); with `linked` the next operation waits for it.
    Write { file: Fd, gather: Box<Gather>, offset: u64, durable: bool, linked: bool },
    /// Makes what was written durable: contents and length, with `metadata` all else too.
    Sync { file: Fd, metadata: bool },
    /// Opens a path.
    Open { path: CString, flags: i32, mode: u32 },
    /// Closes a descriptor; it is the kernel's from here on.
    Close { descriptor: Option<OwnedFd> },
    /// Allocates blocks, extending the file.
    Allocate { file: Fd, offset: u64, len: u64 },
    /// Cuts or extends a file.
    Truncate { file: Fd, len: u64 },
    /// Metadata of a path.
    Stat { path: CString, stat: Box<libc::statx> },
    /// Removes a file, or with `directory` an empty directory.
    Unlink { path: CString, directory: bool },
    /// Renames, replacing.
    Rename { from: CString, to: CString },
    /// Creates a directory.
    MakeDirectory { path: CString },
    /// Moves bytes from a file into a pipe, or from a pipe into a socket.
    Splice { from: Fd, offset: Option<u64>, to: Fd, len: u32 },
    /// Waits until a socket takes bytes.
    PollWritable { socket: Fd },
    /// Reads from a descriptor without a position: an eventfd, a pipe, a terminal.
    ReadStream { file: Fd, buffer: Vec<u8> },
    /// Asks the kernel to end another operation early.
    Cancel { target: u64 },
}

impl Op {
    /// Whether only the device is waited for, which takes a small part of a millisecond.
    pub(crate) fn ends_soon(&self) -> bool {
        matches!(self, Self::Write { .. } | Self::Sync { .. })
    }
}

/// Bytes to be written or sent, owned or shared, that do not move.
#[derive(Clone, Debug)]
pub enum Piece {
    /// Of a buffer.
    Slice(Slice),
    /// Of a vector that others may hold too.
    Bytes(Rc<Vec<u8>>, Range<usize>),
}

impl Piece {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Slice(slice) => slice.as_slice(),
            Self::Bytes(bytes, range) => &bytes[range.clone()],
        }
    }
}

impl From<Slice> for Piece {
    fn from(slice: Slice) -> Self {
        Self::Slice(slice)
    }
}

/// Pieces to be written or sent as one, with the arrays that the kernel reads.
pub(crate) struct Gather {
    /// Keeps the memory that the vectors point to.
    _pieces: Vec<Piece>,
    vectors: Vec<libc::iovec>,
    header: libc::msghdr,
    /// The first vector that is not yet written in full.
    first: usize,
    remaining: usize,
}

impl Gather {
    /// Boxed, because the kernel is given the address of its header.
    #[allow(clippy::unnecessary_box_returns, reason = "its address is part of what it is")]
    pub(crate) fn new(pieces: Vec<Piece>) -> Box<Self> {
        let vectors = pieces.iter().map(vector_of).collect();
        let remaining = pieces.iter().map(|piece| piece.as_slice().len()).sum();
        // SAFETY: a msghdr of zeros is a valid message without name, vectors or control data.
        let header = unsafe { std::mem::zeroed() };
        Box::new(Self { _pieces: pieces, vectors, header, first: 0, remaining })
    }

    /// Bytes not yet written.
    pub(crate) fn remaining(&self) -> usize {
        self.remaining
    }

    /// Notes that the kernel took `len` bytes; what is left can be submitted again.
    pub(crate) fn advance(&mut self, len: usize) {
        assert!(len <= self.remaining, "the kernel takes no more than it was given");
        self.remaining -= len;
        let mut left = len;
        while left > 0 {
            let vector = &mut self.vectors[self.first];
            let step = left.min(vector.iov_len);
            vector.iov_base = vector.iov_base.wrapping_byte_add(step);
            vector.iov_len -= step;
            left -= step;
            if vector.iov_len == 0 {
                self.first += 1;
            }
        }
    }

    pub(crate) fn vectors(&self) -> &[libc::iovec] {
        &self.vectors[self.first..]
    }

    /// The message header, pointing at what is left.
    pub(crate) fn message(&mut self) -> *const libc::msghdr {
        self.header.msg_iov = self.vectors[self.first..].as_mut_ptr();
        self.header.msg_iovlen = self.vectors.len() - self.first;
        &raw const self.header
    }
}

fn vector_of(piece: &Piece) -> libc::iovec {
    let bytes = piece.as_slice();
    libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() }
}

/// A socket address in the form that the kernel reads.
pub(crate) struct SocketAddress {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

impl SocketAddress {
    pub(crate) fn new(address: std::net::SocketAddr) -> Self {
        // SAFETY: all-zero bytes are a valid sockaddr_storage of the unspecified family.
        let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
        let len = match address {
            std::net::SocketAddr::V4(v4) => {
                let inet = libc::sockaddr_in {
                    sin_family: family(libc::AF_INET),
                    sin_port: v4.port().to_be(),
                    sin_addr: libc::in_addr { s_addr: u32::from(*v4.ip()).to_be() },
                    sin_zero: [0; 8],
                };
                // SAFETY: sockaddr_storage is large enough and aligned for every address type.
                unsafe { (&raw mut storage).cast::<libc::sockaddr_in>().write(inet) };
                size_of::<libc::sockaddr_in>()
            }
            std::net::SocketAddr::V6(v6) => {
                let inet = libc::sockaddr_in6 {
                    sin6_family: family(libc::AF_INET6),
                    sin6_port: v6.port().to_be(),
                    sin6_flowinfo: v6.flowinfo(),
                    sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                    sin6_scope_id: v6.scope_id(),
                };
                // SAFETY: sockaddr_storage is large enough and aligned for every address type.
                unsafe { (&raw mut storage).cast::<libc::sockaddr_in6>().write(inet) };
                size_of::<libc::sockaddr_in6>()
            }
        };
        Self { storage, len: libc::socklen_t::try_from(len).expect("addresses are short") }
    }

    pub(crate) fn pointer(&self) -> *const libc::sockaddr {
        (&raw const self.storage).cast()
    }

    pub(crate) fn len(&self) -> libc::socklen_t {
        self.len
    }
}

fn family(value: i32) -> libc::sa_family_t {
    libc::sa_family_t::try_from(value).expect("families are small")
}
