//! A file system that is soon full: in memory, of a size of its own, in a mount namespace that
//! only those who enter it see.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The last bytes are taken by writing, since others take some meanwhile.
const LAST: u64 = 16 << 20;
/// How often most of the disk is asked for at once.
const ATTEMPTS: usize = 10;
const PIECE: usize = 64 << 10;

/// The file system; it goes when this is dropped and nobody is in it.
pub(crate) struct SmallDisk {
    /// Keeps the namespace, until its standard input ends.
    holder: Child,
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts it on a directory, which outside of the namespace stays empty.
    pub(crate) fn mount(at: &Path, mib: u32) -> Self {
        let script = "mount -t tmpfs -o size=\"$1\" tmpfs \"$2\" && echo mounted && exec cat";
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]);
        command.arg(format!("{mib}m")).arg(at).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut holder = command.spawn().expect("unshare (util-linux) can be run");
        let stdout = holder.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("it can be read");
        assert_eq!(line, "mounted\n", "tests may make user and mount namespaces here");
        Self { holder, at: at.to_owned() }
    }

    /// What a command begins with that is to be run in the namespace.
    pub(crate) fn entrance(&self) -> Vec<String> {
        let holder = self.holder.id().to_string();
        let words = ["nsenter", "--user", "--mount", "--preserve-credentials", "--target", &holder];
        words.map(str::to_owned).to_vec()
    }

    /// The mounted directory as it is seen from outside.
    pub(crate) fn path(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.at.strip_prefix("/").expect("an absolute path"))
    }

    /// Takes all the space that there is, most of it at once.
    pub(crate) fn fill(&self) {
        // Compaction writes meanwhile: what was free a moment ago may not be.
        let taken = (0..ATTEMPTS).any(|_| {
            let most = self.free().saturating_sub(LAST).to_string();
            let mut command = Command::new("fallocate");
            command.args(["--length", &most]).arg(self.ballast()).stderr(Stdio::null());
            command.status().expect("fallocate (util-linux) can be run").success()
        });
        assert!(taken, "most of the disk can be taken at once");
        let mut ballast = File::options().append(true).open(self.ballast()).expect("it is there");
        let piece = vec![7; PIECE];
        loop {
            match ballast.write(&piece) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("the disk can be filled: {error}"),
            }
        }
    }

    /// Bytes that are free.
    fn free(&self) -> u64 {
        let mut command = Command::new("stat");
        let output = command.args(["--file-system", "--format", "%a %S"]).arg(self.path()).output();
        let output = output.expect("stat (coreutils) can be run");
        let text = String::from_utf8(output.stdout).expect("it writes text");
        let (blocks, bytes) = text.trim().split_once(' ').expect("two numbers");
        blocks.parse::<u64>().expect("a count") * bytes.parse::<u64>().expect("a size")
    }

    /// Gives it back.
    pub(crate) fn relieve(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(self.holder.kill());
        drop(self.holder.wait());
    }
}
