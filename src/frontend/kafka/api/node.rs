//! The one node of this broker as clients are told of it: at the address that they came to, unless
//! another is configured. Clients of several networks each get an answer that they can reach.

use core::net::SocketAddr;

use record::NodeId;

use crate::config::Endpoint;
use crate::frontend::kafka::connection::Connection;

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// The node's id: broker, leader of everything, and controller.
    pub(super) id: NodeId,
    /// A host name, or an address without brackets.
    pub(super) host: String,
    /// The port.
    pub(super) port: u16,
}

impl Connection {
    /// This node, for this client.
    pub(super) fn node(&self) -> Node {
        let settings = &self.shard.config.settings;
        Node::told(NodeId(settings.node_id), settings.advertised.as_ref(), self.local)
    }
}

impl Node {
    /// `local` is the address of an accepted socket, never an unspecified one.
    fn told(id: NodeId, advertised: Option<&Endpoint>, local: SocketAddr) -> Self {
        match advertised {
            Some(Endpoint { host, port }) => Self { id, host: host.clone(), port: *port },
            // A client that came over IPv4 to a listener on [::] knows nothing of the mapping.
            None => Self { id, host: local.ip().to_canonical().to_string(), port: local.port() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(advertised: Option<&Endpoint>, local: &str) -> (String, u16) {
        let node = Node::told(NodeId(1), advertised, local.parse().unwrap());
        (node.host, node.port)
    }

    #[test]
    fn clients_are_told_the_address_that_they_came_to() {
        assert_eq!(told(None, "10.0.0.1:9092"), ("10.0.0.1".to_owned(), 9092));
        assert_eq!(told(None, "[::1]:9092"), ("::1".to_owned(), 9092));
        assert_eq!(told(None, "[::ffff:10.0.0.1]:9092"), ("10.0.0.1".to_owned(), 9092));
    }

    #[test]
    fn a_configured_address_goes_before_it() {
        let endpoint = Endpoint { host: "broker.example".to_owned(), port: 65_535 };
        assert_eq!(told(Some(&endpoint), "10.0.0.1:9092"), ("broker.example".to_owned(), 65_535));
    }
}
