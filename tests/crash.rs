//! A broker that is killed again and again under load loses nothing that it acknowledged.
//!
//! `TIDEMILL_CRASH_SEED` repeats a run's choices (not the scheduler's), `TIDEMILL_CRASH_KILLS`
//! says how many kills there are. Each era has a data directory of its own and its own settings;
//! in it, rounds of load end with a kill, and each start is checked against all that is known:
//! what was acknowledged, what was read, which topics there are.

#![forbid(unsafe_code)]
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    missing_docs
)]

mod crash {
    pub(crate) mod churn;
    pub(crate) mod log;
    pub(crate) mod producer;
    pub(crate) mod reader;
    pub(crate) mod world;
}
mod support;

use std::time::{Duration, Instant};

use crash::producer::Weight;
use crash::reader::Scope;
use crash::world::{Ending, Tally, World};
use support::broker::Setup;
use support::random::Random;

/// Kills without `TIDEMILL_CRASH_KILLS`.
const KILLS: u64 = 25;
/// Kills in one data directory.
const ERA_KILLS: u64 = 13;

fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// A journal that is gone around many times, one that is not, and both in between.
fn setup(era: u64, random: &mut Random) -> Setup {
    let small = [
        ("journal.file.bytes", "16MiB"),
        ("journal.files", "4"),
        ("socket.request.max.bytes", "8MiB"),
        ("tail.bytes", "16MiB"),
        ("log.retention.check.interval.ms", "20"),
        ("log.segment.delete.delay.ms", "50"),
    ];
    let medium = [
        ("journal.file.bytes", "32MiB"),
        ("journal.files", "6"),
        ("socket.request.max.bytes", "16MiB"),
        ("tail.bytes", "64MiB"),
        ("log.retention.check.interval.ms", "100"),
    ];
    let shards = if era == 0 { 2 } else { draw_shards(random) };
    match era % 3 {
        2 => Setup::new(shards, &medium),
        _ => Setup::new(shards, &small),
    }
}

fn draw_shards(random: &mut Random) -> u16 {
    [2, 1, 3][random.index(3)]
}

/// From under a millisecond to 300.
fn draw_delay(random: &mut Random) -> Duration {
    let micros_max = [2_000, 20_000, 300_000, 300_000][random.index(4)];
    Duration::from_micros(random.range(0, micros_max))
}

/// One data directory from its first start to its orderly end.
fn era(number: u64, kills: u64, random: &mut Random, tally: &mut Tally) -> Result<(), String> {
    let mut world = World::new(setup(number, random), number % 2 == 1, random.fork());
    let result = rounds(&mut world, number, kills, random, tally);
    world.close(tally);
    result.map_err(|error| format!("{error}\n(kept in {})", world.site.keep().display()))
}

fn rounds(
    world: &mut World,
    number: u64,
    kills: u64,
    random: &mut Random,
    tally: &mut Tally,
) -> Result<(), String> {
    let changes_shards = number % 2 == 1;
    let mut left = kills;
    while left > 1 && random.one_in(2) {
        let delay = Duration::from_micros(random.range(0, 250_000));
        world.kill_at_start(delay, Ending::FirstStart, tally)?;
        left -= 1;
    }
    let mut broker = world.found(tally)?;
    loop {
        let weight = if random.one_in(5) { Weight::Heavy } else { Weight::Mixed };
        let delay = match weight {
            Weight::Heavy => Duration::from_millis(random.range(300, 1_500)),
            Weight::Mixed => draw_delay(random),
        };
        let drain = random.one_in(5).then(|| {
            let micros_max = [3_000, 15_000, 60_000][random.index(3)];
            Duration::from_micros(random.range(0, micros_max))
        });
        let ended = world.load(broker, delay, drain, weight, tally)?;
        // A stop that was faster than the kill is none.
        left = left.saturating_sub(u64::from(ended != Ending::Stop));
        if changes_shards && random.one_in(2) {
            world.setup.shards = draw_shards(random);
        }
        while left > 1 && random.one_in(4) {
            let delay = Duration::from_micros(random.range(0, 150_000));
            world.kill_at_start(delay, Ending::Start, tally)?;
            left -= 1;
        }
        let scope = if left == 0 { Scope::Everything } else { Scope::Recent };
        broker = world.recover(scope, tally)?;
        if left == 0 {
            break;
        }
    }
    // And an orderly stop keeps everything too.
    broker.stop();
    drop(broker);
    let mut broker = world.recover(Scope::Everything, tally)?;
    broker.stop();
    Ok(())
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    let started = Instant::now();
    let seed = number("TIDEMILL_CRASH_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        u64::try_from(now.unwrap().as_nanos() % 1_000_000_000).unwrap()
    });
    let kills = number("TIDEMILL_CRASH_KILLS").unwrap_or(KILLS);
    println!("TIDEMILL_CRASH_SEED={seed} TIDEMILL_CRASH_KILLS={kills}");
    let mut random = Random::new(seed);
    let mut tally = Tally::default();
    let (mut left, mut number) = (kills, 0);
    while left > 0 {
        let in_era = left.min(ERA_KILLS);
        if let Err(error) = era(number, in_era, &mut random, &mut tally) {
            panic!("era {number}, TIDEMILL_CRASH_SEED={seed}:\n{error}\n{tally:#?}");
        }
        left -= in_era;
        number += 1;
        println!("{:?}: {} kills, {:?}", started.elapsed(), kills - left, tally.endings);
    }
    println!("{tally:#?}");
    assert!(tally.acknowledged > 0 && tally.read >= tally.acknowledged / 2, "there was load");
}
