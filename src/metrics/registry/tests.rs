//! The page of a registry, read back by a strict parser.

use net::kafka::api_key::ApiKey;
use net::kafka::error_code::ErrorCode;

use super::*;
use crate::metrics::ShardMetrics;
use crate::metrics::page_check::{Series, parse};

fn value(page: &[Series], name: &str, labels: &[(&str, &str)]) -> f64 {
    let mut found = page.iter().filter(|series| {
        series.name == name
            && series.labels.len() == labels.len()
            && labels.iter().all(|(label, value)| series.label(label) == Some(*value))
    });
    let series = found.next().unwrap_or_else(|| panic!("{name} {labels:?} is on the page"));
    assert!(found.next().is_none(), "{name} {labels:?} is there once");
    series.value
}

fn check(left: f64, right: f64) {
    assert!((left - right).abs() <= right.abs() / 1000.0, "{left} is not {right}");
}

#[test]
fn an_empty_registry_is_a_page_too() {
    let page = parse(&Registry::new(2).render(Some(Process::default()))).unwrap();
    check(value(&page, "tidemill_shard_up", &[("shard", "1")]), 0.0);
    check(value(&page, "process_threads", &[]), 0.0);
    let labels = [("shard", "0"), ("stage", "parse")];
    assert!(value(&page, "tidemill_stage_recent_max_seconds", &labels).is_nan());
    check(value(&page, "tidemill_stage_seconds_count", &labels), 0.0);
    let without = Registry::new(0).render(None);
    assert!(!parse(&without).unwrap().iter().any(|series| series.name.starts_with("process_")));
}

#[test]
fn what_a_shard_counted_stands_under_its_name() {
    let metrics = ShardMetrics::default();
    metrics.add(Counter::CopiedFetch, 3);
    metrics.add(Counter::CopiedProduce, 4);
    metrics.set(Gauge::TailBytes, 5);
    metrics.request(ApiKey::Produce);
    metrics.error(ApiKey::Produce, ErrorCode::REQUEST_TIMED_OUT);
    metrics.error(ApiKey::Produce, ErrorCode(777));
    let mut registry = Registry::new(2);
    registry.absorb(1, metrics.swap(Box::default()));
    let page = parse(&registry.render(None)).unwrap();
    let copied = |path| value(&page, "tidemill_copied_bytes_total", &[("shard", "1"), path]);
    check(copied(("path", "fetch")), 3.0);
    check(copied(("path", "produce")), 4.0);
    check(value(&page, "tidemill_tail_bytes", &[("shard", "1")]), 5.0);
    check(value(&page, "tidemill_tail_bytes", &[("shard", "0")]), 0.0);
    check(value(&page, "tidemill_shard_up", &[("shard", "1")]), 1.0);
    let produce = [("shard", "1"), ("api", "Produce")];
    check(value(&page, "tidemill_requests_total", &produce), 1.0);
    let error = |code| [("shard", "1"), ("api", "Produce"), ("error", code)];
    check(value(&page, "tidemill_errors_total", &error("REQUEST_TIMED_OUT")), 1.0);
    check(value(&page, "tidemill_errors_total", &error("error code 777")), 1.0);
}

#[test]
fn counters_and_buckets_grow_over_several_snapshots() {
    let metrics = ShardMetrics::default();
    let mut registry = Registry::new(1);
    let mut spare = Box::<Snapshot>::default();
    for nanos in [50_000, 50_001, 100_000, 2_000_000, 11_000_000_000] {
        metrics.count(Counter::Commits);
        metrics.record(Stage::Barrier, nanos);
        spare = registry.absorb(0, metrics.swap(spare));
    }
    // Without news, the numbers stay.
    registry.absorb(0, metrics.swap(spare));
    registry.silent(0);
    let page = parse(&registry.render(None)).unwrap();
    let labels = [("shard", "0"), ("stage", "barrier")];
    check(value(&page, "tidemill_journal_commits_total", &[("shard", "0")]), 5.0);
    check(value(&page, "tidemill_shard_up", &[("shard", "0")]), 0.0);
    check(value(&page, "tidemill_stage_seconds_count", &labels), 5.0);
    check(value(&page, "tidemill_stage_seconds_sum", &labels), 11.002_200_001);
    // 50,001 ns are not told apart from 50,000 within three digits.
    for (bound, within) in
        [("0.00005", 2.0), ("0.0001", 3.0), ("0.001", 3.0), ("0.0025", 4.0), ("10", 4.0)]
    {
        let labels = [("shard", "0"), ("stage", "barrier"), ("le", bound)];
        check(value(&page, "tidemill_stage_seconds_bucket", &labels), within);
    }
}

#[test]
fn quantiles_forget_what_is_two_windows_old() {
    let metrics = ShardMetrics::default();
    let mut registry = Registry::new(1);
    let recent = |registry: &Registry, quantile| {
        let labels = [("shard", "0"), ("stage", "queue"), ("quantile", quantile)];
        let page = parse(&registry.render(None)).unwrap();
        value(&page, "tidemill_stage_recent_seconds", &labels)
    };
    let longest = |registry: &Registry| {
        let page = parse(&registry.render(None)).unwrap();
        value(&page, "tidemill_stage_recent_max_seconds", &[("shard", "0"), ("stage", "queue")])
    };
    metrics.record_many(Stage::Queue, 1_000_000, 999);
    metrics.record(Stage::Queue, 5_000_000_000);
    registry.absorb(0, metrics.swap(Box::default()));
    check(recent(&registry, "0.5"), 0.001);
    check(recent(&registry, "0.999"), 0.001);
    check(longest(&registry), 5.0);
    registry.turn();
    metrics.record_many(Stage::Queue, 3_000_000, 2000);
    registry.absorb(0, metrics.swap(Box::default()));
    check(recent(&registry, "0.5"), 0.003);
    check(longest(&registry), 5.0);
    registry.turn();
    check(longest(&registry), 0.003);
    registry.turn();
    assert!(longest(&registry).is_nan());
}

#[test]
fn a_spare_is_empty_and_every_family_has_one_place() {
    let metrics = ShardMetrics::default();
    metrics.record(Stage::Queue, 1);
    let mut registry = Registry::new(1);
    let first = registry.absorb(0, metrics.swap(Box::default()));
    assert!(first.latencies().is_empty());
    let second = registry.absorb(0, metrics.swap(first));
    assert!(second.latencies().is_empty());
    let counters = Counter::ALL.iter().map(|counter| counter.family());
    let gauges = Gauge::ALL.iter().map(|gauge| gauge.family());
    let families: Vec<_> = counters.chain(gauges).collect();
    for (index, family) in families.iter().enumerate() {
        let same = families.iter().filter(|other| other.name == family.name);
        assert!(same.clone().all(|other| other.help == family.help), "{}", family.name);
        assert_eq!(same.filter(|other| other.label == family.label).count(), 1);
        let last = families.iter().rposition(|other| other.name == family.name).unwrap();
        let between = &families[index..=last];
        assert!(between.iter().all(|other| other.name == family.name), "{}", family.name);
    }
}
