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

    /// Reads a mask in hexadecimal, in groups of 32 CPUs, the highest first: `3,ffffffff`.
    pub fn parse_mask(text: &str) -> Option<Self> {
        let digits: Vec<u32> = text
            .trim()
            .chars()
            .filter(|letter| *letter != ',')
            .map(|letter| letter.to_digit(16))
            .collect::<Option<_>>()?;
        if digits.is_empty() || digits.len() * 4 > CPUS_MAX {
            return None;
        }
        let cpus = (0..).step_by(4).zip(digits.iter().rev()).flat_map(|(first, digit)| {
            (0..4).filter(move |bit| digit >> bit & 1 == 1).map(move |bit| first + bit)
        });
        Some(cpus.collect())
    }

    /// The same as a mask, as [`CpuList::parse_mask`] reads it.
    pub fn to_mask(&self) -> String {
        let groups = self.0.last().map_or(0, |last| last / 32) + 1;
        let mut words = vec![0u32; usize::try_from(groups).unwrap_or(0)];
        for cpu in &self.0 {
            if let Some(word) = usize::try_from(cpu / 32).ok().and_then(|at| words.get_mut(at)) {
                *word |= 1 << (cpu % 32);
            }
        }
        let mut words = words.iter().rev();
        let first = words.next().map(|word| format!("{word:x}")).unwrap_or_default();
        words.fold(first, |mask, word| format!("{mask},{word:08x}"))
    }

    /// Whether a CPU is among them.
    pub fn contains(&self, cpu: u32) -> bool {
        self.0.binary_search(&cpu).is_ok()
    }

    /// Those that are not in another list.
    #[must_use]
    pub fn without(&self, others: &Self) -> Self {
        self.iter().filter(|cpu| !others.contains(*cpu)).collect()
    }

    /// Those that are in another list too.
    #[must_use]
    pub fn within(&self, others: &Self) -> Self {
        self.iter().filter(|cpu| others.contains(*cpu)).collect()
    }

    /// Words with the CPUs that have each: `performance (0-3), powersave (4)`.
    pub(crate) fn grouped(words: &[(u32, &str)]) -> String {
        let mut names: Vec<_> = words.iter().map(|(_, name)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let groups = names.into_iter().map(|name| {
            let having = words.iter().filter(|(_, other)| *other == name);
            let cpus: Self = having.map(|(cpu, _)| *cpu).collect();
            format!("{name} ({cpus})")
        });
        groups.collect::<Vec<_>>().join(", ")
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

    #[test]
    fn a_mask_is_read_and_written_as_the_kernel_does() {
        for (mask, list) in
            [("3", "0-1"), ("0", "none"), ("1,00000000", "32"), ("ff,00000001", "0,32-39")]
        {
            let read = CpuList::parse_mask(mask).expect(mask);
            assert_eq!((read.to_string().as_str(), read.to_mask().as_str()), (list, mask));
        }
        for text in ["", "x", "1 2", &"f".repeat(3_000)] {
            assert_eq!(CpuList::parse_mask(text), None, "{text}");
        }
    }

    #[test]
    fn lists_are_compared() {
        let list = |text| CpuList::parse(text).expect("a list");
        assert_eq!(list("0-5").without(&list("1,3")), list("0,2,4-5"));
        assert_eq!(list("0-5").within(&list("3-9")), list("3-5"));
        assert!(list("1,3").contains(3) && !list("1,3").contains(2));
        assert_eq!(CpuList::grouped(&[(0, "b"), (1, "a"), (2, "b")]), "a (1), b (0,2)");
    }
}
