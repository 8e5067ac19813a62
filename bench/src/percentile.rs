//! Percentiles that are told only where the samples bear them.

use hdrhistogram::Histogram;

/// Samples that must lie beyond a percentile for it to be told.
pub(crate) const SAMPLES_BEYOND: f64 = 10.0;

/// The value that so large a part of the samples does not exceed, if 10 of them lie beyond it.
pub(crate) fn percentile(histogram: &Histogram<u64>, quantile: f64) -> Option<u64> {
    let beyond = histogram.len() as f64 * (1.0 - quantile);
    // 0.1 % of 10,000 is 10, whatever binary fractions make of it.
    (beyond > SAMPLES_BEYOND - 1e-6).then(|| histogram.value_at_quantile(quantile))
}

/// The same in microseconds, of nanoseconds.
pub(crate) fn percentile_us(histogram: &Histogram<u64>, quantile: f64) -> Option<f64> {
    percentile(histogram, quantile).map(|nanos| nanos as f64 / 1e3)
}

/// The largest of all in microseconds, of nanoseconds; nothing of an empty histogram.
pub(crate) fn max_us(histogram: &Histogram<u64>) -> Option<f64> {
    (!histogram.is_empty()).then(|| histogram.max() as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_needs_ten_samples_beyond_it() {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        assert_eq!((percentile(&histogram, 0.5), max_us(&histogram)), (None, None));
        histogram.record_n(1000, 999).unwrap();
        assert_eq!((percentile(&histogram, 0.5), percentile(&histogram, 0.99)), (Some(1000), None));
        histogram.record(2000).unwrap();
        assert_eq!(percentile_us(&histogram, 0.99), Some(1.0));
        assert_eq!((percentile(&histogram, 0.999), max_us(&histogram)), (None, Some(2.0)));
    }
}
