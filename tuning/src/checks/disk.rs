//! The disk of the data directory: its queue, its cache, its file system.

mod cache;
mod device;
mod file_system;
mod place;
mod queue;

use std::fmt::Write;

use super::{DEDICATED, EVERYBODY, LATENCY, NO_DATA};
use crate::answer::{Answer, Blind, Looked};
use crate::check::Setting;
use crate::{Check, Snapshot};

pub(super) const CHECKS: &[&[Check]] =
    &[queue::CHECKS, cache::CHECKS, device::CHECKS, file_system::CHECKS, place::CHECKS];

/// A file of the queue of each disk of the data directory, for which something has to hold, and
/// the value that makes it so.
fn every_queue(
    snapshot: &Snapshot,
    file: &str,
    holds: impl Fn(&str) -> Option<bool>,
    value: Option<&str>,
) -> Looked {
    let Some(disks) = snapshot.disks()? else { return Ok(Answer::not_applicable(NO_DATA)) };
    let (mut all_hold, mut current, mut settings) = (true, String::new(), Vec::new());
    for disk in disks {
        let path = format!("sys/block/{disk}/queue/{file}");
        let Some(text) = snapshot.optional(&path)? else { continue };
        let holds = holds(text)
            .ok_or_else(|| Blind::because(format_args!("{path} is not understood: {text}")))?;
        let comma = if current.is_empty() { "" } else { ", " };
        write!(current, "{comma}{disk}: {text}").map_err(Blind::because)?;
        all_hold &= holds;
        if !holds && let Some(value) = value {
            settings.push(Setting { path, value: value.to_owned() });
        }
    }
    if current.is_empty() {
        return Ok(Answer::not_applicable("no disk of the data directory has it"));
    }
    Ok(Answer { settings, ..Answer::of(all_hold, current) })
}

/// A number in place of a text.
fn number(holds: fn(i64) -> bool) -> impl Fn(&str) -> Option<bool> {
    move |text: &str| text.parse().ok().map(holds)
}
