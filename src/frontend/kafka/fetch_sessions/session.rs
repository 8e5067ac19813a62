//! One fetch session: its partitions in the order in which they are read, and what its client was
//! last told of each.

use std::collections::BTreeMap;

use net::kafka::api::fetch::{EpochEnd, PartitionData, SessionEpoch, SessionId};
use record::{NodeId, Offset, PartitionIndex};

use super::{Ask, Asked, SessionRequest, TopicKey, Turn, next_epoch};

/// The longest name that a topic can have, in bytes: what is longer is not kept.
const NAME_BYTES_MAX: usize = 249;

/// Where a partition stands in its session's order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::frontend::kafka) struct Place(u64);

/// What a client was last told of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::frontend::kafka) struct Seen {
    high_watermark: Offset,
    log_start: Offset,
}

/// A session.
#[derive(Debug)]
pub(in crate::frontend::kafka) struct Session {
    by_ids: bool,
    /// Of the request that is due.
    epoch: SessionEpoch,
    in_order: BTreeMap<Place, Kept>,
    places: BTreeMap<(TopicKey, PartitionIndex), Place>,
    last: Place,
}

#[derive(Debug)]
struct Kept {
    topic: TopicKey,
    ask: Ask,
    seen: Seen,
}

impl Seen {
    /// Nothing yet.
    pub(super) const NOTHING: Self = Self { high_watermark: Offset::NONE, log_start: Offset::NONE };

    /// What an answer tells.
    pub(in crate::frontend::kafka) fn of(data: &PartitionData<'_>) -> Self {
        Self { high_watermark: data.high_watermark, log_start: data.log_start_offset }
    }

    /// Notes what is to be answered; whether it has to be said at all.
    fn renew(&mut self, data: &PartitionData<'_>, has_records: bool) -> bool {
        let now = Self::of(data);
        let is_error = !data.error_code.is_none();
        let is_new = has_records
            || is_error
            || *self != now
            || data.preferred_read_replica != NodeId(-1)
            || data.diverging_epoch != EpochEnd::default();
        *self = now;
        if is_error {
            // So the partition is answered once more when the error is over.
            self.high_watermark = Offset::NONE;
        }
        is_new
    }
}

impl Session {
    /// A session without partitions, its first request answered.
    pub(super) fn new(by_ids: bool) -> Self {
        Self {
            by_ids,
            epoch: next_epoch(SessionEpoch::INITIAL),
            in_order: BTreeMap::new(),
            places: BTreeMap::new(),
            last: Place::default(),
        }
    }

    /// Whether it names topics by id.
    pub(super) fn by_ids(&self) -> bool {
        self.by_ids
    }

    /// The epoch of the request that is due.
    pub(super) fn epoch(&self) -> SessionEpoch {
        self.epoch
    }

    /// How many partitions it has.
    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// Puts a partition at the end, or changes it where it stands. `false`: it can not be kept.
    pub(super) fn put(&mut self, topic: &TopicKey, ask: Ask, seen: Seen) -> bool {
        if topic.name().len() > NAME_BYTES_MAX {
            return false;
        }
        let key = (topic.clone(), ask.partition);
        if let Some(place) = self.places.get(&key) {
            let kept = self.in_order.get_mut(place).expect("a place is taken");
            kept.ask = ask;
        } else {
            let place = self.next_place();
            self.in_order.insert(place, Kept { topic: topic.clone(), ask, seen });
            self.places.insert(key, place);
        }
        true
    }

    /// Merges what a request changes. `false`: some of it can not be kept.
    pub(super) fn merge(&mut self, request: &SessionRequest) -> bool {
        for topic in &request.asked {
            for ask in &topic.partitions {
                if !self.put(&topic.topic, *ask, Seen::NOTHING) {
                    return false;
                }
            }
        }
        for key in &request.forgotten {
            if let Some(place) = self.places.remove(key) {
                self.in_order.remove(&place);
            }
        }
        true
    }

    /// Takes the request that is due: everything to read.
    pub(super) fn turn(&mut self, id: SessionId) -> Turn {
        self.epoch = next_epoch(self.epoch);
        let mut asked: Vec<Asked> = Vec::new();
        for kept in self.in_order.values() {
            match asked.last_mut() {
                Some(last) if last.topic == kept.topic => last.partitions.push(kept.ask),
                _ => asked.push(Asked { topic: kept.topic.clone(), partitions: vec![kept.ask] }),
            }
        }
        Turn { id, next: self.epoch, asked, places: self.in_order.keys().copied().collect() }
    }

    /// Whether a partition has to be in the answer. One with records goes to the end of the
    /// order, so that others come first next time.
    pub(in crate::frontend::kafka) fn must_answer(
        &mut self,
        place: Place,
        data: &PartitionData<'_>,
        has_records: bool,
    ) -> bool {
        let Some(kept) = self.in_order.get_mut(&place) else { return false };
        let must_answer = kept.seen.renew(data, has_records);
        if has_records {
            let kept = self.in_order.remove(&place).expect("it was found");
            let place = self.next_place();
            self.places.insert((kept.topic.clone(), kept.ask.partition), place);
            self.in_order.insert(place, kept);
        }
        must_answer
    }

    fn next_place(&mut self) -> Place {
        self.last.0 += 1;
        self.last
    }
}
