//! Addresses in settings: where to listen, and where clients are told to connect.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::fmt;

use super::form::Refusal;

/// What Kafka writes before an address without encryption.
pub(super) const PLAINTEXT: &str = "PLAINTEXT://";

/// A host, by name or address, and a port: what clients are told to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Splits `HOST:PORT`, `[IPV6]:PORT` and Kafka's `PLAINTEXT://HOST:PORT`.
fn split(text: &str) -> Result<(&str, u16), Refusal> {
    let scheme = text.get(..PLAINTEXT.len()).filter(|text| text.eq_ignore_ascii_case(PLAINTEXT));
    let text = scheme.map_or(text, |scheme| &text[scheme.len()..]);
    if text.contains("://") {
        return Err(Refusal::NotPlaintext);
    }
    if text.contains(',') {
        return Err(Refusal::OneListener);
    }
    let (host, port) = text.rsplit_once(':').ok_or(Refusal::NotAnAddress)?;
    let port = port.parse().map_err(|_| Refusal::NotAnAddress)?;
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => Ok((host, port)),
        None if host.contains([':', '[', ']']) => Err(Refusal::NotAnAddress),
        None => Ok((host, port)),
    }
}

/// An address to listen on. No name is looked up, as that would ask the network, but `localhost`
/// and the empty host (all interfaces) are understood.
pub(super) fn parse_listen(text: &str) -> Result<SocketAddr, Refusal> {
    let (host, port) = split(text)?;
    let address = match host {
        "" | "*" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => host.parse().map_err(|_| Refusal::NotAnAddress)?,
    };
    Ok(SocketAddr::new(address, port))
}

/// An address to advertise; the host may be a name, as it is the client that looks it up.
pub(super) fn parse_endpoint(text: &str) -> Result<Endpoint, Refusal> {
    let (host, port) = split(text)?;
    let is_name = !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let address = host.parse::<IpAddr>();
    if address.as_ref().is_ok_and(IpAddr::is_unspecified) || port == 0 {
        return Err(Refusal::NotReachable);
    }
    if !is_name && address.is_err() {
        return Err(Refusal::NotAnAddress);
    }
    Ok(Endpoint { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_are_addresses_with_a_port() {
        let listen = |text| parse_listen(text).map(|address| address.to_string());
        assert_eq!(listen("127.0.0.1:9092").unwrap(), "127.0.0.1:9092");
        assert_eq!(listen("localhost:0").unwrap(), "127.0.0.1:0");
        assert_eq!(listen(":9092").unwrap(), "0.0.0.0:9092");
        assert_eq!(listen("[::1]:9092").unwrap(), "[::1]:9092");
        assert_eq!(listen("plaintext://10.0.0.1:9092").unwrap(), "10.0.0.1:9092");
    }

    #[test]
    fn what_is_no_listener_is_refused_with_its_reason() {
        for text in ["9092", "127.0.0.1", "127.0.0.1:", "::1:9092", "host:9092", "1.2.3.4:99999"] {
            assert_eq!(parse_listen(text), Err(Refusal::NotAnAddress), "{text}");
        }
        assert_eq!(parse_listen("SSL://127.0.0.1:9092"), Err(Refusal::NotPlaintext));
        assert_eq!(
            parse_listen("PLAINTEXT://127.0.0.1:9092,PLAINTEXT://127.0.0.1:9093"),
            Err(Refusal::NotPlaintext)
        );
        assert_eq!(parse_listen("127.0.0.1:1,127.0.0.1:2"), Err(Refusal::OneListener));
    }

    #[test]
    fn an_advertised_address_can_be_connected_to() {
        let endpoint = |text| parse_endpoint(text).map(|endpoint| endpoint.to_string());
        assert_eq!(endpoint("broker-1.example:9092").unwrap(), "broker-1.example:9092");
        assert_eq!(endpoint("[fe80::1]:9092").unwrap(), "[fe80::1]:9092");
        assert_eq!(endpoint("0.0.0.0:9092"), Err(Refusal::NotReachable));
        assert_eq!(endpoint("broker:0"), Err(Refusal::NotReachable));
        assert_eq!(endpoint("bro ker:9092"), Err(Refusal::NotAnAddress));
        assert_eq!(endpoint(":9092"), Err(Refusal::NotAnAddress));
    }
}
