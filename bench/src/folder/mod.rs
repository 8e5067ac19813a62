//! A run folder: the files that a run leaves, and that everything else is made from.
//!
//! ```text
//! run.json          what was asked for, what came of it, the verdict
//! environment.json  the machine and the target's configuration
//! latency.hlog      HdrHistogram log: an interval a second of each tag, nanoseconds
//! TAG.hgrm          the percentile distribution of each tag, microseconds
//! timeline.csv      a row a second, warm-up at negative seconds
//! stages.json       the broker's own view, where there is one
//! ```
//!
//! A series is a directory whose children are run folders: `001`, `002`, and so on.

mod error;
pub(crate) mod hgrm;
pub(crate) mod log;
pub(crate) mod run;
pub(crate) mod stages;
#[cfg(test)]
pub(crate) mod synthetic;
pub(crate) mod timeline;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hdrhistogram::Histogram;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::error::FolderError;
use self::error::{LineError, io_error};
use self::log::Log;
use self::run::{FORMAT, Run};
use self::stages::Stages;
use self::timeline::Row;
use crate::report::files;

/// The names of the files.
pub(crate) const RUN: &str = "run.json";
pub(crate) const ENVIRONMENT: &str = "environment.json";
pub(crate) const LOG: &str = "latency.hlog";
pub(crate) const TIMELINE: &str = "timeline.csv";
pub(crate) const STAGES: &str = "stages.json";

/// Bytes of a file other than the log.
const TEXT_BYTES_MAX: u64 = 32 << 20;
/// Bytes of a log: hours of it.
const LOG_BYTES_MAX: u64 = 512 << 20;
/// Runs of a series.
const RUNS_MAX: usize = 1000;

/// A run folder whose `run.json` was read; the other files are read when they are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its name in its series; empty if it was named itself.
    pub(crate) name: String,
    /// `run.json`.
    pub(crate) run: Run,
}

impl Folder {
    /// Reads `run.json`.
    pub(crate) fn read(path: &Path) -> Result<Self, FolderError> {
        let file = path.join(RUN);
        let run: Run = json(&file)?.ok_or(FolderError::NoRun { path: path.to_owned() })?;
        if run.format != FORMAT {
            return Err(FolderError::Format { path: file, format: run.format });
        }
        Ok(Self { path: path.to_owned(), name: String::new(), run })
    }

    /// `environment.json`, if it is there.
    pub(crate) fn environment(&self) -> Result<Option<Value>, FolderError> {
        json(&self.path.join(ENVIRONMENT))
    }

    /// `stages.json`, if it is there.
    pub(crate) fn stages(&self) -> Result<Option<Stages>, FolderError> {
        Ok(json::<Stages>(&self.path.join(STAGES))?.map(Stages::bounded))
    }

    /// `timeline.csv`; empty if it is not there.
    pub(crate) fn timeline(&self) -> Result<Vec<Row>, FolderError> {
        let path = self.path.join(TIMELINE);
        let Some(bytes) = bytes(&path, TEXT_BYTES_MAX)? else { return Ok(Vec::new()) };
        let text = String::from_utf8_lossy(&bytes);
        timeline::parse(&text).map_err(|source| FolderError::Lines { path, source })
    }

    /// The bytes of `latency.hlog`; empty if it is not there.
    pub(crate) fn log(&self) -> Result<Vec<u8>, FolderError> {
        Ok(bytes(&self.path.join(LOG), LOG_BYTES_MAX)?.unwrap_or_default())
    }

    /// Names a line of `latency.hlog`.
    pub(crate) fn in_log(&self, source: LineError) -> FolderError {
        FolderError::Lines { path: self.path.join(LOG), source }
    }

    /// The histogram of each tag over the whole window.
    pub(crate) fn histograms(&self) -> Result<BTreeMap<String, Histogram<u64>>, FolderError> {
        let bytes = self.log()?;
        let log = Log::parse(&bytes).map_err(|error| self.in_log(error))?;
        let mut merged = BTreeMap::new();
        for interval in &log.intervals {
            let histogram = interval.histogram().map_err(|error| self.in_log(error))?;
            // A tag that no run has is not worth its memory.
            if log::TAGS.contains(&interval.tag) {
                let all = merged.entry(interval.tag.to_owned());
                let all = all.or_insert_with(|| histogram_of(&histogram));
                add(all, &histogram).ok_or(FolderError::Histogram)?;
            }
        }
        Ok(merged)
    }
}

/// An empty histogram that grows with what is added, as exact as another.
pub(crate) fn histogram_of(like: &Histogram<u64>) -> Histogram<u64> {
    let mut empty = Histogram::new_from(like);
    empty.auto(true);
    empty
}

/// Adds a histogram to one that grows; nothing if its counts do not fit.
pub(crate) fn add(all: &mut Histogram<u64>, other: &Histogram<u64>) -> Option<()> {
    all.add(other).ok()
}

/// A run folder, or the run folders of a series in the order of their names.
pub(crate) fn runs(path: &Path) -> Result<Vec<Folder>, FolderError> {
    if files::is_there(&path.join(RUN)) {
        return Ok(vec![Folder::read(path)?]);
    }
    let mut children = BTreeMap::new();
    for name in files::names(path).map_err(io_error("read", path))? {
        let name = name.map_err(io_error("read", path))?;
        let child = path.join(&name);
        if files::is_there(&child.join(RUN)) {
            children.insert(name.to_string_lossy().into_owned(), child);
        }
        if children.len() > RUNS_MAX {
            return Err(FolderError::TooMany { path: path.to_owned(), runs_max: RUNS_MAX });
        }
    }
    if children.is_empty() {
        return Err(FolderError::NoRun { path: path.to_owned() });
    }
    let named =
        children.into_iter().map(|(name, path)| Ok(Folder { name, ..Folder::read(&path)? }));
    named.collect()
}

/// A file's bytes, if it is there.
fn bytes(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, FolderError> {
    let bytes = files::bytes(path, bytes_max).map_err(io_error("read", path))?;
    if bytes.as_ref().is_some_and(|bytes| bytes.len() as u64 > bytes_max) {
        return Err(FolderError::TooLarge { path: path.to_owned(), bytes_max });
    }
    Ok(bytes)
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FolderError> {
    let Some(bytes) = bytes(path, TEXT_BYTES_MAX)? else { return Ok(None) };
    let read = serde_json::from_slice(&bytes);
    read.map(Some).map_err(|source| FolderError::Json { path: path.to_owned(), source })
}

/// Writes a file of a folder, which is made.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), FolderError> {
    files::write_bytes(path, content).map_err(io_error("write", path))
}

/// Writes a file of a folder as JSON.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FolderError> {
    let json = serde_json::to_vec_pretty(value);
    let mut bytes = json.map_err(|source| FolderError::Json { path: path.to_owned(), source })?;
    bytes.push(b'\n');
    write(path, &bytes)
}

/// Writes the distribution of each tag.
pub(crate) fn write_distributions(
    directory: &Path,
    histograms: &BTreeMap<String, Histogram<u64>>,
) -> Result<(), FolderError> {
    histograms.iter().try_for_each(|(tag, histogram)| {
        write(&directory.join(format!("{tag}.hgrm")), hgrm::distribution(histogram).as_bytes())
    })
}

#[cfg(test)]
mod tests;
