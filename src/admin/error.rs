//! Why the control plane can not start, or did not end well.

use core::net::SocketAddr;
use std::io;

use runtime::StartError;

/// What the control plane can not do.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is taken or not ours.
    #[error("can not listen for HTTP on port {} of {}: {source} \
             (set http.listen, or `none` for no HTTP)", .address.port(), .address.ip())]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The operating system refuses what the thread needs.
    #[error("can not {action}: {source}")]
    System {
        /// What was to be done.
        action: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// The housekeeping core can not be had.
    #[error(transparent)]
    Cores(#[from] StartError),
    /// The thread ended by a panic, which is a bug.
    #[error("the control plane has panicked")]
    Panicked,
}
