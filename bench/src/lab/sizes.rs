//! How large records are and which keys they have: distributions, drawn from a seed.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::random::Random;

/// The largest value of a record.
const BYTES_MAX: u32 = 1 << 24;
/// The most sizes of a weighted choice.
const CHOICES_MAX: usize = 100;

/// Bytes of a record's value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub(crate) enum Sizes {
    /// Always the same.
    Fixed(u32),
    /// From the first to the last, all as likely.
    Uniform(u32, u32),
    /// Sizes with the part of all records that have it or one before it in the list.
    Weighted(Vec<(u32, f64)>),
}

/// Which keys records have.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub(crate) enum Keys {
    /// None: each request takes the next partition.
    None,
    /// So many, all as likely; a record's partition is that of its key.
    Uniform(u32),
    /// So many, the n-th as likely as 1/n.
    Zipf(u32),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u32),
    Text(String),
}

impl TryFrom<NumberOrText> for Sizes {
    type Error = &'static str;

    fn try_from(text: NumberOrText) -> Result<Self, Self::Error> {
        match text {
            NumberOrText::Number(bytes) => bytes.to_string().parse(),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

impl TryFrom<NumberOrText> for Keys {
    type Error = &'static str;

    fn try_from(text: NumberOrText) -> Result<Self, Self::Error> {
        match text {
            NumberOrText::Number(count) => count.to_string().parse(),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

impl FromStr for Sizes {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sizes = if let Some((from, to)) = text.split_once("..") {
            bytes(from)
                .zip(bytes(to))
                .filter(|(from, to)| from < to)
                .map(|(from, to)| Self::Uniform(from, to))
        } else if text.contains(':') {
            weighted(text)
        } else {
            bytes(text).map(Self::Fixed)
        };
        sizes.ok_or("bytes, FROM..TO, or BYTES:WEIGHT,BYTES:WEIGHT,...")
    }
}

fn bytes(text: &str) -> Option<u32> {
    text.parse().ok().filter(|bytes| (1..=BYTES_MAX).contains(bytes))
}

fn weighted(text: &str) -> Option<Sizes> {
    let mut choices = Vec::new();
    let mut sum = 0.0;
    for part in text.split(',') {
        let (size, weight) = part.split_once(':')?;
        let weight: f64 = weight.parse().ok().filter(|weight| (1e-9..=1e9).contains(weight))?;
        sum += weight;
        choices.push((bytes(size)?, sum));
    }
    for (_, part) in &mut choices {
        *part /= sum;
    }
    (choices.len() <= CHOICES_MAX).then_some(Sizes::Weighted(choices))
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bytes) => write!(f, "{bytes}"),
            Self::Uniform(from, to) => write!(f, "{from}..{to}"),
            Self::Weighted(choices) => {
                let mut before = 0.0;
                for (number, (bytes, part)) in choices.iter().enumerate() {
                    let comma = if number > 0 { "," } else { "" };
                    write!(f, "{comma}{bytes}:{:.6}", part - before)?;
                    before = *part;
                }
                Ok(())
            }
        }
    }
}

impl Sizes {
    /// The size of every record, if they are all the same.
    pub(crate) fn fixed(&self) -> Option<u32> {
        match self {
            Self::Fixed(bytes) => Some(*bytes),
            Self::Uniform(..) | Self::Weighted(_) => None,
        }
    }

    /// The largest.
    pub(crate) fn max(&self) -> u32 {
        match self {
            Self::Fixed(bytes) => *bytes,
            Self::Uniform(_, to) => *to,
            Self::Weighted(choices) => choices.iter().map(|(bytes, _)| *bytes).max().unwrap_or(1),
        }
    }

    /// One at random.
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        match self {
            Self::Fixed(bytes) => *bytes as usize,
            Self::Uniform(from, to) => *from as usize + random.below((to - from) as usize + 1),
            Self::Weighted(choices) => {
                let at = random.unit();
                let chosen = choices.iter().find(|(_, part)| at <= *part).or(choices.last());
                chosen.map_or(1, |(bytes, _)| *bytes as usize)
            }
        }
    }
}

impl FromStr for Keys {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let count = |text: &str| text.parse().ok().filter(|count: &u32| *count > 0);
        let keys = match text.strip_prefix("zipf:") {
            Some(rest) => count(rest).map(Self::Zipf),
            None if text == "none" => Some(Self::None),
            None => count(text).map(Self::Uniform),
        };
        keys.ok_or("`none`, how many, or zipf:HOW_MANY")
    }
}

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Uniform(count) => write!(f, "{count}"),
            Self::Zipf(count) => write!(f, "zipf:{count}"),
        }
    }
}

impl Keys {
    /// The number of a key at random, from 0; `None` without keys.
    pub(crate) fn draw(self, random: &mut Random) -> Option<u32> {
        match self {
            Self::None => None,
            Self::Uniform(count) => u32::try_from(random.below(count as usize)).ok(),
            Self::Zipf(count) => Some(zipf(count, random)),
        }
    }
}

/// By rejection from a curve above 1/n (W. Hörmann and G. Derflinger, "Rejection-inversion to
/// generate variates from monotone discrete distributions", 1996), for the exponent 1.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to count")]
fn zipf(count: u32, random: &mut Random) -> u32 {
    let last = f64::from(count);
    // The integral of 1/x, and its inverse.
    let (low, high) = (1.5_f64.ln() - 1.0, (last + 0.5).ln());
    loop {
        let area = high + random.unit() * (low - high);
        let value = area.exp().round().clamp(1.0, last);
        if area >= (value + 0.5).ln() - 1.0 / value {
            return value as u32 - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distributions_are_read_and_shown() {
        for text in ["1024", "100..2000", "100:0.900000,10000:0.100000"] {
            assert_eq!(text.parse::<Sizes>().unwrap().to_string(), text);
        }
        for text in ["none", "1000", "zipf:50"] {
            assert_eq!(text.parse::<Keys>().unwrap().to_string(), text);
        }
        for bad in ["", "0", "2..1", "1:0", "1:1,x", "99999999999"] {
            assert!(bad.parse::<Sizes>().is_err(), "{bad}");
            assert!(bad.parse::<Keys>().is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_as_often_as_they_should_be() {
        let mut random = Random::new(1);
        let sizes: Sizes = "10:3,1000:1".parse().unwrap();
        let large = (0..40_000).filter(|_| sizes.draw(&mut random) == 1000).count();
        assert!((9_600..10_400).contains(&large), "{large}");
        let sizes: Sizes = "5..7".parse().unwrap();
        let drawn: Vec<_> = (0..1000).map(|_| sizes.draw(&mut random)).collect();
        assert!((5..=7).all(|size| drawn.contains(&size)));
        assert!(drawn.iter().all(|size| (5..=7).contains(size)));
    }

    #[test]
    fn the_first_keys_are_the_most_frequent() {
        let mut random = Random::new(2);
        let mut seen = [0_u32; 100];
        for _ in 0..100_000 {
            seen[Keys::Zipf(100).draw(&mut random).unwrap() as usize] += 1;
        }
        // The sum of 1/n to 100 is 5.187.
        for (rank, part) in [(0, 1.0 / 5.187), (1, 0.5 / 5.187), (9, 0.1 / 5.187)] {
            let found = f64::from(seen[rank]) / 1e5;
            assert!((found / part - 1.0).abs() < 0.06, "{rank}: {found}");
        }
        assert!(seen.iter().all(|count| *count > 0));
    }
}
