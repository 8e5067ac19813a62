//! The housekeeping thread: jobs on `glommio`'s direct-I/O streams.

use std::io;
use std::path::Path;

use futures_lite::AsyncWriteExt;
use glommio::io::{DmaFile, DmaStreamReaderBuilder, DmaStreamWriterBuilder};
use glommio::{LocalExecutorBuilder, Placement};

use super::Request;
use super::job::{Done, Job};
use crate::buffer::DmaBuf;
use crate::error::StartError;

/// Bytes of one read or write, and how many are in flight: the device's full speed needs no more.
const STREAM_BYTES: usize = 512 << 10;
const STREAM_DEPTH: usize = 8;
/// Memory that `glommio` registers with its rings.
const IO_MEMORY: usize = 1 << 20;
/// Jobs under way at once.
const JOBS: usize = 2;
/// How much lower the priority of the thread is, once it is.
const NICE: i32 = 10;

/// Starts the thread. It ends when all senders of `requests` are gone.
pub(super) fn start(
    core: Option<usize>,
    requests: flume::Receiver<Request>,
) -> Result<(), StartError> {
    let placement = core.map_or(Placement::Unbound, Placement::Fixed);
    LocalExecutorBuilder::new(placement)
        .name("housekeeping")
        .io_memory(IO_MEMORY)
        .ring_depth(64)
        .spawn(move || async move {
            let workers: Vec<_> = (0..JOBS)
                .map(|_| {
                    let requests = requests.clone();
                    glommio::spawn_local(work(requests))
                })
                .collect();
            for worker in workers {
                worker.await;
            }
        })
        .map(drop)
        .map_err(|error| StartError::System {
            action: "start the housekeeping thread",
            source: io::Error::other(error.to_string()),
        })
}

fn lower_priority() {
    // SAFETY: nice has no memory arguments; on Linux it is the calling thread's.
    unsafe { libc::nice(NICE) };
}

/// Does jobs one after another, until nobody can ask any more.
async fn work(requests: flume::Receiver<Request>) {
    // A scan's bytes; kept for the next one while there is one, since fresh memory costs as much
    // as the reading.
    let mut scratch = None;
    while let Ok(Request { job, reply }) = requests.recv_async().await {
        let done = run(job, &mut scratch).await;
        if requests.is_empty() {
            scratch = None;
        }
        // Who asked may have gone meanwhile.
        drop(reply.try_send(done));
    }
}

async fn run(job: Job, scratch: &mut Option<DmaBuf>) -> io::Result<Done> {
    match job {
        Job::Prewrite { path, len } => prewrite(&path, len).await?,
        Job::Scan { path, len, step } => {
            let read = load(&path, len, scratch).await?;
            let bytes = scratch.as_ref().map_or(&[][..], DmaBuf::as_slice);
            step(&bytes[..read]);
        }
        Job::Compute { work } => work(),
        Job::LowerPriority => lower_priority(),
        Job::Unlink { paths } => {
            for path in paths {
                unlink(&path).await?;
            }
        }
    }
    Ok(Done)
}

async fn prewrite(path: &Path, len: u64) -> io::Result<()> {
    let file = DmaFile::create(path).await?;
    let mut writer = DmaStreamWriterBuilder::new(file)
        .with_buffer_size(STREAM_BYTES)
        .with_write_behind(STREAM_DEPTH)
        .build();
    let zeros = vec![0; STREAM_BYTES];
    let mut left = len;
    while left > 0 {
        let step = left.min(STREAM_BYTES as u64);
        let step = usize::try_from(step).map_err(io::Error::other)?;
        writer.write_all(&zeros[..step]).await?;
        left -= step as u64;
    }
    // Closing syncs the contents.
    writer.close().await
}

/// Reads the front of a file into `scratch`; returns how much there was.
async fn load(path: &Path, len: u64, scratch: &mut Option<DmaBuf>) -> io::Result<usize> {
    let file = DmaFile::open(path).await?;
    let len = len.min(file.file_size().await?);
    let capacity = usize::try_from(len).map_err(io::Error::other)?;
    if scratch.as_ref().is_none_or(|kept| kept.capacity() < capacity) {
        *scratch = None;
    }
    let bytes = scratch.get_or_insert_with(|| DmaBuf::zeroed(capacity.max(1)));
    let mut reader = DmaStreamReaderBuilder::new(file)
        .with_buffer_size(STREAM_BYTES)
        .with_read_ahead(STREAM_DEPTH)
        .with_end_pos(len)
        .build();
    let mut read = 0;
    while read < capacity {
        let part = reader.get_buffer_aligned((capacity - read) as u64).await?;
        if part.is_empty() {
            break;
        }
        bytes.as_mut_slice()[read..read + part.len()].copy_from_slice(&part);
        read += part.len();
    }
    reader.close().await?;
    Ok(read)
}

async fn unlink(path: &Path) -> io::Result<()> {
    match glommio::io::remove(path).await {
        Ok(()) => Ok(()),
        Err(error) => {
            let error = io::Error::from(error);
            if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
        }
    }
}
