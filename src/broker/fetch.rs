//! Fetch: what can be read of many partitions, here and on other shards, and waiting for more.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use record::{LeaderEpoch, Offset, ShardId, TopicPartition};
use runtime::Instant;
use runtime::local::first;
use storage::ReadLimits;
use storage::log::{Log, Watch};

use super::range::{Range, RemoteRange};
use crate::metrics::Gauge;
use crate::shard::Shard;
use crate::shard::handlers::{check_epoch, failure};
use crate::shard::message::{LogFailure, PlanPart, RemoteWatch, Reply, Request, WatchNumber};

/// What a reader wants of one partition.
#[derive(Clone)]
pub struct FetchPart {
    /// The log.
    pub log: TopicPartition,
    /// Whose it is.
    pub owner: ShardId,
    /// It, on its owner.
    pub local: Option<Rc<Log>>,
    /// From where.
    pub offset: Offset,
    /// Bytes at most, the first batch excepted.
    pub bytes_max: u32,
    /// The epoch that the reader knows, if it said so.
    pub leader_epoch: Option<LeaderEpoch>,
}

/// How much a reader wants, and how long it waits.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// Bytes worth an answer.
    pub bytes_min: u64,
    /// Bytes at most, the first batch excepted.
    pub bytes_max: u64,
    /// How long to wait for `bytes_min`.
    pub patience: Duration,
}

/// What there is of one partition.
pub struct Fetched {
    /// The first offset that can not be read.
    pub high_watermark: Offset,
    /// The first offset of the log.
    pub log_start: Offset,
    /// The bytes, if there are any.
    pub range: Option<Range>,
}

/// What there is, and how long it was waited for.
pub struct Reading {
    /// By part, in their order.
    pub results: FetchResults,
    /// How much of the time was a wait for more.
    pub waited: Duration,
}

/// By part, in their order.
pub type FetchResults = Vec<Result<Fetched, LogFailure>>;

impl Shard {
    /// Plans a fetch. Answers when there is enough, when something is wrong with a partition, when
    /// the time is over, or when the shard stops. Dropping the future forgets it.
    pub async fn fetch(self: &Rc<Self>, parts: &[FetchPart], limits: FetchLimits) -> Reading {
        let deadline = self.runtime.now().after(limits.patience);
        let mut results = self.plan_parts(parts, limits).await;
        let mut waited = Duration::ZERO;
        while !is_enough(&results, limits) && !self.connections.is_closed() {
            let since = self.runtime.now();
            if since >= deadline {
                break;
            }
            self.wait_for_more(parts, &results, limits, deadline).await;
            waited = waited.saturating_add(since.until(self.runtime.now()));
            results = self.plan_parts(parts, limits).await;
        }
        Reading { results, waited }
    }

    async fn plan_parts(self: &Rc<Self>, parts: &[FetchPart], limits: FetchLimits) -> FetchResults {
        let mut remote = self.plan_remote(parts).await;
        let mut results = Vec::with_capacity(parts.len());
        let mut left = limits.bytes_max;
        let mut any = false;
        for (index, part) in parts.iter().enumerate() {
            let bytes_max = u64::from(part.bytes_max).min(left);
            let bytes_max = u32::try_from(bytes_max).expect("no more than the part's");
            let mut result = match &part.local {
                Some(log) => self.plan_local(part, log, bytes_max, !any).await,
                None => remote.remove(&index).unwrap_or(Err(LogFailure::Stopping)),
            };
            if let Ok(Fetched { range: Some(range), .. }) = &mut result {
                // What another shard planned knows nothing of the parts before it.
                if any && range.remaining() > u64::from(bytes_max) {
                    range.truncate(u64::from(bytes_max));
                }
                left = left.saturating_sub(range.remaining());
                any |= range.remaining() > 0;
            }
            results.push(result);
            self.runtime.yield_if_needed().await;
        }
        results
    }

    async fn plan_local(
        &self,
        part: &FetchPart,
        log: &Rc<Log>,
        bytes_max: u32,
        first_batch_whole: bool,
    ) -> Result<Fetched, LogFailure> {
        check_epoch(part.leader_epoch, log.state().leader_epoch)?;
        let limits = ReadLimits { bytes_max, first_batch_whole };
        let plan = match self.store.plan_hot(log, part.offset, limits) {
            Some(plan) => plan,
            None => self.store.plan(log, part.offset, limits).await,
        };
        let plan = plan.map_err(failure)?;
        let range = plan.range.map(Range::Local);
        Ok(Fetched { high_watermark: plan.high_watermark, log_start: plan.log_start, range })
    }

    /// Asks each other shard once for all its parts; results by the part's index.
    async fn plan_remote(
        self: &Rc<Self>,
        parts: &[FetchPart],
    ) -> BTreeMap<usize, Result<Fetched, LogFailure>> {
        let mut by_shard: BTreeMap<ShardId, Vec<usize>> = BTreeMap::new();
        for (index, part) in parts.iter().enumerate().filter(|(_, part)| part.local.is_none()) {
            by_shard.entry(part.owner).or_default().push(index);
        }
        let mut results = BTreeMap::new();
        for (owner, indexes) in by_shard {
            let wanted = indexes.iter().map(|index| {
                let FetchPart { log, offset, bytes_max, leader_epoch, .. } = parts[*index];
                PlanPart { log, offset, bytes_max, leader_epoch }
            });
            let reply = self.call(owner, Request::Plan(wanted.collect())).await;
            let Ok(Reply::Planned(planned)) = reply else { continue };
            for (index, planned) in indexes.into_iter().zip(planned) {
                let fetched = planned.map(|planned| Fetched {
                    high_watermark: planned.high_watermark,
                    log_start: planned.log_start,
                    range: (planned.len > 0).then(|| {
                        let (lease, first) = (planned.lease, planned.first);
                        Range::Remote(RemoteRange::new(self, owner, lease, first, planned.len))
                    }),
                });
                results.insert(index, fetched);
            }
        }
        results
    }

    /// Waits until enough has come since `results`, something has changed elsewhere, or it is
    /// time to answer.
    async fn wait_for_more(
        self: &Rc<Self>,
        parts: &[FetchPart],
        results: &FetchResults,
        limits: FetchLimits,
        deadline: Instant,
    ) {
        self.metrics.raise(Gauge::WaitingFetches, 1);
        let _counted = Counted(self);
        let remote = RemoteWait::begin(self, parts, results).await;
        let local = self.wait_local(parts, limits.bytes_min);
        let elsewhere = async {
            match &remote {
                Some(remote) => remote.fired().await,
                None => std::future::pending().await,
            }
        };
        let over = first(self.runtime.sleep_until(deadline), self.connections.closing());
        first(first(local, elsewhere), over).await;
    }

    /// Waits until the local parts together can be read for `bytes_min` bytes, each as far as it
    /// was asked for. Only partitions that move are looked at.
    async fn wait_local(&self, parts: &[FetchPart], bytes_min: u64) {
        let watch = Rc::new(Watch::default());
        let mut readable: Vec<u64> = vec![0; parts.len()];
        let mut guards = Vec::new();
        for (tag, part) in (0_u32..).zip(parts) {
            if let Some(log) = &part.local {
                guards.push(log.watch(&watch, tag));
                watch.mark(tag);
            }
        }
        if guards.is_empty() {
            return std::future::pending().await;
        }
        let mut sum: u64 = 0;
        loop {
            for tag in watch.changed().await {
                let part = &parts[tag as usize];
                let log = part.local.as_ref().expect("only local parts are watched");
                let Some(bytes) = readable_bytes(log, part) else { return };
                sum = sum - readable[tag as usize] + bytes;
                readable[tag as usize] = bytes;
            }
            if sum >= bytes_min {
                return;
            }
        }
    }
}

/// Bytes that a part could be answered with; `None` if it is to be answered with an error.
fn readable_bytes(log: &Log, part: &FetchPart) -> Option<u64> {
    let state = log.state();
    let readable = log.is_online()
        && part.offset >= state.log_start
        && part.offset <= state.next_offset
        && part.leader_epoch.is_none_or(|known| known == state.leader_epoch);
    if !readable {
        return None;
    }
    if part.offset >= state.visible.offset {
        return Some(0);
    }
    let enough = u64::from(part.bytes_max);
    // A reader behind the tail certainly has something to read.
    let Some(span) = state.tail.find_offset(part.offset) else { return Some(enough) };
    Some(state.readable_bytes(span.segment, span.batch_position, enough).min(enough))
}

fn is_enough(results: &FetchResults, limits: FetchLimits) -> bool {
    let mut sum = 0;
    for result in results {
        let Ok(fetched) = result else { return true };
        sum += fetched.range.as_ref().map_or(0, Range::remaining);
    }
    sum >= limits.bytes_min
}

struct Counted<'a>(&'a Shard);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.metrics.lower(Gauge::WaitingFetches, 1);
    }
}

/// Watches on other shards; taken back when dropped.
struct RemoteWait {
    shard: Rc<Shard>,
    number: WatchNumber,
    fired: Rc<crate::shard::watches::Fired>,
    owners: Vec<ShardId>,
}

impl RemoteWait {
    /// Asks the owners of remote parts to say when there is more than `results` show.
    async fn begin(shard: &Rc<Shard>, parts: &[FetchPart], results: &FetchResults) -> Option<Self> {
        let mut by_shard: BTreeMap<ShardId, Vec<(TopicPartition, Offset)>> = BTreeMap::new();
        for (part, result) in parts.iter().zip(results) {
            if let (None, Ok(fetched)) = (&part.local, result) {
                let seen = fetched.high_watermark.max(part.offset);
                by_shard.entry(part.owner).or_default().push((part.log, seen));
            }
        }
        if by_shard.is_empty() {
            return None;
        }
        let (number, fired) = shard.watches.begin();
        let owners: Vec<ShardId> = by_shard.keys().copied().collect();
        let wait = Self { shard: Rc::clone(shard), number, fired, owners };
        for (owner, parts) in by_shard {
            let watch = RemoteWatch { number, parts };
            // A shard that has ended will say nothing: the reader's own deadline ends the wait.
            drop(shard.call(owner, Request::Watch(watch)).await);
        }
        Some(wait)
    }

    async fn fired(&self) {
        self.fired.wait().await;
    }
}

impl Drop for RemoteWait {
    fn drop(&mut self) {
        self.shard.watches.end(self.number);
        for owner in std::mem::take(&mut self.owners) {
            let (shard, number) = (Rc::clone(&self.shard), self.number);
            let unwatch = async move {
                drop(shard.call(owner, Request::Unwatch(number)).await);
            };
            self.shard.runtime.spawn(unwatch).detach();
        }
    }
}
