//! The members' processes: started, killed, frozen, woken, asked to leave.

use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

use super::journal::{self, Event};
use super::member::Role;
use crate::support::random::Random;

/// Members, those that are gone too.
pub(crate) struct Crowd {
    pattern: Role,
    directory: tempfile::TempDir,
    running: Vec<Member>,
    names: Vec<String>,
}

/// A running process.
struct Member {
    name: String,
    child: Child,
    /// Held open for as long as it is to stay.
    input: Option<ChildStdin>,
    is_frozen: bool,
}

impl Crowd {
    /// Nobody yet; all play the same part under different names.
    pub(crate) fn new(pattern: Role) -> Self {
        let directory = tempfile::Builder::new().prefix("storm-").tempdir();
        let directory = directory.expect("a directory can be made");
        Self { pattern, directory, running: Vec::new(), names: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn frozen(&self) -> usize {
        self.running.iter().filter(|member| member.is_frozen).count()
    }

    pub(crate) fn add(&mut self) {
        let name = format!("member-{:03}", self.names.len());
        let journal = self.journal(&name);
        let role = Role { name: name.clone(), journal, ..self.pattern.clone() };
        let program = std::env::current_exe().expect("this program has a path");
        let mut command = Command::new(program);
        command.args(role.arguments()).stdin(Stdio::piped());
        let mut child = command.spawn().expect("a member can be started");
        let input = child.stdin.take();
        self.names.push(name.clone());
        self.running.push(Member { name, child, input, is_frozen: false });
    }

    /// SIGKILL for somebody, frozen or not.
    pub(crate) fn kill_one(&mut self, random: &mut Random) {
        let mut member = self.running.swap_remove(random.index(self.running.len()));
        member.expect_alive();
        member.child.kill().expect("it can be killed");
        member.child.wait().expect("it can be waited for");
    }

    /// Somebody who is awake is asked to leave, and does.
    pub(crate) fn let_one_go(&mut self, random: &mut Random) {
        let awake = self.indices(false);
        if awake.is_empty() {
            return;
        }
        let member = self.running.swap_remove(awake[random.index(awake.len())]);
        member.leave();
    }

    /// SIGSTOP for somebody who is awake.
    pub(crate) fn freeze_one(&mut self, random: &mut Random) {
        let awake = self.indices(false);
        if !awake.is_empty() {
            self.running[awake[random.index(awake.len())]].freeze(true);
        }
    }

    /// SIGCONT for somebody who is frozen.
    pub(crate) fn wake_one(&mut self, random: &mut Random) {
        let frozen = self.indices(true);
        if !frozen.is_empty() {
            self.running[frozen[random.index(frozen.len())]].freeze(false);
        }
    }

    pub(crate) fn wake_all(&mut self) {
        for member in self.running.iter_mut().filter(|member| member.is_frozen) {
            member.freeze(false);
        }
    }

    /// Nobody may have ended by itself.
    pub(crate) fn check(&mut self) {
        for member in &mut self.running {
            member.expect_alive();
        }
    }

    /// Everybody leaves.
    pub(crate) fn dismiss(&mut self) {
        for member in self.running.drain(..) {
            member.leave();
        }
    }

    /// What everybody did who ever was.
    pub(crate) fn events(&self) -> Vec<(String, Vec<Event>)> {
        let events = |name: &String| (name.clone(), journal::read(&self.journal(name)));
        self.names.iter().map(events).collect()
    }

    fn journal(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn indices(&self, frozen: bool) -> Vec<usize> {
        let all = self.running.iter().enumerate();
        all.filter(|(_, member)| member.is_frozen == frozen).map(|(index, _)| index).collect()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for member in &mut self.running {
            drop(member.child.kill());
            drop(member.child.wait());
        }
    }
}

impl Member {
    fn expect_alive(&mut self) {
        let ended = self.child.try_wait().expect("it can be looked at");
        assert!(ended.is_none(), "{} ended by itself: {ended:?}", self.name);
    }

    fn leave(mut self) {
        self.expect_alive();
        drop(self.input.take());
        let ended = self.child.wait().expect("it can be waited for");
        assert!(ended.success(), "{} did not leave well: {ended}", self.name);
    }

    fn freeze(&mut self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.expect("kill can be run").success(), "{signal} reaches {}", self.name);
        self.is_frozen = frozen;
    }
}
