//! Which runs are compared with which, which are left out, and what is not compared at all.

use crate::folder::Folder;
use crate::folder::run::{Floor, Run};
use serde_json::Value;

/// Settings that may differ between two runs that are compared: where, not what.
const MAY_DIFFER: [&str; 4] = ["bootstrap", "label", "out", "topic"];
/// What may differ from block to block as well: each has random arrivals of its own, and in half of
/// them load and broker change places.
const MAY_DIFFER_BETWEEN_BLOCKS: [&str; 6] =
    ["bootstrap", "cores", "label", "out", "seed", "topic"];

/// What may differ between two systems besides: how they are reached, and what makes them durable.
const MAY_DIFFER_BETWEEN_SYSTEMS: [&str; 2] = ["client", "config"];

/// How far apart two floors may be: the larger to the smaller.
const FLOOR_RATIO_MAX: f64 = 1.2;

/// Why two series are not compared.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// One omits what the other measures.
    #[error(
        "{one} and {other} differ in what a latency is: {one_kind} and {other_kind}; open and \
         closed loops are not compared"
    )]
    Loops {
        /// A run.
        one: String,
        /// Another.
        other: String,
        /// What it measures.
        one_kind: &'static str,
        /// What the other measures.
        other_kind: &'static str,
    },
    /// They were not asked the same.
    #[error("{one} and {other} are different workloads: {}", settings.join(", "))]
    Workloads {
        /// A run.
        one: String,
        /// Another.
        other: String,
        /// The settings that differ.
        settings: Vec<String>,
    },
    /// No name is in both.
    #[error("no run of one has the name of a run of the other")]
    NoPairs,
}

/// Two runs of a block.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// The name of both in their series; empty of two single runs.
    pub(crate) name: String,
    /// The first side's and the second's.
    pub(crate) runs: [Run; 2],
}

/// A block that says nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LeftOut {
    /// Its name.
    pub(crate) name: String,
    /// Why, in a sentence.
    pub(crate) why: String,
    /// Whether it is to be repeated.
    pub(crate) repeat: bool,
}

/// The runs of two series, sorted out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pairing {
    /// What is compared.
    pub(crate) pairs: Vec<Pair>,
    /// What is not.
    pub(crate) left_out: Vec<LeftOut>,
    /// Pairs whose floors are not known.
    pub(crate) without_floor: usize,
}

impl Pairing {
    /// Pairs runs of equal name.
    pub(crate) fn of(one: &[Folder], other: &[Folder]) -> Result<Self, Refusal> {
        let all: Vec<&Folder> = one.iter().chain(other).collect();
        if let Some((first, rest)) = all.split_first() {
            for run in rest {
                same_kind(first, run)?;
                same_workload(first, run, &MAY_DIFFER_BETWEEN_BLOCKS)?;
            }
        }
        let mut pairing = Self::default();
        for a in one {
            let Some(b) = other.iter().find(|b| b.name == a.name) else {
                pairing.leave_out(&a.name, "only A has it".to_owned(), true);
                continue;
            };
            same_workload(a, b, &MAY_DIFFER)?;
            pairing.pair(a, b);
        }
        for b in other.iter().filter(|b| one.iter().all(|a| a.name != b.name)) {
            pairing.leave_out(&b.name, "only B has it".to_owned(), true);
        }
        let lonely = |out: &LeftOut| out.why.starts_with("only ");
        if pairing.pairs.is_empty() && pairing.left_out.iter().all(lonely) {
            return Err(Refusal::NoPairs);
        }
        Ok(pairing)
    }

    fn pair(&mut self, a: &Folder, b: &Folder) {
        let invalid: Vec<String> = [("A", &a.run), ("B", &b.run)]
            .iter()
            .filter_map(|(side, run)| fault(side, run))
            .collect();
        if !invalid.is_empty() {
            return self.leave_out(&a.name, invalid.join("; "), false);
        }
        match [a.run.floor, b.run.floor] {
            [Some(first), Some(second)] => {
                if let Some(why) = floors_apart(first, second) {
                    return self.leave_out(&a.name, why, true);
                }
            }
            [None, None] => self.without_floor += 1,
            _ => return self.leave_out(&a.name, "only one has a floor".to_owned(), true),
        }
        self.pairs.push(Pair { name: a.name.clone(), runs: [a.run.clone(), b.run.clone()] });
    }

    fn leave_out(&mut self, name: &str, why: String, repeat: bool) {
        self.left_out.push(LeftOut { name: name.to_owned(), why, repeat });
    }
}

/// Why a run does not count, if it does not.
fn fault(side: &str, run: &Run) -> Option<String> {
    (!run.verdict.valid).then(|| format!("{side} is invalid: {}", run.verdict.why()))
}

/// How two floors differ, if by too much: the machine was another one then.
fn floors_apart(one: Floor, other: Floor) -> Option<String> {
    let figures = [("rate", one.rate, other.rate), ("p50", one.p50_us, other.p50_us)];
    figures.into_iter().find_map(|(name, one, other)| {
        let ratio = one.max(other) / one.min(other);
        // A floor of zero is none, and so is one that is no number.
        let is_near = ratio <= FLOOR_RATIO_MAX;
        let percent = (ratio - 1.0) * 100.0;
        (!is_near).then(|| format!("the floors' {name} differ by {percent:.0} %"))
    })
}

fn same_kind(one: &Folder, other: &Folder) -> Result<(), Refusal> {
    let same =
        one.run.loop_kind == other.run.loop_kind && one.run.latency_kind == other.run.latency_kind;
    let refusal = || Refusal::Loops {
        one: place(one),
        other: place(other),
        one_kind: one.run.latency_kind.name(),
        other_kind: other.run.latency_kind.name(),
    };
    if same { Ok(()) } else { Err(refusal()) }
}

fn same_workload(one: &Folder, other: &Folder, may_differ: &[&str]) -> Result<(), Refusal> {
    let mut settings = differing(&one.run, &other.run, may_differ);
    if one.run.system.name != other.run.system.name {
        settings.retain(|name| !MAY_DIFFER_BETWEEN_SYSTEMS.contains(&name.as_str()));
    }
    if settings.is_empty() {
        return Ok(());
    }
    Err(Refusal::Workloads { one: place(one), other: place(other), settings })
}

fn place(folder: &Folder) -> String {
    folder.path.display().to_string()
}

/// The settings in which two workloads differ; one that is null is as if it were not there.
pub(crate) fn differing(one: &Run, other: &Run, may_differ: &[&str]) -> Vec<String> {
    let mut names: Vec<&String> = one.workload.keys().chain(other.workload.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |run: &'_ Run, name: &str| run.workload.get(name).cloned().unwrap_or(Value::Null);
    let differ =
        |name: &&String| !may_differ.contains(&name.as_str()) && of(one, name) != of(other, name);
    names.into_iter().filter(differ).cloned().collect()
}
