//! A broker process on a directory of its own: started, killed, terminated, started again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::directory;

/// The longest that a start may take.
pub(crate) const START_PATIENCE: Duration = Duration::from_mins(2);
/// The longest that a stop may take.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_mins(1);

/// A refused broker waits for a directory 60 s, for a port 5 s.
const REFUSAL_PATIENCE: Duration = Duration::from_secs(90);

/// Where and how brokers are started: the same directory and ports each time.
pub(crate) struct Site {
    directory: tempfile::TempDir,
    kafka: SocketAddr,
    http: SocketAddr,
    starts: u32,
}

/// What differs from start to start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    pub(crate) shards: u16,
    pub(crate) settings: Vec<(&'static str, String)>,
    /// What its command line begins with, if it is not to run just here.
    pub(crate) entrance: Vec<String>,
}

/// A running process, ready or not. It is killed when dropped.
pub(crate) struct Broker {
    child: Child,
    output: Receiver<String>,
    stderr: PathBuf,
    spawned: Instant,
    kafka: SocketAddr,
    http: SocketAddr,
}

/// What a broker prints once it serves.
#[derive(Clone, Debug)]
pub(crate) struct Screen {
    pub(crate) text: String,
    pub(crate) took: Duration,
}

impl Setup {
    pub(crate) fn new(shards: u16, settings: &[(&'static str, &str)]) -> Self {
        let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned()));
        Self { shards, settings: settings.collect(), entrance: Vec::new() }
    }

    /// One shard with limits so small that a few megabytes reach segments.
    pub(crate) fn small() -> Self {
        let settings = [
            ("journal.file.bytes", "16MiB"),
            ("journal.files", "4"),
            ("tail.bytes", "16MiB"),
            ("socket.request.max.bytes", "1MiB"),
            ("message.max.bytes", "900000"),
            ("log.segment.bytes", "1MiB"),
        ];
        Self::new(1, &settings)
    }
}

impl Site {
    pub(crate) fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("tidemill-").tempdir();
        let directory = directory.expect("a directory can be made");
        Self { directory, kafka: free_address(), http: free_address(), starts: 0 }
    }

    /// Another one, with a copy of the data. No broker may be running.
    pub(crate) fn copy(&self) -> Self {
        let other = Self::new();
        directory::copy(&self.data(), &other.data());
        other
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn kafka(&self) -> SocketAddr {
        self.kafka
    }

    /// The directory stays behind, for whoever looks at a failure.
    pub(crate) fn keep(&mut self) -> &Path {
        self.directory.disable_cleanup(true);
        self.directory.path()
    }

    /// Starts a process and does not wait for it.
    pub(crate) fn spawn(&mut self, setup: &Setup) -> Broker {
        let (kafka, http) = (self.kafka, self.http);
        self.spawn_at(setup, kafka, http)
    }

    /// The same at other addresses.
    pub(crate) fn spawn_at(
        &mut self,
        setup: &Setup,
        kafka: SocketAddr,
        http: SocketAddr,
    ) -> Broker {
        self.starts += 1;
        let stderr = self.directory.path().join(format!("stderr-{}", self.starts));
        let program = env!("CARGO_BIN_EXE_tidemill");
        let (first, rest) = match setup.entrance.split_first() {
            Some((first, rest)) => (first.as_str(), [rest, &[program.to_owned()]].concat()),
            None => (program, Vec::new()),
        };
        let mut command = Command::new(first);
        command.args(rest);
        command.arg("serve").arg("--data").arg(self.data());
        command.args(["--listen", &kafka.to_string(), "--http", &http.to_string()]);
        command.args(["--shards", &setup.shards.to_string()]);
        for (key, value) in &setup.settings {
            command.args(["--set", &format!("{key}={value}")]);
        }
        // The suites' own variables are none of the broker's, and it would refuse them.
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TIDEMILL_")) {
            command.env_remove(name);
        }
        // What it logs is looked at.
        command.env_remove("RUST_LOG").env("NO_COLOR", "1");
        let errors = File::create(&stderr).expect("a file can be made");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let spawned = Instant::now();
        let mut child = command.spawn().expect("the broker can be started");
        let stdout = child.stdout.take().expect("it is piped");
        let (sender, output) = channel();
        // Ends with the process: what it prints ends then.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Broker { child, output, stderr, spawned, kafka, http }
    }

    /// Starts a process and waits until it serves.
    pub(crate) fn start(&mut self, setup: &Setup) -> (Broker, Screen) {
        let mut broker = self.spawn(setup);
        let screen = broker.wait_ready();
        let screen = screen.unwrap_or_else(|error| {
            let kept = self.keep().display().to_string();
            panic!("{error}\n(kept in {kept})")
        });
        (broker, screen)
    }
}

impl Broker {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kafka(&self) -> SocketAddr {
        self.kafka
    }

    /// A connection; the broker must serve.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.kafka).expect("it can be connected to")
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.http
    }

    /// Waits for the screen that is printed once the broker serves.
    pub(crate) fn wait_ready(&mut self) -> Result<Screen, String> {
        let deadline = self.spawned + START_PATIENCE;
        let mut text = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(line) => {
                    let is_last = line.starts_with("ready in");
                    text.push_str(&line);
                    text.push('\n');
                    if is_last {
                        return Ok(Screen { text, took: self.spawned.elapsed() });
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    return Err(format!("not ready in {START_PATIENCE:?}:\n{}", self.errors()));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    let status = self.child.wait().expect("it can be waited for");
                    return Err(format!("ended with {status} at start:\n{}", self.errors()));
                }
            }
        }
    }

    /// Waits for the process to end by itself, so long at most.
    pub(crate) fn wait_end(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return None,
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(self.child.wait().expect("it can be waited for"));
                }
            }
        }
    }

    /// Waits for it to give up its start, with words about `what` and not with code 0.
    pub(crate) fn refusal(&mut self, what: &[&str]) -> ExitStatus {
        let status = self.wait_end(REFUSAL_PATIENCE);
        let errors = self.errors();
        let status = status.unwrap_or_else(|| panic!("no end, but {what:?} is due:\n{errors}"));
        assert!(!status.success(), "it may not start:\n{errors}");
        for word in what {
            assert!(errors.contains(word), "'{word}' is not in:\n{errors}");
        }
        println!("refused with {status}: {}", errors.trim());
        status
    }

    /// SIGKILL; how the process ended, which may have been by itself before.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for")
    }

    /// SIGTERM, without waiting.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.expect("kill can be run").success(), "SIGTERM reaches the broker");
    }

    /// SIGTERM, and an orderly end with code 0.
    pub(crate) fn stop(&mut self) {
        self.terminate();
        let status = self.wait_end(STOP_PATIENCE);
        let status = status.unwrap_or_else(|| panic!("it stops in time:\n{}", self.errors()));
        assert!(status.success(), "{status} after SIGTERM:\n{}", self.errors());
    }

    /// What it wrote to standard error.
    pub(crate) fn errors(&self) -> String {
        let bytes = std::fs::read(&self.stderr).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// An address of this machine that is free now, below the ports that the kernel gives to clients:
/// while a broker is away, no client may be given its port, not even one that is looking for it.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 18_000;
    loop {
        let step = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FIRST + (std::process::id().wrapping_mul(37) + step) % COUNT;
        let port = u16::try_from(port).expect("a port");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
