//! The broker as a process: started, killed, stopped, and what it said.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::client::Client;

/// The command under test.
pub(crate) const TIDEMILL: &str = env!("CARGO_BIN_EXE_tidemill");

/// Small limits, so that a few megabytes reach segments.
const SETTINGS: [&str; 6] = [
    "journal.file.bytes=16MiB",
    "journal.files=4",
    "tail.bytes=16MiB",
    "socket.request.max.bytes=1MiB",
    "message.max.bytes=900000",
    "log.segment.bytes=1MiB",
];

/// A running broker; killed when it is dropped.
pub(crate) struct Broker {
    child: Child,
    address: SocketAddr,
    /// What it printed when it was ready.
    pub(crate) screen: String,
    log: PathBuf,
}

/// A broker that did not start.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) log: String,
    pub(crate) code: Option<i32>,
}

impl Broker {
    /// Starts a broker on `data`; it must come to serve.
    pub(crate) fn start(data: &Path) -> Self {
        Self::try_start(data).unwrap_or_else(|refusal| panic!("{}", refusal.log))
    }

    /// Starts a broker on `data`, or says why it did not.
    pub(crate) fn try_start(data: &Path) -> Result<Self, Refusal> {
        let log = data.with_extension("stderr");
        let mut command = Command::new(TIDEMILL);
        command.arg("serve").arg("--data").arg(data);
        command.args(["--shards", "1", "--listen", "127.0.0.1:0", "--http", "none"]);
        command.args(SETTINGS.iter().flat_map(|setting| ["--set", setting]));
        command.env_remove("RUST_LOG").env("NO_COLOR", "1");
        command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let (mut address, mut screen) = (None, String::new());
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            screen += &line;
            screen.push('\n');
            if let Some(found) = line.trim().strip_prefix("kafka ") {
                address = Some(found.trim().parse().unwrap());
            }
            if let Some(address) = address.filter(|_| line.starts_with("ready in")) {
                return Ok(Self { child, address, screen, log });
            }
        }
        let code = child.wait().unwrap().code();
        Err(Refusal { log: fs::read_to_string(&log).unwrap(), code })
    }

    /// A connection.
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// What it has written to its log so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Asks it to end, and waits until it has, in order.
    pub(crate) fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success(), "{}", self.log());
    }

    /// Ends it where it stands.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have ended already, and a failing test has something else to say.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Copies a directory with all that is in it.
pub(crate) fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_directory(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Changes one bit of a byte.
pub(crate) fn flip(file: &Path, byte: u64) {
    let mut bytes = fs::read(file).unwrap();
    bytes[usize::try_from(byte).unwrap()] ^= 0x10;
    fs::write(file, bytes).unwrap();
}
