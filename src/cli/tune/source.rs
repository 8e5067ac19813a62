//! What is looked at: a machine or a snapshot of one, and what the question is about.

use std::path::{Path, PathBuf};

use tuning::{CpuList, Given, Profile, Snapshot};

use crate::cli::failure::Failure;

/// What the checks are about.
#[derive(clap::Args, Debug)]
pub(super) struct Aim {
    /// The cores that the shards are to run on, such as 2-5; some checks need them
    #[arg(long, value_name = "LIST", value_parser = cores)]
    cores: Option<String>,
    /// The data directory; the checks of disks need it
    #[arg(long, value_name = "DIR", env = "TIDEMILL_DATA_DIR")]
    data: Option<PathBuf>,
    /// The network device that clients come through, such as eth0; some checks need it
    #[arg(long, value_name = "NAME")]
    nic: Option<String>,
}

/// A machine to look at, for a purpose.
#[derive(clap::Args, Debug)]
pub(super) struct Source {
    /// What the machine is for: short tails, many records, or others too
    #[arg(long, default_value = "latency", value_parser = profile, value_name = PROFILES)]
    profile: Profile,
    #[command(flatten)]
    aim: Aim,
    /// Look at a snapshot, instead of this machine
    #[arg(long, value_name = "FILE", conflicts_with = "root")]
    snapshot: Option<PathBuf>,
    /// Where `proc`, `sys` and `etc` are
    #[arg(long, value_name = "DIR", default_value = "/")]
    root: PathBuf,
}

const PROFILES: &str = "latency|throughput|shared";

fn profile(name: &str) -> Result<Profile, String> {
    let profile = Profile::ALL.into_iter().find(|profile| profile.to_string() == name);
    profile.ok_or_else(|| format!("not one of {PROFILES}"))
}

pub(super) fn cores(list: &str) -> Result<String, String> {
    let cores = CpuList::parse(list).filter(|cores| !cores.is_empty());
    cores.map(|cores| cores.to_string()).ok_or_else(|| "not a list of cores such as 0,2-5".into())
}

impl Aim {
    /// Reads a machine.
    pub(super) fn capture(&self, root: &Path) -> Result<Snapshot, Failure> {
        // Another root's file systems are not those of the paths in it.
        let is_here = root == Path::new("/");
        let volume = self.data.as_deref().filter(|_| is_here).and_then(nearest_volume);
        let given = Given {
            data: self.data()?,
            free_bytes: volume.map(|volume| volume.free_bytes),
            total_bytes: volume.map(|volume| volume.total_bytes),
            cores: self.cores.clone(),
            nic: self.nic.clone(),
        };
        Ok(Snapshot::capture(root, given))
    }

    fn data(&self) -> Result<Option<String>, Failure> {
        let Some(data) = &self.data else { return Ok(None) };
        let path = runtime::absolute_path(data)
            .map_err(|error| Failure::usage(format_args!("{}: {error}", data.display())))?;
        Ok(Some(path.to_string_lossy().into_owned()))
    }

    /// Makes a snapshot be about this, where it says something.
    fn apply(&self, given: &mut Given) -> Result<(), Failure> {
        if let Some(data) = self.data()?
            && given.data.as_ref() != Some(&data)
        {
            // How much is free was asked for another directory.
            let Given { cores, nic, .. } = std::mem::take(given);
            *given = Given { data: Some(data), cores, nic, ..Given::default() };
        }
        given.cores = self.cores.clone().or(given.cores.take());
        given.nic = self.nic.clone().or(given.nic.take());
        Ok(())
    }
}

impl Source {
    /// What the machine is for.
    pub(super) fn profile(&self) -> Profile {
        self.profile
    }

    /// Reads the machine, or its snapshot.
    pub(super) fn read(&self) -> Result<Snapshot, Failure> {
        let Some(file) = &self.snapshot else { return self.aim.capture(&self.root) };
        let snapshot = Snapshot::load(file);
        let mut snapshot =
            snapshot.map_err(|error| Failure::new(format_args!("{}: {error}", file.display())))?;
        self.aim.apply(&mut snapshot.given)?;
        Ok(snapshot)
    }
}

/// The file system of a directory, or of the nearest one above it that exists.
fn nearest_volume(data: &Path) -> Option<runtime::Volume> {
    let data = runtime::absolute_path(data).ok()?;
    data.ancestors().find_map(|above| runtime::volume(above).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_and_cores_are_read() {
        assert_eq!(profile("shared"), Ok(Profile::Shared));
        assert_eq!(profile("fast"), Err("not one of latency|throughput|shared".to_owned()));
        assert_eq!(cores("3,0-1"), Ok("0-1,3".to_owned()));
        assert!(cores("").is_err() && cores("all").is_err());
    }

    #[test]
    fn what_is_asked_wins_over_what_the_snapshot_was_about() {
        let aim = Aim { cores: Some("2".to_owned()), data: Some("/b".into()), nic: None };
        let mut given = Given {
            data: Some("/a".to_owned()),
            free_bytes: Some(1),
            total_bytes: Some(2),
            cores: Some("1".to_owned()),
            nic: Some("eth0".to_owned()),
        };
        aim.apply(&mut given).expect("the path is fine");
        let wanted = Given {
            data: Some("/b".to_owned()),
            cores: Some("2".to_owned()),
            nic: Some("eth0".to_owned()),
            ..Given::default()
        };
        assert_eq!(given, wanted);
    }
}
