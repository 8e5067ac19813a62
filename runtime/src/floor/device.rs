//! The device alone: sequential `O_DIRECT` reads or writes of one size at one queue depth.
//!
//! What bulk work (flushing segments, reading history, recovery) can hope for. The file is written
//! in full before anything is measured. Nothing here knows what the bytes mean.

use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use io_uring::{opcode, types};

use super::aligned::{AlignedBuffer, BLOCK};
use super::clock::now_ns;
use super::journal::create_written;
use super::pin::pin_to;
use super::ring::{Event, Idle, Ring, Token};

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device; nothing is in the page cache, and nothing gets there.
    Read,
    /// To the device, over blocks that were written before; one fdatasync at the end is counted.
    Write,
}

/// What to move.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    /// An existing directory on the device; `floor-device` in it is overwritten and removed.
    pub directory: PathBuf,
    /// Which way.
    pub direction: Direction,
    /// Bytes of one operation, a multiple of `BLOCK`.
    pub operation_bytes: usize,
    /// Operations in flight, 1 to 128.
    pub depth: usize,
    /// Operations in all.
    pub operations: usize,
    /// The core to run on; `None` leaves the calling thread where it is.
    pub core: Option<usize>,
    /// How the thread waits.
    pub idle: Idle,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct DeviceReport {
    /// Bytes moved.
    pub bytes: u64,
    /// From the first operation to the end of the last, or of the sync; nanoseconds.
    pub elapsed_ns: u64,
    /// Time of each operation, in the order they ended, nanoseconds.
    pub operation_ns: Vec<u64>,
}

/// Runs on the calling thread, which it pins.
pub fn device(config: &DeviceConfig) -> io::Result<DeviceReport> {
    let total = config.operation_bytes.checked_mul(config.operations);
    let good = config.operation_bytes > 0
        && config.operation_bytes.is_multiple_of(BLOCK)
        && (1..=128).contains(&config.depth)
        && config.operations > 0;
    let (true, Some(total)) = (good, total) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "device configuration"));
    };
    if let Some(core) = config.core {
        pin_to(core)?;
    }
    let bytes = u64::try_from(total).map_err(io::Error::other)?;
    let path = config.directory.join("floor-device");
    let file = create_written(&path, bytes)?;
    let mut buffers = Vec::with_capacity(config.depth);
    for _ in 0..config.depth {
        buffers.push(AlignedBuffer::new(config.operation_bytes)?);
    }
    let ring = Ring::new(256)?;
    ring.submitter().register_files(&[file.as_raw_fd()])?;
    let mut run = Run {
        ring,
        buffers,
        config,
        started_ns: vec![0; config.depth],
        next: 0,
        operation_ns: Vec::with_capacity(config.operations),
    };
    let start = now_ns();
    let outcome = run.all();
    if outcome.is_ok() && config.direction == Direction::Write {
        file.sync_data()?;
    }
    let elapsed_ns = now_ns() - start;
    std::fs::remove_file(&path)?;
    outcome?;
    Ok(DeviceReport { bytes, elapsed_ns, operation_ns: std::mem::take(&mut run.operation_ns) })
}

/// The ring comes first: it is dropped before the buffers.
struct Run<'a> {
    ring: Ring,
    buffers: Vec<AlignedBuffer>,
    config: &'a DeviceConfig,
    started_ns: Vec<u64>,
    next: usize,
    operation_ns: Vec<u64>,
}

impl Run<'_> {
    fn all(&mut self) -> io::Result<()> {
        for slot in 0..self.config.depth.min(self.config.operations) {
            self.start(slot)?;
        }
        let mut events = Vec::new();
        while self.operation_ns.len() < self.config.operations {
            self.ring.submit_and_wait(self.config.idle)?;
            self.ring.reap(&mut events);
            for event in &events {
                self.end(event)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, slot: usize) -> io::Result<()> {
        let bytes = self.config.operation_bytes;
        let offset = u64::try_from(self.next * bytes).map_err(io::Error::other)?;
        let len = u32::try_from(bytes).map_err(io::Error::other)?;
        let address = self.buffers[slot].as_ptr();
        let entry = match self.config.direction {
            Direction::Read => {
                opcode::Read::new(types::Fixed(0), address, len).offset(offset).build()
            }
            Direction::Write => {
                opcode::Write::new(types::Fixed(0), address, len).offset(offset).build()
            }
        };
        self.next += 1;
        self.started_ns[slot] = now_ns();
        let slot = u32::try_from(slot).expect("at most 128");
        // SAFETY: one operation at a time uses the slot's buffer, and `Run::drop` waits for it.
        unsafe { self.ring.push(entry, Token { kind: 1, generation: 0, slot }) }
    }

    fn end(&mut self, event: &Event) -> io::Result<()> {
        match usize::try_from(event.result) {
            Ok(count) if count == self.config.operation_bytes => {}
            Ok(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(_) => return Err(io::Error::from_raw_os_error(-event.result)),
        }
        let slot = event.token.slot as usize;
        self.operation_ns.push(now_ns() - self.started_ns[slot]);
        if self.next < self.config.operations { self.start(slot) } else { Ok(()) }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.ring.quiesce();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(direction: Direction, depth: usize) {
        let directory = tempfile::tempdir().unwrap();
        let config = DeviceConfig {
            directory: directory.path().to_owned(),
            direction,
            operation_bytes: 64 << 10,
            depth,
            operations: 10,
            core: None,
            idle: Idle::Block,
        };
        let report = device(&config).unwrap();
        assert_eq!(report.bytes, 640 << 10);
        assert_eq!(report.operation_ns.len(), 10);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn every_operation_is_made_once_at_each_depth() {
        for depth in [1, 3, 16] {
            check(Direction::Write, depth);
            check(Direction::Read, depth);
        }
    }
}
