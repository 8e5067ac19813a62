//! Groups whose members die, freeze and come at random, as processes: each record is processed,
//! none by two owners in one epoch, and the group is stable soon after the last change.
//!
//! `TIDEMILL_STORM_SECONDS` says how long members are disturbed, for each protocol, and
//! `TIDEMILL_STORM_SEED` repeats a run's choices (not the scheduler's). The program starts itself
//! as each member; a word on its command line picks the protocols whose names contain it.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod group_storm {
    pub(crate) mod classic;
    pub(crate) mod consumer;
    pub(crate) mod crowd;
    pub(crate) mod journal;
    pub(crate) mod judge;
    pub(crate) mod load;
    pub(crate) mod member;
    pub(crate) mod readout;
    pub(crate) mod storm;
}
mod support;

use std::time::Duration;

use group_storm::member::{self, Role};
use group_storm::storm::Storm;
use support::random::Random;

/// Seconds without `TIDEMILL_STORM_SECONDS`.
const SECONDS: u64 = 20;
const PROTOCOLS: [&str; 2] = ["classic", "consumer"];

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = Role::read(&arguments) {
        return member::run(&role);
    }
    if arguments.iter().any(|argument| argument == "--list") {
        for protocol in PROTOCOLS {
            println!("{protocol}: test");
        }
        return;
    }
    let seed = number("TIDEMILL_STORM_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::try_from(now.unwrap().as_nanos() % 1_000_000_000).unwrap()
    });
    let seconds = number("TIDEMILL_STORM_SECONDS").unwrap_or(SECONDS);
    group_storm::judge::check();
    let word = arguments.iter().find(|argument| !argument.starts_with('-'));
    for protocol in PROTOCOLS {
        if word.is_some_and(|word| !protocol.contains(word.as_str())) {
            continue;
        }
        println!("{protocol}: TIDEMILL_STORM_SEED={seed} TIDEMILL_STORM_SECONDS={seconds}");
        let storm = Storm::new(protocol, Duration::from_secs(seconds), Random::new(seed));
        let tally = storm.run();
        println!("{protocol}: {tally:#?}");
    }
}
