//! A set of cores as people and the kernel write it: `0,2-5`.

use std::fmt;
use std::str::FromStr;

/// The largest core number that is understood; Linux builds for at most 8,192 CPUs.
const CORE_MAX: usize = 8191;

/// Cores in ascending order, none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreList(Vec<usize>);

impl CoreList {
    /// The list of some cores in any order.
    pub(super) fn from_cores(cores: &[usize]) -> Self {
        let mut cores = cores.to_vec();
        cores.sort_unstable();
        cores.dedup();
        Self(cores)
    }

    /// The cores, ascending.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }
}

/// A list of cores that can not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of cores such as 0,2-5")]
pub struct NotCores;

impl FromStr for CoreList {
    type Err = NotCores;

    fn from_str(text: &str) -> Result<Self, NotCores> {
        // A mark for each core, so that naming one often costs no memory.
        let mut named = vec![false; CORE_MAX + 1];
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| text.trim().parse::<usize>().ok();
            let (first, last) = number(first).zip(number(last)).ok_or(NotCores)?;
            named.get_mut(first..=last).filter(|run| !run.is_empty()).ok_or(NotCores)?.fill(true);
        }
        Ok(Self((0..=CORE_MAX).filter(|core| named[*core]).collect()))
    }
}

impl fmt::Display for CoreList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|core, next| core + 1 == *next);
        for (index, run) in runs.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match run {
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                [only] => write!(f, "{comma}{only}")?,
                [] => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_runs_are_read_and_printed() {
        for (text, cores, printed) in [
            ("0", vec![0], "0"),
            ("0,2-5", vec![0, 2, 3, 4, 5], "0,2-5"),
            (" 3 - 4 , 1", vec![1, 3, 4], "1,3-4"),
            ("1,1,0-1", vec![0, 1], "0-1"),
        ] {
            let list: CoreList = text.parse().unwrap();
            assert_eq!(list.as_slice(), cores);
            assert_eq!(list.to_string(), printed);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["", ",", "1,", "5-2", "a", "-1", "0-", "0-99999999999", "1-2-3", "8192"] {
            assert_eq!(text.parse::<CoreList>(), Err(NotCores), "{text}");
        }
        let often = vec!["0-8191"; 1000].join(",");
        assert_eq!(often.parse::<CoreList>().unwrap().as_slice().len(), 8192);
    }
}
