//! Another program on a core of its own: what is measured and what measures share no memory.
//!
//! The child is pinned before it runs, so that all its threads are; it says on its standard output
//! when it is ready, and is told to end by a signal. Nothing here knows which program it is.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use super::pin::pin_to;
use crate::signal::{Notice, Watch, unblock_all};

/// A program's end is seen after so long even if the signal that tells of it went elsewhere.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Why a program is not running as it should.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It could not be started.
    #[error("start {program}: {source}", program = program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended, or closed its output, before it said that it is ready.
    #[error("{program} did not get ready; it said: {said}", program = program.display())]
    NotReady {
        /// The program.
        program: PathBuf,
        /// All that it said.
        said: String,
    },
    /// It could not be told to end, or did not end well.
    #[error("end {program}: {source}", program = program.display())]
    End {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// A running program. Dropping it kills it.
#[derive(Debug)]
pub struct Child {
    program: PathBuf,
    process: std::process::Child,
    output: BufReader<std::process::ChildStdout>,
    lines: Vec<String>,
}

impl Child {
    /// Starts `program` on `core` and waits for a line of its output that begins with `ready`.
    pub fn start(
        program: PathBuf,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        core: usize,
        ready: &str,
    ) -> Result<Self, ChildError> {
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        // SAFETY: between fork and exec, none of the calls allocates or takes a lock.
        unsafe { command.pre_exec(move || prepare(core)) };
        let spawned = command.spawn().and_then(|mut process| {
            let output = process.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
            Ok((process, BufReader::new(output)))
        });
        let (process, output) = match spawned {
            Ok(spawned) => spawned,
            Err(source) => return Err(ChildError::Start { program, source }),
        };
        let mut child = Self { program, process, output, lines: Vec::new() };
        loop {
            let mut line = String::new();
            let read = child.output.read_line(&mut line).unwrap_or(0);
            child.lines.push(line.trim_end().to_owned());
            if child.lines.last().is_some_and(|line| line.starts_with(ready)) {
                return Ok(child);
            }
            if read == 0 {
                let (program, said) = (child.program.clone(), child.lines.join("\n"));
                return Err(ChildError::NotReady { program, said });
            }
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it said until it was ready, line by line.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Asks it to end (SIGTERM) and waits until it has. An error if it does not end well.
    pub fn stop(mut self) -> Result<(), ChildError> {
        let ended = terminate(self.process.id()).and_then(|()| self.process.wait());
        let source = match ended {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => ended_badly(status),
            Err(error) => error,
        };
        Err(ChildError::End { program: self.program.clone(), source })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a program that was run came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// By itself.
    Ended(ExitStatus),
    /// It was killed, since this signal came.
    Interrupted(&'static str),
}

/// Runs `program` on `core` to its end, without input and output; what it says to standard error
/// is seen. A signal that `watch` is told of kills it.
pub fn run(
    program: PathBuf,
    arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    core: usize,
    watch: &Watch,
) -> Result<Ran, ChildError> {
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
    // SAFETY: between fork and exec, none of the calls allocates or takes a lock.
    unsafe { command.pre_exec(move || prepare(core)) };
    let mut process = match command.spawn() {
        Ok(process) => process,
        Err(source) => return Err(ChildError::Start { program, source }),
    };
    loop {
        match process.try_wait() {
            Ok(Some(status)) => return Ok(Ran::Ended(status)),
            Ok(None) => {}
            Err(source) => return Err(ChildError::End { program, source }),
        }
        if let Some(Notice::Signal(name)) = watch.wait(LOOK_EVERY) {
            // It may have ended just now.
            let _ = process.kill();
            let _ = process.wait();
            return Ok(Ran::Interrupted(name));
        }
    }
}

/// Makes a new process what it should be before it becomes another program.
fn prepare(core: usize) -> io::Result<()> {
    unblock_all()?;
    pin_to(core)?;
    end_with_parent()
}

/// Has the kernel kill this process when the thread that started it ends: a measurement that is
/// killed leaves no server behind.
fn end_with_parent() -> io::Result<()> {
    // SAFETY: this option takes a signal number, and no memory.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

fn ended_badly(status: ExitStatus) -> io::Error {
    io::Error::other(status.to_string())
}

fn terminate(id: u32) -> io::Result<()> {
    let id = libc::pid_t::try_from(id).map_err(io::Error::other)?;
    // SAFETY: the call takes no memory; the child has not been waited for, so the id is its own.
    if unsafe { libc::kill(id, libc::SIGTERM) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Child, ChildError> {
        Child::start("/bin/sh".into(), ["-c", script], 0, "ready")
    }

    #[test]
    fn a_child_is_pinned_gets_ready_and_ends_when_told() {
        let script = "trap 'exit 0' TERM; grep Cpus_allowed_list /proc/self/status; echo ready; \
                      while :; do sleep 1 & wait; done";
        let child = shell(script).unwrap();
        assert_eq!(child.lines(), ["Cpus_allowed_list:\t0", "ready"]);
        child.stop().unwrap();
    }

    #[test]
    fn a_child_that_does_not_get_ready_says_what_it_said() {
        let error = shell("echo no; exit 1").unwrap_err();
        assert!(matches!(error, ChildError::NotReady { said, .. } if said.starts_with("no")));
        let error = Child::start("/does/not/exist".into(), [""], 0, "").unwrap_err();
        assert!(matches!(error, ChildError::Start { .. }));
    }

    #[test]
    fn a_program_runs_to_its_end_or_to_a_signal() {
        let watch = Watch::begin().unwrap();
        let ran = |script: &str| run("/bin/sh".into(), ["-c", script], 0, &watch);
        assert!(matches!(ran("exit 3"), Ok(Ran::Ended(status)) if status.code() == Some(3)));
        // The parent's thread is told, not its process: other tests run beside this one.
        // SAFETY: the call takes no memory.
        let thread = unsafe { libc::gettid() };
        let process = std::process::id();
        // SAFETY: the call takes numbers only.
        let told = unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGHUP) };
        assert_eq!(told, 0);
        assert_eq!(watch.pending(), Some("SIGHUP"));
        // SAFETY: the call takes numbers only.
        unsafe { libc::syscall(libc::SYS_tgkill, process, thread, libc::SIGTERM) };
        assert!(matches!(ran("sleep 100"), Ok(Ran::Interrupted("SIGTERM"))));
        assert_eq!(watch.pending(), None);
    }

    #[test]
    fn an_end_that_is_not_well_is_an_error() {
        let child = shell("trap 'exit 3' TERM; echo ready; while :; do sleep 1 & wait; done");
        assert!(matches!(child.unwrap().stop(), Err(ChildError::End { .. })));
    }
}
