//! Host names to addresses, asked of the system's resolver.

use core::net::SocketAddr;
use std::io;
use std::net::ToSocketAddrs;

/// The addresses of a host, in the resolver's order; never none.
///
/// An address is taken at once. A name is looked up on a thread of its own, since the resolver
/// only knows how to block; dropping the future leaves that thread to the resolver's timeout.
pub async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = flume::bounded(1);
    let host = host.to_owned();
    let look_up = move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody waits any more if it can not be sent.
        drop(sender.send(found));
    };
    std::thread::Builder::new().name("resolver".into()).spawn(look_up)?;
    let found = receiver.recv_async().await.map_err(io::Error::other)??;
    if found.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    }
    Ok(found)
}
