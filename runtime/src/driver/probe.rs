//! What this kernel offers, asked once at start, and refusals put into words.

use std::io;

use io_uring::{IoUring, Probe, opcode};

use crate::error::StartError;

/// The oldest kernel with multishot receive, provided buffer rings and deferred task work.
const KERNEL_MIN: (u32, u32) = (6, 1);

/// What the ring of this kernel can do beyond the required minimum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingFeatures {
    /// The kernel's release, as `uname -r` prints it.
    pub kernel: String,
    /// Files can be cut by the ring (6.9); otherwise by a plain call.
    pub truncate: bool,
}

impl RingFeatures {
    /// Names of all features in use, for the start-up screen.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names = vec![
            "single_issuer",
            "defer_taskrun",
            "multishot_accept",
            "multishot_recv",
            "buffer_ring",
            "linked_fsync",
            "splice",
        ];
        if self.truncate {
            names.push("ftruncate");
        }
        names
    }
}

/// Creates a throw-away ring and asks what it can do.
pub fn probe() -> Result<RingFeatures, StartError> {
    let kernel = kernel_release()?;
    if parse_release(&kernel).is_none_or(|version| version < KERNEL_MIN) {
        return Err(StartError::KernelTooOld { found: kernel });
    }
    let ring = build(8).map_err(explain)?;
    let mut probe = Probe::new();
    ring.submitter()
        .register_probe(&mut probe)
        .map_err(|source| StartError::System { action: "probe the ring", source })?;
    let required = [
        (opcode::Accept::CODE, "accept"),
        (opcode::Recv::CODE, "recv"),
        (opcode::Send::CODE, "send"),
        (opcode::SendMsg::CODE, "sendmsg"),
        (opcode::Writev::CODE, "writev"),
        (opcode::Fsync::CODE, "fsync"),
        (opcode::Splice::CODE, "splice"),
        (opcode::Fallocate::CODE, "fallocate"),
        (opcode::RenameAt::CODE, "renameat"),
        (opcode::UnlinkAt::CODE, "unlinkat"),
        (opcode::MkDirAt::CODE, "mkdirat"),
    ];
    for (code, feature) in required {
        if !probe.is_supported(code) {
            return Err(StartError::FeatureMissing { feature });
        }
    }
    Ok(RingFeatures { kernel, truncate: probe.is_supported(opcode::Ftruncate::CODE) })
}

/// A ring as every shard uses it; must be called on the thread that will use it.
pub(super) fn build(entries: u32) -> io::Result<IoUring> {
    IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_taskrun_flag()
        .setup_submit_all()
        .setup_cqsize(entries * 8)
        .build(entries)
}

/// Turns the error of a refused ring into the setting that refuses it.
pub(super) fn explain(error: io::Error) -> StartError {
    let setting = std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled");
    let value = setting.as_deref().map_or("0", str::trim);
    match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) if value != "0" => {
            StartError::RingDisabled { value: value.to_owned() }
        }
        Some(libc::EPERM | libc::EACCES) => StartError::RingForbidden,
        Some(libc::ENOSYS) => StartError::FeatureMissing { feature: "io_uring (CONFIG_IO_URING)" },
        Some(libc::EINVAL) => StartError::FeatureMissing { feature: "IORING_SETUP_DEFER_TASKRUN" },
        Some(libc::ENOMEM) => StartError::LockedMemory,
        _ => StartError::System { action: "create the ring", source: error },
    }
}

fn kernel_release() -> Result<String, StartError> {
    let read = std::fs::read_to_string("/proc/sys/kernel/osrelease");
    let text = read.map_err(|source| StartError::System { action: "read osrelease", source })?;
    Ok(text.trim().to_owned())
}

fn parse_release(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_parsed_and_compared() {
        assert_eq!(parse_release("6.18.44-fc-v669"), Some((6, 18)));
        assert_eq!(parse_release("6.1"), Some((6, 1)));
        assert_eq!(parse_release("unknown"), None);
        assert!(parse_release("5.15.0-1").unwrap() < KERNEL_MIN);
    }

    #[test]
    fn a_refusal_by_seccomp_is_told_apart_from_the_setting() {
        let error = explain(io::Error::from_raw_os_error(libc::ENOMEM));
        assert!(matches!(error, StartError::LockedMemory));
        let error = explain(io::Error::from_raw_os_error(libc::EPERM));
        assert!(matches!(error, StartError::RingForbidden | StartError::RingDisabled { .. }));
    }
}
