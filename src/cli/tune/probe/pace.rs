//! Disk and loopback at the pace of a load: all that a prediction is made of.

use std::time::Duration;

use hdrhistogram::Histogram;
use tuning::probe::{Measured, histogram};

use super::disk::Disk;
use super::network::loopback;
use crate::cli::failure::Failure;
use crate::cli::tune::place::{LoadArgs, Place};

/// Bytes that a record of one request has on the disk beside its value: the batch's header, the
/// record's own, the commit's entry for it.
const RECORD_BYTES: usize = 145;

/// What a broker's core spends on a request beside what the loopback's server does: as a part of
/// that. Parsing, checking, copying and the partition's state against receiving and sending. An
/// estimate: `tune verify` says how far off it is.
const REQUEST_SHARE: f64 = 0.8;

/// What a broker's core spends on a commit beside the disk, in requests. An estimate too.
const COMMIT_REQUESTS: f64 = 1.5;

/// What was measured so far; more can be added, between parts of a run.
pub(in crate::cli::tune) struct Pace {
    load: LoadArgs,
    pub(super) disk: Disk,
    /// Why the disk was not measured.
    pub(super) disk_error: Option<String>,
    pub(super) loopback: Histogram<u64>,
    /// Why the loopback was not measured.
    pub(super) loopback_error: Option<String>,
    /// Of each part, what a request cost.
    request_ns: Vec<f64>,
}

impl Pace {
    pub(in crate::cli::tune) fn new(load: &LoadArgs) -> Self {
        Self {
            load: load.clone(),
            disk: Disk::empty(),
            disk_error: None,
            loopback: histogram(),
            loopback_error: None,
            request_ns: Vec::new(),
        }
    }

    /// Measures for about three times `duration`, and adds what it finds.
    pub(in crate::cli::tune) fn measure(
        &mut self,
        place: &Place,
        duration: Duration,
    ) -> Result<(), Failure> {
        let core = place.cores.server;
        let measured = self.disk.measure(&place.scratch, core, self.load.rate, duration * 2);
        self.disk_error = measured.err().map(|error| disk_in_words(&error));
        place.check()?;
        match loopback(&place.cores, &self.load, duration) {
            Ok(found) => {
                // Both have the same bounds.
                let _ = self.loopback.add(found.times);
                self.request_ns.push(found.request_ns);
            }
            Err(error) => self.loopback_error = Some(error.to_string()),
        }
        place.check()
    }

    /// Why something was not measured.
    pub(in crate::cli::tune) fn trouble(&self) -> String {
        let troubles = [&self.disk_error, &self.loopback_error].into_iter().flatten();
        troubles.map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    /// What a request costs a core that does nothing else, nanoseconds; the middle of all parts.
    pub(super) fn request_ns(&self) -> f64 {
        let mut all = self.request_ns.clone();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(0.0)
    }

    /// As the simulation takes it.
    pub(in crate::cli::tune) fn measured(&self) -> Measured {
        let request_ns = self.request_ns();
        Measured {
            record_bytes: self.load.record_size as usize + RECORD_BYTES,
            loopback: self.loopback.clone(),
            request_ns: request_ns * REQUEST_SHARE,
            commit_ns: request_ns * COMMIT_REQUESTS,
            durable: self.disk.durable.clone(),
            written: self.disk.written.clone(),
        }
    }
}

/// Why there is no figure, and what to do about it where that is known.
fn disk_in_words(error: &std::io::Error) -> String {
    let hint = match error.kind() {
        std::io::ErrorKind::InvalidInput => {
            ": this file system takes no O_DIRECT writes, and a broker needs them"
        }
        std::io::ErrorKind::StorageFull => ": 64 MiB are needed",
        std::io::ErrorKind::PermissionDenied => ": io_uring or the directory is not allowed",
        _ => "",
    };
    format!("{error}{hint}")
}
