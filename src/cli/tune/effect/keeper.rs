//! Who changes a setting, and sees to it that it is put back.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::DirectoryLock;
use tuning::Setting;
use tuning::effect::{Change, Knob, Side, Undo};

use crate::cli::failure::Failure;

/// Below the root; lost with a reboot, as the settings are.
const DIRECTORY: &str = "run/tidemill-effect";

/// What puts back what is changed.
const UNDO: &str = "undo.json";

/// The root's settings, for one at a time.
pub(super) struct Keeper {
    root: PathBuf,
    undo: PathBuf,
    /// Why nothing can be written down, and so nothing changed.
    lock: Result<DirectoryLock, Failure>,
}

impl Keeper {
    /// Keeps others away. One who may not write changes nothing, but may ask.
    pub(super) fn open(root: &Path) -> Result<Self, Failure> {
        let directory = root.join(DIRECTORY);
        let undo = directory.join(UNDO);
        let made = runtime::create_directory_all(&directory);
        let lock =
            made.and_then(|()| DirectoryLock::acquire(&directory.join("lock"), Duration::ZERO));
        let lock = match lock {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(Failure::new("another tidemill tune effect is at work"));
            }
            other => other.map_err(|error| {
                Failure::new(format_args!("{}: {error}", directory.display()))
                    .hint("what is changed is written down there first; it takes root, and a host")
            }),
        };
        Ok(Self { root: root.to_owned(), undo, lock })
    }

    /// Puts back what one that was killed left, and says so.
    pub(super) fn restore_left(&self) -> Result<Option<String>, Failure> {
        let text = match runtime::read_small_file(&self.undo) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            // Nobody who may not read it could put it back.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(None),
            Err(error) => {
                return Err(Failure::new(format_args!("{}: {error}", self.undo.display())));
            }
            Ok(text) => text,
        };
        let undo = Undo::from_json(&text).map_err(|error| {
            Failure::new(format_args!("{}: {error}", self.undo.display()))
                .hint("it says what to put back: do so by hand, and remove it")
        })?;
        if let Err(failure) = &self.lock {
            let what =
                format_args!("an earlier tune effect left {} changed", undo.knob).to_string();
            return Err(failure.clone().because_of(what));
        }
        let mut said = format!("put back what an earlier tune effect left, of {}:", undo.knob);
        for setting in undo.settings() {
            self.write(&setting)?;
            let Setting { path, value } = setting;
            said = format!("{said} /{path} is {value}");
        }
        self.forget()?;
        Ok(Some(said))
    }

    /// An error if nothing can be written down.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.lock.as_ref().map(drop).map_err(Failure::clone)
    }

    /// Writes down what puts the changes back. Nothing is changed before this.
    pub(super) fn begin(&self, knob: Knob, changes: &[Change]) -> Result<(), Failure> {
        self.check()?;
        let undo = Undo::of(knob.name(), changes).to_json();
        runtime::write_small_file_durably(&self.undo, &undo)
            .map_err(|error| Failure::new(format_args!("{}: {error}", self.undo.display())))
    }

    /// Sets everything as it was, or changed.
    pub(super) fn set(&self, changes: &[Change], side: Side) -> Result<(), Failure> {
        changes.iter().try_for_each(|change| {
            self.write(&match side {
                Side::Before => change.back(),
                Side::After => change.forward(),
            })
        })
    }

    /// Puts everything back, and forgets it once that is so.
    pub(super) fn end(&self) -> Result<(), Failure> {
        self.restore_left().map(drop)
    }

    fn forget(&self) -> Result<(), Failure> {
        runtime::remove_small_file_durably(&self.undo)
            .map_err(|error| Failure::new(format_args!("{}: {error}", self.undo.display())))
    }

    /// Writes a setting, if it is not so already, and looks whether it is so.
    fn write(&self, setting: &Setting) -> Result<(), Failure> {
        let file = self.root.join(&setting.path);
        let failed = |error: std::io::Error| {
            let what = format!("/{} can not be set to {}: {error}", setting.path, setting.value);
            Failure::new(what).hint(match error.kind() {
                ErrorKind::PermissionDenied => "it takes root, the machine's and no namespace's",
                ErrorKind::ReadOnlyFilesystem => "inside a container it is the host's to set",
                _ => "the kernel, or this device, does not take it",
            })
        };
        if setting.is_in(&runtime::read_small_file(&file).map_err(failed)?) {
            return Ok(());
        }
        runtime::overwrite_small_file(&file, &setting.value).map_err(failed)?;
        let text = runtime::read_small_file(&file).map_err(failed)?;
        if setting.is_in(&text) {
            return Ok(());
        }
        let Setting { path, value } = setting;
        Err(Failure::new(format_args!("/{path} was set to {value}, and says {}", text.trim())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "sys/block/vda/queue/nomerges";

    fn machine() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("sys/block/vda/queue")).unwrap();
        std::fs::write(root.path().join(FILE), "0\n").unwrap();
        root
    }

    fn value(root: &tempfile::TempDir) -> String {
        std::fs::read_to_string(root.path().join(FILE)).unwrap().trim().to_owned()
    }

    fn changes() -> Vec<Change> {
        let (before, after) = ("0".to_owned(), "2".to_owned());
        vec![Change { path: FILE.to_owned(), before, after }]
    }

    #[test]
    fn what_undoes_a_change_is_there_before_it_and_gone_after() {
        let root = machine();
        let keeper = Keeper::open(root.path()).unwrap();
        assert_eq!(keeper.restore_left(), Ok(None));
        keeper.begin(Knob::NoMerges, &changes()).unwrap();
        let undo = root.path().join("run/tidemill-effect/undo.json");
        assert_eq!((undo.exists(), value(&root)), (true, "0".to_owned()));
        keeper.set(&changes(), Side::After).unwrap();
        assert_eq!(value(&root), "2");
        keeper.set(&changes(), Side::Before).unwrap();
        keeper.set(&changes(), Side::After).unwrap();
        keeper.end().unwrap();
        assert_eq!((undo.exists(), value(&root)), (false, "0".to_owned()));
    }

    #[test]
    fn the_next_one_puts_back_and_says_so_and_there_is_one_at_a_time() {
        let root = machine();
        let killed = Keeper::open(root.path()).unwrap();
        killed.begin(Knob::NoMerges, &changes()).unwrap();
        killed.set(&changes(), Side::After).unwrap();
        let other = Keeper::open(root.path()).err().unwrap();
        assert!(other.to_string().contains("another tidemill tune effect"), "{other}");
        drop(killed);
        let next = Keeper::open(root.path()).unwrap();
        let said = next.restore_left().unwrap().unwrap();
        assert!(said.ends_with("of nomerges: /sys/block/vda/queue/nomerges is 0"), "{said}");
        assert_eq!(value(&root), "0");
        assert_eq!(next.restore_left(), Ok(None));
    }

    #[test]
    fn what_can_not_be_put_back_stays_written_down() {
        let root = machine();
        let keeper = Keeper::open(root.path()).unwrap();
        keeper.begin(Knob::NoMerges, &changes()).unwrap();
        std::fs::remove_file(root.path().join(FILE)).unwrap();
        let failure = keeper.end().unwrap_err().to_string();
        assert!(failure.contains("nomerges can not be set to 0"), "{failure}");
        let undo = root.path().join("run/tidemill-effect/undo.json");
        assert!(undo.exists());
        std::fs::write(&undo, "{").unwrap();
        let failure = keeper.end().unwrap_err().to_string();
        assert!(failure.contains("undo.json: not understood"), "{failure}");
    }
}
