//! Where a partition's offset goes in a reset: pure, from what the log and the group say.

use record::Offset;

/// Where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The first offset that there is.
    Earliest,
    /// Behind the last record.
    Latest,
    /// This one.
    Offset(Offset),
    /// The first record that is not older than a time, which was looked up.
    Time,
    /// So many from what is committed.
    Shift(i64),
}

/// What is known of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Where its log begins.
    pub(super) first: Offset,
    /// Where it ends: the offset of the next record.
    pub(super) end: Offset,
    /// What the group has committed.
    pub(super) committed: Option<Offset>,
    /// The first record that is not older than the time asked for.
    pub(super) at_time: Option<Offset>,
}

/// What becomes of the partition's offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Move {
    /// `None` if it is left as it is.
    pub(super) to: Option<Offset>,
    /// What is to be said of it; most often nothing.
    pub(super) note: String,
}

impl Target {
    /// The new offset, within the log as Kafka's own tool keeps it.
    pub(super) fn of(self, known: Known) -> Move {
        let plain = |to| Move { to: Some(to), note: String::new() };
        match self {
            Self::Earliest => plain(known.first),
            Self::Latest => plain(known.end),
            Self::Offset(offset) => within(offset, known),
            Self::Time => match known.at_time {
                Some(offset) => within(offset, known),
                None if known.first == known.end => plain(known.end),
                None => Move { to: Some(known.end), note: "no record that late: the end".into() },
            },
            Self::Shift(by) => match known.committed {
                Some(Offset(from)) => within(Offset(from.saturating_add(by)), known),
                None => Move { to: None, note: "nothing is committed: left alone".into() },
            },
        }
    }
}

fn within(asked: Offset, known: Known) -> Move {
    if asked < known.first {
        let note = format!("{asked} is before the log's start");
        return Move { to: Some(known.first), note };
    }
    if asked > known.end {
        return Move { to: Some(known.end), note: format!("{asked} is behind the log's end") };
    }
    Move { to: Some(asked), note: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known {
        first: Offset(10),
        end: Offset(20),
        committed: Some(Offset(15)),
        at_time: Some(Offset(12)),
    };

    fn to(target: Target, known: Known) -> (Option<i64>, bool) {
        let Move { to, note } = target.of(known);
        (to.map(|to| to.0), note.is_empty())
    }

    #[test]
    fn offsets_within_the_log_are_taken_as_they_are() {
        let plain = |offset| (Some(offset), true);
        assert_eq!(to(Target::Earliest, KNOWN), plain(10));
        assert_eq!(to(Target::Latest, KNOWN), plain(20));
        assert_eq!(to(Target::Time, KNOWN), plain(12));
        for offset in [10, 13, 20] {
            assert_eq!(to(Target::Offset(Offset(offset)), KNOWN), plain(offset));
        }
        for (by, offset) in [(0, 15), (5, 20), (-5, 10)] {
            assert_eq!(to(Target::Shift(by), KNOWN), plain(offset));
        }
    }

    #[test]
    fn others_are_brought_to_the_logs_bounds_and_that_is_said() {
        for (offset, bound) in [(0, 10), (9, 10), (21, 20), (i64::MAX, 20)] {
            assert_eq!(to(Target::Offset(Offset(offset)), KNOWN), (Some(bound), false));
        }
        for (by, bound) in [(6, 20), (-6, 10), (i64::MAX, 20), (i64::MIN, 10)] {
            assert_eq!(to(Target::Shift(by), KNOWN), (Some(bound), false));
        }
        assert_eq!(
            Target::Offset(Offset(21)).of(KNOWN).note,
            "21 is behind the log's end",
            "with what was asked for"
        );
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let late = Known { at_time: None, ..KNOWN };
        assert_eq!(to(Target::Time, late), (Some(20), false));
        let fresh = Known { committed: None, ..KNOWN };
        assert_eq!(to(Target::Shift(1), fresh), (None, false));
        let empty = Known { first: Offset(0), end: Offset(0), ..fresh };
        assert_eq!(to(Target::Offset(Offset(0)), empty), (Some(0), true));
        assert_eq!(to(Target::Offset(Offset(1)), empty), (Some(0), false));
        assert_eq!(to(Target::Time, Known { at_time: None, ..empty }), (Some(0), true));
    }
}
