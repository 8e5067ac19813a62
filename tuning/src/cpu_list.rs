//! A set of CPUs as the kernel writes it: `0-3,8,10-11`.

use std::fmt;

/// The most CPUs a list may name; the kernel's own limit (`NR_CPUS`) is 8,192.
const CPUS_MAX: usize = 8_192;

/// CPU numbers, ascending, each once. Displayed as the kernel writes them, `none` if empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuList(Vec<u32>);

impl CpuList {
    /// Reads a list; `None` if it is not one. Strides (`0-10:2/4`) occur only on command lines.
    pub fn parse(text: &str) -> Option<Self> {
        let mut cpus = Vec::new();
        for range in text.trim().split(',').filter(|range| !range.is_empty()) {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
            let count = usize::try_from(last.checked_sub(first)?).ok()?;
            if count + cpus.len() >= CPUS_MAX {
                return None;
            }
            cpus.extend(first..=last);
        }
        cpus.sort_unstable();
        cpus.dedup();
        Some(Self(cpus))
    }

    /// How many CPUs.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The CPUs' numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<u32> for CpuList {
    fn from_iter<I: IntoIterator<Item = u32>>(cpus: I) -> Self {
        let mut cpus: Vec<_> = cpus.into_iter().collect();
        cpus.sort_unstable();
        cpus.dedup();
        Self(cpus)
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        let runs = self.0.chunk_by(|one, next| one.checked_add(1) == Some(*next));
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
    fn a_list_is_read_and_written_as_the_kernel_does() {
        for text in ["0", "0-1", "0-3,8,10-11", "63"] {
            assert_eq!(CpuList::parse(text).expect(text).to_string(), text);
        }
        let list = CpuList::parse("0-2,5\n").expect("a list");
        assert_eq!((list.len(), list.iter().collect::<Vec<_>>()), (4, vec![0, 1, 2, 5]));
    }

    #[test]
    fn an_empty_list_is_none() {
        let list = CpuList::parse("\n").expect("the kernel writes an empty line");
        assert!(list.is_empty());
        assert_eq!(list.to_string(), "none");
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for text in ["a", "1-", "-1", "3-1", "0-4294967295", "0-9999", "0-2:1/2", "1 2"] {
            assert_eq!(CpuList::parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_that_overlap_count_once() {
        assert_eq!(CpuList::parse("2,0-2,1").expect("a list").to_string(), "0-2");
        assert_eq!([3, 1, 3].into_iter().collect::<CpuList>().to_string(), "1,3");
    }
}
