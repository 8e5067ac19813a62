//! Asking over HTTP: one GET, one answer of bounded length.
//!
//! The request is HTTP/1.0 (RFC 1945, RFC 9112), so that the answer comes in one piece and the
//! connection ends with it. Nothing is followed, decoded or kept; no TLS.

use core::net::SocketAddr;
use std::io;
use std::time::Duration;

use runtime::local::first;
use runtime::{Runtime, Stream};

/// The longest head of an answer.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// What one is prepared to take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The longest body.
    pub body_bytes_max: usize,
    /// How long it may take, from connecting to the last byte.
    pub patience: Duration,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status: 200 is well.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Nobody listens there, or not in time.
    #[error("connect to {address}: {source}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The connection broke.
    #[error("{address}: {source}")]
    Broken {
        /// Where.
        address: SocketAddr,
        /// How.
        source: io::Error,
    },
    /// The time is over.
    #[error("no answer in {0:?}")]
    Late(Duration),
    /// What came is no answer.
    #[error("the answer is not HTTP: {0}")]
    NotHttp(&'static str),
    /// More came than was wanted.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
    /// The connection ended within the answer.
    #[error("the answer ends early")]
    CutShort,
}

/// What the lines before the body say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    body_at: usize,
    /// How long it is; none if it goes to the end of the connection.
    body_len: Option<usize>,
}

/// Asks for a path. Dropping the future closes the connection.
pub async fn get(
    runtime: &Runtime,
    address: SocketAddr,
    path: &str,
    limits: Limits,
) -> Result<Answer, HttpError> {
    let plain = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
    assert!(plain, "a path is written by the program that asks");
    let broken = |source| HttpError::Broken { address, source };
    let deadline = runtime.now().after(limits.patience);
    let stream = Stream::connect_within(runtime, address, limits.patience).await;
    let stream = stream.map_err(|source| HttpError::Connect { address, source })?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nAccept: */*\r\n\r\n");
    stream.send(request.into_bytes()).await.map_err(broken)?;
    let mut bytes = Vec::new();
    loop {
        let late = async {
            runtime.sleep_until(deadline).await;
            None
        };
        let received = first(async { Some(stream.receive().await) }, late).await;
        let buffer = received.ok_or(HttpError::Late(limits.patience))?.map_err(broken)?;
        let is_end = buffer.is_none();
        if let Some(buffer) = buffer {
            bytes.extend_from_slice(buffer.as_slice());
        }
        if let Some(answer) = read(&bytes, is_end, limits.body_bytes_max)? {
            return Ok(answer);
        }
    }
}

/// The answer, if all of it is there.
fn read(bytes: &[u8], is_end: bool, body_bytes_max: usize) -> Result<Option<Answer>, HttpError> {
    let Some(Head { status, body_at, body_len }) = head(bytes)? else {
        return if is_end { Err(HttpError::CutShort) } else { Ok(None) };
    };
    let body = bytes.get(body_at..).unwrap_or_default();
    if body_len.unwrap_or(0).max(body.len()) > body_bytes_max {
        return Err(HttpError::TooLong(body_bytes_max));
    }
    let whole = match body_len {
        Some(len) => body.get(..len),
        None => is_end.then_some(body),
    };
    match whole {
        Some(body) => Ok(Some(Answer { status, body: body.to_vec() })),
        None if is_end => Err(HttpError::CutShort),
        None => Ok(None),
    }
}

/// The head, if all of it is there.
fn head(bytes: &[u8]) -> Result<Option<Head>, HttpError> {
    const END: &[u8] = b"\r\n\r\n";
    let within = bytes.get(..HEAD_BYTES_MAX).unwrap_or(bytes);
    let Some(end) = within.windows(END.len()).position(|window| window == END) else {
        let is_endless = bytes.len() > HEAD_BYTES_MAX;
        return if is_endless {
            Err(HttpError::NotHttp("its head does not end"))
        } else {
            Ok(None)
        };
    };
    let text = within.get(..end).and_then(|head| core::str::from_utf8(head).ok());
    let mut lines = text.ok_or(HttpError::NotHttp("its head is not text"))?.split("\r\n");
    let status = lines.next().and_then(status);
    let status = status.ok_or(HttpError::NotHttp("it has no status"))?;
    let mut body_len = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            let len = value.trim().parse();
            body_len = Some(len.map_err(|_| HttpError::NotHttp("its length is not a number"))?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(HttpError::NotHttp("it is encoded, in spite of HTTP/1.0"));
        }
    }
    Ok(Some(Head { status, body_at: end + END.len(), body_len }))
}

/// `HTTP/1.1 200 OK`
fn status(line: &str) -> Option<u16> {
    let mut words = line.split(' ');
    words.next()?.strip_prefix("HTTP/1.")?;
    let status: u16 = words.next()?.parse().ok()?;
    (100..=599).contains(&status).then_some(status)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread;

    use runtime::{RuntimeConfig, block_on};

    use super::*;

    const LIMITS: Limits = Limits { body_bytes_max: 100, patience: Duration::from_secs(30) };

    /// Asks a server that takes one request and says `pieces`; the request comes back too.
    fn ask(pieces: Vec<Vec<u8>>, limits: Limits) -> (Result<Answer, HttpError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
                request.extend_from_slice(&byte);
            }
            for piece in pieces {
                // Who has heard enough hangs up.
                drop(stream.write_all(&piece));
            }
            String::from_utf8(request).unwrap()
        });
        let asking =
            move |runtime: Runtime| async move { get(&runtime, address, "/a?b=1", limits).await };
        let answer = block_on(RuntimeConfig::default(), asking).unwrap();
        (answer, server.join().unwrap())
    }

    fn pieces(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    #[test]
    fn an_answer_comes_in_any_pieces() {
        let said = pieces(&["HTTP/1.1 200 O", "K\r\ncontent-LENGTH: 5\r\n\r", "\nab", "cde"]);
        let (answer, request) = ask(said, LIMITS);
        assert_eq!(answer.unwrap(), Answer { status: 200, body: b"abcde".to_vec() });
        assert!(request.starts_with("GET /a?b=1 HTTP/1.0\r\nHost: 127.0.0.1:"), "{request}");
    }

    #[test]
    fn without_a_length_the_end_is_the_end() {
        let (answer, _) = ask(pieces(&["HTTP/1.0 404 Not Found\r\n\r\nno", "t here"]), LIMITS);
        assert_eq!(answer.unwrap(), Answer { status: 404, body: b"not here".to_vec() });
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_an_error() {
        for said in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"] {
            let (answer, _) = ask(pieces(&[said]), LIMITS);
            assert!(matches!(answer, Err(HttpError::CutShort)), "{said}: {answer:?}");
        }
        for said in ["HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
            let (answer, _) = ask(vec![said.into(), vec![b'x'; 101]], LIMITS);
            assert!(matches!(answer, Err(HttpError::TooLong(100))), "{said}: {answer:?}");
        }
        let (answer, _) = ask(vec![vec![b'x'; HEAD_BYTES_MAX + 1]], LIMITS);
        assert!(matches!(answer, Err(HttpError::NotHttp(_))), "{answer:?}");
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        for said in [
            "SSH-2.0-OpenSSH\r\n\r\n",
            "HTTP/1.1 banana OK\r\n\r\n",
            "HTTP/1.1 99 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            let error = head(said.as_bytes()).unwrap_err();
            assert!(matches!(error, HttpError::NotHttp(_)), "{said}: {error}");
        }
        assert!(head(b"\xff\r\n\r\n").is_err());
    }

    #[test]
    fn a_server_that_says_nothing_is_waited_for_no_longer_than_that() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let limits = Limits { patience: Duration::from_millis(20), ..LIMITS };
        let asking =
            move |runtime: Runtime| async move { get(&runtime, address, "/", limits).await };
        let answer = block_on(RuntimeConfig::default(), asking).unwrap();
        assert!(matches!(answer, Err(HttpError::Late(_))), "{answer:?}");
        drop(listener);
        let asking =
            move |runtime: Runtime| async move { get(&runtime, address, "/", LIMITS).await };
        let answer = block_on(RuntimeConfig::default(), asking).unwrap();
        assert!(matches!(answer, Err(HttpError::Connect { .. })), "{answer:?}");
    }
}
