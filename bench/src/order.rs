//! In which order the systems of a series are run: at random from a seed, so that no system always
//! comes after the same other one, and the same seed makes the same order.
//!
//! A block has every system once. In half of the blocks the load's core and the system's change
//! places: a core that is better than the other then favours nobody.

use clap::Args;

use crate::error::BenchError;
use crate::random::Random;
use crate::report;

/// `order`
#[derive(Args, Clone, Debug)]
pub(crate) struct OrderArgs {
    /// Blocks
    #[arg(long, value_name = "N", default_value_t = 6,
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    blocks: u32,
    /// Which of the possible orders
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What is run
    #[arg(value_name = "SYSTEM", required = true)]
    systems: Vec<String>,
}

/// One run of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn<'a> {
    /// From 1.
    pub(crate) block: u32,
    /// Which is run.
    pub(crate) system: &'a str,
    /// Whether the load runs on the system's core, and the system on the load's.
    pub(crate) swapped_roles: bool,
}

/// All runs of a series in their order.
pub(crate) fn order<S: AsRef<str>>(blocks: u32, systems: &[S], seed: u64) -> Vec<Turn<'_>> {
    let mut random = Random::new(seed);
    let mut swapped: Vec<bool> = (0..blocks).map(|block| block < blocks / 2).collect();
    random.shuffle(&mut swapped);
    let mut turns = Vec::new();
    for (block, swapped_roles) in (1..=blocks).zip(swapped) {
        let mut systems: Vec<&str> = systems.iter().map(AsRef::as_ref).collect();
        random.shuffle(&mut systems);
        turns.extend(systems.into_iter().map(|system| Turn { block, system, swapped_roles }));
    }
    turns
}

/// `tidemill-bench order`: a line for each run: its block, its system, who is where.
pub(crate) fn run(args: &OrderArgs) -> Result<(), BenchError> {
    let turns = order(args.blocks, &args.systems, args.seed);
    let line = |turn: &Turn<'_>| {
        let roles = if turn.swapped_roles { "swapped" } else { "straight" };
        format!("{:03} {} {roles}", turn.block, turn.system)
    };
    report::show(&turns.iter().map(line).collect::<Vec<_>>().join("\n"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SYSTEMS: [&str; 3] = ["kafka", "nats", "tidemill"];

    #[test]
    fn every_block_has_every_system_once_and_half_of_them_are_swapped() {
        for (blocks, swapped) in [(1, 0), (6, 3), (7, 3)] {
            let turns = order(blocks, &SYSTEMS, 9);
            let of = |block| turns.iter().filter(move |turn| turn.block == block);
            for block in 1..=blocks {
                let found: BTreeSet<_> = of(block).map(|turn| turn.system).collect();
                assert_eq!(found.into_iter().collect::<Vec<_>>(), SYSTEMS);
                let roles: BTreeSet<_> = of(block).map(|turn| turn.swapped_roles).collect();
                assert_eq!((of(block).count(), roles.len()), (3, 1));
            }
            let found = turns.iter().filter(|turn| turn.swapped_roles).count();
            assert_eq!(found, swapped * SYSTEMS.len());
        }
        assert!(order::<&str>(3, &[], 1).is_empty() && order(0, &SYSTEMS, 1).is_empty());
    }

    #[test]
    fn a_seed_makes_one_order_and_all_orders_come() {
        assert_eq!(order(6, &SYSTEMS, 4), order(6, &SYSTEMS, 4));
        let orders: BTreeSet<Vec<&str>> = (0..100)
            .map(|seed| order(1, &SYSTEMS, seed))
            .map(|turns| turns.iter().map(|turn| turn.system).collect())
            .collect();
        assert_eq!(orders.len(), 6);
        let swapped: BTreeSet<u32> = (0..100)
            .filter_map(|seed| order(2, &["a"], seed).into_iter().find(|turn| turn.swapped_roles))
            .map(|turn| turn.block)
            .collect();
        assert_eq!(swapped.into_iter().collect::<Vec<_>>(), [1, 2]);
    }
}
