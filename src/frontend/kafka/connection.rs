//! One Kafka connection, from the shard that took it to its end or to another shard.

use core::net::SocketAddr;
use std::cell::{Cell, RefCell};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use runtime::local::{Pass, first};
use runtime::{Instant, Stream};

use super::moving::Drift;
use super::outbox::Outbox;
use super::request::Hangup;
use crate::metrics::{Counter, Gauge};
use crate::shard::Shard;
use crate::shard::message::Request;

/// How long answers may still be sent when the peer has sent its last request, or the broker
/// stops.
const LINGER: Duration = Duration::from_secs(5);

/// A connection on its shard.
pub struct Connection {
    /// The shard.
    pub(super) shard: Rc<Shard>,
    /// The socket.
    pub(super) stream: Stream,
    /// The address that the client came to: what it is told to come to again.
    pub(super) local: SocketAddr,
    /// Where the client came from.
    pub(super) peer: SocketAddr,
    /// The same as Kafka shows a host.
    pub(super) client_host: Arc<str>,
    /// What the client calls itself.
    pub(super) client_id: RefCell<String>,
    /// The answers that it is owed.
    pub(super) outbox: Outbox,
    /// Received bytes that are not dispatched yet.
    pub(super) backlog: RefCell<Vec<u8>>,
    /// Whose data it asks for.
    pub(super) drift: Rc<Drift>,
    /// When bytes last came.
    pub(super) last_active: Cell<Instant>,
    _pass: Pass,
}

impl Shard {
    /// Serves a connection from now on. Closes it at once if the shard is stopping.
    pub fn take_connection(self: &Rc<Self>, descriptor: OwnedFd) {
        let Ok(pass) = self.connections.enter() else { return };
        let connection = Stream::from_descriptor(&self.runtime, descriptor).and_then(|stream| {
            let local = stream.local_addr()?;
            let peer = stream.peer_addr()?;
            let host = peer.ip().to_canonical();
            Ok(Rc::new(Connection {
                shard: Rc::clone(self),
                stream,
                local,
                client_host: format!("/{host}").into(),
                peer: SocketAddr::new(host, peer.port()),
                client_id: RefCell::default(),
                outbox: Outbox::default(),
                backlog: RefCell::default(),
                drift: Rc::default(),
                last_active: Cell::new(self.runtime.now()),
                _pass: pass,
            }))
        });
        // A peer that has gone already is none.
        let Ok(connection) = connection else { return };
        self.metrics.count(Counter::ConnectionsOpened);
        self.metrics.raise(Gauge::Connections, 1);
        self.connection_counts.opened(self.id);
        self.register(&connection);
        self.runtime.spawn(connection.serve()).detach();
    }

    fn connection_ended(&self) {
        self.metrics.count(Counter::ConnectionsClosed);
        self.metrics.lower(Gauge::Connections, 1);
        self.connection_counts.closed(self.id);
    }
}

impl Connection {
    /// Notes what the client calls itself now.
    pub(super) fn name_client(&self, name: Option<&str>) {
        let name = name.unwrap_or("");
        if *self.client_id.borrow() != name {
            name.clone_into(&mut self.client_id.borrow_mut());
        }
    }

    /// Notes it if nothing is known yet, as for a connection that came from another shard.
    pub(super) fn name_unknown_client(&self, name: Option<&str>) {
        if self.client_id.borrow().is_empty() {
            self.name_client(name);
        }
    }

    async fn serve(self: Rc<Self>) {
        let shard = Rc::clone(&self.shard);
        let reader = Rc::clone(&self);
        let writer = {
            let connection = Rc::clone(&self);
            shard.runtime.spawn(async move {
                let result = Rc::clone(&connection).write_all().await;
                if result.is_err() {
                    // The reader learns of it by the end of its stream.
                    connection.stream.shutdown();
                }
                result
            })
        };
        let read = first(reader.read_all(), async {
            shard.connections.closing().await;
            Err(Hangup::Closing)
        })
        .await;
        drop(reader);
        let linger = match &read {
            Ok(()) | Err(Hangup::Closing) => true,
            Err(error) => {
                self.log_hangup(error);
                false
            }
        };
        self.outbox.finish();
        if linger {
            let over = shard.runtime.sleep(LINGER);
            first(async { drop(writer.await) }, over).await;
        } else {
            drop(writer);
        }
        let target = self.move_target().filter(|_| read.is_ok());
        shard.connection_ended();
        if let Some(target) = target {
            self.hand_over(target).await;
        }
    }

    /// Gives the socket to the shard that owns the data, if nothing is under way on it.
    async fn hand_over(self: Rc<Self>, target: record::ShardId) {
        let shard = Rc::clone(&self.shard);
        self.stream.stop_receiving().await;
        // A task that was just dropped lets go of the connection in its next turn.
        shard.runtime.yield_now().await;
        let Ok(connection) = Rc::try_unwrap(self) else { return };
        if !connection.outbox.is_idle() || !connection.backlog.borrow().is_empty() {
            return;
        }
        let Ok(descriptor) = connection.stream.into_descriptor() else { return };
        shard.metrics.count(Counter::ConnectionsMoved);
        drop(shard.call(target, Request::Connection(descriptor)).await);
    }

    /// What ended the connection from this side, for whoever has to find out.
    fn log_hangup(&self, error: &Hangup) {
        let peer = self.stream.peer_addr().ok();
        match error {
            Hangup::Socket(error) => tracing::debug!(?peer, %error, "connection lost"),
            other => tracing::info!(?peer, reason = %other, "connection closed"),
        }
    }

    /// The longest frame that is taken.
    pub(super) fn frame_bytes_max(&self) -> usize {
        self.shard.config.settings.socket_request_max_bytes as usize
    }

    /// Closes the connection if no byte has come for too long.
    pub fn close_if_idle(&self, now: Instant, idle_max: Duration) {
        let idle = now.nanos_since(self.last_active.get());
        if u128::from(idle) > idle_max.as_nanos() && self.outbox.is_idle() {
            self.stream.shutdown();
        }
    }
}
