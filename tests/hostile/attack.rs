//! What hostile and broken clients send.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::sample::Sample;
use crate::support::random::Random;

/// Nobody who misbehaves is kept longer.
const PATIENCE: Duration = Duration::from_mins(1);
const CONNECTIONS: usize = 1_000;
const UNFINISHED: usize = 64;
const UNFINISHED_BYTES: i32 = 30_000_000;

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the broker accepts");
    stream.set_nodelay(true).expect("a socket option");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket option");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket option");
    stream
}

/// Reads until the broker ends the connection; how many bytes it answered before.
fn wait_end(stream: &mut TcpStream, what: &str) -> usize {
    let mut answer = Vec::new();
    // Cut off is as good as ended; only silence is not.
    let ended = stream.read_to_end(&mut answer);
    let is_open = ended
        .is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert!(!is_open, "{what}: the connection stays open; {} bytes were answered", answer.len());
    answer.len()
}

/// Sends bytes that the broker must cut the connection for.
fn expect_cut(address: SocketAddr, bytes: &[u8], what: &str) {
    let mut stream = connect(address);
    // It may cut it before it has taken everything.
    drop(stream.write_all(bytes));
    wait_end(&mut stream, what);
}

/// Noise, then the end of the stream.
pub(crate) fn noise(address: SocketAddr, random: &mut Random) {
    for number in 0..300 {
        let len = random.index(4_096) + 1;
        let mut bytes = vec![0; len];
        random.fill(&mut bytes);
        let mut stream = connect(address);
        drop(stream.write_all(&bytes));
        drop(stream.shutdown(Shutdown::Write));
        wait_end(&mut stream, &format!("noise {number}"));
    }
}

/// Lengths that no frame has; nothing is waited for.
pub(crate) fn lengths(address: SocketAddr) {
    let lengths = [i32::MAX, -1, i32::MIN, 90_000_000, 0x4754_5020, 0];
    for length in lengths {
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(&[0; 60]);
        expect_cut(address, &bytes, &format!("a length of {length}"));
    }
}

/// Every request cut off after every byte, then the end of the stream.
pub(crate) fn truncated(address: SocketAddr, samples: &[Sample]) {
    for Sample { key, version, frame, .. } in samples {
        for len in 0..frame.len() {
            let mut stream = connect(address);
            stream.write_all(&frame[..len]).expect("few bytes are taken");
            stream.shutdown(Shutdown::Write).expect("it is open");
            let what = format!("API {key} v{version}, {len} of {} bytes", frame.len());
            assert_eq!(wait_end(&mut stream, &what), 0, "{what}: it was answered");
        }
    }
}

/// The same requests whole are answered: the samples are what they claim to be.
pub(crate) fn whole(address: SocketAddr, samples: &[Sample]) {
    for Sample { key, version, frame, .. } in samples {
        let mut stream = connect(address);
        stream.write_all(frame).expect("few bytes are taken");
        stream.shutdown(Shutdown::Write).expect("it is open");
        let answer = wait_end(&mut stream, "a valid request");
        assert!(answer > 8, "API {key} v{version} is answered, not with {answer} bytes");
    }
}

/// Every first array with more elements than there can be.
pub(crate) fn arrays(address: SocketAddr, samples: &[Sample]) {
    let mut attacked = 0;
    for sample in samples {
        for length in [0x7fff_ffff, u32::MAX - 1, 0x1000_0000, 100_000] {
            let Some(bytes) = sample.with_array_length(length) else { continue };
            let what = format!("API {} v{}, array of {length}", sample.key, sample.version);
            expect_cut(address, &bytes, &what);
            attacked += 1;
        }
    }
    assert!(attacked > 80, "most APIs have arrays");
}

/// Connections that say nothing, or three bytes; they stay as long as they are kept.
pub(crate) fn half_open(address: SocketAddr) -> Vec<TcpStream> {
    let streams = (0..CONNECTIONS).map(|number| {
        let mut stream = connect(address);
        if number % 2 == 1 {
            stream.write_all(&[0, 0, 1]).expect("three bytes are taken");
        }
        stream
    });
    streams.collect()
}

/// Large frames whose last byte never comes. All are cut off, sooner or later.
pub(crate) fn unfinished(address: SocketAddr) {
    let len = usize::try_from(UNFINISHED_BYTES).expect("a length");
    let mut frame = vec![0; 4 + len - 1];
    frame[..4].copy_from_slice(&UNFINISHED_BYTES.to_be_bytes());
    let frame = Arc::new(frame);
    let senders: Vec<_> = (0..UNFINISHED)
        .map(|number| {
            let frame = Arc::clone(&frame);
            thread::spawn(move || {
                let mut stream = connect(address);
                drop(stream.write_all(&frame));
                wait_end(&mut stream, &format!("unfinished frame {number}"));
            })
        })
        .collect();
    for sender in senders {
        sender.join().expect("it is cut off");
    }
}
