//! Connections to the control plane: so many at once, and none that is silent for long.
//!
//! A connection ends when it was not given a byte for [`AdminLimits::silence`], counted from its
//! start or from the last byte of an answer. That ends a client that sends its request drop by
//! drop, one that does not read its answer, and one that keeps an idle connection, all three with
//! one timer; and so a place among the bounded number always comes free.
//!
//! [`AdminLimits::silence`]: super::AdminLimits

use core::net::SocketAddr;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// How long to wait when the process can not accept, for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The listener, and how many connections it may have.
pub(super) struct Listener {
    socket: TcpListener,
    places: Arc<Semaphore>,
    silence: Duration,
}

impl Listener {
    pub(super) fn new(socket: TcpListener, connections_max: usize, silence: Duration) -> Self {
        Self { socket, places: Arc::new(Semaphore::new(connections_max)), silence }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await.expect("the semaphore is never closed");
        loop {
            match self.socket.accept().await {
                Ok((stream, address)) => {
                    let silence = Box::pin(sleep(self.silence));
                    let limit = self.silence;
                    return (Connection { stream, silence, limit, _place: place }, address);
                }
                Err(error) => {
                    tracing::warn!(%error, "can not accept a connection to the control plane");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// One connection, in its place.
pub(super) struct Connection {
    stream: TcpStream,
    /// Until the connection was silent for too long.
    silence: Pin<Box<Sleep>>,
    limit: Duration,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn check_silence(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        self.silence.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }

    fn wrote(&mut self, result: &Poll<io::Result<usize>>) {
        if matches!(result, Poll::Ready(Ok(count)) if *count > 0) {
            let deadline = Instant::now() + self.limit;
            self.silence.as_mut().reset(deadline);
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.check_silence(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.check_silence(context) {
            return Poll::Ready(Err(error));
        }
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.check_silence(context) {
            return Poll::Ready(Err(error));
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
