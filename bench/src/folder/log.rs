//! `latency.hlog`: an `HdrHistogram` log, version 2.
//!
//! ```text
//! #[StartTime: 1700000000.000 (seconds since epoch)]     the window's start
//! Tag=total,0.000,1.000,1.235,HISTFAAA...                from, for how long, longest (ms), base64
//! ```
//!
//! Intervals are told from the window's start; values are nanoseconds. A line is decoded only when
//! it is asked for, and what it says of its own size is checked before anything is allocated or
//! handed to the histogram's own decoder, which trusts it.

use std::io::{Cursor, Read};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{
    IntervalLogIterator, IntervalLogWriterBuilder, LogEntry, Tag,
};
use hdrhistogram::serialization::{Deserializer, V2DeflateSerializer};

use super::error::{FolderError, LineError};

/// The tags of a run, in the order in which they are shown.
pub(crate) const TAGS: [&str; 5] = ["total", "publish", "delay", "end_to_end", "lateness"];

/// Lines of a log: a day of seconds with all tags and some comments.
const LINES_MAX: usize = 1 << 19;
/// A histogram of three digits has at most 56 thousand counts of 9 bytes.
const ENCODED_BYTES_MAX: usize = 1 << 20;
/// So that sums over a whole log stay far from the end of their type.
const SAMPLES_MAX: u64 = 1 << 40;

/// What the longest of a line is divided by.
const NANOS_IN_MILLI: f64 = 1e6;

const COOKIE_PLAIN: u32 = 0x1C84_9313;
const COOKIE_DEFLATED: u32 = 0x1C84_9314;
/// Cookie, payload length, offset, digits, lowest, highest, ratio.
const HEADER_BYTES: usize = 40;

/// A log's lines, not yet decoded.
#[derive(Debug)]
pub(crate) struct Log<'a> {
    /// The intervals in the order of the file.
    pub(crate) intervals: Vec<Interval<'a>>,
}

/// One line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval<'a> {
    /// What was timed; empty if the line says nothing.
    pub(crate) tag: &'a str,
    /// Since the window's start.
    pub(crate) start: Duration,
    line: usize,
    encoded: &'a str,
}

impl<'a> Log<'a> {
    /// Cuts a file into its intervals.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, LineError> {
        let mut intervals = Vec::new();
        for (line, text) in (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n')) {
            let wrong = |what| LineError { line, what };
            if line > LINES_MAX {
                return Err(wrong("more lines than a day has"));
            }
            if text.last() != Some(&b'\n') {
                return Err(wrong("the file ends within it"));
            }
            // The crate's parser looks ahead to the end of what it is given.
            match IntervalLogIterator::new(text).next() {
                None | Some(Ok(LogEntry::StartTime(_) | LogEntry::BaseTime(_))) => {}
                Some(Ok(LogEntry::Interval(found))) => intervals.push(Interval {
                    tag: found.tag().map_or("", |tag| tag.as_str()),
                    start: found.start_timestamp(),
                    line,
                    encoded: found.encoded_histogram(),
                }),
                Some(Err(_)) => return Err(wrong("neither a comment nor an interval")),
            }
        }
        Ok(Self { intervals })
    }
}

impl Interval<'_> {
    /// Its whole second since the window's start, the nearest one.
    pub(crate) fn second(&self) -> u64 {
        self.start.saturating_add(Duration::from_millis(500)).as_secs()
    }

    /// Decodes it.
    pub(crate) fn histogram(&self) -> Result<Histogram<u64>, LineError> {
        decode(self.encoded).map_err(|what| LineError { line: self.line, what })
    }
}

fn decode(encoded: &str) -> Result<Histogram<u64>, &'static str> {
    if encoded.len() > ENCODED_BYTES_MAX * 2 {
        return Err("a histogram that is too long");
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| "no base64")?;
    let plain = match be_u32(&bytes, 0) {
        Some(COOKIE_PLAIN) => bytes,
        Some(COOKIE_DEFLATED) => inflate(bytes.get(8..).unwrap_or_default())?,
        _ => return Err("no histogram of version 2"),
    };
    check(&plain)?;
    let histogram = Deserializer::new().deserialize(&mut Cursor::new(&plain));
    histogram.map_err(|_| "no histogram of version 2")
}

fn inflate(deflated: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::new();
    let limit = ENCODED_BYTES_MAX as u64 + 1;
    let read = ZlibDecoder::new(deflated).take(limit).read_to_end(&mut plain);
    read.map_err(|_| "no compressed histogram")?;
    if plain.len() > ENCODED_BYTES_MAX {
        return Err("a histogram that is too long");
    }
    Ok(plain)
}

/// Whether a plain histogram is what its header says, within bounds.
fn check(plain: &[u8]) -> Result<(), &'static str> {
    let short = "a histogram that is cut off";
    let number = |at| be_u32(plain, at).ok_or(short);
    let long =
        |at| Ok::<u64, &'static str>(u64::from(number(at)?) << 32 | u64::from(number(at + 4)?));
    if number(0)? != COOKIE_PLAIN {
        return Err("no histogram of version 2");
    }
    let counts = plain.get(HEADER_BYTES..).ok_or(short)?;
    if number(4)? as usize != counts.len() {
        return Err("a histogram of another length than it says");
    }
    if !(1..=3).contains(&number(12)?) {
        return Err("a histogram of more than three digits");
    }
    let (lowest, highest) = (long(16)?, long(24)?);
    if !(1..=1 << 20).contains(&lowest) || highest < lowest * 2 {
        return Err("a histogram with bounds that can not be");
    }
    check_counts(counts)
}

/// Counts are zigzag numbers of at most 9 bytes; one below zero stands for so many zeros.
fn check_counts(counts: &[u8]) -> Result<(), &'static str> {
    let (mut at, mut samples, mut places) = (0, 0_u64, 0_u64);
    while at < counts.len() {
        let mut number = 0_u64;
        for place in 0..9 {
            let byte = *counts.get(at).ok_or("a histogram that is cut off")?;
            at += 1;
            let is_last = place == 8 || byte & 0x80 == 0;
            let bits = if place == 8 { byte } else { byte & 0x7F };
            number |= u64::from(bits) << (7 * place);
            if is_last {
                break;
            }
        }
        let magnitude = (number >> 1) + (number & 1);
        let is_zeros = number & 1 == 1;
        if magnitude > SAMPLES_MAX {
            return Err("a histogram with more samples than a run has");
        }
        places += if is_zeros { magnitude } else { 1 };
        samples += if is_zeros { 0 } else { magnitude };
        if samples > SAMPLES_MAX || places > SAMPLES_MAX {
            return Err("a histogram with more samples than a run has");
        }
    }
    Ok(())
}

fn be_u32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Writes a log of intervals of a second: tag, second from the window's start, histogram. Each is
/// asked for when the one before it is written.
pub(crate) fn write<'a>(
    window_start: Duration,
    intervals: impl Iterator<Item = Result<(&'a str, u64, Histogram<u64>), FolderError>>,
) -> Result<Vec<u8>, FolderError> {
    let mut bytes = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let start = UNIX_EPOCH.checked_add(window_start).ok_or(FolderError::Histogram)?;
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("nanoseconds, a second an interval, from the window's start")
        .with_start_time(start)
        .with_base_time(start)
        .with_max_value_divisor(NANOS_IN_MILLI)
        .begin_log_with(&mut bytes, &mut serializer)
        .map_err(|_| FolderError::Histogram)?;
    for interval in intervals {
        let (tag, second, histogram) = interval?;
        let from = Duration::from_secs(second);
        log.write_histogram(&histogram, from, Duration::from_secs(1), Tag::new(tag))
            .map_err(|_| FolderError::Histogram)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::hgrm::distribution;
    use super::super::{add, histogram_of};
    use super::*;

    fn sample(values: &[u64]) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        for value in values {
            histogram.saturating_record(*value);
        }
        histogram
    }

    #[test]
    fn what_was_written_is_read_again() {
        let (one, other) = (sample(&[5, 1_000_000, 70_000_000_000]), sample(&[]));
        let intervals = [("total", 0, one.clone()), ("delay", 7, other.clone())];
        let bytes =
            write(Duration::from_millis(1_700_000_000_500), intervals.into_iter().map(Ok)).unwrap();
        let text = core::str::from_utf8(&bytes).unwrap();
        assert!(text.contains("#[StartTime: 1700000000.500 "), "{text}");
        let log = Log::parse(&bytes).unwrap();
        let found: Vec<_> = log.intervals.iter().map(|at| (at.tag, at.second())).collect();
        assert_eq!(found, [("total", 0), ("delay", 7)]);
        assert_eq!(log.intervals[0].histogram().unwrap(), one);
        assert_eq!(log.intervals[1].histogram().unwrap().len(), other.len());
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let error = |text: &str| Log::parse(text.as_bytes()).map(|_| ()).unwrap_err().line;
        assert_eq!(error("#comment\nnothing\n"), 2);
        assert_eq!(error("#comment\nTag=total,0.0,1.0,1.0,AAAA"), 2);
        assert_eq!(error("Tag=a,99999999999999999999.0,1.0,1.0,AAAA\n"), 1);
        let log = Log::parse(b"\"StartTimestamp\",x\nTag=a,0.000,1.000,1.0,AAAA\n").unwrap();
        assert_eq!(log.intervals[0].histogram().unwrap_err().line, 2);
    }

    /// A plain histogram with a header and payload of one's choice.
    fn forged(length: u32, digits: u32, high: u64, counts: &[u8]) -> String {
        let mut bytes = COOKIE_PLAIN.to_be_bytes().to_vec();
        for number in [length, 0, digits] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(1_u64.to_be_bytes());
        bytes.extend(high.to_be_bytes());
        bytes.extend(1_f64.to_be_bytes());
        bytes.extend(counts);
        STANDARD.encode(bytes)
    }

    #[test]
    fn a_header_that_lies_is_refused() {
        assert!(decode(&forged(2, 3, 1000, &[2, 2])).is_ok());
        let most_negative = [0xFF; 9];
        for (bad, why) in [
            (forged(u32::MAX, 3, 1000, &[2]), "another length"),
            (forged(1, 5, 1000, &[2]), "three digits"),
            (forged(1, 3, 1, &[2]), "bounds"),
            (forged(1, 3, 1000, &[0x80]), "cut off"),
            (forged(9, 3, 1000, &most_negative), "more samples"),
            (forged(4, 3, 1000, &[0x81, 0x80, 0x04, 2]), "no histogram"),
            ("####".to_owned(), "base64"),
        ] {
            let what = decode(&bad).unwrap_err();
            assert!(what.contains(why), "{what}, not {why}");
        }
    }

    #[test]
    fn what_inflates_without_end_is_cut() {
        use std::io::Write;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; ENCODED_BYTES_MAX + 1]).unwrap();
        let deflated = encoder.finish().unwrap();
        let mut bytes = COOKIE_DEFLATED.to_be_bytes().to_vec();
        bytes.extend(u32::try_from(deflated.len()).unwrap().to_be_bytes());
        bytes.extend(deflated);
        assert!(decode(&STANDARD.encode(bytes)).unwrap_err().contains("too long"));
    }

    proptest! {
        #[test]
        fn no_log_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            if let Ok(log) = Log::parse(&bytes) {
                let _ = log.intervals.iter().map(Interval::histogram).count();
            }
        }

        #[test]
        fn no_interval_panics(
            start in "[0-9]{0,22}\\.[0-9]{0,12}",
            length in any::<Option<u32>>(),
            digits in 0_u32..6,
            high in any::<u64>(),
            counts in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let length = length.unwrap_or(u32::try_from(counts.len()).unwrap());
            let text = format!("Tag=x,{start},1.0,1.0,{}\n", forged(length, digits, high, &counts));
            if let Ok(log) = Log::parse(text.as_bytes()) {
                for interval in &log.intervals {
                    let mut all = histogram_of(&sample(&[1 << 30]));
                    let added = interval.histogram().map(|it| add(&mut all, &it));
                    let _ = (interval.second(), added, distribution(&all));
                }
            }
        }

        #[test]
        fn every_histogram_survives(values in proptest::collection::vec(1_u64..1 << 40, 0..200)) {
            let histogram = sample(&values);
            let lines = [("total", 3, histogram.clone())].into_iter().map(Ok);
            let bytes = write(Duration::ZERO, lines).unwrap();
            let found = Log::parse(&bytes).unwrap().intervals[0].histogram().unwrap();
            prop_assert_eq!(found, histogram);
        }
    }
}
