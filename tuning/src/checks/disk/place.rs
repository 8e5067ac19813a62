//! Where on the disk the data lies, and how much room there is.

use super::{EVERYBODY, NO_DATA};
use crate::Snapshot;
use crate::answer::{Answer, Blind, Looked};
use crate::check::{Check, Evidence, Needs, Severity, Topic};

/// Sectors of 512 bytes in 1 MiB, a multiple of every disk's pages that is known.
const ALIGNED_SECTORS: u64 = 2_048;

/// Two shards' journals, and room for segments to grow.
const FREE_BYTES_MIN: u64 = 4 << 30;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "partition_alignment",
        topic: Topic::Disk,
        why: "A block that lies across two of the disk's pages is read and written twice.",
        severity: Severity::Advised,
        wanted: "a partition that starts at a multiple of 1 MiB",
        remedy: "make the partition anew (parted -a optimal)",
        needs: Needs::Root,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: alignment,
    },
    Check {
        id: "disk_free",
        topic: Topic::Disk,
        why: "Short of room the broker refuses what is produced, and a full disk is a slow one.",
        severity: Severity::Advised,
        wanted: "4 GiB and a tenth of the file system",
        remedy: "shorter retention, or a larger file system",
        needs: Needs::User,
        evidence: Evidence::Documented,
        profiles: EVERYBODY,
        look: free,
    },
];

fn alignment(snapshot: &Snapshot) -> Looked {
    let Some(partition) = snapshot.partition()? else {
        return Ok(Answer::not_applicable(NO_DATA));
    };
    let Some(name) = partition.name else {
        return Ok(Answer::not_applicable("the file system has the whole disk"));
    };
    let at = format!("sys/block/{}/{name}", partition.disk);
    let start: u64 = snapshot.number(&format!("{at}/start"))?;
    let offset = snapshot.optional(&format!("{at}/alignment_offset"))?.unwrap_or("0");
    let current = format_args!("{name} starts at sector {start}, off by {offset} bytes");
    Ok(Answer::of(start.is_multiple_of(ALIGNED_SECTORS) && offset == "0", current))
}

fn free(snapshot: &Snapshot) -> Looked {
    let given = &snapshot.given;
    if given.data.is_none() {
        return Ok(Answer::not_applicable(NO_DATA));
    }
    let (Some(free), Some(total)) = (given.free_bytes, given.total_bytes) else {
        return Err(Blind::because("no file says how much is free, and it was not asked for"));
    };
    let current = format_args!("{} MiB of {} MiB", free >> 20, total >> 20);
    Ok(Answer::of(free >= FREE_BYTES_MIN && free >= total / 10, current))
}
