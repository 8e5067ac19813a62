//! `/debug/stages`: the histogram of every stage since the start, whole, so that whoever asks twice
//! can subtract one from the other and has that of the time between.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Serializer, V2Serializer};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::metrics::{Registry, Stage};

/// Of which shard: `?shard=N`, all of them together by default.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StagesQuery {
    shard: Option<usize>,
}

/// What the registry knows, or why not. `silent` are shards of which it does not know the latest.
pub(super) fn report(
    registry: &Registry,
    query: StagesQuery,
    started_ms: i64,
    now_ms: i64,
) -> Result<Value, String> {
    let shards = registry.shards();
    let wanted = match query.shard {
        Some(shard) if shard >= shards => {
            return Err(format!("there is no shard {shard}, there are {shards}"));
        }
        Some(shard) => shard..shard + 1,
        None => 0..shards,
    };
    let silent: Vec<_> = wanted.clone().filter(|shard| !registry.is_up(*shard)).collect();
    let stages = Stage::ALL.into_iter().map(|stage| {
        let histogram = registry.since_start(stage, wanted.clone());
        json!({
            "name": stage.name(),
            "count": histogram.len(),
            "histogram": encoded(&histogram),
        })
    });
    let stages: Vec<_> = stages.collect();
    Ok(json!({
        "started_ms": started_ms,
        "now_ms": now_ms,
        "shards": shards,
        "shard": query.shard,
        "silent": silent,
        "histograms": "nanoseconds, HdrHistogram V2, base64",
        "stages": stages,
    }))
}

fn encoded(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    let written = V2Serializer::new().serialize(histogram, &mut bytes);
    written.expect("a histogram of a few thousand buckets can be written to memory");
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use hdrhistogram::serialization::Deserializer;

    use super::*;
    use crate::metrics::ShardMetrics;

    fn of(report: &Value, name: &str) -> Histogram<u64> {
        let stages = report["stages"].as_array().unwrap();
        let stage = stages.iter().find(|stage| stage["name"] == name).unwrap();
        let bytes = STANDARD.decode(stage["histogram"].as_str().unwrap()).unwrap();
        let histogram = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
        assert_eq!(Histogram::len(&histogram), stage["count"].as_u64().unwrap());
        histogram
    }

    #[test]
    fn two_reports_differ_by_what_happened_between_them() {
        let metrics = ShardMetrics::default();
        let mut registry = Registry::new(2);
        let record = |registry: &mut Registry, nanos: &[u64]| {
            for nanos in nanos {
                metrics.record(Stage::Barrier, *nanos);
            }
            registry.absorb(1, metrics.swap(Box::default()));
            report(registry, StagesQuery::default(), 5, 6).unwrap()
        };
        let before = record(&mut registry, &[80_000, 1_000_000_000]);
        let after = record(&mut registry, &[80_000, 120_000]);
        let mut between = of(&after, "barrier");
        between.subtract(of(&before, "barrier")).unwrap();
        assert_eq!((between.len(), between.max()), (2, 120_063));
        assert_eq!(of(&after, "parse").len(), 0);
        assert_eq!((after["started_ms"].as_i64(), after["silent"].clone()), (Some(5), json!([0])));
        let other = report(&registry, StagesQuery { shard: Some(0) }, 5, 6).unwrap();
        assert_eq!(of(&other, "barrier").len(), 0);
        let message = report(&registry, StagesQuery { shard: Some(2) }, 5, 6).unwrap_err();
        assert_eq!(message, "there is no shard 2, there are 2");
    }
}
