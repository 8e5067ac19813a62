//! Main memory alone: how fast one core copies what no cache holds.

use std::io;
use std::time::Duration;

use super::aligned::AlignedBuffer;
use super::clock::now_ns;
use super::pin::pin_to;

/// Bytes of each of the two buffers: more than most last-level caches have for one core.
const BUFFER_BYTES: usize = 64 << 20;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyReport {
    /// Bytes copied: each was read once and written once.
    pub bytes: u64,
    /// How long that took, nanoseconds.
    pub elapsed_ns: u64,
}

/// Copies from one buffer of 64 MiB to another, for at least `duration` and at least once, on the
/// calling thread, which it pins.
pub fn copy(core: usize, duration: Duration) -> io::Result<CopyReport> {
    pin_to(core)?;
    let mut source = AlignedBuffer::new(BUFFER_BYTES)?;
    let mut target = AlignedBuffer::new(BUFFER_BYTES)?;
    source.as_mut_slice().fill(0xA5);
    let start_ns = now_ns();
    let mut bytes = 0;
    loop {
        target.as_mut_slice().copy_from_slice(std::hint::black_box(source.as_slice()));
        std::hint::black_box(target.as_slice());
        bytes += u64::try_from(target.len()).expect("a length in memory");
        let elapsed_ns = now_ns() - start_ns;
        if u128::from(elapsed_ns) >= duration.as_nanos() {
            return Ok(CopyReport { bytes, elapsed_ns });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_buffers_are_copied_at_least_one() {
        let report = copy(0, Duration::ZERO).unwrap();
        assert_eq!(report.bytes, 64 << 20);
        assert!(report.elapsed_ns > 0);
    }
}
