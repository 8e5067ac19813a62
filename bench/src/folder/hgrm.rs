//! `NAME.hgrm`: a percentile distribution as `HdrHistogram`'s own tools print it, in microseconds.

use core::fmt::Write;

use hdrhistogram::Histogram;

/// Lines for each halving of what is left.
const TICKS_PER_HALF: u32 = 5;

/// The whole distribution of a histogram of nanoseconds.
pub(crate) fn distribution(histogram: &Histogram<u64>) -> String {
    let mut text = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut count = 0;
    for step in histogram.iter_quantiles(TICKS_PER_HALF) {
        count += step.count_since_last_iteration();
        let (value, quantile) =
            (step.value_iterated_to() as f64 / 1e3, step.quantile_iterated_to());
        let inverse = 1.0 / (1.0 - quantile);
        let last = if quantile < 1.0 { format!(" {inverse:14.2}") } else { String::new() };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{value:12.3} {quantile:14.12} {count:10}{last}");
    }
    let (mean, deviation) = (histogram.mean() / 1e3, histogram.stdev() / 1e3);
    let max = histogram.max() as f64 / 1e3;
    // A histogram of so many digits tells twice ten to their power values apart.
    let apart = 2 * 10_u64.pow(u32::from(histogram.sigfig()));
    let (buckets, apart) = (histogram.buckets(), apart.next_power_of_two());
    let _ = writeln!(text, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]");
    let _ = writeln!(text, "#[Max     = {max:12.3}, Total count    = {:12}]", histogram.len());
    let _ = writeln!(text, "#[Buckets = {buckets:12}, SubBuckets     = {apart:12}]");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_is_as_the_tools_print_it() {
        let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        histogram.record_n(1_000, 3).unwrap();
        histogram.record(2_000).unwrap();
        let text = distribution(&histogram);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "       Value     Percentile TotalCount 1/(1-Percentile)");
        assert_eq!(lines[2], "       1.000 0.000000000000          3           1.00");
        assert!(text.contains("\n       2.000 1.000000000000          4\n"), "{text}");
        assert!(
            text.contains("#[Mean    =        1.250, StdDeviation   =        0.433]"),
            "{text}"
        );
        assert!(
            text.contains("#[Max     =        2.000, Total count    =            4]"),
            "{text}"
        );
        assert!(text.contains("SubBuckets     =         2048]"), "{text}");
        assert!(
            distribution(&Histogram::new(3).unwrap()).contains("Total count    =            0]")
        );
    }
}
