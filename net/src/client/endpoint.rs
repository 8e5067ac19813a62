//! Where a broker is reached: a host and a port.

use std::fmt;
use std::str::FromStr;

/// A host, by name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// A host name, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A text that is no endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No host, a colon or bracket too many, or no port.
    #[error("not HOST:PORT or [IPV6]:PORT")]
    Form,
    /// The port is no number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (host, port) = text.rsplit_once(':').ok_or(EndpointError::Form)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) => host,
            None if host.contains([':', '[', ']', '/']) => return Err(EndpointError::Form),
            None => host,
        };
        if host.is_empty() {
            return Err(EndpointError::Form);
        }
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(EndpointError::Port)?;
        Ok(Self { host: host.to_owned(), port })
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_printed_as_they_are_read() {
        for text in ["127.0.0.1:9092", "broker.example:1", "[::1]:65535"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused() {
        for text in ["", "host", ":9092", "::1:9092", "[::1:9092", "http://host:1", "[]:1"] {
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError::Form), "{text}");
        }
        for text in ["host:", "host:0", "host:65536", "host:x", "host:-1"] {
            assert_eq!(text.parse::<Endpoint>(), Err(EndpointError::Port), "{text}");
        }
    }
}
