//! A file over loopback by plain blocking `sendfile(2)`: the floor of a consumer that reads
//! history (cold) or what was just written (hot).
//!
//! The sender and the reader each have a core; the reader copies the bytes out of its socket, as
//! any consumer must, and looks at none. Guarantees that a cold run was cold: it asks the kernel
//! which pages are in memory, and refuses otherwise.

use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::ptr;

use super::clock::now_ns;
use super::journal::create_written;
use super::pin::pin_to;

/// What to send.
#[derive(Clone, Debug)]
pub struct SendfileConfig {
    /// An existing directory on the device; `floor-sendfile` in it is overwritten and removed.
    pub directory: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes asked of one `sendfile` call.
    pub call_bytes: usize,
    /// True: nothing of the file is in memory at the start. False: all of it is.
    pub cold: bool,
    /// Tells the kernel that the file is read from front to back, so that it reads further ahead.
    pub sequential: bool,
    /// The sender's core.
    pub core: usize,
    /// The reader's core.
    pub reader_core: usize,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendfileReport {
    /// Bytes that the reader got.
    pub bytes: u64,
    /// From the first call to the reader's last byte, nanoseconds.
    pub elapsed_ns: u64,
    /// Pages of the file that were in memory just before, of `pages`.
    pub resident_pages: usize,
    /// Pages of the file.
    pub pages: usize,
}

/// Writes the file, makes it cold or hot, and sends it once. The sender is the calling thread,
/// which it pins. Errors: those of the calls, and `Other` if the file could not be made cold (hot).
pub fn sendfile(config: &SendfileConfig) -> io::Result<SendfileReport> {
    let path = config.directory.join("floor-sendfile");
    drop(create_written(&path, config.bytes)?);
    let outcome = File::open(&path).and_then(|file| send(config, &file));
    std::fs::remove_file(&path)?;
    outcome
}

fn send(config: &SendfileConfig, file: &File) -> io::Result<SendfileReport> {
    advise(file, libc::POSIX_FADV_DONTNEED)?;
    if !config.cold {
        io::copy(&mut &*file, &mut io::sink())?;
    }
    if config.sequential {
        advise(file, libc::POSIX_FADV_SEQUENTIAL)?;
    }
    let (resident_pages, pages) = resident(file, config.bytes)?;
    if config.cold != (resident_pages * 100 < pages) {
        return Err(io::Error::other("the file is not as cold, or hot, as it should be"));
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let reader_core = config.reader_core;
    let reader = std::thread::Builder::new().name("floor-reader".into()).spawn(move || {
        pin_to(reader_core)?;
        drain(TcpStream::connect(address)?)
    })?;
    pin_to(config.core)?;
    let (stream, _) = listener.accept()?;
    let start = now_ns();
    push(config, file, &stream)?;
    drop(stream);
    let read = reader.join().map_err(|_| io::Error::other("the reader panicked"))??;
    let elapsed_ns = now_ns() - start;
    Ok(SendfileReport { bytes: read, elapsed_ns, resident_pages, pages })
}

/// Sends the whole file.
fn push(config: &SendfileConfig, file: &File, stream: &TcpStream) -> io::Result<()> {
    let mut offset: libc::off_t = 0;
    while u64::try_from(offset).is_ok_and(|sent| sent < config.bytes) {
        // SAFETY: both descriptors are open, and `offset` is a live off_t.
        let sent = unsafe {
            libc::sendfile(stream.as_raw_fd(), file.as_raw_fd(), &raw mut offset, config.call_bytes)
        };
        if sent == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if sent < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Reads to the end; returns the bytes read.
fn drain(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; 256 << 10];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(total),
            count => total += u64::try_from(count).expect("a length in memory"),
        }
    }
}

fn advise(file: &File, advice: libc::c_int) -> io::Result<()> {
    // SAFETY: the descriptor is open; the call takes no memory.
    let result = unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, advice) };
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}

/// How many pages of the file are in memory, and how many it has.
fn resident(file: &File, bytes: u64) -> io::Result<(usize, usize)> {
    let len = usize::try_from(bytes).map_err(io::Error::other)?;
    // SAFETY: a new shared mapping for reading touches no memory that exists.
    let address = unsafe {
        libc::mmap(ptr::null_mut(), len, libc::PROT_READ, libc::MAP_SHARED, file.as_raw_fd(), 0)
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let mut pages = vec![0_u8; len.div_ceil(4096)];
    // SAFETY: the range is the mapping's, and `pages` has a byte for each of its pages.
    let result = unsafe { libc::mincore(address, len, pages.as_mut_ptr()) };
    let outcome = if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: this is the mapping made above, which nothing refers to.
    unsafe { libc::munmap(address, len) };
    outcome.map(|()| (pages.iter().filter(|&&page| page & 1 == 1).count(), pages.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cold: bool, call_bytes: usize) {
        let directory = tempfile::tempdir().unwrap();
        let config = SendfileConfig {
            directory: directory.path().to_owned(),
            bytes: 5 << 20,
            call_bytes,
            cold,
            sequential: true,
            core: 0,
            reader_core: 0,
        };
        let report = sendfile(&config).unwrap();
        assert_eq!(report.bytes, 5 << 20);
        assert_eq!(report.pages, 1280);
        assert_eq!(report.resident_pages, if cold { 0 } else { 1280 });
    }

    #[test]
    fn a_cold_file_arrives_whole() {
        check(true, 1 << 20);
    }

    #[test]
    fn a_hot_file_arrives_whole() {
        check(false, 100_000);
    }
}
