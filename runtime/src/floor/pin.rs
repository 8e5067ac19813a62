//! Which core a thread of the floor runs on.
//!
//! A floor measured with threads that wander between cores would measure the scheduler. Nothing
//! here knows what the thread does.

use std::io;

/// Pins the calling thread to `core`. Errors: `InvalidInput` for a number no set can hold, and
/// what `sched_setaffinity` says (EINVAL for a core this machine or this container lacks).
pub fn pin_to(core: usize) -> io::Result<()> {
    if core >= usize::try_from(libc::CPU_SETSIZE).expect("a small positive constant") {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "core number out of range"));
    }
    // SAFETY: cpu_set_t is plain words; all zero is the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: `core` is below CPU_SETSIZE, so the bit lies inside `set`.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: `set` is a live cpu_set_t of the size given; pid 0 is the calling thread.
    let result =
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
