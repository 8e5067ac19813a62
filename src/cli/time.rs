//! Times on the command line, and `--from`: where to begin, by name, offset or time.

use jiff::{SignedDuration, Timestamp as Time};
use net::client::StartAt;
use record::{Offset, Timestamp};

/// A point in time; one before now is reckoned when the command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// As it stands.
    At(Timestamp),
    /// So many milliseconds ago.
    Ago(i64),
}

/// A text that is no time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a time such as 2026-11-21T09:30:00Z, a time ago such as -10m, or @ and milliseconds since \
     1970"
)]
pub(super) struct NotATime;

impl std::str::FromStr for Moment {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        if let Some(millis) = text.strip_prefix('@') {
            return digits(millis).map(|millis| Self::At(Timestamp(millis))).ok_or(NotATime);
        }
        if let Some(ago) = text.strip_prefix('-') {
            let ago: SignedDuration = ago.parse().map_err(|_| NotATime)?;
            let millis = i64::try_from(ago.as_millis()).map_err(|_| NotATime)?;
            return if millis < 0 { Err(NotATime) } else { Ok(Self::Ago(millis)) };
        }
        let time: Time = text.parse().map_err(|_| NotATime)?;
        // Times before 1970 have negative numbers, which Kafka has other meanings for.
        Ok(Self::At(Timestamp(time.as_millisecond().max(0))))
    }
}

impl Moment {
    /// The time, if it is `now` milliseconds since 1970.
    pub(super) fn time(self, now: i64) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(millis) => Timestamp(now.saturating_sub(millis).max(0)),
        }
    }
}

/// A place to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// As it stands.
    Place(StartAt),
    /// At a time.
    Time(Moment),
}

/// A text that names no place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not `beginning`, `end`, an offset, a time such as 2026-11-21T09:30:00Z, a time ago such as \
     -10m, or @ and milliseconds since 1970"
)]
pub(super) struct NotAPlace;

impl std::str::FromStr for From {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        match text {
            "beginning" => return Ok(Self::Place(StartAt::Beginning)),
            "end" => return Ok(Self::Place(StartAt::End)),
            _ => {}
        }
        if let Some(offset) = digits(text) {
            return Ok(Self::Place(StartAt::Offset(Offset(offset))));
        }
        text.parse().map(Self::Time).map_err(|_| NotAPlace)
    }
}

impl From {
    /// The place, if it is `now` milliseconds since 1970.
    pub(super) fn place(self, now: i64) -> StartAt {
        match self {
            Self::Place(place) => place,
            Self::Time(moment) => StartAt::Time(moment.time(now)),
        }
    }
}

/// A number of digits only: no sign, no space.
fn digits(text: &str) -> Option<i64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> StartAt {
        text.parse::<From>().unwrap().place(1_000_000)
    }

    fn time(millis: i64) -> StartAt {
        StartAt::Time(Timestamp(millis))
    }

    #[test]
    fn places_have_names_and_numbers() {
        assert_eq!(at("beginning"), StartAt::Beginning);
        assert_eq!(at("end"), StartAt::End);
        assert_eq!(at("0"), StartAt::Offset(Offset(0)));
        assert_eq!(at("120"), StartAt::Offset(Offset(120)));
    }

    #[test]
    fn times_are_absolute_or_ago() {
        assert_eq!(at("@1763717400000"), time(1_763_717_400_000));
        assert_eq!(at("1970-01-01T00:00:01Z"), time(1000));
        assert_eq!(at("1970-01-01T01:00:01.5+01:00"), time(1500));
        assert_eq!(at("-10s"), time(990_000));
        assert_eq!(at("-1m30s"), time(910_000));
        assert_eq!(at("-24h"), time(0), "no time is before 1970");
        assert_eq!(at("1969-12-31T23:59:59Z"), time(0));
    }

    #[test]
    fn anything_else_is_refused() {
        let bad =
            ["", "-", "@", "@-1", "-5", "--10m", "+1", "1.5", "start", "99999999999999999999"];
        for text in bad.into_iter().chain(["2026-11-21", "2026-11-21T09:30:00", "10m", " 1"]) {
            assert_eq!(text.parse::<From>(), Err(NotAPlace), "{text}");
        }
    }

    #[test]
    fn a_moment_is_a_time_alone() {
        let time = |text: &str| text.parse::<Moment>().map(|moment| moment.time(1_000_000));
        assert_eq!(time("@7"), Ok(Timestamp(7)));
        assert_eq!(time("-10s"), Ok(Timestamp(990_000)));
        assert_eq!(time("1970-01-01T00:00:01Z"), Ok(Timestamp(1000)));
        for text in ["7", "beginning", "end", "", "@", "2026-11-21"] {
            assert_eq!(time(text), Err(NotATime), "{text}");
        }
    }
}
