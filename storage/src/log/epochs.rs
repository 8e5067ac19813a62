//! Which leader epoch wrote from which offset on (KIP-101, KIP-279, KIP-320).

use record::{LeaderEpoch, Offset};

/// Epochs in rising order, each with the first offset that it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EpochHistory {
    starts: Vec<(LeaderEpoch, Offset)>,
}

impl EpochHistory {
    /// A history as it was stored; `None` if it does not rise.
    pub fn from_starts(starts: Vec<(LeaderEpoch, Offset)>) -> Option<Self> {
        let rises = starts.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
        rises.then_some(Self { starts })
    }

    /// All epochs with their first offsets.
    pub fn starts(&self) -> &[(LeaderEpoch, Offset)] {
        &self.starts
    }

    /// The epoch that wrote last.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.starts.last().map(|start| start.0)
    }

    /// Notes that `epoch` writes at `offset`. An epoch that wrote nothing leaves no trace.
    pub fn note(&mut self, epoch: LeaderEpoch, offset: Offset) {
        match self.starts.last() {
            Some((last, _)) if *last >= epoch => {
                assert_eq!(*last, epoch, "epochs do not go back");
            }
            _ => self.starts.push((epoch, offset)),
        }
    }

    /// Forgets what lies wholly before the log's new start.
    pub fn start_log_at(&mut self, log_start: Offset) {
        let kept_from = self.starts.partition_point(|(_, start)| *start <= log_start);
        self.starts.drain(..kept_from.saturating_sub(1));
        if let Some(first) = self.starts.first_mut() {
            first.1 = first.1.max(log_start);
        }
    }

    /// The largest epoch not above `asked`, and where it ended: the start of the next, or
    /// `log_end` for the last. `None` if `asked` is above every epoch here (as in Kafka's
    /// `LeaderEpochFileCache.endOffsetFor`). Below the first, `asked` itself ended where the
    /// first begins.
    pub fn end_offset(&self, asked: LeaderEpoch, log_end: Offset) -> Option<(LeaderEpoch, Offset)> {
        let latest = self.latest()?;
        if asked == latest {
            return Some((latest, log_end));
        }
        let above = self.starts.partition_point(|(epoch, _)| *epoch <= asked);
        let next = self.starts.get(above)?;
        let found = above.checked_sub(1).and_then(|index| self.starts.get(index));
        Some((found.map_or(asked, |start| start.0), next.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(starts: &[(i32, i64)]) -> EpochHistory {
        let mut history = EpochHistory::default();
        for (epoch, start) in starts {
            history.note(LeaderEpoch(*epoch), Offset(*start));
        }
        history
    }

    #[test]
    fn an_epoch_ends_where_the_next_begins() {
        let history = history(&[(0, 0), (2, 10), (2, 15), (5, 20)]);
        let ask = |epoch| {
            let end = history.end_offset(LeaderEpoch(epoch), Offset(30));
            end.map(|(epoch, offset)| (epoch.0, offset.0))
        };
        assert_eq!(ask(0), Some((0, 10)));
        assert_eq!(ask(1), Some((0, 10)));
        assert_eq!(ask(2), Some((2, 20)));
        assert_eq!(ask(4), Some((2, 20)));
        assert_eq!(ask(5), Some((5, 30)));
        assert_eq!(ask(6), None);
    }

    #[test]
    fn a_new_log_start_forgets_what_is_gone() {
        let mut history = history(&[(1, 0), (2, 10), (3, 20)]);
        history.start_log_at(Offset(15));
        assert_eq!(history.starts(), [(LeaderEpoch(2), Offset(15)), (LeaderEpoch(3), Offset(20))]);
        let end = history.end_offset(LeaderEpoch(1), Offset(30));
        assert_eq!(end, Some((LeaderEpoch(1), Offset(15))));
        history.start_log_at(Offset(50));
        assert_eq!(history.starts(), [(LeaderEpoch(3), Offset(50))]);
    }

    #[test]
    fn a_stored_history_must_rise() {
        let starts = |list: &[(i32, i64)]| {
            list.iter().map(|(e, o)| (LeaderEpoch(*e), Offset(*o))).collect::<Vec<_>>()
        };
        assert!(EpochHistory::from_starts(starts(&[(0, 0), (1, 0), (2, 5)])).is_some());
        assert!(EpochHistory::from_starts(starts(&[(1, 0), (1, 5)])).is_none());
        assert!(EpochHistory::from_starts(starts(&[(1, 9), (2, 5)])).is_none());
    }
}
