//! Every limit against every other, and against the machine.
//!
//! Each rule below holds for every start; what a rule needs of two settings it names both, with
//! the places where they were given. What was left open (`auto`) is decided here and not checked:
//! a default never fails on a machine that is large enough for the smallest broker.

use super::cores::CoreList;
use super::error::{Clash, ConfigError, ConfigErrors};
use super::load::Config;
use super::plan::{Machine, Plan, ShardPlan};
use super::policy::Poll;
use super::size;

/// The tail of a shard where memory allows.
const TAIL_BYTES: u64 = storage::limits::TAIL_BYTES as u64;
/// All tails together have at most this part of the memory.
const TAIL_MEMORY_DIVISOR: u64 = 4;
/// Segments kept open in all shards, where the limit of open files allows.
const SEGMENT_FILES_MAX: u64 = 4096;
/// Descriptors of a shard besides journal, segments and connections: ring, events, pipes,
/// checkpoint, superblock and directory.
const SHARD_FILES: u64 = 32;
/// Descriptors of the process besides: console, listeners, lock, control plane and its clients.
const PROCESS_FILES: u64 = 128;
/// Fewer connections are no broker.
const CONNECTIONS_MIN: u64 = 16;

impl Config {
    /// Checks all settings together and against a machine, and decides what was left open.
    /// Every clash is found, not only the first.
    pub fn plan(&self, machine: &Machine) -> Result<Plan, ConfigErrors> {
        assert!(!machine.cores.is_empty(), "a process runs on some core");
        let mut clashes = Vec::new();
        self.check_sizes(&mut clashes);
        self.check_addresses(&mut clashes);
        self.check_groups(&mut clashes);
        let cores = self.shard_cores(machine, &mut clashes);
        let count = self.settings.shards.map_or(cores.len(), usize::from).max(1);
        self.check_poll(count, cores.len(), &mut clashes);
        let tail_bytes = self.tail(count, machine, &mut clashes);
        let partitions_max = self.check_partitions(count, tail_bytes, &mut clashes);
        let (segment_files, connections_max) = self.files(count, machine, &mut clashes);
        if !clashes.is_empty() {
            return Err(ConfigErrors(clashes.into_iter().map(ConfigError::from).collect()));
        }
        let shards = cores.iter().cycle().take(count).map(|core| ShardPlan { core: *core });
        let housekeeping = self.settings.housekeeping_core;
        let housekeeping = housekeeping.map_or_else(|| machine.cores.clone(), |core| vec![core]);
        Ok(Plan {
            shards: shards.collect(),
            housekeeping,
            tail_bytes,
            connections_max,
            segment_files,
            partitions_max,
        })
    }

    /// The first two settings that contradict each other whatever the machine. What a running
    /// broker was started with has none; what is laid over it may.
    pub(crate) fn size_clash(&self) -> Option<Clash> {
        let mut clashes = Vec::new();
        self.check_sizes(&mut clashes);
        clashes.into_iter().next()
    }

    /// Batch within frame within half a journal file, and batch within segment.
    fn check_sizes(&self, clashes: &mut Vec<Clash>) {
        let settings = &self.settings;
        let frame = || self.given("socket.request.max.bytes");
        let message = || self.given("message.max.bytes");
        let journal = || self.given("journal.file.bytes");
        if !settings.journal_file_bytes.is_multiple_of(1 << 20) {
            clashes.push(Clash::JournalFileNotWhole { journal: journal() });
        }
        let frame_bytes = u64::from(settings.socket_request_max_bytes);
        if settings.journal_file_bytes < storage::limits::journal_file_bytes_min(frame_bytes) {
            let half = size::print(settings.journal_file_bytes / 2);
            let (frame, journal) = (frame(), journal());
            clashes.push(Clash::FrameOverHalfJournalFile { frame, journal, half });
        }
        if settings.message_max_bytes > settings.socket_request_max_bytes {
            clashes.push(Clash::MessageOverFrame { message: message(), frame: frame() });
        }
        if settings.message_max_bytes > settings.log_segment_bytes {
            let segment = self.given("log.segment.bytes");
            clashes.push(Clash::MessageOverSegment { message: message(), segment });
        }
        if settings.default_replication_factor > 1 {
            let factor = self.given("default.replication.factor");
            clashes.push(Clash::TooManyReplicas { factor });
        }
    }

    fn check_addresses(&self, clashes: &mut Vec<Clash>) {
        let Some(http) = self.settings.http_listen else { return };
        let listen = self.settings.listen;
        let overlap =
            http.ip() == listen.ip() || http.ip().is_unspecified() || listen.ip().is_unspecified();
        if http.port() == listen.port() && http.port() != 0 && overlap {
            let (listen, http) = (self.given("listeners"), self.given("http.listen"));
            clashes.push(Clash::SamePort { listen, http });
        }
    }

    /// The cores for shards: those asked for, or all but housekeeping's.
    fn shard_cores(&self, machine: &Machine, clashes: &mut Vec<Clash>) -> Vec<usize> {
        let mut refuse = |key, core| {
            if !machine.cores.contains(&core) {
                let allowed = CoreList::from_cores(&machine.cores).to_string();
                clashes.push(Clash::CoreNotAllowed { cores: self.given(key), core, allowed });
            }
        };
        let housekeeping = self.settings.housekeeping_core;
        if let Some(core) = housekeeping {
            refuse("housekeeping.core", core);
        }
        if let Some(cores) = &self.settings.cores {
            cores.as_slice().iter().for_each(|core| refuse("cores", *core));
            return cores.as_slice().to_vec();
        }
        let free: Vec<_> =
            machine.cores.iter().copied().filter(|core| Some(*core) != housekeeping).collect();
        // On a machine with one core, everything shares it.
        if free.is_empty() { machine.cores.clone() } else { free }
    }

    fn check_poll(&self, shards: usize, cores: usize, clashes: &mut Vec<Clash>) {
        if self.settings.poll == Poll::Spin && shards > cores {
            clashes.push(Clash::SpinWithoutCores { poll: self.given("poll"), shards, cores });
        }
    }

    /// Twice a frame at least; at most a quarter of the memory for all shards.
    fn tail(&self, shards: usize, machine: &Machine, clashes: &mut Vec<Clash>) -> u64 {
        let quarter = machine.memory_bytes / TAIL_MEMORY_DIVISOR;
        let share = quarter / shards as u64;
        let smallest = 2 * u64::from(self.settings.socket_request_max_bytes);
        let frame = || self.given("socket.request.max.bytes");
        let Some(tail_bytes) = self.settings.tail_bytes else {
            if share < smallest {
                let (quarter, smallest) = (size::print(quarter), size::print(smallest));
                clashes.push(Clash::MemoryTooSmall { shards, quarter, smallest, frame: frame() });
            }
            return share.min(TAIL_BYTES);
        };
        let tail = || self.given("tail.bytes");
        if tail_bytes < smallest {
            clashes.push(Clash::TailUnderTwoFrames { tail: tail(), frame: frame() });
        }
        if tail_bytes > share {
            let quarter = size::print(quarter);
            clashes.push(Clash::TailOverMemory { tail: tail(), shards, quarter });
        }
        tail_bytes
    }

    fn check_partitions(&self, shards: usize, tail_bytes: u64, clashes: &mut Vec<Clash>) -> u64 {
        let settings = &self.settings;
        let journal_bytes = settings.journal_file_bytes * settings.journal_files as u64;
        let partitions_max = storage::limits::partitions_max(journal_bytes, tail_bytes);
        let capacity = partitions_max * shards as u64;
        if u64::from(settings.num_partitions) > capacity {
            let partitions = self.given("num.partitions");
            clashes.push(Clash::TooManyPartitions { partitions, shards, capacity });
        }
        partitions_max
    }

    /// Open files: the journals' and the process's own first, at most half for segments, what
    /// remains for connections.
    fn files(&self, shards: usize, machine: &Machine, clashes: &mut Vec<Clash>) -> (u64, u32) {
        let count = shards as u64;
        let segments = SEGMENT_FILES_MAX.min(machine.open_files / 2);
        let own = count * (SHARD_FILES + self.settings.journal_files as u64) + PROCESS_FILES;
        let free = machine.open_files.saturating_sub(segments + own);
        if free < CONNECTIONS_MIN {
            let (limit, needed) = (machine.open_files, 2 * (own + CONNECTIONS_MIN));
            clashes.push(Clash::TooFewFiles { limit, shards, needed });
        }
        let connections = u32::try_from(free).unwrap_or(u32::MAX);
        (segments / count, connections)
    }
}

#[cfg(test)]
mod tests;
