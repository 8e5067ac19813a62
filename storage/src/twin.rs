//! [`TwinFile`]: a small record kept in two copies, of which a crash can spoil only one.
//!
//! ```text
//! file:  | slot 0 (4 KiB) | slot 1 (4 KiB) |      version v lives in slot v mod 2
//! slot:   0 magic | 8 version u64 | 16 len u32 | 20 crc u32 | 24 zeros | 32 payload | zeros
//! ```
//!
//! Little endian; the CRC-32C covers bytes 0..20 and the payload. A write goes to the slot that
//! does not hold the latest version and is synced before it counts.

use std::io;
use std::path::{Path, PathBuf};

use record::Crc32c;
use runtime::{Barrier, File, OpenOptions, Runtime};

use crate::limits::{BLOCK, BLOCK_BYTES};

const HEADER_BYTES: usize = 32;
/// The largest payload.
pub(crate) const PAYLOAD_BYTES_MAX: usize = BLOCK_BYTES - HEADER_BYTES;

/// A file of two copies.
pub(crate) struct TwinFile {
    file: File,
    magic: [u8; 8],
    version: u64,
}

/// One copy as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// It checks.
    Valid {
        /// Its version.
        version: u64,
        /// Its record.
        payload: Vec<u8>,
    },
    /// Zeros, or not there: it was never written.
    Blank,
    /// Anything else.
    Damaged,
}

/// Why no copy could be read.
#[derive(Debug, thiserror::Error)]
pub enum TwinError {
    /// The file could not be opened or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// Neither copy is valid.
    #[error("{}: neither copy can be read", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
    },
}

impl TwinFile {
    /// Creates the file with a first version of its record, durable but for its directory entry.
    /// Both slots get their blocks here: no later version needs space on a disk that is full.
    pub(crate) async fn create(
        runtime: &Runtime,
        path: &Path,
        magic: [u8; 8],
        payload: &[u8],
    ) -> io::Result<Self> {
        let options = OpenOptions { write: true, create: true, ..OpenOptions::default() };
        let file = File::open(runtime, path, options).await?;
        file.truncate(0).await?;
        let mut blank = runtime.pool().chunk(2 * BLOCK_BYTES);
        blank.append(&[0; 2 * BLOCK_BYTES]);
        file.write_at(vec![blank.freeze()], 0, Barrier::None).await?;
        let mut twin = Self { file, magic, version: 0 };
        twin.write(runtime, payload).await?;
        twin.file.sync_all().await?;
        Ok(twin)
    }

    /// Opens the file and reads the latest record. An empty or absent file is `None`: its creation
    /// was not finished.
    pub(crate) async fn open(
        runtime: &Runtime,
        path: &Path,
        magic: [u8; 8],
    ) -> Result<Option<(Self, Vec<u8>)>, TwinError> {
        let failed = |source| TwinError::Io { path: path.to_owned(), source };
        let options = OpenOptions { write: true, ..OpenOptions::default() };
        let file = match File::open(runtime, path, options).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        let slots = read_slots(runtime, &file, magic).await.map_err(failed)?;
        if slots.iter().all(|slot| *slot == Slot::Blank) {
            return Ok(None);
        }
        let valid = slots.into_iter().filter_map(|slot| match slot {
            Slot::Valid { version, payload } => Some((version, payload)),
            Slot::Blank | Slot::Damaged => None,
        });
        match valid.max_by_key(|(version, _)| *version) {
            Some((version, payload)) => Ok(Some((Self { file, magic, version }, payload))),
            None => Err(TwinError::Damaged { path: path.to_owned() }),
        }
    }

    /// Reads both copies and changes nothing.
    pub(crate) async fn inspect(
        runtime: &Runtime,
        path: &Path,
        magic: [u8; 8],
    ) -> io::Result<[Slot; 2]> {
        let file = File::open(runtime, path, OpenOptions::default()).await?;
        read_slots(runtime, &file, magic).await
    }

    /// Writes the next version; durable when it resolves. If the future is dropped or fails, the
    /// file holds the old version or the new one.
    pub(crate) async fn write(&mut self, runtime: &Runtime, payload: &[u8]) -> io::Result<()> {
        let version = self.version + 1;
        let mut chunk = runtime.pool().chunk(BLOCK_BYTES);
        chunk.append(&encode(self.magic, version, payload));
        let offset = (version % 2) * BLOCK;
        self.file.write_at(vec![chunk.freeze()], offset, Barrier::DataSync).await?;
        self.version = version;
        Ok(())
    }
}

async fn read_slots(runtime: &Runtime, file: &File, magic: [u8; 8]) -> io::Result<[Slot; 2]> {
    let len = 2 * BLOCK_BYTES;
    let (buffer, result) = file.read_at(runtime.pool().dma(len), 0, len, 0).await;
    let bytes = buffer.as_slice().get(..result?).unwrap_or_default();
    let slot = |number: usize| {
        let bytes = bytes.get(number * BLOCK_BYTES..).unwrap_or_default();
        let bytes = bytes.get(..BLOCK_BYTES).unwrap_or(bytes);
        match decode(bytes, magic) {
            Some((version, payload)) => Slot::Valid { version, payload: payload.to_vec() },
            None if bytes.iter().all(|byte| *byte == 0) => Slot::Blank,
            None => Slot::Damaged,
        }
    };
    Ok([slot(0), slot(1)])
}

fn encode(magic: [u8; 8], version: u64, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= PAYLOAD_BYTES_MAX, "a twin file's record fits its slot");
    let len = u32::try_from(payload.len()).expect("under a block");
    let mut slot = Vec::with_capacity(BLOCK_BYTES);
    slot.extend_from_slice(&magic);
    slot.extend_from_slice(&version.to_le_bytes());
    slot.extend_from_slice(&len.to_le_bytes());
    let crc = crc_of(&slot, payload);
    slot.extend_from_slice(&crc.to_le_bytes());
    slot.resize(HEADER_BYTES, 0);
    slot.extend_from_slice(payload);
    slot.resize(BLOCK_BYTES, 0);
    slot
}

fn decode(slot: &[u8], magic: [u8; 8]) -> Option<(u64, &[u8])> {
    if slot.first_chunk() != Some(&magic) {
        return None;
    }
    let version = u64::from_le_bytes(*slot.get(8..)?.first_chunk()?);
    let len = u32::from_le_bytes(*slot.get(16..)?.first_chunk()?) as usize;
    let crc = u32::from_le_bytes(*slot.get(20..)?.first_chunk()?);
    let payload = slot.get(HEADER_BYTES..HEADER_BYTES.checked_add(len)?)?;
    (crc_of(slot.get(..20)?, payload) == crc).then_some((version, payload))
}

fn crc_of(front: &[u8], payload: &[u8]) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(front);
    crc.update(payload);
    crc.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAGIC: [u8; 8] = *b"TestTwin";

    /// The bytes that docs/FORMAT.md states.
    #[test]
    fn a_slot_s_bytes_are_the_documented_ones() {
        let slot = encode(MAGIC, 7, b"payload");
        let fields = [
            &b"TestTwin"[..],
            &7_u64.to_le_bytes(),
            &7_u32.to_le_bytes(),
            &[1, 19, 250, 124],
            &[0; 8],
            b"payload",
            &[0; BLOCK_BYTES - 39],
        ];
        assert_eq!(slot, fields.concat());
    }

    #[test]
    fn a_damaged_slot_is_told_from_a_whole_one() {
        let slot = encode(MAGIC, 7, b"payload");
        assert_eq!(decode(&slot, MAGIC), Some((7, &b"payload"[..])));
        assert_eq!(decode(&slot, *b"OtherFmt"), None);
        for bit in 0..(HEADER_BYTES + 7) * 8 {
            let mut damaged = slot.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let in_padding = (24 * 8..32 * 8).contains(&bit);
            assert_eq!(decode(&damaged, MAGIC).is_some(), in_padding, "bit {bit}");
        }
    }

    /// A broker that was killed on a full disk did not start again: the slot of the second version
    /// was a hole, and there was no block for it.
    #[test]
    fn both_slots_have_their_blocks_from_the_first_version_on() {
        use std::os::unix::fs::MetadataExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("twin");
        let created = path.clone();
        runtime::block_on(runtime::RuntimeConfig::default(), |runtime| async move {
            drop(TwinFile::create(&runtime, &created, MAGIC, b"one").await.unwrap());
        })
        .unwrap();
        let metadata = std::fs::metadata(&path).unwrap();
        assert_eq!(metadata.len(), 2 * BLOCK);
        assert!(metadata.blocks() * 512 >= 2 * BLOCK, "{} sectors", metadata.blocks());
    }

    #[test]
    fn the_latest_valid_copy_wins_and_one_may_be_spoiled() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("twin");
        let spoiled = path.clone();
        let read = |path: PathBuf| {
            runtime::block_on(runtime::RuntimeConfig::default(), |runtime| async move {
                TwinFile::open(&runtime, &path, MAGIC).await.map(|twin| twin.map(|twin| twin.1))
            })
            .unwrap()
        };
        assert!(read(path.clone()).unwrap().is_none());
        runtime::block_on(runtime::RuntimeConfig::default(), |runtime| async move {
            let mut twin = TwinFile::create(&runtime, &path, MAGIC, b"one").await.unwrap();
            twin.write(&runtime, b"two").await.unwrap();
            twin.write(&runtime, b"three").await.unwrap();
        })
        .unwrap();
        assert_eq!(read(spoiled.clone()).unwrap().unwrap(), b"three");
        let mut bytes = std::fs::read(&spoiled).unwrap();
        bytes[BLOCK_BYTES + HEADER_BYTES] ^= 1;
        std::fs::write(&spoiled, &bytes).unwrap();
        assert_eq!(read(spoiled.clone()).unwrap().unwrap(), b"two");
        bytes[0] ^= 1;
        std::fs::write(&spoiled, &bytes).unwrap();
        assert!(matches!(read(spoiled), Err(TwinError::Damaged { .. })));
    }
}
