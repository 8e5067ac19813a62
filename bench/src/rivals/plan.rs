//! What is measured, in which order, on which cores, and how long that takes.
//!
//! The unit is the run. A block measures everything once, in an order that the seed decides; the
//! roles of the two cores change with every block. One level is measured after the other, each a
//! table of its own: first every system is asked for its highest rate, as the rates of the loads
//! are made of all of them; then come the loads.

use std::collections::BTreeMap;

use crate::random::Random;
use crate::spread::Spread;

/// How much of a highest rate a load asks for.
const PART_OF_MOST: f64 = 0.7;
/// Blocks from which on a difference can be called one.
pub(crate) const BLOCKS_FOR_A_VERDICT: u32 = 6;

/// When a record is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Level {
    /// It is in the page cache, or in the broker's own memory.
    Os,
    /// A barrier of the device came before the acknowledgement.
    Disk,
}

impl Level {
    /// As scripts and tables name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::Disk => "disk",
        }
    }
}

/// A system at a level: what is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entrant {
    pub(crate) system: String,
    pub(crate) level: Level,
}

/// What is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Task {
    /// Its highest rate is found.
    Find,
    /// The rate that every system of the level can bear.
    Common,
    /// The same part of its own highest rate.
    Own,
}

impl Task {
    /// As directories name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Common => "common",
            Self::Own => "own",
        }
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// From 1.
    pub(crate) block: u32,
    pub(crate) entrant: Entrant,
    pub(crate) task: Task,
}

impl Step {
    /// Its directory below the output's.
    pub(crate) fn place(&self) -> String {
        let Self { block, entrant, task } = self;
        format!("{}-{}-{}/{block:03}", entrant.system, entrant.level.name(), task.name())
    }
}

/// How long the parts of a measurement take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Times {
    /// Requests of a record each, before anything else: compilers and caches get warm.
    pub(crate) settle: u32,
    /// Until a load is warm.
    pub(crate) warmup: u32,
    /// What counts of a load.
    pub(crate) duration: u32,
    /// What counts of one try at a rate.
    pub(crate) trial: u32,
    /// Tries that a highest rate takes at most.
    pub(crate) trials: u32,
    /// How often a load is run at most until a run is valid.
    pub(crate) attempts: u32,
}

/// The whole of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) entrants: Vec<Entrant>,
    pub(crate) blocks: u32,
    /// The first blocks, in which highest rates are searched for.
    pub(crate) find_blocks: u32,
    pub(crate) seed: u64,
    pub(crate) times: Times,
}

/// The highest rates that were found of each entrant, one a block.
pub(crate) type Found = BTreeMap<Entrant, Vec<f64>>;

impl Plan {
    /// The steps that find highest rates at a level.
    pub(crate) fn finds(&self, level: Level) -> Vec<Step> {
        self.blocks_of(level, self.find_blocks, &[Task::Find], self.seed)
    }

    /// The steps under load at a level.
    pub(crate) fn loads(&self, level: Level) -> Vec<Step> {
        let seed = self.seed.wrapping_add(1);
        self.blocks_of(level, self.blocks, &[Task::Common, Task::Own], seed)
    }

    fn blocks_of(&self, level: Level, blocks: u32, tasks: &[Task], seed: u64) -> Vec<Step> {
        let mut random = Random::new(seed);
        let mut steps = Vec::new();
        for block in 1..=blocks {
            let at_level = self.entrants.iter().filter(|entrant| entrant.level == level);
            let all = at_level.flat_map(|entrant| {
                tasks.iter().map(move |task| Step { block, entrant: entrant.clone(), task: *task })
            });
            let mut all: Vec<_> = all.collect();
            random.shuffle(&mut all);
            steps.extend(all);
        }
        steps
    }

    /// Whether the table may call a difference one.
    pub(crate) fn has_verdict(&self) -> bool {
        self.blocks >= BLOCKS_FOR_A_VERDICT
    }
}

/// The broker's core and the load's: they change roles with every block.
pub(crate) fn roles(block: u32, cores: (usize, usize)) -> (usize, usize) {
    if block.is_multiple_of(2) { (cores.1, cores.0) } else { cores }
}

/// The rate of a load in whole records a second, from what was found; `None` if there is none to
/// be had.
pub(crate) fn rate(found: &Found, entrant: &Entrant, task: Task) -> Option<f64> {
    let most = match task {
        Task::Find => None,
        Task::Own => most(found, entrant),
        Task::Common => {
            let of_level = found.keys().filter(|other| other.level == entrant.level);
            of_level.filter_map(|other| most(found, other)).min_by(f64::total_cmp)
        }
    };
    most.map(|most| (most * PART_OF_MOST).floor()).filter(|rate| *rate >= 1.0)
}

/// The median of an entrant's highest rates.
fn most(found: &Found, entrant: &Entrant) -> Option<f64> {
    let rates = found.get(entrant)?.iter().copied().filter(|rate| *rate > 0.0);
    Spread::of(rates).map(|spread| spread.median)
}

/// Seconds until a system is ready, on one core of a small machine: measured when this was
/// written, and only for the estimate.
fn start_seconds(system: &str) -> f64 {
    match system {
        "kafka" => 10.0,
        "rabbitmq" | "rocketmq" => 9.0,
        _ => 1.0,
    }
}

/// What else a run takes: the floor before it, connections, the drain, the files.
const AROUND_A_RUN_S: f64 = 5.0;
const AROUND_A_TRIAL_S: f64 = 1.5;

/// How long a step takes, roughly.
pub(crate) fn seconds(step: &Step, times: &Times) -> f64 {
    let measured = match step.task {
        Task::Find => {
            let trial = f64::from(times.trial) + AROUND_A_TRIAL_S;
            f64::from(times.trials) * trial
        }
        Task::Common | Task::Own => {
            f64::from(times.warmup) + f64::from(times.duration) + AROUND_A_RUN_S
        }
    };
    start_seconds(&step.entrant.system) + f64::from(times.settle) + AROUND_A_TRIAL_S + measured
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrant(system: &str, level: Level) -> Entrant {
        Entrant { system: system.to_owned(), level }
    }

    fn plan() -> Plan {
        let entrants = ["a", "b", "c"]
            .into_iter()
            .flat_map(|system| [Level::Os, Level::Disk].map(|level| entrant(system, level)))
            .collect();
        let times = Times { settle: 2, warmup: 3, duration: 6, trial: 4, trials: 5, attempts: 2 };
        Plan { entrants, blocks: 6, find_blocks: 2, seed: 7, times }
    }

    #[test]
    fn every_block_has_everything_once_in_an_order_of_its_own() {
        let plan = plan();
        let loads = plan.loads(Level::Disk);
        assert_eq!((loads.len(), plan.finds(Level::Disk).len()), (6 * 3 * 2, 2 * 3));
        let mut orders: Vec<Vec<String>> = Vec::new();
        for block in loads.chunks(6) {
            assert!(block.iter().all(|step| step.block == block[0].block));
            assert!(block.iter().all(|step| step.entrant.level == Level::Disk));
            let mut places: Vec<_> = block.iter().map(Step::place).collect();
            orders.push(places.iter().map(|place| place[..place.len() - 3].to_owned()).collect());
            places.sort();
            places.dedup();
            assert_eq!(places.len(), 6);
        }
        orders.dedup();
        assert!(orders.len() > 1, "all blocks have one order: {:?}", orders[0]);
    }

    #[test]
    fn a_seed_makes_one_order() {
        let other = Plan { seed: 8, ..plan() };
        assert_eq!(plan().loads(Level::Os), plan().loads(Level::Os));
        assert_ne!(plan().loads(Level::Os), other.loads(Level::Os));
    }

    #[test]
    fn roles_are_swapped_in_half_of_the_blocks() {
        let roles: Vec<_> = (1..=4).map(|block| roles(block, (0, 1))).collect();
        assert_eq!(roles, [(0, 1), (1, 0), (0, 1), (1, 0)]);
    }

    #[test]
    fn the_common_rate_is_of_the_slowest_at_the_same_level() {
        let found = Found::from([
            (entrant("a", Level::Disk), vec![1000.0, 900.0, 5000.0]),
            (entrant("b", Level::Disk), vec![300.0, 0.0, 200.0]),
            (entrant("c", Level::Disk), vec![0.0]),
            (entrant("a", Level::Os), vec![10.0]),
        ]);
        let of = |system, task| rate(&found, &entrant(system, Level::Disk), task);
        assert_eq!((of("a", Task::Common), of("a", Task::Own)), (Some(175.0), Some(700.0)));
        assert_eq!((of("b", Task::Common), of("b", Task::Own)), (Some(175.0), Some(175.0)));
        assert_eq!((of("c", Task::Common), of("c", Task::Own)), (Some(175.0), None));
        assert_eq!(rate(&found, &entrant("a", Level::Os), Task::Common), Some(7.0));
        assert_eq!(rate(&Found::new(), &entrant("a", Level::Os), Task::Common), None);
    }

    #[test]
    fn the_estimate_counts_what_a_step_does() {
        let times = plan().times;
        let step = |system, task| Step { block: 1, entrant: entrant(system, Level::Os), task };
        assert!((seconds(&step("a", Task::Common), &times) - 18.5).abs() < 1e-9);
        assert!((seconds(&step("a", Task::Find), &times) - 32.0).abs() < 1e-9);
        assert!(seconds(&step("kafka", Task::Own), &times) > 27.0);
    }

    #[test]
    fn few_blocks_make_no_verdict() {
        assert!(plan().has_verdict());
        assert!(!Plan { blocks: 3, ..plan() }.has_verdict());
    }
}
