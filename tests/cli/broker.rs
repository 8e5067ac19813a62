//! A broker in a directory of its own, for as long as a test lasts.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Small and quiet: many of them run at once.
const SETTINGS: [&str; 4] =
    ["journal.file.bytes=16MiB", "journal.files=4", "socket.request.max.bytes=8MiB", "poll=block"];

/// A running broker.
pub(crate) struct Broker {
    child: Child,
    listen: String,
    directory: TempDir,
}

impl Broker {
    /// Starts one on a free port and waits until it says that it is ready.
    pub(crate) fn start() -> Self {
        let directory = TempDir::new().expect("a directory can be made");
        let (child, listen) = serve(&directory, "127.0.0.1:0");
        Self { child, listen, directory }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.listen
    }

    /// Kills it, and starts it again on the same directory and port.
    pub(crate) fn restart(&mut self) {
        self.kill();
        (self.child, self.listen) = serve(&self.directory, &self.listen);
    }

    /// Kills it as the power does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it is ours");
        self.child.wait().expect("it is ours");
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // It may have been killed before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(directory: &TempDir, listen: &str) -> (Child, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
    command.args(["serve", "--listen", listen, "--http", "none", "--shards", "2", "--data"]);
    command.arg(directory.path().join("data"));
    for setting in SETTINGS {
        command.args(["--set", setting]);
    }
    command.env_remove("TIDEMILL_BOOTSTRAP").env("RUST_LOG", "warn");
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = spawned.expect("the binary was built");
    let stdout = child.stdout.take().expect("it is piped");
    let mut listens = None;
    for line in BufReader::new(stdout).lines() {
        let line = line.expect("the report is text");
        let mut words = line.split_whitespace();
        match (words.next(), words.next()) {
            (Some("kafka"), Some(address)) => listens = Some(address.to_owned()),
            (Some("ready"), _) => {
                return (child, listens.expect("the report names the address"));
            }
            _ => {}
        }
    }
    panic!("the broker ended before it was ready: {:?}", child.wait());
}
