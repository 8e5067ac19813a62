//! Signals that ask the process to end, as a value to wait for.

use std::io;

/// SIGTERM and SIGINT, blocked in every thread and waited for in one.
pub struct Termination {
    set: libc::sigset_t,
}

impl Termination {
    /// Blocks the signals in the calling thread and all that it starts later; call it first.
    pub fn block() -> io::Result<Self> {
        // SAFETY: a sigset of zeros is valid to be initialised.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: `set` is a valid sigset to be written.
        unsafe { libc::sigemptyset(&raw mut set) };
        for signal in [libc::SIGTERM, libc::SIGINT] {
            // SAFETY: `set` was initialised, and the signal numbers are valid.
            unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        // SAFETY: `set` is a valid set; the old mask is not asked for.
        let result =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        if result != 0 {
            return Err(io::Error::from_raw_os_error(result));
        }
        Ok(Self { set })
    }

    /// Blocks the calling thread until one of the signals comes; its name is returned.
    pub fn wait(&self) -> &'static str {
        let mut signal = 0;
        loop {
            // SAFETY: a valid set, and an integer to be written.
            let result = unsafe { libc::sigwait(&raw const self.set, &raw mut signal) };
            match (result, signal) {
                (0, libc::SIGTERM) => return "SIGTERM",
                (0, libc::SIGINT) => return "SIGINT",
                _ => {}
            }
        }
    }
}

/// Waits for the signals on a thread of its own, and calls `tell` with each.
pub fn watch(termination: Termination, tell: impl Fn(&'static str) + Send + 'static) {
    let waiting = move || {
        loop {
            tell(termination.wait());
        }
    };
    // Without it the process can only be killed, which loses nothing that was acknowledged.
    drop(std::thread::Builder::new().name("signals".into()).spawn(waiting));
}
