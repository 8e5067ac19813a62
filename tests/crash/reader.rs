//! Reading: a consumer at the tails while others produce, and everything again after a crash.

use std::io;

use super::log::{Kind, Log};
use super::producer::Round;
use crate::support::connection::Connection;
use crate::support::fetch::Appetite;
use crate::support::random::Random;

const OFFSET_OUT_OF_RANGE: i16 = 1;
const NOT_LEADER_OR_FOLLOWER: i16 = 6;

/// How a consumer follows a tail.
const FOLLOW: Appetite = Appetite { bytes_max: 1 << 20, wait_ms: 2 };
/// How everything is read again.
const REREAD: Appetite = Appetite { bytes_max: 8 << 20, wait_ms: 1_000 };

/// How much is read again after a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The last rounds'.
    Recent,
    /// From the start of each log.
    Everything,
}

/// Reads from random tails until the broker ends. What it has seen must never vanish.
pub(crate) fn follow(
    logs: &mut [Log],
    random: &mut Random,
    round: Round<'_>,
) -> Result<(), String> {
    let connected = Connection::open(round.address);
    round.start.wait();
    let mut connection = connected.map_err(|error| format!("consumer: {error}"))?;
    loop {
        let log = &mut logs[random.index(logs.len())];
        let from = log.seen_end();
        let fetched = match connection.fetch(&log.partition, from, FOLLOW) {
            Ok(fetched) => fetched,
            Err(error) if error.kind() == io::ErrorKind::Other => return Err(error.to_string()),
            Err(error) => return round.lost("consumer", &error),
        };
        match fetched.error_code {
            0 => log.absorb(from, &fetched.records)?,
            OFFSET_OUT_OF_RANGE if log.kind == Kind::Shrinks => {
                match connection.earliest(&log.partition) {
                    Ok(start) => log.skip_to(start)?,
                    Err(error) => return round.lost("consumer", &error),
                }
            }
            NOT_LEADER_OR_FOLLOWER => {
                return round.lost("consumer", &io::Error::other("not the leader"));
            }
            error => return Err(log.wrong(format!("a fetch from {from}: error {error}"))),
        }
    }
}

/// Reads a log to its end after a start: it has not shrunk, and is what it was.
pub(crate) fn reread(
    connection: &mut Connection,
    log: &mut Log,
    acknowledged_end: i64,
    scope: Scope,
) -> Result<u64, String> {
    let failed = |error: io::Error| format!("{:?}: {error}", log.partition);
    let start = connection.earliest(&log.partition).map_err(failed)?;
    let end = connection.latest(&log.partition).map_err(failed)?;
    if start < log.start || (log.kind == Kind::Kept && start != 0) {
        return Err(log.wrong(format!("the log's start is {start}")));
    }
    log.start = start;
    if end < log.seen_end() || end < acknowledged_end {
        return Err(log.wrong(format!("the log ends at {end}, acknowledged to {acknowledged_end}")));
    }
    if start > log.seen_end() {
        log.skip_to(start)?;
    }
    let mut from = match scope {
        Scope::Everything => start,
        Scope::Recent => log.reread.max(start),
    };
    let mut read = 0;
    while from < end {
        let fetched = connection.fetch(&log.partition, from, REREAD);
        let fetched = fetched.map_err(|error| log.wrong(format!("fetch from {from}: {error}")))?;
        if fetched.error_code == OFFSET_OUT_OF_RANGE && log.kind == Kind::Shrinks {
            // Retention goes on meanwhile.
            from = connection.earliest(&log.partition).map_err(|error| error.to_string())?;
            if from > log.seen_end() {
                log.skip_to(from)?;
            }
            continue;
        }
        if fetched.error_code != 0 || fetched.high_watermark != end || fetched.records.is_empty() {
            return Err(log.wrong(format!("a fetch from {from} of {end}: {fetched:?}")));
        }
        log.absorb(from, &fetched.records)?;
        let count = fetched.records.len();
        from += i64::try_from(count).expect("few records");
        read += count as u64;
    }
    log.reread = log.reread_next;
    log.reread_next = end;
    Ok(read)
}
