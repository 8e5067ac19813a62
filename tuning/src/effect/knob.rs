//! Settings that can be changed and put back while a broker runs.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::check::Setting;
use crate::words::chosen;
use crate::{Given, Snapshot};

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knob {
    /// In which order the kernel hands requests to the disk.
    Scheduler,
    /// Whether requests that lie side by side are joined.
    NoMerges,
    /// From which latency on the kernel slows down writes in the background.
    WritebackThrottling,
    /// When the kernel uses huge pages unasked.
    HugePages,
}

/// A file, what it says, and what it is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Below the root, without a slash before.
    pub path: String,
    /// What to write to have things as they are.
    pub before: String,
    /// What to write to change them.
    pub after: String,
}

/// Why a setting can not be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KnobError {
    /// Its file can not be found out.
    #[error("{0}")]
    Blind(String),
    /// Its file is not there, or can not be read.
    #[error("/{path}: {reason}")]
    Unreadable {
        /// Below the root.
        path: String,
        /// What the kernel said.
        reason: String,
    },
    /// It is what it would be set to.
    #[error("/{path} is {value} already; give another value")]
    Same {
        /// Below the root.
        path: String,
        /// What it is.
        value: String,
    },
    /// The kernel does not offer that value.
    #[error("/{path} can not be {value}: the kernel offers {offered}")]
    NotOffered {
        /// Below the root.
        path: String,
        /// What was wanted.
        value: String,
        /// What there is.
        offered: String,
    },
}

impl Knob {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Scheduler, Self::NoMerges, Self::WritebackThrottling, Self::HugePages];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::NoMerges => "nomerges",
            Self::WritebackThrottling => "wbt_lat_usec",
            Self::HugePages => "thp",
        }
    }

    /// What it is set to unless another value is named: the first one that it is not.
    fn candidates(self) -> [&'static str; 2] {
        match self {
            Self::Scheduler => ["none", "mq-deadline"],
            Self::NoMerges => ["2", "0"],
            Self::WritebackThrottling => ["0", "75000"],
            Self::HugePages => ["never", "madvise"],
        }
    }

    /// Its files below `root`; those of disks are of the disks that hold `data`.
    fn paths(self, root: &Path, data: Option<&str>) -> Result<Vec<String>, KnobError> {
        let file = match self {
            Self::HugePages => {
                return Ok(vec!["sys/kernel/mm/transparent_hugepage/enabled".to_owned()]);
            }
            Self::Scheduler | Self::NoMerges | Self::WritebackThrottling => self.name(),
        };
        let given = Given { data: data.map(str::to_owned), ..Given::default() };
        let snapshot = Snapshot::capture(root, given);
        let disks = snapshot.disks().map_err(|blind| KnobError::Blind(blind.0))?;
        let none = || KnobError::Blind("no data directory was named (--data)".to_owned());
        let disks = disks.ok_or_else(none)?;
        Ok(disks.into_iter().map(|disk| format!("sys/block/{disk}/queue/{file}")).collect())
    }

    /// What would be written where. Reads the files below `root`.
    pub fn changes(
        self,
        root: &Path,
        data: Option<&str>,
        value: Option<&str>,
    ) -> Result<Vec<Change>, KnobError> {
        let paths = self.paths(root, data)?;
        paths.into_iter().map(|path| self.change(root, path, value)).collect()
    }

    fn change(self, root: &Path, path: String, value: Option<&str>) -> Result<Change, KnobError> {
        let text = fs::read_to_string(root.join(&path)).map_err(|error| KnobError::Unreadable {
            path: path.clone(),
            reason: error.to_string(),
        })?;
        let before = current(&text).to_owned();
        let offered = text.contains('[').then(|| text.replace(['[', ']'], "").trim().to_owned());
        let is_offered = |value: &str| {
            offered.as_ref().is_none_or(|all| all.split_whitespace().any(|one| one == value))
        };
        let mut others = self.candidates().into_iter();
        let other = || others.find(|other| *other != before && is_offered(other));
        let after = value.or_else(other).unwrap_or(&before).to_owned();
        if after == before {
            return Err(KnobError::Same { path, value: after });
        }
        if !is_offered(&after) {
            let offered = offered.unwrap_or_default();
            return Err(KnobError::NotOffered { path, value: after, offered });
        }
        Ok(Change { path, before, after })
    }
}

/// What a file says that may offer a choice among words.
pub(super) fn current(text: &str) -> &str {
    chosen(text).unwrap_or_else(|| text.trim())
}

impl Change {
    /// What to write for it.
    pub fn forward(&self) -> Setting {
        Setting { path: self.path.clone(), value: self.after.clone() }
    }

    /// What to write to put it back.
    pub fn back(&self) -> Setting {
        Setting { path: self.path.clone(), value: self.before.clone() }
    }
}

impl Setting {
    /// Whether the file of this text says so.
    pub fn is_in(&self, text: &str) -> bool {
        current(text) == self.value
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}: {} -> {}", self.path, self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let disk = [
            ("proc/self/mountinfo", "21 1 254:0 / / rw - ext4 /dev/vda rw\n"),
            ("sys/block/vda/dev", "254:0\n"),
        ];
        for (path, text) in disk.iter().chain(files) {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_change_goes_from_what_is_to_the_first_other_value() {
        let root = machine(&[
            ("sys/block/vda/queue/scheduler", "none [mq-deadline] kyber\n"),
            ("sys/block/vda/queue/nomerges", "2\n"),
            ("sys/block/vda/queue/wbt_lat_usec", "75000\n"),
            ("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n"),
        ]);
        for (knob, wanted) in [
            (Knob::Scheduler, "/sys/block/vda/queue/scheduler: mq-deadline -> none"),
            (Knob::NoMerges, "/sys/block/vda/queue/nomerges: 2 -> 0"),
            (Knob::WritebackThrottling, "/sys/block/vda/queue/wbt_lat_usec: 75000 -> 0"),
            (Knob::HugePages, "/sys/kernel/mm/transparent_hugepage/enabled: madvise -> never"),
        ] {
            let changes = knob.changes(root.path(), Some("/data"), None).unwrap();
            assert_eq!(changes.len(), 1);
            assert_eq!(changes[0].to_string(), wanted);
        }
        let kyber = Knob::Scheduler.changes(root.path(), Some("/data"), Some("kyber")).unwrap();
        assert_eq!(kyber[0].forward().value, "kyber");
        assert!(kyber[0].back().is_in("none [mq-deadline] kyber\n"));
        assert!(!kyber[0].forward().is_in("none [mq-deadline] kyber\n"));
    }

    #[test]
    fn what_can_not_be_changed_says_why() {
        let root = machine(&[("sys/block/vda/queue/scheduler", "[none] mq-deadline\n")]);
        let error = |knob: Knob, data, value| {
            knob.changes(root.path(), data, value).unwrap_err().to_string()
        };
        assert_eq!(
            error(Knob::Scheduler, Some("/data"), Some("bfq")),
            "/sys/block/vda/queue/scheduler can not be bfq: the kernel offers none mq-deadline"
        );
        let same = error(Knob::Scheduler, Some("/data"), Some("none"));
        assert!(same.ends_with("is none already; give another value"), "{same}");
        let missing = error(Knob::NoMerges, Some("/data"), None);
        assert!(missing.starts_with("/sys/block/vda/queue/nomerges: No such file"), "{missing}");
        assert!(error(Knob::NoMerges, None, None).contains("--data"));
        assert!(error(Knob::HugePages, None, None).contains("transparent_hugepage"));
    }
}
