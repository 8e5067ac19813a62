//! Signals that ask the process to end, as a value to wait for.

use std::io;
use std::time::Duration;

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
        mask(libc::SIG_BLOCK, &set)?;
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

/// What a [`Watch`] was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A signal that asks the process to end, by its name.
    Signal(&'static str),
    /// Something happened to a child process.
    Child,
}

/// Signals that end a process unless it takes care, and the one that tells of children: blocked,
/// so that a command that has something to put back finds the time for it.
pub struct Watch {
    set: libc::sigset_t,
}

/// All that end a process and can be blocked, but for those that a fault of its own raises.
const ENDING: [(libc::c_int, &str); 7] = [
    (libc::SIGHUP, "SIGHUP"),
    (libc::SIGINT, "SIGINT"),
    (libc::SIGQUIT, "SIGQUIT"),
    (libc::SIGTERM, "SIGTERM"),
    (libc::SIGUSR1, "SIGUSR1"),
    (libc::SIGUSR2, "SIGUSR2"),
    (libc::SIGALRM, "SIGALRM"),
];

impl Watch {
    /// Blocks the signals in the calling thread and all that it starts later; call it first.
    pub fn begin() -> io::Result<Self> {
        // SAFETY: a sigset of zeros is valid to be initialised.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: `set` is a valid sigset to be written.
        unsafe { libc::sigemptyset(&raw mut set) };
        for signal in ENDING.map(|(signal, _)| signal).into_iter().chain([libc::SIGCHLD]) {
            // SAFETY: `set` was initialised, and the signal numbers are valid.
            unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        mask(libc::SIG_BLOCK, &set)?;
        Ok(Self { set })
    }

    /// Blocks the calling thread until it is told something, but no longer than `patience`.
    pub fn wait(&self, patience: Duration) -> Option<Notice> {
        let signal = self.take(patience)?;
        Some(name(signal).map_or(Notice::Child, Notice::Signal))
    }

    /// A signal that asks the process to end and has come; it is taken.
    pub fn pending(&self) -> Option<&'static str> {
        loop {
            if let Some(name) = name(self.take(Duration::ZERO)?) {
                return Some(name);
            }
        }
    }

    fn take(&self, patience: Duration) -> Option<libc::c_int> {
        let patience = libc::timespec {
            tv_sec: libc::time_t::try_from(patience.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: libc::c_long::from(patience.subsec_nanos()),
        };
        // SAFETY: a valid set and a live timespec; what else is known of the signal is not asked
        // for.
        let signal = unsafe {
            libc::sigtimedwait(&raw const self.set, std::ptr::null_mut(), &raw const patience)
        };
        (signal > 0).then_some(signal)
    }
}

/// Lets all signals through to the calling thread: for a process that is about to become another
/// program.
pub(crate) fn unblock_all() -> io::Result<()> {
    // SAFETY: a sigset of zeros is valid to be initialised.
    let mut none: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: `none` is a valid sigset to be written.
    unsafe { libc::sigemptyset(&raw mut none) };
    mask(libc::SIG_SETMASK, &none)
}

fn mask(how: libc::c_int, set: &libc::sigset_t) -> io::Result<()> {
    // SAFETY: `set` is a valid set; the old mask is not asked for.
    let result = unsafe { libc::pthread_sigmask(how, &raw const *set, std::ptr::null_mut()) };
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}

fn name(signal: libc::c_int) -> Option<&'static str> {
    ENDING.into_iter().find(|(number, _)| *number == signal).map(|(_, name)| name)
}
