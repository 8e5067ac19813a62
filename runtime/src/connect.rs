//! Connecting, for as long as one has patience.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use core::net::SocketAddr;

use crate::driver::op::{Op, SocketAddress};
use crate::executor::Runtime;
use crate::file::check;
use crate::socket::Stream;

impl Stream {
    /// Connects. Dropping the future leaves the attempt to the kernel's own timeout.
    pub async fn connect(runtime: &Runtime, address: SocketAddr) -> io::Result<Self> {
        let (stream, op) = Self::to_be_connected(runtime, address)?;
        check(runtime.submit(op).await.1)?;
        Ok(stream)
    }

    /// Connects, or fails with [`io::ErrorKind::TimedOut`] after `patience`.
    pub async fn connect_within(
        runtime: &Runtime,
        address: SocketAddr,
        patience: Duration,
    ) -> io::Result<Self> {
        let (stream, op) = Self::to_be_connected(runtime, address)?;
        let mut connecting = pin!(runtime.submit(op));
        let mut sleep = pin!(runtime.sleep(patience));
        let mut late = false;
        // The attempt is waited for even when it is late: its memory is the kernel's until then.
        let (_, completion) = poll_fn(|context| {
            if let Poll::Ready(result) = connecting.as_mut().poll(context) {
                return Poll::Ready(result);
            }
            if !late && sleep.as_mut().poll(context).is_ready() {
                late = true;
                connecting.cancel();
            }
            Poll::Pending
        })
        .await;
        match check(completion) {
            Ok(_) => Ok(stream),
            Err(_) if late => Err(io::ErrorKind::TimedOut.into()),
            Err(error) => Err(error),
        }
    }

    fn to_be_connected(runtime: &Runtime, address: SocketAddr) -> io::Result<(Self, Op)> {
        let family = if address.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 };
        // SAFETY: socket has no memory arguments.
        let raw = unsafe { libc::socket(family, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
        let stream = Self::from_descriptor(runtime, crate::driver::uring::owned(raw)?)?;
        let address = Box::new(SocketAddress::new(address));
        let op = Op::Connect { socket: stream.descriptor().clone(), address };
        Ok((stream, op))
    }
}
