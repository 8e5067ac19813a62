//! What is said of the whole process, read by the control plane and given.

/// The process as the kernel sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Memory in use, in bytes.
    pub resident_bytes: u64,
    /// Time on a CPU, of all threads, in milliseconds.
    pub cpu_ms: u64,
    /// Open descriptors.
    pub open_files: u64,
    /// Threads.
    pub threads: u64,
    /// When it started, in milliseconds since the Unix epoch.
    pub start_ms: u64,
}
