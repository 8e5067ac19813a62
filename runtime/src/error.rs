//! What can go wrong before a shard runs, said so that a person can act on it.

/// Why a shard could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The kernel is older than what the ring needs.
    #[error("Linux {found} is too old: Tidemill needs Linux 6.1 or newer")]
    KernelTooOld {
        /// The running kernel's release.
        found: String,
    },
    /// `io_uring` is switched off by a system setting.
    #[error(
        "io_uring is refused by the setting kernel.io_uring_disabled = {value}; \
         allow it with: sysctl -w kernel.io_uring_disabled=0"
    )]
    RingDisabled {
        /// The setting's value.
        value: String,
    },
    /// `io_uring` is refused, and not by the system setting.
    #[error(
        "io_uring is refused with EPERM although kernel.io_uring_disabled permits it: a seccomp \
         filter forbids io_uring_setup (in a container, run with a profile that allows \
         io_uring_setup, io_uring_enter and io_uring_register)"
    )]
    RingForbidden,
    /// Not enough lockable memory for the ring.
    #[error("no memory for the ring: raise the limit of locked memory (ulimit -l, LimitMEMLOCK=)")]
    LockedMemory,
    /// The kernel lacks an operation, in spite of its version.
    #[error("the kernel lacks the io_uring feature {feature}")]
    FeatureMissing {
        /// The feature's name.
        feature: &'static str,
    },
    /// The process may not run on the core asked for.
    #[error("core {core} is not available: the process may run on cores {available:?}")]
    CoreUnavailable {
        /// The core asked for.
        core: usize,
        /// The cores of the affinity mask.
        available: Vec<usize>,
    },
    /// Anything else.
    #[error("{action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the kernel said.
        source: std::io::Error,
    },
}
