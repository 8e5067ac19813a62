//! The scripts of a system in `bench/rivals`, and what they print.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::plan::Level;
use crate::error::{BenchError, io_error};
use crate::report::read;

/// Where the scripts of all systems are.
#[derive(Clone, Debug)]
pub(crate) struct Scripts(pub(crate) PathBuf);

/// A server that was started; it is ended when this goes.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) said: Said,
    stop: PathBuf,
    directory: PathBuf,
}

/// What `start` printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The client of `run` that it is for.
    pub(crate) client: String,
    pub(crate) address: String,
    pub(crate) pid: String,
    /// What makes the level, in its own words.
    pub(crate) settings: String,
}

/// What a server has to have before its first client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Topic<'a> {
    pub(crate) name: &'a str,
    pub(crate) partitions: u32,
}

impl Scripts {
    /// Why a system can not be had here; `None` if it can.
    pub(crate) fn missing(&self, system: &str) -> Option<String> {
        let why = std::fs::read_to_string(self.0.join(system).join("missing")).ok()?;
        Some(why.trim().to_owned())
    }

    /// Installs a system.
    pub(crate) fn install(&self, system: &str) -> Result<(), BenchError> {
        self.script(system, "install", &mut |command| command).map(drop)
    }

    /// Its name and version, as a table has them.
    pub(crate) fn version(&self, system: &str) -> Result<String, BenchError> {
        let text = self.script(system, "version", &mut |command| command)?;
        Ok(text.trim().to_owned())
    }

    /// Starts it at a level on a directory that must not exist, with all its threads on one core.
    pub(crate) fn start(
        &self,
        system: &str,
        level: Level,
        directory: &Path,
        core: usize,
        topic: Topic<'_>,
    ) -> Result<Server, BenchError> {
        let text = self.script(system, "start", &mut |command| {
            command.arg(level.name()).arg(directory).arg(core.to_string());
            command.env("RIVALS_TOPIC", topic.name);
            command.env("RIVALS_PARTITIONS", topic.partitions.to_string())
        })?;
        let directory = directory.to_owned();
        let stop = self.0.join(system).join("stop");
        let said =
            said(&text).ok_or(BenchError::Nothing("`start` does not say what it started"))?;
        Ok(Server { said, stop, directory })
    }

    fn script(
        &self,
        system: &str,
        name: &str,
        with: &mut dyn FnMut(&mut Command) -> &mut Command,
    ) -> Result<String, BenchError> {
        let file = self.0.join(system).join(name);
        let mut command = Command::new(&file);
        with(&mut command).stdin(Stdio::null()).stderr(Stdio::inherit());
        let output = command.output().map_err(io_error("run a script of a rival"))?;
        if !output.status.success() {
            let what = format!("ended with {}", output.status);
            return Err(BenchError::File { file, what });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = Command::new(&self.stop).arg(&self.directory).status();
        if !ended.is_ok_and(|status| status.success()) {
            eprintln!(
                "tidemill-bench: {} {} failed",
                self.stop.display(),
                self.directory.display()
            );
        }
        // What is left is the next run's to complain about: it wants an empty directory.
        std::fs::remove_dir_all(&self.directory).unwrap_or_default();
    }
}

fn said(text: &str) -> Option<Said> {
    let lines: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let of = |key: &str| lines.get(key).map(|value| (*value).to_owned());
    Some(Said {
        client: of("client")?,
        address: of("address")?,
        pid: of("pid")?,
        settings: of("settings")?,
    })
}

/// A file that a step left, as JSON.
pub(crate) fn json(file: &Path) -> Result<serde_json::Value, BenchError> {
    let text = read(file)?;
    serde_json::from_str(&text)
        .map_err(|error| BenchError::File { file: file.to_owned(), what: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_start_script_prints_is_read() {
        let text = "client=kafka\naddress=127.0.0.1:1\npid=7\nsettings=a=b, c\n";
        let server = said(text).unwrap();
        assert_eq!((server.client.as_str(), server.pid.as_str()), ("kafka", "7"));
        assert_eq!((server.address.as_str(), server.settings.as_str()), ("127.0.0.1:1", "a=b, c"));
        assert_eq!(said("address=127.0.0.1:1\n"), None);
    }

    #[test]
    fn every_rival_has_its_scripts_or_a_reason() {
        let scripts = Scripts(Path::new(env!("CARGO_MANIFEST_DIR")).join("rivals"));
        for system in super::super::SYSTEMS {
            let all = ["install", "start", "stop", "version"];
            let there = all.iter().all(|name| scripts.0.join(system).join(name).is_file());
            assert!(there != scripts.missing(system).is_some(), "{system}");
        }
    }
}
