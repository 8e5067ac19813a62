//! The listening socket, on shard 0: each connection goes to the shard with the fewest.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use runtime::{Listener, Runtime};

use crate::metrics::Counter;
use crate::shard::Shard;
use crate::shard::message::Request;

/// How long nothing is accepted after the process ran out of descriptors.
const BREATHER: Duration = Duration::from_millis(100);

/// Binds the address of the settings.
pub async fn bind(runtime: &Runtime, shard: &Shard) -> io::Result<Listener> {
    Listener::bind(runtime, shard.config.settings.listen).await
}

/// Accepts connections until the shard stops: `connections_max` at once, or fewer if the setting
/// of that name is smaller.
pub async fn accept_all(shard: Rc<Shard>, listener: Listener, connections_max: u32) {
    loop {
        let descriptor = match listener.accept().await {
            Ok(descriptor) => descriptor,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                shard.runtime.sleep(BREATHER).await;
                continue;
            }
        };
        let limit = connections_max.min(shard.dynamic.config().settings.max_connections);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if shard.connection_counts.sum() >= limit {
            shard.metrics.count(Counter::ConnectionsRefused);
            tracing::warn!(limit, "a connection was refused: there are too many");
            continue;
        }
        let target = shard.connection_counts.fewest();
        if target == shard.id {
            shard.take_connection(descriptor);
            continue;
        }
        let from = Rc::clone(&shard);
        let handing_over = async move {
            // A shard that has ended takes no connection: the client sees it closed.
            drop(from.call(target, Request::Connection(descriptor)).await);
        };
        shard.runtime.spawn(handing_over).detach();
    }
}
