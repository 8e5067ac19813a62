//! Retention: which segments may go by size and time, and letting them go.

use std::rc::Rc;
use std::time::Duration;

use record::{Offset, Timestamp};

use super::Store;
use super::lifecycle::LogError;
use crate::config::LogConfig;
use crate::log::Log;
use crate::log::state::LogState;

/// How long deletion waits for responses that refer to a segment.
const PIN_PATIENCE: Duration = Duration::from_mins(1);
const PIN_LOOK: Duration = Duration::from_millis(100);

impl Store {
    /// Deletes the segments of a log that its settings let go, and closes an active one that is
    /// older than `segment.ms`. How many were deleted.
    pub async fn retain(&self, log: &Rc<Log>, now: Timestamp) -> Result<usize, LogError> {
        if !log.is_online() || log.busy.replace(true) {
            return Ok(0);
        }
        let result = self.retain_busy(log, now).await;
        log.busy.set(false);
        result
    }

    async fn retain_busy(&self, log: &Rc<Log>, now: Timestamp) -> Result<usize, LogError> {
        let horizon = new_log_start(&log.state(), &log.config(), now);
        if let Some(log_start) = horizon {
            self.raise_log_start(log, log_start).await?;
        }
        let removed = {
            let mut state = log.state_mut();
            let log_start = state.log_start;
            let mut removed = state.segments.remove_before(log_start);
            // What the journal still owes is flushed first; its turn comes with the next pass.
            let kept = removed.iter().position(|segment| !segment.finished);
            if let Some(first) = kept {
                let back = removed.split_off(first);
                state.segments.put_back(back);
            }
            removed
        };
        for segment in &removed {
            let deadline = self.0.runtime.now().after(PIN_PATIENCE);
            while segment.pins.get() > 0 && self.0.runtime.now() < deadline {
                self.0.runtime.sleep(PIN_LOOK).await;
            }
            self.remove_segment_files(log.id(), segment.name()).await?;
            self.note(|done| done.segments_deleted = 1);
        }
        Ok(removed.len())
    }
}

/// The log start that retention asks for, if it is above the present one. Only whole segments
/// go, and only such that can be read to their end: the last one stays.
fn new_log_start(state: &LogState, config: &LogConfig, now: Timestamp) -> Option<Offset> {
    if !config.delete {
        return None;
    }
    let mut start = state.log_start;
    let mut size = state.size();
    let horizon = config.retention_horizon(now);
    for segment in state.segments.iter() {
        let readable = segment.sealed && segment.next_offset <= state.visible.offset;
        if !readable {
            break;
        }
        let too_large = config
            .retention_bytes
            .is_some_and(|max| size.saturating_sub(u64::from(segment.end)) >= max);
        let too_old = horizon.is_some_and(|horizon| {
            let newest = segment.max_timestamp;
            // A producer's clock far ahead would keep a segment for ever: its own age counts too.
            newest < horizon || (newest > now && segment.created < horizon)
        });
        let before_start = segment.next_offset <= state.log_start;
        if !(too_large || too_old || before_start) {
            break;
        }
        size -= u64::from(segment.end);
        start = start.max(segment.next_offset);
    }
    (start > state.log_start).then_some(start)
}

#[cfg(test)]
mod tests {
    use record::{LeaderEpoch, PartitionIndex, TopicId, TopicPartition};

    use super::*;
    use crate::log::state::Visible;

    /// Three segments of 100 bytes with times 10, 20, 30, the last one active.
    fn state() -> LogState {
        let id = TopicPartition { topic: TopicId([1; 16]), partition: PartitionIndex(0) };
        let mut state = LogState::new(id, LeaderEpoch(0));
        for number in 0..3 {
            let base = Offset(number * 10);
            let segment = state.segments.roll(base, Timestamp(number));
            segment.append(base, Offset(base.0 + 10), 100, Timestamp((number + 1) * 10));
        }
        state.next_offset = Offset(30);
        state.visible = Visible { offset: Offset(30), segment: Offset(20), position: 100 };
        state
    }

    fn config(bytes: Option<u64>, ms: Option<i64>) -> LogConfig {
        LogConfig { retention_bytes: bytes, retention_ms: ms, ..LogConfig::default() }
    }

    #[test]
    fn segments_go_by_size_but_never_below_it() {
        let start = |bytes| new_log_start(&state(), &config(Some(bytes), None), Timestamp(100));
        assert_eq!(start(300), None);
        assert_eq!(start(201), None);
        assert_eq!(start(200), Some(Offset(10)));
        assert_eq!(start(0), Some(Offset(20)), "the active segment stays");
    }

    #[test]
    fn segments_go_by_the_time_of_their_newest_record() {
        let start = |ms| new_log_start(&state(), &config(None, Some(ms)), Timestamp(100));
        assert_eq!(start(90), None);
        assert_eq!(start(89), Some(Offset(10)));
        assert_eq!(start(0), Some(Offset(20)));
        assert_eq!(new_log_start(&state(), &config(None, None), Timestamp(i64::MAX)), None);
    }

    #[test]
    fn what_can_not_be_read_to_its_end_stays() {
        let mut state = state();
        state.visible = Visible { offset: Offset(15), segment: Offset(10), position: 50 };
        let start = new_log_start(&state, &config(Some(0), None), Timestamp(100));
        assert_eq!(start, Some(Offset(10)));
    }

    #[test]
    fn a_time_in_the_future_does_not_keep_a_segment_for_ever() {
        let mut state = state();
        let first = state.segments.get_mut(Offset(0)).unwrap();
        first.max_timestamp = Timestamp(i64::MAX);
        let start = new_log_start(&state, &config(None, Some(50)), Timestamp(100));
        assert_eq!(start, Some(Offset(20)));
    }
}
