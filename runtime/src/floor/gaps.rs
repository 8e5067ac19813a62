//! A thread that does nothing but look at the clock: what takes its core away, and for how long.
//!
//! Files such as those below `/proc` are kept as witnesses, read every other millisecond and again
//! after each gap, so that whoever knows their form can tell what changed. Reading them is not
//! watched. It knows no file's form.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::PathBuf;
use std::time::Duration;

use super::clock::now_ns;
use super::pin::pin_to;

/// How long before a gap its witnesses were read at most: what they show is of so long.
const WINDOW_NS: u64 = 2_000_000;

/// What to watch.
#[derive(Clone, Debug)]
pub struct GapConfig {
    /// The core.
    pub core: usize,
    /// How long.
    pub duration: Duration,
    /// The shortest gap that is told, nanoseconds.
    pub shortest_ns: u64,
    /// Files to read before and after each gap; one that can not be read is empty.
    pub witnesses: Vec<PathBuf>,
}

/// A time in which the thread did not run.
#[derive(Clone, Copy, Debug)]
pub struct Gap<'a> {
    /// How long, nanoseconds.
    pub length_ns: u64,
    /// How often the thread was taken off its core in favour of another one.
    pub switches: u64,
    /// The witnesses before, in the order of the configuration.
    pub before: &'a [Vec<u8>],
    /// The witnesses after.
    pub after: &'a [Vec<u8>],
}

/// Watches on the calling thread, which it pins, and tells of each gap. Returns the nanoseconds
/// that were watched, gaps included.
pub fn gaps(config: &GapConfig, on_gap: &mut dyn FnMut(Gap<'_>)) -> io::Result<u64> {
    pin_to(config.core)?;
    let files = config.witnesses.iter().map(|path| File::open(path).ok());
    let mut files: Vec<Option<File>> = files.collect();
    let mut before = vec![Vec::new(); files.len()];
    let mut after = before.clone();
    let length_ns = u64::try_from(config.duration.as_nanos()).map_err(io::Error::other)?;
    let end_ns = now_ns().saturating_add(length_ns);
    let mut watched_ns = 0;
    while now_ns() < end_ns {
        read(&mut files, &mut before);
        let given_way = switches();
        let start_ns = now_ns();
        let mut last_ns = start_ns;
        while last_ns - start_ns < WINDOW_NS {
            let now = now_ns();
            let gap_ns = now - last_ns;
            last_ns = now;
            if gap_ns >= config.shortest_ns {
                let switches = switches().saturating_sub(given_way);
                read(&mut files, &mut after);
                on_gap(Gap { length_ns: gap_ns, switches, before: &before, after: &after });
                break;
            }
        }
        watched_ns += last_ns - start_ns;
    }
    Ok(watched_ns)
}

/// Reads each file anew; what can not be read is empty.
fn read(files: &mut [Option<File>], texts: &mut [Vec<u8>]) {
    for (file, text) in files.iter_mut().zip(texts) {
        text.clear();
        let Some(file) = file else { continue };
        if file.rewind().and_then(|()| file.read_to_end(text)).is_err() {
            text.clear();
        }
    }
}

/// How often the calling thread had to give way.
fn switches() -> u64 {
    // SAFETY: an rusage of zeros is a valid one.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is a live rusage that the call fills in.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage) };
    if result == 0 { u64::try_from(usage.ru_nivcsw).unwrap_or(0) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_come_with_what_the_witnesses_said_before_and_after() {
        let directory = tempfile::tempdir().unwrap();
        let witness = directory.path().join("witness");
        std::fs::write(&witness, "text").unwrap();
        let config = GapConfig {
            core: 0,
            duration: Duration::from_millis(20),
            // Every look at the clock is a gap.
            shortest_ns: 0,
            witnesses: vec![witness, directory.path().join("missing")],
        };
        let (mut count, mut sum_ns) = (0, 0);
        let watched_ns = gaps(&config, &mut |gap| {
            assert_eq!(gap.before, [b"text".to_vec(), Vec::new()]);
            assert_eq!(gap.after, gap.before);
            count += 1;
            sum_ns += gap.length_ns;
        });
        assert!(count > 0);
        assert_eq!(watched_ns.unwrap(), sum_ns);
    }

    #[test]
    fn a_core_that_is_not_there_is_an_error() {
        let config = GapConfig {
            core: usize::MAX,
            duration: Duration::ZERO,
            shortest_ns: 0,
            witnesses: Vec::new(),
        };
        assert!(gaps(&config, &mut |_| ()).is_err());
    }
}
