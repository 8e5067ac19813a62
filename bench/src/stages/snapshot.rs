//! What `/debug/stages` says at one moment.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use serde_json::Value;

use crate::error::BenchError;

/// The most stages that are read.
const STAGES_MAX: usize = 64;
/// The longest latency that a histogram may tell, and how exactly: an hour, three digits.
const NANOS_MAX: u64 = 3_600_000_000_000;
const DIGITS_MAX: u32 = 3;
/// Bytes of the head of an encoded histogram.
const HEAD_BYTES: usize = 40;

/// Every stage since the broker's start.
#[derive(Debug)]
pub(super) struct Snapshot {
    started_ms: i64,
    /// When it was taken, by the broker's wall clock.
    pub(super) taken_ms: i64,
    stages: Vec<(String, Histogram<u64>)>,
}

impl Snapshot {
    /// Reads the page. Shards that did not answer make it one of no use.
    pub(super) fn read(page: &[u8]) -> Result<Self, BenchError> {
        let page: Value =
            serde_json::from_slice(page).map_err(|_| BenchError::Stages("the page is not JSON"))?;
        let whole = page["silent"].as_array().is_some_and(Vec::is_empty);
        if !whole {
            return Err(BenchError::Stages("not every shard has answered"));
        }
        let time = |name: &str| page[name].as_i64();
        let times = time("started_ms").zip(time("now_ms"));
        let (started_ms, taken_ms) = times.ok_or(BenchError::Stages("the page has no times"))?;
        let stages = page["stages"].as_array().ok_or(BenchError::Stages("the page has none"))?;
        let stages = stages.iter().take(STAGES_MAX).map(stage).collect::<Option<_>>();
        let stages = stages.ok_or(BenchError::Stages("a histogram can not be read"))?;
        Ok(Self { started_ms, taken_ms, stages })
    }

    /// What came since an earlier one of the same process.
    pub(super) fn since(
        mut self,
        before: Self,
    ) -> Result<Vec<(String, Histogram<u64>)>, BenchError> {
        if before.started_ms != self.started_ms {
            return Err(BenchError::Stages("the broker was started anew meanwhile"));
        }
        for (name, earlier) in before.stages {
            let later = self.stages.iter_mut().find(|(later, _)| *later == name);
            let gone = later.and_then(|(_, later)| later.subtract(earlier).ok());
            gone.ok_or(BenchError::Stages("a histogram has lost what it had"))?;
        }
        Ok(self.stages)
    }
}

fn stage(stage: &Value) -> Option<(String, Histogram<u64>)> {
    let name = stage["name"].as_str()?.to_owned();
    let bytes = STANDARD.decode(stage["histogram"].as_str()?).ok()?;
    // The decoder allocates what the head asks for, so the head is looked at first.
    let (payload, digits) = (u32_at(&bytes, 4)?, u32_at(&bytes, 12)?);
    let highest = u64::from_be_bytes(*bytes.get(24..)?.first_chunk()?);
    let is_sound = bytes.len().checked_sub(HEAD_BYTES) == usize::try_from(payload).ok();
    if !is_sound || digits > DIGITS_MAX || highest > NANOS_MAX {
        return None;
    }
    Some((name, Deserializer::new().deserialize(&mut bytes.as_slice()).ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
