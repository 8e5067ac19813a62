//! What a run left in its folder, as far as the table needs it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::folder::run::OF_LATENCY_ALONE;

/// The percentiles of the table, as a run's file names them.
pub(crate) const PERCENTILES: [&str; 4] = ["p50", "p90", "p99", "p99.9"];

/// The figures of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) valid: bool,
    /// Why it is not, by the names of the reasons.
    pub(crate) reasons: Vec<String>,
    /// Records acknowledged a second.
    pub(crate) rate: f64,
    pub(crate) acked: u64,
    pub(crate) bytes_acked: u64,
    /// From when records were due, microseconds; `None` without 10 samples beyond.
    pub(crate) percentiles_us: [Option<f64>; 4],
    pub(crate) cpu_s: Option<f64>,
    pub(crate) flushes: Option<u64>,
    pub(crate) write_bytes: Option<u64>,
    /// Answers a second of the floor before it.
    pub(crate) floor_rate: Option<f64>,
}

impl Outcome {
    /// Of a run's `run.json`; `None` if it is not one.
    pub(crate) fn of(run: &Value) -> Option<Self> {
        let window = &run["window"];
        let nanos = window["end_ns"].as_u64()?.checked_sub(window["start_ns"].as_u64()?)?;
        let acked = run["counts"]["acked"].as_u64()?;
        let verdict = &run["verdict"];
        let reasons = verdict["reasons"].as_array()?.iter();
        let total = &run["percentiles_us"]["total"];
        let costs = &run["costs"];
        Some(Self {
            valid: verdict["valid"].as_bool()?,
            reasons: reasons.filter_map(|one| Some(one["id"].as_str()?.to_owned())).collect(),
            rate: acked as f64 / (nanos.max(1) as f64 / 1e9),
            acked,
            bytes_acked: run["bytes_acked"].as_u64().unwrap_or(0),
            percentiles_us: PERCENTILES.map(|name| total[name].as_f64()),
            cpu_s: costs["broker_cpu_s"].as_f64(),
            flushes: costs["device_flushes"].as_u64(),
            write_bytes: costs["device_write_bytes"].as_u64(),
            floor_rate: run["floor"]["rate"].as_f64(),
        })
    }

    /// Whether the system bore the rate, whatever else is wrong with the run.
    fn bears_the_rate(&self) -> bool {
        self.reasons.iter().all(|id| OF_LATENCY_ALONE.contains(&id.as_str()))
    }

    /// Its latency at 0.99, microseconds.
    pub(crate) fn p99_us(&self) -> Option<f64> {
        self.percentiles_us[2]
    }
}

/// The highest rate among the tries of a search that was borne with p99 under the limit; 0 if none
/// was.
pub(crate) fn highest(tries: &[Outcome], p99_us_max: f64) -> f64 {
    let hold = tries.iter().filter(|one| {
        one.bears_the_rate() && one.p99_us().is_some_and(|p99_us| p99_us <= p99_us_max)
    });
    hold.map(|one| one.rate).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(acked: u64, p99: Option<f64>, valid: bool) -> Outcome {
        let mut total = json!({ "p50": 1.0, "p90": 2.0 });
        if let Some(p99) = p99 {
            total["p99"] = json!(p99);
        }
        let reasons = if valid { json!([]) } else { json!([{ "id": "drift", "text": "x" }]) };
        Outcome::of(&json!({
            "window": { "start_ns": 1_000_000_000_u64, "end_ns": 3_000_000_000_u64 },
            "counts": { "acked": acked }, "bytes_acked": acked * 10,
            "percentiles_us": { "total": total },
            "costs": { "device_flushes": 5, "broker_cpu_s": 0.5, "device_write_bytes": null },
            "floor": null,
            "verdict": { "valid": valid, "reasons": reasons },
        }))
        .unwrap()
    }

    #[test]
    fn a_run_s_file_is_read() {
        let outcome = run(100, Some(3.0), true);
        assert!((outcome.rate - 50.0).abs() < 1e-9 && outcome.reasons.is_empty());
        assert_eq!(outcome.percentiles_us, [Some(1.0), Some(2.0), Some(3.0), None]);
        assert_eq!((outcome.flushes, outcome.write_bytes), (Some(5), None));
        assert_eq!(run(1, None, false).reasons, ["drift"]);
        assert_eq!(Outcome::of(&json!({})), None);
    }

    #[test]
    fn the_highest_rate_is_of_a_try_that_was_borne_within_the_limit() {
        let tries = [
            run(100, Some(5.0), true),
            run(300, Some(9.0), true),
            Outcome { reasons: vec!["p50_drifts".to_owned()], ..run(320, Some(9.0), false) },
            run(400, Some(9.0), false),
            run(500, Some(11.0), true),
            run(600, None, true),
        ];
        assert!((highest(&tries, 10.0) - 160.0).abs() < 1e-9);
        assert!(highest(&tries[3..], 10.0) < 1e-9);
    }
}
