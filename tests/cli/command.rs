//! One run of the binary, and what came of it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::thread::JoinHandle;

use super::broker::Broker;

/// What a run ended with.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("it writes text");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Standard output of a run that must have gone well, and quietly.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// Standard error of a run that must have ended with `code`, and written nothing else.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{}", self.stderr);
        self.stderr
    }
}

/// The binary with these arguments.
pub(crate) fn tidemill(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidemill"));
    command.args(arguments).env_remove("TIDEMILL_BOOTSTRAP");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str]) -> Run {
    Run::of(tidemill(arguments).output().expect("the binary was built"))
}

impl Broker {
    /// The binary with these arguments, as a client of this broker.
    fn client(&self, arguments: &[&str]) -> Command {
        let mut command = tidemill(arguments);
        command.env("TIDEMILL_BOOTSTRAP", self.address());
        command
    }

    /// Runs a client to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.client(arguments).output().expect("the binary was built"))
    }

    /// Runs a client to its end, with something to read.
    pub(crate) fn feed(&self, arguments: &[&str], input: impl Into<Vec<u8>>) -> Run {
        let mut running = self.start_client(arguments);
        let mut stdin = running.child.stdin.take().expect("it is piped");
        let input = input.into();
        // Beside the reading of its output, so that neither pipe can stop the other.
        let feeding = std::thread::spawn(move || {
            // A client that fails does not read all of it.
            drop(stdin.write_all(&input));
        });
        let run = Run::of(running.child.wait_with_output().expect("it is ours"));
        feeding.join().expect("writing does not panic");
        run
    }

    /// Starts a client.
    pub(crate) fn start_client(&self, arguments: &[&str]) -> Running {
        let mut command = self.client(arguments);
        let child = command.stdin(Stdio::piped()).spawn().expect("the binary was built");
        Running { child }
    }
}

/// A client that runs.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    pub(crate) fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("it is piped, and taken once")
    }

    pub(crate) fn lines(&mut self) -> Lines {
        Lines(BufReader::new(self.child.stdout.take().expect("it is piped, and taken once")))
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(status.expect("there is a kill").success());
    }

    /// Waits for its end. What was not taken of standard output is in the result.
    pub(crate) fn end(self) -> Run {
        Run::of(self.child.wait_with_output().expect("it is ours"))
    }

    /// Waits for its end on another thread, reading what it writes.
    pub(crate) fn end_beside(self) -> JoinHandle<Run> {
        std::thread::spawn(move || self.end())
    }
}

/// A client's standard output, line by line.
pub(crate) struct Lines(BufReader<ChildStdout>);

impl Lines {
    /// The next line, waited for.
    pub(crate) fn next(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("it writes text");
        line
    }
}
