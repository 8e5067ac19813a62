//! Socket options of the floor. Nothing here knows what a socket is used for.

use std::io;
use std::os::fd::RawFd;

/// Sends at once what is written. Sockets that a listener accepts inherit it.
pub(super) fn set_no_delay(socket: RawFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of::<libc::c_int>()).expect("four bytes");
    // SAFETY: `on` is a live integer of the size given.
    let result = unsafe {
        let address = (&raw const on).cast();
        libc::setsockopt(socket, libc::IPPROTO_TCP, libc::TCP_NODELAY, address, size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
