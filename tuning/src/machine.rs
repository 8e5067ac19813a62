//! What the machine says of itself, read from `/proc` and `/sys`.
//!
//! Every fact is optional: a file may be missing (a container, an older kernel, no such hardware),
//! unreadable or not what we know, and all three are "not known", never an error. Nothing is
//! guessed instead. A fact is what it was when it was read.

use std::fs;
use std::path::Path;

use crate::words::{chosen, value};
use crate::{CpuList, KernelRelease};

/// One reading of a machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// The running kernel's release.
    pub kernel: Option<KernelRelease>,
    /// The first CPU's model, as its maker calls it.
    pub cpu_model: Option<String>,
    /// Whether the CPUs are lent by a hypervisor; x86 only.
    pub virtualized: Option<bool>,
    /// CPUs that run.
    pub cpus_online: Option<CpuList>,
    /// CPUs that the scheduler keeps free (`isolcpus=`); empty if there are none.
    pub cpus_isolated: Option<CpuList>,
    /// What governs the frequency of each online CPU, in order; a CPU without one is left out, as
    /// all of them are in most virtual machines.
    pub governors: Vec<(u32, String)>,
    /// Where the kernel reads the time from.
    pub clocksource: Option<String>,
    /// Main memory.
    pub memory: Option<Memory>,
    /// When the kernel uses huge pages unasked: `always`, `madvise` or `never`.
    pub transparent_huge_pages: Option<String>,
    /// How readily memory is swapped out, 0 to 200.
    pub swappiness: Option<u32>,
    /// Who may use `io_uring`.
    pub io_uring: Option<IoUring>,
}

/// Main memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// All that the kernel has.
    pub total_bytes: u64,
    /// What could be taken without swapping.
    pub available_bytes: u64,
    /// Swap space, used or not.
    pub swap_bytes: u64,
    /// What this process's control group may have, if that is limited (version 2, `memory.max`).
    pub limit_bytes: Option<u64>,
}

/// The setting `kernel.io_uring_disabled`, which came with Linux 6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IoUring {
    /// 0: everybody may.
    Enabled,
    /// 1: with `CAP_SYS_ADMIN`, or in this group (`kernel.io_uring_group`), if one is set.
    Restricted {
        /// The group's id.
        group: Option<u32>,
    },
    /// 2: nobody may.
    Disabled,
}

impl Machine {
    /// Reads the machine whose `proc` and `sys` are under `root`: `/` for this one.
    pub fn read(root: &Path) -> Self {
        let cpus_online = list(root, "sys/devices/system/cpu/online");
        let governors = cpus_online.iter().flat_map(CpuList::iter).filter_map(|cpu| {
            let file = format!("sys/devices/system/cpu/cpu{cpu}/cpufreq/scaling_governor");
            text(root, &file).map(|governor| (cpu, governor))
        });
        let cpu_info = text(root, "proc/cpuinfo").unwrap_or_default();
        Self {
            kernel: text(root, "proc/sys/kernel/osrelease")
                .and_then(|release| KernelRelease::parse(&release)),
            cpu_model: value(&cpu_info, "model name").map(str::to_owned),
            virtualized: value(&cpu_info, "flags")
                .map(|flags| flags.split(' ').any(|flag| flag == "hypervisor")),
            governors: governors.collect(),
            cpus_online,
            cpus_isolated: list(root, "sys/devices/system/cpu/isolated"),
            clocksource: text(
                root,
                "sys/devices/system/clocksource/clocksource0/current_clocksource",
            ),
            memory: Memory::read(root),
            transparent_huge_pages: text(root, "sys/kernel/mm/transparent_hugepage/enabled")
                .and_then(|choices| chosen(&choices).map(str::to_owned)),
            swappiness: text(root, "proc/sys/vm/swappiness").and_then(|text| text.parse().ok()),
            io_uring: IoUring::read(root),
        }
    }

    /// Every fact with its name, in the order to be shown: for a report, not for deciding.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let memory = |bytes: fn(Memory) -> u64| known(self.memory.map(|memory| mib(bytes(memory))));
        vec![
            ("kernel", known(self.kernel.as_ref())),
            ("cpu model", known(self.cpu_model.as_ref())),
            ("virtualized", known(self.virtualized.map(|is| if is { "yes" } else { "no" }))),
            ("cpus online", known(self.cpus_online.as_ref())),
            ("cpus isolated", known(self.cpus_isolated.as_ref())),
            ("cpu governor", self.governors_in_words()),
            ("clocksource", known(self.clocksource.as_ref())),
            ("memory total", memory(|memory| memory.total_bytes)),
            ("memory available", memory(|memory| memory.available_bytes)),
            ("memory usable", memory(|memory| memory.usable_bytes())),
            ("swap", memory(|memory| memory.swap_bytes)),
            ("transparent huge pages", known(self.transparent_huge_pages.as_ref())),
            ("swappiness", known(self.swappiness)),
            ("io_uring", known(self.io_uring.map(IoUring::in_words))),
        ]
    }

    /// The governors, each with the CPUs that it governs: `performance (0-3), powersave (4)`.
    fn governors_in_words(&self) -> String {
        let words: Vec<_> =
            self.governors.iter().map(|(cpu, governor)| (*cpu, governor.as_str())).collect();
        known(Some(CpuList::grouped(&words)).filter(|groups| !groups.is_empty()))
    }
}

impl Memory {
    /// What a process of this control group can have at most.
    pub fn usable_bytes(&self) -> u64 {
        self.limit_bytes.map_or(self.total_bytes, |limit| limit.min(self.total_bytes))
    }

    fn read(root: &Path) -> Option<Self> {
        let limit_bytes = group_limit(root);
        text(root, "proc/meminfo").and_then(|info| Self::parse(&info, limit_bytes))
    }

    fn parse(info: &str, limit_bytes: Option<u64>) -> Option<Self> {
        let bytes = |key| {
            let kib: u64 = value(info, key)?.strip_suffix(" kB")?.trim().parse().ok()?;
            kib.checked_mul(1024)
        };
        Some(Self {
            total_bytes: bytes("MemTotal")?,
            available_bytes: bytes("MemAvailable")?,
            swap_bytes: bytes("SwapTotal")?,
            limit_bytes,
        })
    }
}

impl IoUring {
    fn read(root: &Path) -> Option<Self> {
        let disabled = text(root, "proc/sys/kernel/io_uring_disabled")?;
        Self::parse(&disabled, text(root, "proc/sys/kernel/io_uring_group").as_deref())
    }

    /// Reads the two settings, `kernel.io_uring_disabled` and `kernel.io_uring_group`.
    pub(crate) fn parse(disabled: &str, group: Option<&str>) -> Option<Self> {
        match disabled {
            "0" => Some(Self::Enabled),
            // -1 stands for no group.
            "1" => Some(Self::Restricted { group: group.and_then(|group| group.parse().ok()) }),
            "2" => Some(Self::Disabled),
            _ => None,
        }
    }

    /// The setting for people.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Enabled => "enabled".to_owned(),
            Self::Restricted { group: None } => "for CAP_SYS_ADMIN only".to_owned(),
            Self::Restricted { group: Some(group) } => {
                format!("for CAP_SYS_ADMIN and group {group} only")
            }
            Self::Disabled => "disabled".to_owned(),
        }
    }
}

/// A fact, or that there is none.
fn known(fact: Option<impl ToString>) -> String {
    fact.map_or_else(|| "not known".to_owned(), |fact| fact.to_string())
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// The lowest `memory.max` from this process's control group up to the root.
fn group_limit(root: &Path) -> Option<u64> {
    let groups = text(root, "proc/self/cgroup")?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let mounted = Path::new("sys/fs/cgroup");
    let limits = Path::new(own).ancestors().filter_map(|group| {
        let file = mounted.join(group).join("memory.max");
        text(root, file.to_str()?)?.parse::<u64>().ok()
    });
    limits.min()
}

/// A file's text without the white space around it.
fn text(root: &Path, file: &str) -> Option<String> {
    let text = fs::read_to_string(root.join(file)).ok()?;
    Some(text.trim().to_owned())
}

fn list(root: &Path, file: &str) -> Option<CpuList> {
    CpuList::parse(&text(root, file)?)
}

#[cfg(test)]
mod tests;
