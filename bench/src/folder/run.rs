//! `run.json`: what was asked of a run, what came of it, and whether it counts.
//!
//! Times are nanoseconds unless a name says otherwise (`_us`, `_ms`, `_s`). Fields that are not
//! known here are passed over, so that a newer writer's folder can still be read.

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::percentile::{max_us, percentile_us};

/// The format that is written, and the only one that is read.
pub(crate) const FORMAT: u32 = 1;

/// One run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Run {
    /// Always [`FORMAT`].
    pub(crate) format: u32,
    /// The generator and its version.
    pub(crate) tool: String,
    /// When it was started, milliseconds since 1970.
    pub(crate) started_unix_ms: u64,
    /// The block of a series that it belongs to.
    #[serde(default)]
    pub(crate) block: Option<u32>,
    /// What its user calls it.
    #[serde(default)]
    pub(crate) label: Option<String>,
    /// Every setting after defaults, a file and the command line: the names of flags with `_` for
    /// `-`.
    pub(crate) workload: Map<String, Value>,
    /// Whether records had times of their own.
    #[serde(rename = "loop")]
    pub(crate) loop_kind: LoopKind,
    /// What a latency is the time of.
    pub(crate) latency_kind: LatencyKind,
    /// What an acknowledged record outlives.
    pub(crate) durability: Durability,
    /// What was measured.
    pub(crate) system: System,
    /// The part that counts.
    pub(crate) window: Window,
    /// What was so before it.
    #[serde(default)]
    pub(crate) warm_up: WarmUp,
    /// What became of the records.
    pub(crate) counts: Counts,
    /// Bytes of acknowledged records.
    pub(crate) bytes_acked: u64,
    /// What is told of the histograms.
    pub(crate) percentiles_us: PercentilesByTag,
    /// The floor run before it.
    #[serde(default)]
    pub(crate) floor: Option<Floor>,
    /// What it took of the machine.
    #[serde(default, deserialize_with = "null_as_nothing_known")]
    pub(crate) costs: Costs,
    /// Whether it counts.
    pub(crate) verdict: Verdict,
}

/// Whether records had times of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LoopKind {
    /// Each record has an intended time, whatever the system does.
    Open,
    /// The next record waits for an answer.
    Closed,
}

impl LoopKind {
    /// As in `run.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// What a latency is the time of, in words that are stamped on everything shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LatencyKind {
    /// Open loop.
    #[serde(rename = "from when each record was due")]
    FromDue,
    /// Closed loop.
    #[serde(rename = "service time, omits coordinated delay")]
    Service,
    /// Batches that arrive whole.
    #[serde(rename = "per batch")]
    PerBatch,
}

impl LatencyKind {
    /// As in `run.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FromDue => "from when each record was due",
            Self::Service => "service time, omits coordinated delay",
            Self::PerBatch => "per batch",
        }
    }
}

/// What an acknowledged record outlives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Durability {
    /// A power cut.
    Disk,
    /// The end of the process.
    Os,
    /// Nobody said.
    Unknown,
}

impl Durability {
    /// As in `run.json`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Os => "os",
            Self::Unknown => "unknown",
        }
    }
}

/// What was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct System {
    /// Such as `tidemill`.
    pub(crate) name: String,
    /// As the system tells it; empty where it does not.
    #[serde(default)]
    pub(crate) version: String,
}

/// The measured part, from the run's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Its first moment.
    pub(crate) start_ns: u64,
    /// The first moment after it.
    pub(crate) end_ns: u64,
}

impl Window {
    /// How long it is, in seconds.
    pub(crate) fn seconds(self) -> f64 {
        self.end_ns.saturating_sub(self.start_ns) as f64 / 1e9
    }
}

/// What was so when the window began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WarmUp {
    /// The median held still: the warm-up did not end for other reasons.
    #[serde(default)]
    pub(crate) p50_stable: bool,
    /// The system's journal had been written once from end to end, where that is known.
    #[serde(default)]
    pub(crate) journal_lapped: Option<bool>,
}

/// What became of the records that were intended within the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Records that were due.
    pub(crate) intended: u64,
    /// Those that were sent.
    pub(crate) sent: u64,
    /// Those that were acknowledged.
    pub(crate) acked: u64,
    /// Those that were refused.
    pub(crate) errors: u64,
    /// Those given up after the time-out.
    pub(crate) timed_out: u64,
    /// Those without an answer when the run ended.
    pub(crate) waiting: u64,
    /// Records that can be read back, where that was counted.
    #[serde(default)]
    pub(crate) readable: Option<u64>,
    /// Records that consumers had, once for each group.
    #[serde(default)]
    pub(crate) read: u64,
}

/// The percentiles of each tag, where the run has such a histogram.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PercentilesByTag {
    /// Acknowledged after the actual send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) publish: Option<Percentiles>,
    /// Actually sent after it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<Percentiles>,
    /// Acknowledged after it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) total: Option<Percentiles>,
    /// Read after it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end_to_end: Option<Percentiles>,
    /// The generator's own: looked at after it was due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lateness: Option<Percentiles>,
}

/// Percentiles in microseconds; one without ten samples beyond it is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Percentiles {
    /// The median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p50: Option<f64>,
    /// One in ten is beyond it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p90: Option<f64>,
    /// One in a hundred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) p99: Option<f64>,
    /// One in a thousand.
    #[serde(rename = "p99.9", default, skip_serializing_if = "Option::is_none")]
    pub(crate) p999: Option<f64>,
    /// One in ten thousand.
    #[serde(rename = "p99.99", default, skip_serializing_if = "Option::is_none")]
    pub(crate) p9999: Option<f64>,
    /// The longest of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max: Option<f64>,
}

impl Percentiles {
    /// Of a histogram of nanoseconds.
    pub(crate) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| percentile_us(histogram, quantile);
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            max: max_us(histogram),
        }
    }

    /// Each with its name, from the median to the longest.
    pub(crate) fn named(&self) -> [(&'static str, Option<f64>); 6] {
        [
            ("p50", self.p50),
            ("p90", self.p90),
            ("p99", self.p99),
            ("p99.9", self.p999),
            ("p99.99", self.p9999),
            ("max", self.max),
        ]
    }
}

/// What the machine did without a broker, just before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Floor {
    /// Records a second.
    pub(crate) rate: f64,
    /// Its median, microseconds.
    pub(crate) p50_us: f64,
    /// Its 99th percentile, microseconds.
    pub(crate) p99_us: f64,
}

/// What the run took of the machine within its window; nothing where it is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Costs {
    /// Cache flushes of the device.
    #[serde(default)]
    pub(crate) device_flushes: Option<u64>,
    /// Bytes written to the device.
    #[serde(default)]
    pub(crate) device_write_bytes: Option<u64>,
    /// CPU time of all the broker's threads, seconds.
    #[serde(default)]
    pub(crate) broker_cpu_s: Option<f64>,
    /// Their context switches, of both kinds.
    #[serde(default)]
    pub(crate) context_switches: Option<u64>,
    /// How long they were runnable and not running, seconds.
    #[serde(default)]
    pub(crate) run_delay_s: Option<f64>,
    /// Time that the hypervisor took, percent of all CPUs'.
    #[serde(default)]
    pub(crate) steal_pct: Option<f64>,
    /// Time in which some task waited for I/O, percent.
    #[serde(default)]
    pub(crate) psi_io_some_pct: Option<f64>,
}

fn null_as_nothing_known<'de, D: Deserializer<'de>>(from: D) -> Result<Costs, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Whether a run counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    /// It does; if not, there are reasons.
    pub(crate) valid: bool,
    /// Why it does not.
    pub(crate) reasons: Vec<Reason>,
}

/// Reasons that make latencies unfit to be compared with others. The rate was borne all the same:
/// a late generator's delay is in the latencies, and what drifts is within them.
pub(crate) const OF_LATENCY_ALONE: [&str; 2] = ["p50_drifts", "generator_late"];

impl Verdict {
    /// Whether the system bore the rate, whatever else is wrong with the run.
    pub(crate) fn bears_the_rate(&self) -> bool {
        self.reasons.iter().all(|reason| OF_LATENCY_ALONE.contains(&reason.id.as_str()))
    }

    /// All reasons in one sentence without its end.
    pub(crate) fn why(&self) -> String {
        let texts = self.reasons.iter().map(|reason| reason.text.trim_end_matches('.'));
        let texts: Vec<&str> = texts.collect();
        if texts.is_empty() { "no reason given".to_owned() } else { texts.join("; ") }
    }
}

/// One thing that a run lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reason {
    /// Which check, such as `acked_under_99_pct`.
    pub(crate) id: String,
    /// A sentence with the figures.
    pub(crate) text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = r#"{
        "format": 1, "tool": "tidemill-bench 0.1.0", "started_unix_ms": 1, "block": null,
        "label": "x", "workload": {"rate": "max", "connections": 4}, "loop": "closed",
        "latency_kind": "service time, omits coordinated delay", "durability": "disk",
        "system": {"name": "tidemill", "version": "0.1.0"},
        "window": {"start_ns": 5, "end_ns": 1000000005},
        "counts": {"intended": 1, "sent": 1, "acked": 1, "errors": 0, "timed_out": 0,
            "waiting": 0, "readable": null},
        "bytes_acked": 100,
        "percentiles_us": {"total": {"p50": 1.5, "p99.9": 3.0, "max": 4.0}},
        "floor": null, "costs": {"device_flushes": 7, "steal_pct": null},
        "verdict": {"valid": false, "reasons": [{"id": "a", "text": "b"}]}, "later": [1]
    }"#;

    #[test]
    fn a_run_is_read_and_written_as_agreed() {
        let run: Run = serde_json::from_str(WRITTEN).unwrap();
        assert_eq!(run.loop_kind, LoopKind::Closed);
        assert_eq!(run.latency_kind, LatencyKind::Service);
        assert!((run.window.seconds() - 1.0).abs() < 1e-12);
        let total = run.percentiles_us.total.unwrap();
        assert_eq!((total.p50, total.p99, total.p999), (Some(1.5), None, Some(3.0)));
        assert_eq!((run.costs.device_flushes, run.costs.broker_cpu_s), (Some(7), None));
        let again = serde_json::to_value(&run).unwrap();
        assert_eq!(again["loop"], "closed");
        assert_eq!(again["latency_kind"], LatencyKind::Service.name());
        assert_eq!(again["percentiles_us"]["total"]["p99.9"], 3.0);
        assert!(again["percentiles_us"].get("publish").is_none());
        assert_eq!(again["costs"]["broker_cpu_s"], Value::Null);
        assert_eq!(serde_json::from_value::<Run>(again).unwrap(), run);
    }

    #[test]
    fn costs_may_be_null_and_a_loop_may_not() {
        let mut value: Value = serde_json::from_str(WRITTEN).unwrap();
        value["costs"] = Value::Null;
        assert_eq!(serde_json::from_value::<Run>(value.clone()).unwrap().costs, Costs::default());
        value["loop"] = Value::Null;
        assert!(serde_json::from_value::<Run>(value).is_err());
    }
}
