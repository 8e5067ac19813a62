//! Groups whose members die, freeze and come at random, as processes: each record is processed,
//! none by two owners in one epoch, and the group is stable soon after the last change. The same
//! with a broker that is killed too: no committed offset is lost or goes back.
//!
//! `TIDEMILL_STORM_SECONDS` says how long members are disturbed in each storm, and
//! `TIDEMILL_STORM_SEED` repeats a run's choices (not the scheduler's). The program starts itself
//! as each member; a word on its command line picks the storms whose names contain it.

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
    pub(crate) mod trouble;
}
mod support;

use std::time::Duration;

use group_storm::member::{self, Role};
use group_storm::storm::{Kind, Storm};
use support::random::Random;

const KINDS: [Kind; 4] = [
    Kind { name: "classic", protocol: "classic", broker_dies: false, seconds: 20 },
    Kind { name: "consumer", protocol: "consumer", broker_dies: false, seconds: 20 },
    Kind { name: "classic_with_kills", protocol: "classic", broker_dies: true, seconds: 6 },
    Kind { name: "consumer_with_kills", protocol: "consumer", broker_dies: true, seconds: 6 },
];

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
        for kind in KINDS {
            println!("{}: test", kind.name);
        }
        return;
    }
    let seed = number("TIDEMILL_STORM_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::try_from(now.unwrap().as_nanos() % 1_000_000_000).unwrap()
    });
    let seconds = number("TIDEMILL_STORM_SECONDS");
    group_storm::judge::check();
    let word = arguments.iter().find(|argument| !argument.starts_with('-'));
    for kind in KINDS {
        let name = kind.name;
        if word.is_some_and(|word| !name.contains(word.as_str())) {
            continue;
        }
        let seconds = seconds.unwrap_or(kind.seconds);
        println!("{name}: TIDEMILL_STORM_SEED={seed} TIDEMILL_STORM_SECONDS={seconds}");
        let storm = Storm::new(kind, Duration::from_secs(seconds), Random::new(seed));
        let tally = storm.run();
        println!("{name}: {tally:#?}");
    }
}
