//! Opens a store in a temporary directory, appends numbered records, and reads them back.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use record::{
    BatchBuilder, BatchView, Decompressor, LeaderEpoch, NewRecord, Offset, PartitionIndex, Seal,
    Timestamp, TopicId, TopicPartition,
};
use runtime::{Housekeeping, Runtime, RuntimeConfig, block_on};
use storage::config::{LogConfig, StoreConfig};
use storage::data;
use storage::identity::Generation;
use storage::journal::staging::Stamp;
use storage::log::Log;
use storage::open::{Opened, StoreStart, open};
use storage::recovery::JournalContents;
use storage::recovery::journal::journal_directory;
use storage::superblock::Layout;
use storage::{Extent, NewBatch, ReadLimits, Source, Store};

/// What was acknowledged, by log: the records' values in order.
pub(crate) type Acked = Rc<RefCell<BTreeMap<TopicPartition, Vec<String>>>>;

pub(crate) struct Directory {
    temporary: tempfile::TempDir,
    housekeeping: Housekeeping,
}

pub(crate) struct Session {
    pub(crate) runtime: Runtime,
    pub(crate) store: Store,
    pub(crate) opened: Option<Opened>,
}

impl Directory {
    pub(crate) fn new() -> Self {
        Self {
            temporary: tempfile::tempdir().unwrap(),
            housekeeping: Housekeeping::start(None).unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// Small files, so that a few thousand records go around the journal several times.
    fn config(path: PathBuf) -> StoreConfig {
        let mut config = StoreConfig::new(path, 0);
        config.journal_file_bytes = 512 << 10;
        config.journal_files = 8;
        config.tail_bytes = 2 << 20;
        config.key_bytes = 0;
        config
    }

    /// Opens the store and runs `work`; what `work` leaves running is cut off where it stands,
    /// as by a kill, unless it stopped the store.
    pub(crate) fn session<T: 'static, F: Future<Output = T> + 'static>(
        &self,
        work: impl FnOnce(Session) -> F + 'static,
    ) -> T {
        let (path, housekeeping) = (self.path().to_owned(), self.housekeeping.clone());
        block_on(RuntimeConfig::default(), |runtime| async move {
            let old = data::read_layout(&runtime, &path).await.unwrap();
            let mut layout: Layout = old.unwrap_or_else(|| data::new_layout(1));
            layout.generation += 1;
            data::write_layout(&runtime, &path, &layout).await.unwrap();
            let directory = journal_directory(&path, 0);
            let own = JournalContents::read(&runtime, &housekeeping, &directory, &layout).await;
            let start = StoreStart {
                config: Self::config(path),
                housekeeping,
                generation: Generation(layout.generation),
                own: own.unwrap().map(Arc::new),
                others: Vec::new(),
                migrating: false,
                raise_epochs: false,
            };
            let opened = open(&runtime, start, |_| true).await.unwrap();
            let store = opened.store.clone();
            // Housekeeping outlives what is cut off here, as it would not outlive a kill: it must
            // not be writing journal files anew when the next session has begun.
            while store.journal().files().count() < store.config().journal_files {
                runtime.sleep(Duration::from_millis(1)).await;
            }
            work(Session { runtime, store, opened: Some(opened) }).await
        })
        .unwrap()
    }
}

pub(crate) fn log_id(number: i32) -> TopicPartition {
    TopicPartition { topic: TopicId([7; 16]), partition: PartitionIndex(number) }
}

pub(crate) fn batch(values: &[String]) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for value in values {
        let record = NewRecord {
            timestamp: Timestamp(1_000),
            key: None,
            value: Some(value.as_bytes()),
            headers: &[],
        };
        builder.append(&record).unwrap();
    }
    builder.seal(&Seal::default()).unwrap()
}

impl Session {
    pub(crate) async fn log(&self, id: TopicPartition, config: LogConfig) -> Rc<Log> {
        self.store.create_logs(&[(id, config)], LeaderEpoch(0)).await.unwrap();
        let log = self.store.log(id).unwrap();
        log.set_config(config);
        log
    }

    /// Appends one batch and waits for its acknowledgement.
    pub(crate) async fn append(&self, log: &Rc<Log>, values: &[String], acked: &Acked) -> Offset {
        let bytes = batch(values);
        let view = BatchView::parse(&bytes).unwrap().0;
        let patience = Duration::from_secs(5);
        let admission = self.store.admit(bytes.len(), 1, patience).await;
        let admission = admission.unwrap_or_else(|error| {
            let (tail, files) = (self.store.tail_bytes(), self.store.journal().files());
            panic!("{error}: tail {tail}, {files:?}, {:?}", self.store.statistics())
        });
        let new = NewBatch {
            header: view.header().decode(),
            stamp: Stamp::default(),
            source: Source::Copied(&bytes),
        };
        let appended = self.store.append(&admission, log, &new, Timestamp(5)).unwrap();
        drop(admission);
        appended.ack.wait().await.unwrap();
        let mut acked = acked.borrow_mut();
        let known = acked.entry(log.id()).or_default();
        let base = usize::try_from(appended.base_offset.0).unwrap();
        if known.len() < base + values.len() {
            known.resize(base + values.len(), String::new());
        }
        known[base..base + values.len()].clone_from_slice(values);
        appended.base_offset
    }

    /// Reads a log from its start to its end, `bytes_max` at a time.
    pub(crate) async fn read_all(&self, log: &Rc<Log>, bytes_max: u32) -> Vec<String> {
        let mut values = Vec::new();
        let mut offset = log.state().log_start;
        loop {
            let bytes = self.read(log, offset, bytes_max).await;
            let mut rest = bytes.as_slice();
            let before = offset;
            while let Ok((view, behind)) = BatchView::parse(rest) {
                assert!(view.crc_is_valid());
                let mut scratch = Decompressor::new();
                let records = view.records(&mut scratch, 1 << 30).unwrap();
                for record in &records {
                    let record = record.unwrap();
                    if records.offset(&record) >= offset {
                        let value = record.value.unwrap();
                        values.push(String::from_utf8(value.to_vec()).unwrap());
                    }
                }
                offset = view.next_offset();
                rest = behind;
            }
            if offset == before {
                assert_eq!(offset, log.state().visible.offset, "a reader is never stuck");
                return values;
            }
        }
    }

    pub(crate) async fn read(&self, log: &Rc<Log>, offset: Offset, bytes_max: u32) -> Vec<u8> {
        let limits = ReadLimits { bytes_max, first_batch_whole: true };
        let plan = self.store.plan(log, offset, limits).await.unwrap();
        let mut bytes = Vec::new();
        let Some(mut range) = plan.range else { return bytes };
        while range.remaining() > 0 {
            match self.store.next_extent(&mut range).await.unwrap() {
                Extent::Memory(slices) => {
                    for slice in slices {
                        bytes.extend_from_slice(slice.as_slice());
                    }
                }
                Extent::File(extent) => {
                    let len = usize::try_from(extent.len).unwrap();
                    let buffer = self.runtime.pool().dma(len);
                    let (buffer, read) = extent.file.read_at(buffer, 0, len, extent.offset).await;
                    assert_eq!(read.unwrap(), len);
                    bytes.extend_from_slice(&buffer.as_slice()[..len]);
                }
            }
        }
        bytes
    }

    pub(crate) async fn check(&self, acked: &Acked, bytes_max: u32) {
        let acked = acked.borrow().clone();
        for (id, expected) in acked {
            let log = self.store.log(id).unwrap();
            assert_eq!(*log.status(), storage::log::LogStatus::Online, "{id}");
            let found = self.read_all(&log, bytes_max).await;
            let first = expected.iter().zip(&found).position(|(a, b)| a != b);
            assert_eq!(first, None, "{id}");
            assert!(found.len() >= expected.len(), "{id}: {} of {}", found.len(), expected.len());
        }
    }

    pub(crate) async fn stop(mut self) {
        let opened = self.opened.take().unwrap();
        self.store.stop(opened.tasks).await.unwrap();
    }
}
