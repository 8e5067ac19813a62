//! `stages.json`: where our broker says the time went, and which requests took longest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Stages and requests that are kept of a file.
const ENTRIES_MAX: usize = 200;

/// The broker's view of a run's window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stages {
    /// In the order in which a request goes through them.
    #[serde(default)]
    pub(crate) stages: Vec<Stage>,
    /// The slowest requests, the slowest first.
    #[serde(default)]
    pub(crate) slow: Vec<SlowRequest>,
}

/// One stage's histogram.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    /// Such as `queue`.
    pub(crate) name: String,
    /// Requests that went through it.
    #[serde(default)]
    pub(crate) count: u64,
    /// The median, microseconds.
    #[serde(default)]
    pub(crate) p50_us: Option<f64>,
    /// The 99th percentile, microseconds.
    #[serde(default)]
    pub(crate) p99_us: Option<f64>,
    /// The 99.9th percentile, microseconds.
    #[serde(default, rename = "p99.9_us")]
    pub(crate) p999_us: Option<f64>,
    /// The longest, microseconds.
    #[serde(default)]
    pub(crate) max_us: Option<f64>,
}

/// One slow request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SlowRequest {
    /// When it came, milliseconds since 1970.
    #[serde(default)]
    pub(crate) received_ms: Option<u64>,
    /// Such as `Produce`.
    #[serde(default)]
    pub(crate) api: Option<String>,
    /// What its client calls itself.
    #[serde(default)]
    pub(crate) client_id: Option<String>,
    /// Its first topic.
    #[serde(default)]
    pub(crate) topic: Option<String>,
    /// Its bytes.
    #[serde(default)]
    pub(crate) bytes: Option<u64>,
    /// Its records.
    #[serde(default)]
    pub(crate) records: Option<u64>,
    /// From its first byte to its answer's last.
    #[serde(default)]
    pub(crate) total_ns: u64,
    /// The time in each stage.
    #[serde(default)]
    pub(crate) stages_ns: BTreeMap<String, u64>,
}

impl Stages {
    /// Without what no page has room for.
    pub(super) fn bounded(mut self) -> Self {
        self.stages.truncate(ENTRIES_MAX);
        self.slow.truncate(ENTRIES_MAX);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_broker_s_own_answer_is_read() {
        let text = r#"{"stages": [{"name": "queue", "count": 3, "p50_us": 1.0, "p99.9_us": 2.5}],
            "slow": [{"received_ms": 61000, "shard": 0, "api": "Produce", "version": 12,
                "client_id": null, "records": null, "total_ns": 35000, "largest": "read",
                "stages_ns": {"read": 30000, "reply": 5000}}]}"#;
        let stages: Stages = serde_json::from_str(text).unwrap();
        assert_eq!((stages.stages[0].p999_us, stages.stages[0].max_us), (Some(2.5), None));
        assert_eq!(stages.slow[0].stages_ns["read"], 30_000);
        assert_eq!(serde_json::from_str::<Stages>("{}").unwrap(), Stages::default());
        assert!(serde_json::from_str::<Stages>(r#"{"stages": [{}]}"#).is_err());
        let many = Stages { slow: vec![SlowRequest::default(); 999], ..Stages::default() };
        assert_eq!(many.bounded().slow.len(), ENTRIES_MAX);
    }
}
