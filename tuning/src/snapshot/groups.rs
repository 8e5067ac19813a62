//! The process's control group and those above it (version 2).

use std::path::Path;

use super::Snapshot;
use crate::answer::Blind;

/// What is wanted of each group.
const FILES: [&str; 3] = ["cpu.max", "cpu.stat", "io.max"];

/// Where groups of version 2 are mounted: alone, or beside those of version 1.
const ROOTS: [&str; 2] = ["sys/fs/cgroup", "sys/fs/cgroup/unified"];

/// The deepest group that is looked at.
const DEPTH_MAX: usize = 32;

/// The directories of a process's groups, its own first, as `proc/self/cgroup` names it.
fn directories(text: &str) -> Vec<String> {
    let Some(own) = text.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return Vec::new();
    };
    let groups = Path::new(own).ancestors().take(DEPTH_MAX).filter_map(Path::to_str);
    let groups = groups.flat_map(|group| {
        ROOTS.iter().map(move |root| match group {
            "" => (*root).to_owned(),
            group => format!("{root}/{group}"),
        })
    });
    groups.collect()
}

/// The files of a process's groups.
pub(super) fn files(text: &str) -> Vec<String> {
    let directories = directories(text).into_iter();
    directories
        .flat_map(|directory| FILES.iter().map(move |file| format!("{directory}/{file}")))
        .collect()
}

impl Snapshot {
    /// A file of the process's group and of those above, where it is there: path and text.
    pub(crate) fn group_files(&self, file: &str) -> Result<Vec<(String, &str)>, Blind> {
        let directories = directories(self.text("proc/self/cgroup")?);
        let mut found = Vec::new();
        for directory in &directories {
            let path = format!("{directory}/{file}");
            if let Some(text) = self.optional(&path)? {
                found.push((path, text));
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_above_is_looked_at() {
        let files = files("5:cpu:/x\n0::/a/b\n");
        assert_eq!(files.len(), 3 * 2 * 3);
        for wanted in ["sys/fs/cgroup/a/b/cpu.max", "sys/fs/cgroup/io.max"] {
            assert!(files.iter().any(|file| file == wanted), "{wanted}");
        }
        assert_eq!(super::files("5:cpu:/x\n"), [""; 0]);
    }
}
