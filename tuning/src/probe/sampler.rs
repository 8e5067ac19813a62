//! Random numbers from a seed, and from measured histograms by them.

use hdrhistogram::Histogram;

use super::measured::CommitTimes;

/// The generator `splitmix64`: good enough for arrivals, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// One of many generators of a seed.
    pub fn new(seed: u64, which: u64) -> Self {
        Self(mix(seed ^ mix(which + 1)))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// From 0 (included) to 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From the exponential distribution with mean 1.
    pub fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// A number below `count`, which is not zero.
    pub(super) fn below(&mut self, count: u32) -> u32 {
        let high = (u128::from(self.next()) * u128::from(count)) >> 64;
        u32::try_from(high).unwrap_or(0)
    }
}

fn mix(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// A histogram that is asked often: for each of its values, how many are no larger.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    steps: Vec<(u64, u64)>,
    count: u64,
}

impl Sampler {
    /// `None` of an empty histogram.
    pub(super) fn new(histogram: &Histogram<u64>) -> Option<Self> {
        let mut count = 0;
        let steps = histogram.iter_recorded().map(|step| {
            count += step.count_since_last_iteration();
            (count, step.value_iterated_to())
        });
        let steps: Vec<_> = steps.collect();
        (count > 0).then_some(Self { steps, count })
    }

    /// The value that a part of all is below, nanoseconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a part of a count is below it"
    )]
    pub(super) fn at(&self, part: f64) -> f64 {
        let rank = (part * self.count as f64) as u64;
        let index = self.steps.partition_point(|(count, _)| *count <= rank);
        let step = self.steps.get(index).or(self.steps.last());
        step.map_or(0.0, |(_, value)| *value as f64)
    }
}

/// How long a commit takes, by its length: between two that were measured in proportion, beyond
/// the longest one as much a byte as that.
#[derive(Clone, Debug)]
pub(super) struct CommitSampler(Vec<(f64, Sampler)>);

impl CommitSampler {
    /// `None` if nothing was measured.
    pub(super) fn new(measured: &[CommitTimes]) -> Option<Self> {
        let sizes = measured.iter();
        let sizes = sizes.filter_map(|one| Some((one.bytes as f64, Sampler::new(&one.times)?)));
        let mut sizes: Vec<_> = sizes.collect();
        sizes.sort_by(|one, other| one.0.total_cmp(&other.0));
        (!sizes.is_empty()).then_some(Self(sizes))
    }

    /// The time of a commit of so many bytes that a part of all are below, nanoseconds.
    pub(super) fn at(&self, bytes: f64, part: f64) -> f64 {
        let above = self.0.partition_point(|(size, _)| *size < bytes);
        let below = above.checked_sub(1).and_then(|index| self.0.get(index));
        match (below, self.0.get(above)) {
            (Some((low, less)), Some((high, more))) => {
                let share = (bytes - low) / (high - low);
                less.at(part) * (1.0 - share) + more.at(part) * share
            }
            (None, Some((_, only))) => only.at(part),
            (Some((low, longest)), None) => longest.at(part) * bytes / low.max(1.0),
            (None, None) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::measured::histogram;

    fn times(values: &[u64]) -> Histogram<u64> {
        let mut times = histogram();
        for value in values {
            times.saturating_record(*value);
        }
        times
    }

    #[test]
    fn parts_of_a_histogram_are_its_values() {
        let sampler = Sampler::new(&times(&[100, 200, 300, 400])).unwrap();
        for (part, value) in [(0.0, 100.0), (0.24, 100.0), (0.25, 200.0), (0.99, 400.0)] {
            assert!((sampler.at(part) - value).abs() < 1.0, "{part}");
        }
        assert!(Sampler::new(&histogram()).is_none());
    }

    #[test]
    fn lengths_between_two_measured_ones_are_in_proportion() {
        let measured = [(8192, 300), (4096, 100), (65_536, 0)].map(|(bytes, value)| CommitTimes {
            bytes,
            times: if value == 0 { histogram() } else { times(&[value]) },
        });
        let sampler = CommitSampler::new(&measured).unwrap();
        let cases = [(1.0, 100.0), (4096.0, 100.0), (6144.0, 200.0), (8192.0, 300.0)];
        for (bytes, value) in cases.into_iter().chain([(16_384.0, 600.0)]) {
            assert!((sampler.at(bytes, 0.5) - value).abs() < 1.0, "{bytes}");
        }
        assert!(CommitSampler::new(&[]).is_none());
    }

    #[test]
    fn random_numbers_have_their_distribution_and_their_seed() {
        let mut random = Random::new(1, 0);
        let mean = (0..100_000).map(|_| random.exponential()).sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let mut counts = [0_u32; 4];
        for _ in 0..4000 {
            counts[random.below(4) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (900..1100).contains(count)), "{counts:?}");
        assert_eq!(Random::new(1, 0).next(), Random::new(1, 0).next());
        assert_ne!(Random::new(1, 0).next(), Random::new(1, 1).next());
    }
}
