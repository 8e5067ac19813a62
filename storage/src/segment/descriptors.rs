//! The segments' open files: at most so many, the ones used last.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use record::TopicPartition;
use runtime::hash::FixedMap;
use runtime::{File, OpenOptions, Runtime};

use super::name::{SegmentName, segment_path};

/// What a descriptor is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Through the page cache, to be spliced from.
    Read,
    /// Past it, whole blocks.
    Write,
}

type Key = (TopicPartition, SegmentName, Access);

/// The open files of one shard's segments.
pub struct Descriptors {
    runtime: Runtime,
    data: PathBuf,
    max: usize,
    open: RefCell<Open>,
}

#[derive(Default)]
struct Open {
    files: FixedMap<Key, (File, u64)>,
    /// When each was last used.
    by_use: BTreeMap<u64, Key>,
    clock: u64,
}

impl Open {
    fn remove(&mut self, key: Key) {
        if let Some((_, used)) = self.files.remove(&key) {
            self.by_use.remove(&used);
        }
    }
}

impl Descriptors {
    /// At most `max` open files below `data`.
    pub fn new(runtime: &Runtime, data: PathBuf, max: usize) -> Self {
        assert!(max > 0, "some file must be open");
        Self { runtime: runtime.clone(), data, max, open: RefCell::default() }
    }

    /// The segment's file. It is created for [`Access::Write`] if it is not there.
    pub async fn get(
        &self,
        log: TopicPartition,
        segment: SegmentName,
        access: Access,
    ) -> io::Result<File> {
        let key = (log, segment, access);
        if let Some(file) = self.cached(key) {
            return Ok(file);
        }
        let write = access == Access::Write;
        let options = OpenOptions { write, create: write, direct: write, ..OpenOptions::default() };
        let path = segment_path(&self.data, log, segment);
        let file = File::open(&self.runtime, &path, options).await?;
        self.keep(key, file.clone());
        Ok(file)
    }

    /// The segment's file if it is open already.
    pub fn cached(&self, key: Key) -> Option<File> {
        let open = &mut *self.open.borrow_mut();
        let (file, used) = open.files.get_mut(&key)?;
        open.clock += 1;
        open.by_use.remove(used);
        open.by_use.insert(open.clock, key);
        *used = open.clock;
        Some(file.clone())
    }

    fn keep(&self, key: Key, file: File) {
        let open = &mut *self.open.borrow_mut();
        // Two may have opened it at once; the later one stays.
        open.remove(key);
        if open.files.len() >= self.max {
            let (_, oldest) = open.by_use.pop_first().expect("it is full");
            open.files.remove(&oldest);
        }
        open.clock += 1;
        open.by_use.insert(open.clock, key);
        open.files.insert(key, (file, open.clock));
    }

    /// Lets go of a segment's files: it is sealed or goes away.
    pub fn close(&self, log: TopicPartition, segment: SegmentName, access: Access) {
        self.open.borrow_mut().remove((log, segment, access));
    }

    /// How many files are open.
    pub fn count(&self) -> usize {
        self.open.borrow().files.len()
    }
}
