//! The broker's page for Prometheus, and what the kernel knows of its process.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A page of metrics.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(String);

impl Metrics {
    /// Asks for the page.
    pub(crate) fn scrape(http: SocketAddr) -> Self {
        let (head, body) = get(http, "/metrics");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        Self(body)
    }

    /// The sum over all shards of the samples of `name` whose labels contain `label`.
    pub(crate) fn sum(&self, name: &str, label: &str) -> u64 {
        let lines = self.0.lines().filter(|line| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
        });
        let mut values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        let first = values.next();
        let first = first.unwrap_or_else(|| panic!("no sample of {name} {label} in\n{}", self.0));
        // Counters of these suites are far below 2^52.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let sum = values.fold(first, |sum, value| sum + value) as u64;
        sum
    }
}

/// A plain GET; head and body.
pub(crate) fn get(http: SocketAddr, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(http).expect("HTTP is served");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request can be sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer comes");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), body.to_owned())
}

/// `VmRSS` of a process, in bytes.
pub(crate) fn resident_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).expect("VmRSS in kB");
    kib.trim().parse::<u64>().expect("a number") << 10
}

/// The time that a process has spent on CPUs, all threads, in clock ticks (100 a second).
pub(crate) fn cpu_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    // The name may contain anything; what follows its last parenthesis is numbers.
    let (_, rest) = stat.rsplit_once(')').expect("a name in parentheses");
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields[index].parse::<u64>().expect("a number");
    number(11) + number(12)
}
