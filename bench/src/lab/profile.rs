//! How the rate of a workload goes over time.
//!
//! Piecewise constant: one rate, or one after another, or a tide on top: ten times the rate for the
//! last tenth of every period. Time is counted from the start of what is measured; before it the
//! first rate holds, without a tide.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The most steps.
const STEPS_MAX: usize = 1000;
/// How much higher a tide is than the rate.
const TIDE_HEIGHT: f64 = 10.0;
/// The part of a tide's period before it rises.
const EBB: f64 = 0.9;

/// How many records are to be sent.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RateText")]
pub(crate) enum Pace {
    /// As many as are answered: a closed loop.
    Max,
    /// So many a second for so many seconds, one after another; the last goes on.
    Steps(Vec<Step>),
}

/// A part of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    /// Records a second.
    pub(crate) rate: f64,
    /// Seconds it lasts.
    pub(crate) seconds: f64,
}

/// A rate in a file: a number, or what the flag takes.
#[derive(Deserialize)]
#[serde(untagged)]
enum RateText {
    Whole(u64),
    Number(f64),
    Text(String),
}

impl TryFrom<RateText> for Pace {
    type Error = &'static str;

    fn try_from(text: RateText) -> Result<Self, Self::Error> {
        match text {
            RateText::Whole(rate) => rate.to_string().parse(),
            RateText::Number(rate) => rate.to_string().parse(),
            RateText::Text(text) => text.parse(),
        }
    }
}

impl FromStr for Pace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let steps = text.split(',').map(|part| {
            let (rate, seconds) = part.split_once(':').unwrap_or((part, "1e9"));
            let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
            let rate = number(rate).filter(|rate| (0.001..=1e9).contains(rate));
            let seconds = number(seconds).filter(|seconds| (0.001..=1e9).contains(seconds));
            Some(Step { rate: rate?, seconds: seconds? })
        });
        let steps: Option<Vec<Step>> = steps.take(STEPS_MAX).collect();
        steps.map(Self::Steps).ok_or("`max`, records a second, or RATE:SECONDS,RATE:SECONDS,...")
    }
}

impl Pace {
    /// One rate.
    pub(crate) fn constant(rate: f64) -> Self {
        Self::Steps(vec![Step { rate, seconds: 1e9 }])
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Max => f.write_str("max"),
            Self::Steps(steps) => {
                for (number, step) in steps.iter().enumerate() {
                    let comma = if number > 0 { "," } else { "" };
                    match steps.len() {
                        1 => write!(f, "{}", step.rate)?,
                        _ => write!(f, "{comma}{}:{}", step.rate, step.seconds)?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// The rate as a function of time, in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    steps: Vec<Step>,
    tide_ns: Option<f64>,
    base_ns: Option<f64>,
}

impl Profile {
    /// Of at least one step; `tide_ns` is the period of a tide.
    pub(crate) fn new(steps: Vec<Step>, tide_ns: Option<f64>) -> Self {
        assert!(!steps.is_empty(), "a rate");
        Self { steps, tide_ns, base_ns: None }
    }

    /// What is measured begins at `base_ns`.
    pub(crate) fn begin(&mut self, base_ns: f64) {
        self.base_ns = Some(base_ns);
    }

    /// The rate at a time, in records a second, and until when it holds.
    fn at(&self, when_ns: f64) -> (f64, f64) {
        let first = self.steps.first().map_or(1.0, |step| step.rate);
        let Some(base_ns) = self.base_ns else { return (first, f64::INFINITY) };
        if when_ns < base_ns {
            return (first, base_ns);
        }
        let (mut rate, mut until_ns) = (first, base_ns);
        for step in &self.steps {
            (rate, until_ns) = (step.rate, until_ns + step.seconds * 1e9);
            if when_ns < until_ns {
                break;
            }
        }
        if when_ns >= until_ns {
            until_ns = f64::INFINITY;
        }
        let Some(tide_ns) = self.tide_ns else { return (rate, until_ns) };
        let period_ns = base_ns + ((when_ns - base_ns) / tide_ns).floor() * tide_ns;
        let rise_ns = period_ns + EBB * tide_ns;
        if when_ns < rise_ns {
            return (rate, until_ns.min(rise_ns));
        }
        (rate * TIDE_HEIGHT, until_ns.min(period_ns + tide_ns))
    }

    /// When, counted from `time_ns`, the rate has made `records` more.
    pub(crate) fn after(&self, mut time_ns: f64, mut records: f64) -> f64 {
        loop {
            let (rate, until_ns) = self.at(time_ns);
            let end_ns = time_ns + records * 1e9 / rate;
            // A change that rounding puts at the time itself must not hold it up.
            if end_ns <= until_ns || until_ns <= time_ns {
                return end_ns;
            }
            records -= rate * (until_ns - time_ns) / 1e9;
            time_ns = until_ns;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_shown() {
        let steps = |text: &str| match text.parse().unwrap() {
            Pace::Steps(steps) => steps.iter().map(|one| (one.rate, one.seconds)).collect(),
            Pace::Max => Vec::new(),
        };
        assert_eq!(steps("max"), []);
        assert_eq!(steps("2500.5"), [(2500.5, 1e9)]);
        assert_eq!(steps("100:10,200:5"), [(100.0, 10.0), (200.0, 5.0)]);
        for text in ["max", "2500.5", "100:10,200:5"] {
            assert_eq!(text.parse::<Pace>().unwrap().to_string(), text);
        }
        for bad in ["", "0", "-1", "inf", "NaN", "1e10", "fast", "1:0", "1:2:3", "1,,2"] {
            assert!(bad.parse::<Pace>().is_err(), "{bad}");
        }
    }

    #[test]
    fn steps_follow_one_another_from_the_base() {
        let steps = [(10.0, 1.0), (100.0, 2.0)].map(|(rate, seconds)| Step { rate, seconds });
        let mut profile = Profile::new(steps.to_vec(), None);
        let check = |profile: &Profile, from_ns, records, until_ns: f64| {
            let found_ns = profile.after(from_ns, records);
            assert!((found_ns - until_ns).abs() < 1.0, "{records}: {found_ns}");
        };
        check(&profile, 0.0, 10.0, 1e9);
        profile.begin(5e9);
        // Ten more before the base, ten in the first step, then ten times as fast.
        for (records, until_ns) in [(10.0, 5e9), (20.0, 6e9), (120.0, 7e9), (420.0, 10e9)] {
            check(&profile, 4e9, records, until_ns);
        }
    }

    #[test]
    fn a_tide_is_ten_times_as_high_for_a_tenth_of_the_time() {
        let steps = vec![Step { rate: 10.0, seconds: 1e9 }];
        let mut profile = Profile::new(steps, Some(10e9));
        profile.begin(0.0);
        for (records, seconds) in [(90.0, 9.0), (190.0, 10.0), (280.0, 19.0), (380.0, 20.0)] {
            let end_ns = profile.after(0.0, records);
            assert!((end_ns - seconds * 1e9).abs() < 1.0, "{records}: {end_ns}");
        }
    }
}
