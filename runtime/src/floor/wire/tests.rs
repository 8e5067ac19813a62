//! Conversations with servers that echo, and with one that hangs up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};

use super::*;

/// Sends `count` frames on each connection, one after the other, and ends.
struct PingPong {
    left: Vec<u32>,
    total: u32,
    begun: bool,
    sent: u32,
    answered: u32,
    closed: Vec<usize>,
    times_ns: Vec<u64>,
}

impl PingPong {
    fn new(connections: usize, count: u32) -> Self {
        let left = vec![count; connections];
        let total = left.iter().sum();
        let (closed, times_ns) = (Vec::new(), Vec::new());
        Self { left, total, begun: false, sent: 0, answered: 0, closed, times_ns }
    }

    fn say(&mut self, connection: usize, outbox: &mut Outbox) {
        if self.left[connection] > 0
            && let Some(queue) = outbox.queue(connection)
        {
            self.left[connection] -= 1;
            queue.extend_from_slice(&[0, 0, 0, 2, 7, u8::try_from(connection).unwrap()]);
        }
    }
}

impl Script for PingPong {
    fn on_turn(&mut self, now_ns: u64, outbox: &mut Outbox) -> Option<u64> {
        self.times_ns.push(now_ns);
        if !std::mem::replace(&mut self.begun, true) {
            (0..self.left.len()).for_each(|connection| self.say(connection, outbox));
        }
        (self.answered < self.total && self.closed.is_empty()).then_some(u64::MAX)
    }

    fn on_sent(&mut self, _: usize, now_ns: u64) {
        self.sent += 1;
        self.times_ns.push(now_ns);
    }

    fn on_frame(&mut self, connection: usize, frame: &[u8], now_ns: u64, outbox: &mut Outbox) {
        assert_eq!(frame, [7, u8::try_from(connection).unwrap()]);
        self.answered += 1;
        self.times_ns.push(now_ns);
        self.say(connection, outbox);
    }

    fn on_closed(&mut self, connection: usize, _: u64, _: &io::Error) {
        self.closed.push(connection);
    }
}

/// Echoes `bytes` bytes of each of `connections`, then hangs up.
fn echo(connections: usize, bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let streams: Vec<_> = (0..connections).map(|_| listener.accept().unwrap().0).collect();
        for mut stream in streams {
            std::thread::spawn(move || {
                let mut buffer = [0; 6];
                for _ in 0..bytes / 6 {
                    // The other side may hang up first.
                    let Ok(()) = stream.read_exact(&mut buffer) else { break };
                    stream.write_all(&buffer).unwrap();
                }
            });
        }
    });
    address
}

#[test]
fn every_frame_is_answered_on_its_connection_and_time_goes_on() {
    // One more than is sent, so that nobody hangs up.
    let address = echo(5, 6 * 101);
    let config = WireConfig::new(vec![address; 5]);
    let mut script = PingPong::new(5, 100);
    converse(&config, &mut script).unwrap();
    assert_eq!((script.sent, script.answered), (500, 500));
    assert!(script.times_ns.is_sorted() && script.closed.is_empty());
}

#[test]
fn the_script_hears_once_of_a_connection_that_ends() {
    let config = WireConfig::new(vec![echo(1, 6 * 3)]);
    let mut script = PingPong::new(1, 100);
    converse(&config, &mut script).unwrap();
    assert_eq!((script.answered, script.closed), (3, vec![0]));
}

#[test]
fn no_connection_is_no_conversation() {
    let error = converse(&WireConfig::new(Vec::new()), &mut PingPong::new(0, 0)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
}
