//! The coordinator's settings out of the broker's.

use std::sync::Arc;
use std::time::Duration;

use crate::config::{AssignorName, Settings};
use crate::group::classic::ClassicConfig;
use crate::group::consumer::Assignor;
use crate::group::{consumer, coordinator, offsets};

/// Groups in one partition of `__consumer_offsets` at most: each has a place in memory.
const GROUPS_MAX: usize = 100_000;
const MINUTE_SECONDS: u64 = 60;

/// What holds for every coordinator of this broker.
pub(super) fn of(settings: &Settings) -> coordinator::Settings {
    let ms = |ms: u32| Duration::from_millis(u64::from(ms));
    let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let classic = ClassicConfig {
        initial_rebalance_delay: ms(settings.group_initial_rebalance_delay_ms),
        max_size: count(settings.group_max_size),
        session_timeout_min: ms(settings.group_min_session_timeout_ms),
        session_timeout_max: ms(settings.group_max_session_timeout_ms),
        ..ClassicConfig::default()
    };
    let consumer = consumer::Settings {
        session_timeout: ms(settings.group_consumer_session_timeout_ms),
        heartbeat_interval: ms(settings.group_consumer_heartbeat_interval_ms),
        size_max: count(settings.group_consumer_max_size),
        assignors: settings.group_consumer_assignors.iter().map(|name| assignor(*name)).collect(),
    };
    let offsets = offsets::OffsetsConfig {
        metadata_bytes_max: count(settings.offset_metadata_max_bytes),
        retention: Duration::from_secs(
            u64::from(settings.offsets_retention_minutes) * MINUTE_SECONDS,
        ),
    };
    coordinator::Settings {
        classic: Arc::new(classic),
        consumer,
        upgrades: settings.group_consumer_migration_policy.upgrades(),
        downgrades: settings.group_consumer_migration_policy.downgrades(),
        offsets,
        offsets_check_interval: Duration::from_millis(settings.offsets_retention_check_interval_ms),
        groups_max: GROUPS_MAX,
    }
}

fn assignor(name: AssignorName) -> Assignor {
    match name {
        AssignorName::Uniform => Assignor::Uniform,
        AssignorName::Range => Assignor::Range,
    }
}
