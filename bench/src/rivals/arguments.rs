//! The arguments of `rivals`.

use std::path::PathBuf;

use clap::Args;

use super::SYSTEMS;
use super::plan::{Entrant, Level, Plan, Times};

/// `rivals`
#[derive(Args, Clone, Debug)]
pub(crate) struct RivalsArgs {
    /// Where the scripts of the systems are
    #[arg(long, value_name = "DIR", default_value = "bench/rivals")]
    pub(crate) scripts: PathBuf,
    /// Where results are kept; what is there already is not measured again
    #[arg(long, value_name = "DIR", default_value = "target/rivals-results")]
    pub(crate) out: PathBuf,
    /// A directory on the disk to be measured, for the systems' data
    #[arg(long, value_name = "DIR", default_value = "/tmp/tidemill-rivals")]
    pub(crate) dir: PathBuf,
    /// Three short blocks, and no verdict
    #[arg(long)]
    pub(crate) quick: bool,
    /// Which systems
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_values = SYSTEMS)]
    pub(crate) systems: Vec<String>,
    /// Which levels
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_enum,
        default_values = ["disk", "os"])]
    pub(crate) levels: Vec<Level>,
    /// Blocks; 3 with --quick
    #[arg(long, value_name = "N", default_value_t = 6,
        value_parser = clap::value_parser!(u32).range(6..=100), conflicts_with = "quick")]
    pub(crate) blocks: u32,
    /// Which of the possible orders
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// The two cores whose roles are swapped
    #[arg(long, value_name = "A,B", value_delimiter = ',', default_values = ["0", "1"])]
    pub(crate) cores: Vec<usize>,
    /// Producers, each with a connection
    #[arg(long, value_name = "N", default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) connections: u32,
    /// Requests unanswered on a connection
    #[arg(long, value_name = "N", default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..=32))]
    pub(crate) inflight: u32,
    /// Records in a request; as many more requests where a request is a record
    #[arg(long, value_name = "N", default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=32))]
    pub(crate) batch_records: u32,
    /// Bytes of a record
    #[arg(long, value_name = "B", default_value_t = 1024,
        value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    pub(crate) record_size: u32,
    /// Partitions, queues or streams
    #[arg(long, value_name = "N", default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) partitions: u32,
    /// Print the estimate and measure nothing
    #[arg(long)]
    pub(crate) estimate: bool,
}

impl RivalsArgs {
    /// What is measured, of the systems that can be had.
    pub(crate) fn plan(&self, systems: &[String]) -> Plan {
        let entrants = systems.iter().flat_map(|system| {
            self.levels.iter().map(|level| Entrant { system: system.clone(), level: *level })
        });
        let entrants = entrants.collect();
        let seed = self.seed;
        if self.quick {
            let times =
                Times { settle: 4, warmup: 2, duration: 8, trial: 8, trials: 8, attempts: 1 };
            return Plan { entrants, blocks: 3, find_blocks: 1, seed, times };
        }
        let times = Times { settle: 10, warmup: 3, duration: 15, trial: 9, trials: 9, attempts: 2 };
        Plan { entrants, blocks: self.blocks, find_blocks: self.blocks, seed, times }
    }

    /// Records that may be unacknowledged at once.
    pub(crate) fn outstanding(&self) -> u64 {
        u64::from(self.connections) * u64::from(self.inflight) * u64::from(self.batch_records)
    }

    /// What is run, in words and numbers: results of something else are not resumed.
    pub(crate) fn about(&self, plan: &Plan) -> String {
        format!(
            "{} blocks, seed {}, the broker on one of cores {:?} and the load on the other, \
             swapped every block; {} connections x {} requests x {} records of {} B at most, \
             {} partitions; single records for {} s, warm-up {} s, {} s that count, tries of \
             {} s.",
            plan.blocks,
            self.seed,
            self.cores,
            self.connections,
            self.inflight,
            self.batch_records,
            self.record_size,
            self.partitions,
            plan.times.settle,
            plan.times.warmup,
            plan.times.duration,
            plan.times.trial,
        )
    }
}
