//! The settings of groups against each other, as Kafka's broker checks them at its start: limits
//! the right way round, what holds where nobody asks within them, and sessions that outlast the
//! time between two heartbeats.

use super::error::Clash;
use super::load::Config;

/// A setting, and the two that are the least and the most it may be.
struct Bounded<'a> {
    setting: (&'a str, u32),
    least: (&'a str, u32),
    most: (&'a str, u32),
}

impl Config {
    /// Every clash between the settings of groups.
    pub(super) fn check_groups(&self, clashes: &mut Vec<Clash>) {
        let settings = &self.settings;
        let least = ("group.min.session.timeout.ms", settings.group_min_session_timeout_ms);
        let most = ("group.max.session.timeout.ms", settings.group_max_session_timeout_ms);
        // Members of classic groups say their own session timeout.
        self.check_order(least, most, clashes);
        let session = settings.group_consumer_session_timeout_ms;
        let heartbeat = settings.group_consumer_heartbeat_interval_ms;
        let before = clashes.len();
        self.check_bounds(
            &Bounded {
                setting: ("group.consumer.session.timeout.ms", session),
                least: (
                    "group.consumer.min.session.timeout.ms",
                    settings.group_consumer_min_session_timeout_ms,
                ),
                most: (
                    "group.consumer.max.session.timeout.ms",
                    settings.group_consumer_max_session_timeout_ms,
                ),
            },
            clashes,
        );
        self.check_bounds(
            &Bounded {
                setting: ("group.consumer.heartbeat.interval.ms", heartbeat),
                least: (
                    "group.consumer.min.heartbeat.interval.ms",
                    settings.group_consumer_min_heartbeat_interval_ms,
                ),
                most: (
                    "group.consumer.max.heartbeat.interval.ms",
                    settings.group_consumer_max_heartbeat_interval_ms,
                ),
            },
            clashes,
        );
        if clashes.len() == before && session <= heartbeat {
            let session = self.given("group.consumer.session.timeout.ms");
            let heartbeat = self.given("group.consumer.heartbeat.interval.ms");
            clashes.push(Clash::SessionWithinHeartbeat { session, heartbeat });
        }
    }

    fn check_bounds(&self, bounded: &Bounded<'_>, clashes: &mut Vec<Clash>) {
        let Bounded { setting, least, most } = *bounded;
        // Between limits that are the wrong way round nothing fits, which is no second mistake.
        if self.check_order(least, most, clashes) {
            self.check_order(least, setting, clashes);
            self.check_order(setting, most, clashes);
        }
    }

    /// Whether `lesser` is at most `greater`.
    fn check_order(
        &self,
        lesser: (&str, u32),
        greater: (&str, u32),
        clashes: &mut Vec<Clash>,
    ) -> bool {
        let in_order = lesser.1 <= greater.1;
        if !in_order {
            let (lesser, greater) = (self.given(lesser.0), self.given(greater.0));
            clashes.push(Clash::OutOfOrder { lesser, greater });
        }
        in_order
    }
}
