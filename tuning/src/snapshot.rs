//! A machine as files: what was asked for, what was there, and what could not be read.
//!
//! Checks are pure functions of a snapshot, so one taken on one machine is judged the same on any
//! other. It knows nothing of what a file means: paths from the root, without a slash before, each
//! with its text, with the names in it if it is a directory, or with the reason why it could not
//! be read. What was asked for and is not among them was not there; so a new check needs another
//! row in `snapshot/patterns.rs`, and no change of the format.
//!
//! Everything is bounded, in taking a snapshot and in reading one back: a snapshot may come from a
//! stranger.

mod capture;
mod disk;
mod groups;
mod patterns;
mod store;

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::CpuList;
use crate::answer::Blind;

pub use store::SnapshotError;

/// The one version of the format there is.
const VERSION: u32 = 1;

/// The most files and directories of a snapshot.
const ENTRIES_MAX: usize = 65_536;

/// The most bytes kept of one file; what is longer is cut at the end of a line.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// The most names kept of one directory.
const NAMES_MAX: usize = 16_384;

/// The most bytes of all paths, texts and names together.
const TOTAL_BYTES_MAX: usize = 32 << 20;

/// The names of all processes, each once, stand under this path.
const PROCESSES: &str = "proc/#/comm";

/// What no file says: what the question is about, and what only a system call shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Given {
    /// The data directory, from the root.
    pub data: Option<String>,
    /// Free bytes of its file system.
    pub free_bytes: Option<u64>,
    /// All bytes of its file system.
    pub total_bytes: Option<u64>,
    /// The cores for shards, as the kernel writes them: `0,2-5`.
    pub cores: Option<String>,
    /// The network device that clients come through.
    pub nic: Option<String>,
}

/// One reading of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    version: u32,
    /// What the checks are to be about; whoever asks may change it.
    pub given: Given,
    /// Patterns of the paths that were looked for.
    asked: Vec<String>,
    /// Whether something was left out because there was too much.
    full: bool,
    entries: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    /// A file's text.
    Text(String),
    /// The names in a directory, sorted.
    Names(Vec<String>),
    /// It is there, and could not be read.
    Missing(Missing),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// For want of permission.
    Denied,
    /// For another reason; many settings can not be read while their device is down.
    Unreadable,
}

impl Snapshot {
    /// A file's text without the white space around it.
    pub(crate) fn text(&self, path: &str) -> Result<&str, Blind> {
        match self.entries.get(path) {
            Some(Entry::Text(text)) => Ok(text.trim()),
            Some(Entry::Names(_)) => Err(Blind::because(format_args!("{path} is a directory"))),
            Some(Entry::Missing(missing)) => Err(missing.of(path)),
            None => Err(self.absent(path, patterns::covers(&self.asked, path))),
        }
    }

    /// The same; `None` if it was looked for and is not there.
    pub(crate) fn optional(&self, path: &str) -> Result<Option<&str>, Blind> {
        let is_there = self.entries.contains_key(path);
        if !is_there && !self.full && patterns::covers(&self.asked, path) {
            return Ok(None);
        }
        self.text(path).map(Some)
    }

    /// The number in a file.
    pub(crate) fn number<T: FromStr>(&self, path: &str) -> Result<T, Blind> {
        let text = self.text(path)?;
        text.parse().map_err(|_| {
            // A stranger's text may be long.
            let text: String = text.chars().take(40).collect();
            Blind::because(format_args!("{path} is not understood: {text}"))
        })
    }

    /// A list of CPUs in a file.
    pub(crate) fn cpus(&self, path: &str) -> Result<CpuList, Blind> {
        CpuList::parse(self.text(path)?)
            .ok_or_else(|| Blind::because(format_args!("{path} is no list of CPUs")))
    }

    /// The names in a directory; none if it was looked for and is not there.
    pub(crate) fn names(&self, path: &str) -> Result<&[String], Blind> {
        match self.entries.get(path) {
            Some(Entry::Names(names)) => Ok(names),
            Some(Entry::Text(_)) => Err(Blind::because(format_args!("{path} is no directory"))),
            Some(Entry::Missing(missing)) => Err(missing.of(path)),
            None if !self.full && patterns::lists(&self.asked, path) => Ok(&[]),
            None => Err(self.absent(path, patterns::lists(&self.asked, path))),
        }
    }

    fn absent(&self, path: &str, was_asked: bool) -> Blind {
        Blind::because(match (was_asked, self.full) {
            (true, false) => format!("{path} is not there"),
            (true, true) => format!("{path} is not in the snapshot, which is full"),
            (false, _) => format!("{path} is not in the snapshot"),
        })
    }

    /// The CPUs that run.
    pub(crate) fn online(&self) -> Result<CpuList, Blind> {
        self.cpus("sys/devices/system/cpu/online")
    }

    /// The cores for shards, if they were named.
    pub(crate) fn chosen(&self) -> Result<Option<CpuList>, Blind> {
        let Some(text) = &self.given.cores else { return Ok(None) };
        let list = CpuList::parse(text).filter(|list| !list.is_empty());
        list.map(Some).ok_or_else(|| Blind::because("the chosen cores are no list of CPUs"))
    }

    /// A limit of the process, soft and hard, [`u64::MAX`] if there is none: `Max open files`.
    pub(crate) fn limit(&self, name: &str) -> Result<Option<(u64, u64)>, Blind> {
        let lines = self.text("proc/self/limits")?.lines();
        let limits = lines.filter_map(|line| line.strip_prefix(name)).map(str::split_whitespace);
        let number = |word: Option<&str>| match word? {
            "unlimited" => Some(u64::MAX),
            word => word.parse().ok(),
        };
        let mut limits = limits.filter_map(|mut words| {
            let soft = number(words.next())?;
            number(words.next()).map(|hard| (soft, hard))
        });
        Ok(limits.next())
    }

    /// Whether the CPUs are lent by a hypervisor.
    pub(crate) fn is_virtual(&self) -> Result<bool, Blind> {
        if self.optional("sys/hypervisor/type")?.is_some() {
            return Ok(true);
        }
        // ARM has no such flag; its guests are told by the firmware's tables.
        let flags = crate::words::value(self.text("proc/cpuinfo")?, "flags").unwrap_or_default();
        let vendor = self.optional("sys/class/dmi/id/sys_vendor")?.unwrap_or_default();
        let product = self.optional("sys/class/dmi/id/product_name")?.unwrap_or_default();
        let names = ["QEMU", "KVM", "VMware", "VirtualBox", "Virtual Machine", "Firecracker"];
        let is_named = names.iter().any(|name| vendor.contains(name) || product.contains(name));
        Ok(flags.split(' ').any(|flag| flag == "hypervisor") || is_named)
    }

    /// Whether a process of this name runs.
    pub(crate) fn runs(&self, name: &str) -> Result<bool, Blind> {
        // The kernel keeps 15 bytes of a name.
        let name = name.get(..15).unwrap_or(name);
        let names = self.names(PROCESSES)?;
        if names.iter().any(|found| found == name) {
            return Ok(true);
        }
        match self.sees_all_processes() {
            Some(true) => Ok(false),
            Some(false) => {
                Err(Blind::because("inside a container only its own processes are seen"))
            }
            None => Err(Blind::because("no process can be seen")),
        }
    }

    /// Whether the processes are those of the whole machine, if any were seen: the kernel's own
    /// threads live in the first namespace only.
    fn sees_all_processes(&self) -> Option<bool> {
        let names = self.names(PROCESSES).ok().filter(|names| !names.is_empty())?;
        Some(names.iter().any(|name| name == "kthreadd"))
    }

    /// What says that this was taken inside a container, which hides part of the machine. A whole
    /// machine may have been made from a container's image, with the marks of one.
    pub fn container(&self) -> Option<&'static str> {
        let is_there = |path| self.entries.contains_key(path);
        match self.sees_all_processes() {
            Some(true) => None,
            _ if is_there(".dockerenv") => Some("there is a /.dockerenv"),
            _ if is_there("run/.containerenv") => Some("there is a /run/.containerenv"),
            _ if is_there("run/systemd/container") => Some("there is a /run/systemd/container"),
            Some(false) => Some("the kernel's threads can not be seen"),
            None => None,
        }
    }

    /// The device that clients come through, if it was named and is there.
    pub(crate) fn nic(&self) -> Result<Option<&str>, Blind> {
        let Some(nic) = self.given.nic.as_deref() else { return Ok(None) };
        if self.names("sys/class/net")?.iter().any(|name| name == nic) {
            return Ok(Some(nic));
        }
        Err(Blind::because(format_args!("there is no network device {nic:?}")))
    }
}

impl Missing {
    fn of(self, path: &str) -> Blind {
        Blind::because(match self {
            Self::Denied => format!("{path} may not be read"),
            Self::Unreadable => format!("{path} can not be read"),
        })
    }
}

#[cfg(test)]
impl Snapshot {
    /// A made-up machine of these files. A text `denied` is one that may not be read; `given/` are
    /// the facts that no file says; a path that ends in a slash is a directory with a name a line;
    /// every directory above lists what is in it; `proc/#/comm` has the processes, a line each.
    pub(crate) fn of_files(files: &[(&str, &str)]) -> Self {
        let mut snapshot = Self::empty(Given::default());
        let groups = files.iter().find(|(path, _)| *path == "proc/self/cgroup");
        snapshot.asked.extend(groups::files(groups.map_or("", |(_, text)| *text)));
        for (path, text) in files {
            if let Some(name) = path.strip_prefix("given/") {
                snapshot.give(name, text);
                continue;
            }
            if let Some(directory) = path.strip_suffix('/') {
                assert!(patterns::lists(&snapshot.asked, directory), "{path} is never listed");
                text.lines().for_each(|name| snapshot.list_above(&format!("{path}{name}")));
                snapshot.list_above(directory);
                continue;
            }
            let entry = match *text {
                "denied" => Entry::Missing(Missing::Denied),
                text if *path == PROCESSES => {
                    Entry::Names(text.lines().map(str::to_owned).collect())
                }
                text => Entry::Text(format!("{text}\n")),
            };
            assert!(patterns::covers(&snapshot.asked, path), "{path} is never looked for");
            snapshot.entries.insert((*path).to_owned(), entry);
            snapshot.list_above(path);
        }
        snapshot
    }

    /// Makes every directory above a path list it.
    fn list_above(&mut self, path: &str) {
        let mut below = path;
        while let Some((directory, name)) = below.rsplit_once('/') {
            self.list(directory, name);
            below = directory;
        }
    }

    fn give(&mut self, name: &str, text: &str) {
        let given = &mut self.given;
        match name {
            "data" => given.data = Some(text.to_owned()),
            "cores" => given.cores = Some(text.to_owned()),
            "nic" => given.nic = Some(text.to_owned()),
            "free" => given.free_bytes = Some(text.parse().expect("bytes")),
            "total" => given.total_bytes = Some(text.parse().expect("bytes")),
            other => panic!("nothing is called {other}"),
        }
    }

    fn list(&mut self, directory: &str, name: &str) {
        let entry = self.entries.entry(directory.to_owned());
        if let Entry::Names(names) = entry.or_insert_with(|| Entry::Names(Vec::new()))
            && !names.iter().any(|found| found == name)
        {
            names.push(name.to_owned());
            names.sort();
        }
    }
}

#[cfg(test)]
mod tests;
