//! A connection that speaks `RocketMQ`'s remoting protocol, its JSON form.
//!
//! ```text
//! length of all that follows      u32, big-endian
//! form and length of the header   u8 (0: JSON), u24
//! header                          code, opaque, flag, extFields: all text
//! body
//! ```
//!
//! An answer has the request's `opaque`. There are Rust clients, and neither serves: Apache's own
//! (`rocketmq` 5.0.0, of 2023) is bound to TLS libraries with known holes, and the other one
//! (`rocketmq-client-rust`) brings 110 crates, threads and a log of its own, which the generator's
//! one core would pay for and the measured system would be charged with. Two requests are all that
//! a load needs. (<https://github.com/apache/rocketmq>, `RemotingCommand`, `RequestCode`,
//! `SendMessageRequestHeaderV2`.)

use std::collections::BTreeMap;

use bytes::{Buf, Bytes, BytesMut};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, oneshot};

use super::said;

/// The largest answer that is read: they hold no records.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Requests that wait for the socket at most; further ones wait to be taken.
const QUEUED_MAX: usize = 1024;
/// What a read asks for.
const READ_BYTES: usize = 64 << 10;

/// Which request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestCode {
    /// `GET_MAX_OFFSET`
    MaxOffset = 30,
    /// `SEND_MESSAGE_V2`
    SendV2 = 310,
}

/// What was answered.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// 0 if it went well.
    pub(super) code: i32,
    opaque: i32,
    /// Why it did not.
    #[serde(default)]
    pub(super) remark: Option<String>,
    /// What was asked for.
    #[serde(default, rename = "extFields")]
    pub(super) fields: BTreeMap<String, String>,
}

struct Request {
    code: RequestCode,
    fields: String,
    body: Bytes,
    answer: oneshot::Sender<Answer>,
}

/// A connection; its sockets are served by a task of the runtime that opened it.
#[derive(Clone)]
pub(super) struct Connection(mpsc::Sender<Request>);

impl Connection {
    /// Opens one, within a runtime.
    pub(super) async fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(said("connect"))?;
        stream.set_nodelay(true).map_err(said("connect"))?;
        let (reader, writer) = stream.into_split();
        let (sender, requests) = mpsc::channel(QUEUED_MAX);
        let served = Served { out: BytesMut::new(), waiting: BTreeMap::new(), opaque: 0 };
        tokio::spawn(served.serve(reader, writer, requests));
        Ok(Self(sender))
    }

    /// Asks. `fields` are the request's own, as a JSON object. An error if the connection broke.
    pub(super) async fn ask(
        &self,
        code: RequestCode,
        fields: String,
        body: Bytes,
    ) -> Result<Answer, String> {
        let (answer, answered) = oneshot::channel();
        let request = Request { code, fields, body, answer };
        self.0.send(request).await.map_err(|_| "the connection broke".to_owned())?;
        answered.await.map_err(|_| "the connection broke".to_owned())
    }
}

/// What the task of a connection holds.
struct Served {
    out: BytesMut,
    waiting: BTreeMap<i32, oneshot::Sender<Answer>>,
    opaque: i32,
}

impl Served {
    /// Until the socket or the last user is gone; those who wait then learn that it broke.
    async fn serve(
        mut self,
        mut reader: OwnedReadHalf,
        mut writer: OwnedWriteHalf,
        mut requests: mpsc::Receiver<Request>,
    ) {
        let mut input = BytesMut::with_capacity(READ_BYTES);
        loop {
            tokio::select! {
                request = requests.recv() => {
                    let Some(request) = request else { return };
                    self.put(request);
                    while let Ok(request) = requests.try_recv() {
                        self.put(request);
                    }
                }
                written = writer.write_buf(&mut self.out), if !self.out.is_empty() => {
                    if !written.is_ok_and(|bytes| bytes > 0) {
                        return;
                    }
                }
                read = reader.read_buf(&mut input) => {
                    if !read.is_ok_and(|bytes| bytes > 0) || !self.take(&mut input) {
                        return;
                    }
                }
            }
        }
    }

    fn put(&mut self, request: Request) {
        self.opaque = self.opaque.wrapping_add(1);
        encode(request.code, self.opaque, &request.fields, &request.body, &mut self.out);
        self.waiting.insert(self.opaque, request.answer);
    }

    /// Hands on all whole answers; false if something is not one.
    fn take(&mut self, input: &mut BytesMut) -> bool {
        loop {
            match decode(input) {
                Ok(Some(answer)) => {
                    if let Some(asked) = self.waiting.remove(&answer.opaque) {
                        // Who asked may have given up.
                        drop(asked.send(answer));
                    }
                }
                Ok(None) => return true,
                Err(NotAnAnswer) => return false,
            }
        }
    }
}

fn encode(code: RequestCode, opaque: i32, fields: &str, body: &[u8], out: &mut BytesMut) {
    let code = code as i32;
    let fixed = r#""flag":0,"language":"OTHER","version":0"#;
    let header = format!(r#"{{"code":{code},{fixed},"opaque":{opaque},"extFields":{fields}}}"#);
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    out.extend_from_slice(&length(4 + header.len() + body.len()));
    // The form is JSON's, 0, and stands in the length's highest byte.
    out.extend_from_slice(&length(header.len()));
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(body);
}

/// The other side does not keep to the protocol.
#[derive(Debug, PartialEq, Eq)]
struct NotAnAnswer;

/// Takes the first answer off `input`, if all of it is there. Requests of the server, which it may
/// make of clients that it knows, are passed over.
fn decode(input: &mut BytesMut) -> Result<Option<Answer>, NotAnAnswer> {
    const ANSWER_FLAG: i64 = 1;
    loop {
        let Some(length) = input.first_chunk().map(|bytes| u32::from_be_bytes(*bytes)) else {
            return Ok(None);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !(4..=ANSWER_BYTES_MAX).contains(&length) {
            return Err(NotAnAnswer);
        }
        if input.len() < 4 + length {
            return Ok(None);
        }
        input.advance(4);
        let mut frame = input.split_to(length);
        let form = frame.get_u32();
        let header = usize::try_from(form & 0x00FF_FFFF).ok().filter(|_| form >> 24 == 0);
        let header = header.and_then(|bytes| frame.get(..bytes)).ok_or(NotAnAnswer)?;
        let value: serde_json::Value = serde_json::from_slice(header).map_err(|_| NotAnAnswer)?;
        if value["flag"].as_i64().is_some_and(|flag| flag & ANSWER_FLAG != 0) {
            return serde_json::from_value(value).map(Some).map_err(|_| NotAnAnswer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(header: &str, body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        let length = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
        frame.extend(length(4 + header.len() + body.len()));
        frame.extend(length(header.len()));
        frame.extend(header.as_bytes());
        frame.extend(body);
        frame
    }

    #[test]
    fn a_request_is_as_the_protocol_has_it() {
        let mut out = BytesMut::new();
        encode(RequestCode::SendV2, 7, r#"{"b":"t"}"#, b"xy", &mut out);
        let header = &out[8..out.len() - 2];
        assert_eq!(out[..4], u32::try_from(out.len() - 4).unwrap().to_be_bytes());
        assert_eq!(out[4..8], u32::try_from(header.len()).unwrap().to_be_bytes());
        assert!(out.ends_with(b"}xy"));
        let header: serde_json::Value = serde_json::from_slice(header).unwrap();
        assert_eq!((&header["code"], &header["opaque"]), (&310.into(), &7.into()));
        assert_eq!(header["extFields"]["b"], "t");
    }

    #[test]
    fn an_answer_is_read_once_it_is_whole() {
        let header = r#"{"code":0,"flag":1,"opaque":3,"extFields":{"offset":"5"}}"#;
        let all = frame(header, b"body");
        for end in 0..all.len() {
            let mut input = BytesMut::from(&all[..end]);
            assert!(decode(&mut input).unwrap().is_none());
            assert_eq!(input.len(), end);
        }
        let mut input = BytesMut::from(&[all.clone(), all].concat()[..]);
        for _ in 0..2 {
            let answer = decode(&mut input).unwrap().unwrap();
            assert_eq!((answer.code, answer.opaque), (0, 3));
            assert_eq!(answer.fields["offset"], "5");
        }
        assert!(input.is_empty());
    }

    #[test]
    fn a_refusal_says_why_and_the_server_s_own_requests_are_passed_over() {
        let request = frame(r#"{"code":40,"flag":0,"opaque":9}"#, b"");
        let refusal = frame(r#"{"code":2,"flag":1,"opaque":4,"remark":"busy"}"#, b"");
        let mut input = BytesMut::from(&[request, refusal].concat()[..]);
        let answer = decode(&mut input).unwrap().unwrap();
        assert_eq!((answer.code, answer.remark.as_deref()), (2, Some("busy")));
    }

    #[test]
    fn what_is_no_answer_ends_the_connection() {
        let huge = u32::MAX.to_be_bytes().to_vec();
        let small = 3_u32.to_be_bytes().to_vec();
        let binary = [4_u32.to_be_bytes(), [1, 0, 0, 0]].concat();
        let beyond = [4_u32.to_be_bytes(), [0, 0, 0, 1]].concat();
        for bad in [huge, small, binary, beyond, frame("{", b""), frame(r#"{"flag":1}"#, b"")] {
            let refused = decode(&mut BytesMut::from(&bad[..])).map(|_| ());
            assert_eq!(refused, Err(NotAnAnswer), "{bad:?}");
        }
    }
}
