//! From the data directory to its mount, its partition and the disks below.

use std::collections::BTreeSet;

use super::Snapshot;
use crate::answer::Blind;

/// How many layers of volumes (LVM, RAID, encryption) may lie on each other.
const LAYERS_MAX: usize = 8;

/// The most disks below one file system.
const DISKS_MAX: usize = 64;

/// A line of `proc/self/mountinfo`, see proc(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount<'a> {
    /// Its device, `8:1`.
    pub(crate) device: &'a str,
    /// Where it is.
    pub(crate) point: String,
    /// The file system: `ext4`.
    pub(crate) kind: &'a str,
    /// What is mounted: `/dev/sda1`.
    pub(crate) source: &'a str,
    /// Options of the mount and of the file system.
    pub(crate) options: Vec<&'a str>,
}

/// A block device that holds the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition<'a> {
    pub(crate) disk: &'a str,
    /// `None` if the file system has the whole disk.
    pub(crate) name: Option<&'a str>,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (place, system) = line.split_once(" - ")?;
        let mut place = place.split(' ').skip(2);
        let device = place.next()?;
        let point = unescaped(place.nth(1)?);
        let options = place.next()?;
        let mut system = system.split(' ');
        let (kind, source) = (system.next()?, system.next()?);
        let options = options.split(',').chain(system.next().unwrap_or_default().split(','));
        Some(Self { device, point, kind, source, options: options.collect() })
    }

    fn holds(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.point.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Spaces and the like are written as three octal digits.
fn unescaped(text: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

impl Snapshot {
    /// The mount of the data directory; `None` if none was named.
    pub(crate) fn mount(&self) -> Result<Option<Mount<'_>>, Blind> {
        let Some(data) = self.given.data.as_deref() else { return Ok(None) };
        let lines = self.text("proc/self/mountinfo")?.lines();
        let mounts = lines.filter_map(Mount::parse).filter(|mount| mount.holds(data));
        // Of two at the same place the later one is seen.
        let mount = mounts.max_by_key(|mount| mount.point.len());
        mount.map(Some).ok_or_else(|| Blind::because("nothing is mounted above the data directory"))
    }

    /// The block device of the data directory.
    pub(crate) fn partition(&self) -> Result<Option<Partition<'_>>, Blind> {
        let Some(mount) = self.mount()? else { return Ok(None) };
        // Such as btrfs shows a device that is none; what is mounted names one of its disks.
        let is_hidden = mount.device.starts_with("0:");
        let name = mount.source.strip_prefix("/dev/").filter(|_| is_hidden).unwrap_or_default();
        for disk in self.names("sys/block")? {
            let is_it = |path: String, found: &str| {
                let device = self.optional(&path).ok().flatten();
                device == Some(mount.device) || device.is_some() && found == name
            };
            if is_it(format!("sys/block/{disk}/dev"), disk) {
                return Ok(Some(Partition { disk, name: None }));
            }
            let mut parts = self.names(&format!("sys/block/{disk}"))?.iter();
            let part = parts.find(|part| is_it(format!("sys/block/{disk}/{part}/dev"), part));
            if let Some(part) = part {
                return Ok(Some(Partition { disk, name: Some(part) }));
            }
        }
        let Mount { kind, source, .. } = mount;
        Err(Blind::because(format_args!("{source} ({kind}) is no block device that can be seen")))
    }

    /// The disks that hold the data directory, below all volumes; `None` if none was named.
    pub(crate) fn disks(&self) -> Result<Option<BTreeSet<&str>>, Blind> {
        let Some(partition) = self.partition()? else { return Ok(None) };
        let mut level = BTreeSet::from([partition.disk]);
        for _ in 0..LAYERS_MAX {
            let mut below = BTreeSet::new();
            let mut is_whole = true;
            for disk in &level {
                let slaves = self.names(&format!("sys/block/{disk}/slaves"))?;
                if slaves.is_empty() {
                    below.insert(*disk);
                }
                for slave in slaves {
                    is_whole = false;
                    below.insert(self.disk_of(slave)?);
                }
            }
            if below.len() > DISKS_MAX {
                break;
            }
            if is_whole {
                return Ok(Some(below));
            }
            level = below;
        }
        Err(Blind::because("the data directory lies on too many volumes"))
    }

    /// The disk that a device is, or is a part of.
    fn disk_of(&self, name: &str) -> Result<&str, Blind> {
        for disk in self.names("sys/block")? {
            let is_part = || self.optional(&format!("sys/block/{disk}/{name}/dev"));
            if disk == name || is_part()?.is_some() {
                return Ok(disk);
            }
        }
        Err(Blind::because(format_args!("there is no disk of {name}")))
    }
}
