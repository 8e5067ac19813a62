//! One connection to a broker: requests out, answers in, in order.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{
    Decodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer,
};

/// A broker that says nothing for so long hangs.
const SILENCE_MAX: Duration = Duration::from_mins(1);
/// No answer of these suites is larger.
const ANSWER_BYTES_MAX: usize = 128 << 20;

/// A connection. What goes wrong on it is an [`io::Error`]; what makes no sense panics.
pub(crate) struct Connection {
    stream: TcpStream,
    next: i32,
    awaited: VecDeque<i32>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, SILENCE_MAX)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        stream.set_write_timeout(Some(SILENCE_MAX))?;
        Ok(Self { stream, next: 1, awaited: VecDeque::new() })
    }

    /// Requests that are not answered yet.
    pub(crate) fn in_flight(&self) -> usize {
        self.awaited.len()
    }

    /// Sends without waiting.
    pub(crate) fn send<R: Request>(&mut self, request: &R, version: i16) -> io::Result<()> {
        let correlation = self.next;
        self.next = self.next.wrapping_add(1);
        self.stream.write_all(&frame(request, version, correlation))?;
        self.awaited.push_back(correlation);
        Ok(())
    }

    /// The answer to the oldest request that has none, which was an `R`.
    pub(crate) fn receive<R: Request>(&mut self, version: i16) -> io::Result<R::Response> {
        let mut body = self.receive_frame()?;
        let header = <R::Response as HeaderVersion>::header_version(version);
        let header = ResponseHeader::decode(&mut body, header).expect("an answer's header");
        let awaited = self.awaited.pop_front();
        assert_eq!(Some(header.correlation_id), awaited, "answers leave in order");
        let answer = R::Response::decode(&mut body, version).expect("an answer that can be read");
        assert!(body.is_empty(), "{} bytes behind an answer to {}", body.len(), R::KEY);
        Ok(answer)
    }

    /// Sends and waits.
    pub(crate) fn call<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> io::Result<R::Response> {
        assert_eq!(self.in_flight(), 0, "earlier answers were taken");
        self.send(request, version)?;
        self.receive::<R>(version)
    }

    fn receive_frame(&mut self) -> io::Result<Bytes> {
        let mut prefix = [0; 4];
        self.stream.read_exact(&mut prefix)?;
        let len = usize::try_from(i32::from_be_bytes(prefix)).expect("a length is not negative");
        assert!(len <= ANSWER_BYTES_MAX, "an answer of {len} bytes");
        let mut body = BytesMut::zeroed(len);
        self.stream.read_exact(&mut body)?;
        Ok(body.freeze())
    }
}

/// A whole request with its length in front.
pub(crate) fn frame<R: Request>(request: &R, version: i16, correlation: i32) -> Vec<u8> {
    let mut bytes = vec![0; 4];
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(StrBytes::from_static_str("suite")));
    encode_request_header_into_buffer(&mut bytes, &header).expect("a header can be encoded");
    request.encode(&mut bytes, version).expect("a request can be encoded");
    let len = i32::try_from(bytes.len() - 4).expect("a request under 2 GiB");
    bytes[..4].copy_from_slice(&len.to_be_bytes());
    bytes
}
