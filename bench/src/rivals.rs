//! `tidemill-bench rivals`: the same loads against other systems at a named durability, as a table.
//!
//! Every step starts a server on a fresh directory with all of its threads on one core, runs `find`
//! or `run` of this program on the other core, and keeps the figures in a file of its own. What has
//! its file is not measured again, so that a table that was interrupted is resumed.

mod arguments;
mod outcome;
mod plan;
mod scripts;
mod table;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use serde_json::json;

pub(crate) use self::arguments::RivalsArgs;
use self::outcome::{Outcome, highest};
use self::plan::{Found, Level, Plan, Step, Task};
use self::scripts::{Said, Scripts, Topic, json};
use self::table::{Results, Row};
use crate::error::{BenchError, io_error};
use crate::folder::{self, Folder};
use crate::report::{show, write};

/// The systems of `bench/rivals`.
pub(crate) const SYSTEMS: [&str; 7] =
    ["tidemill", "kafka", "nats", "rabbitmq", "rocketmq", "iggy", "redpanda"];

const TOPIC: &str = "bench";
/// What p99 may be for a rate to count as sustained.
const P99_US_MAX: f64 = 10_000.0;
/// Where a search begins that knows nothing, in records a second.
const FIND_FROM: f64 = 2000.0;
/// Seconds of a try that are not counted.
const TRIAL_WARM_UP: u32 = 2;
/// What `run` ends with if the run is invalid: it has left its folder all the same.
const EXIT_INVALID: i32 = 3;

/// What a step left.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Record {
    settings: String,
    /// The rate that was asked for.
    asked: Option<f64>,
    /// The highest rate, of a search.
    highest: Option<f64>,
    outcome: Option<Outcome>,
    /// Why there is nothing. Tried again when the table is resumed.
    failure: Option<String>,
}

struct Runner<'a> {
    args: &'a RivalsArgs,
    plan: Plan,
    scripts: Scripts,
    results: Results,
}

/// `tidemill-bench rivals`
pub(crate) fn run(args: &RivalsArgs) -> Result<(), BenchError> {
    let scripts = Scripts(args.scripts.clone());
    let (mut here, mut missing) = (Vec::new(), BTreeMap::new());
    for system in &args.systems {
        match scripts.missing(system) {
            Some(why) => drop(missing.insert(system.clone(), why)),
            None => here.push(system.clone()),
        }
    }
    let plan = args.plan(&here);
    let about = args.about(&plan);
    let has_verdict = plan.has_verdict();
    let outstanding = args.outstanding();
    let results = Results { missing, outstanding, about, has_verdict, ..Results::default() };
    let mut runner = Runner { args, plan, scripts, results };
    runner.estimate()?;
    if args.estimate {
        return Ok(());
    }
    runner.same_as_before()?;
    for system in &here {
        runner.scripts.install(system)?;
        let version = runner.scripts.version(system)?;
        runner.results.versions.insert(system.clone(), version);
    }
    for level in &args.levels {
        runner.level(*level)?;
        runner.write_table()?;
    }
    show(&runner.results.to_markdown())
}

impl Runner<'_> {
    /// Measures what has not been measured at a level.
    fn level(&mut self, level: Level) -> Result<(), BenchError> {
        let mut found = Found::new();
        for step in self.plan.finds(level) {
            let record = self.step(&step, None, &found)?;
            found.entry(step.entrant).or_default().extend(record.highest);
        }
        for step in self.plan.loads(level) {
            let rate = plan::rate(&found, &step.entrant, step.task);
            let record = match rate {
                Some(_) => self.step(&step, rate, &found)?,
                None => {
                    Record { failure: Some("no rate to ask for".to_owned()), ..Record::default() }
                }
            };
            self.enter(&step, rate, record);
        }
        self.results.found.extend(found);
        Ok(())
    }

    /// Says how long what is left takes.
    fn estimate(&self) -> Result<(), BenchError> {
        let levels = self.args.levels.iter();
        let all = levels.flat_map(|level| [self.plan.finds(*level), self.plan.loads(*level)]);
        let left: Vec<_> = all.flatten().filter(|step| self.done(step).is_none()).collect();
        let seconds: f64 = left.iter().map(|step| plan::seconds(step, &self.plan.times)).sum();
        let steps = left.len();
        show(&format!(
            "estimate: {:.0} minutes for {steps} steps. {}",
            (seconds / 60.0).ceil(),
            self.results.about
        ))
    }

    /// Keeps what is measured beside the results, and refuses results of something else.
    fn same_as_before(&self) -> Result<(), BenchError> {
        let file = self.args.out.join("plan.txt");
        let plan = format!("{}\n{:?}\n", self.results.about, self.plan.entrants);
        match fs::read_to_string(&file) {
            Ok(before) if before == plan => Ok(()),
            Ok(_) => Err(BenchError::Arguments("--out has results of another plan")),
            Err(_) => {
                fs::create_dir_all(&self.args.out).map_err(io_error("make the directory"))?;
                write(&file, &plan)
            }
        }
    }

    fn file(&self, step: &Step) -> PathBuf {
        self.args.out.join(step.place()).join("step.json")
    }

    /// What a step left, if it went well.
    fn done(&self, step: &Step) -> Option<Record> {
        let record: Record = serde_json::from_value(json(&self.file(step)).ok()?).ok()?;
        record.failure.is_none().then_some(record)
    }

    /// Runs a step, if it has not been run.
    fn step(
        &mut self,
        step: &Step,
        rate: Option<f64>,
        found: &Found,
    ) -> Result<Record, BenchError> {
        let record = if let Some(record) = self.done(step) {
            record
        } else {
            let record = self.attempt(step, rate, found);
            let text = serde_json::to_string_pretty(&record).unwrap_or_default();
            write(&self.file(step), &text)?;
            show(&format!("{}: {}", step.place(), said_of(&record)))?;
            record
        };
        if !record.settings.is_empty() {
            self.results.settings.insert(step.entrant.clone(), record.settings.clone());
        }
        Ok(record)
    }

    /// Measures until a run is valid, or there have been enough.
    fn attempt(&self, step: &Step, rate: Option<f64>, found: &Found) -> Record {
        let mut attempts = self.plan.times.attempts;
        loop {
            let record = self.measure(step, rate, found).unwrap_or_else(|error| Record {
                failure: Some(error.to_string()),
                ..Record::default()
            });
            attempts -= 1;
            if attempts == 0 || record.outcome.as_ref().is_none_or(|outcome| outcome.verdict.valid)
            {
                return record;
            }
        }
    }

    fn measure(&self, step: &Step, rate: Option<f64>, found: &Found) -> Result<Record, BenchError> {
        let place = self.args.out.join(step.place());
        if place.exists() {
            fs::remove_dir_all(&place).map_err(io_error("remove an unfinished step"))?;
        }
        fs::create_dir_all(&place).map_err(io_error("make the directory"))?;
        fs::create_dir_all(&self.args.dir).map_err(io_error("make the directory"))?;
        let [one, other] = self.args.cores[..] else {
            return Err(BenchError::Arguments("--cores takes two"));
        };
        let cores = (one, other);
        let (broker_core, load_core) = plan::roles(step.block, cores);
        let topic = Topic { name: TOPIC, partitions: self.args.partitions };
        let entrant = &step.entrant;
        let data = self.args.dir.join("server");
        let server =
            self.scripts.start(&entrant.system, entrant.level, &data, broker_core, topic)?;
        let runs = place.join("runs");
        let cores = (broker_core, load_core);
        let one_by_one = self.common_arguments(step, &server.said, cores, (1, 1));
        let settle = one_by_one.into_iter().chain(self.settling(&entrant.system));
        bench("run", settle, &place.join("settle.txt"))?;
        let common = self.common_arguments(step, &server.said, cores, self.depth(&server.said));
        let last = found.get(entrant).and_then(|rates| rates.last()).copied();
        let task = self.task_arguments(step, rate, last).map(OsString::from);
        let out = [OsString::from("--out"), runs.clone().into_os_string()];
        let command = if step.task == Task::Find { "find" } else { "run" };
        bench(command, common.into_iter().chain(task).chain(out), &place.join("output.txt"))?;
        let settings = server.said.settings.clone();
        let record = Record { settings, asked: rate, ..Record::default() };
        Ok(match step.task {
            Task::Find => {
                let tries = folder::runs(&runs)?;
                let tries: Vec<_> = tries.iter().map(|one| Outcome::of(&one.run)).collect();
                Record { highest: Some(highest(&tries, P99_US_MAX)), ..record }
            }
            Task::Common | Task::Own => {
                Record { outcome: Some(Outcome::of(&Folder::read(&runs)?.run)), ..record }
            }
        })
    }

    fn common_arguments(
        &self,
        step: &Step,
        server: &Said,
        (broker_core, load_core): (usize, usize),
        (inflight, batch): (u32, u32),
    ) -> Vec<OsString> {
        let args = self.args;
        let version = self.results.versions.get(&step.entrant.system);
        let system = format!("{}={}", step.entrant.system, version.map_or("?", |text| text));
        let flags = [
            ("--client", server.client.clone()),
            ("--bootstrap", server.address.clone()),
            ("--broker-pid", server.pid.clone()),
            ("--system", system),
            ("--durability", step.entrant.level.name().to_owned()),
            ("--broker-core", broker_core.to_string()),
            ("--cores", load_core.to_string()),
            ("--topic", TOPIC.to_owned()),
            ("--partitions", args.partitions.to_string()),
            ("--connections", args.connections.to_string()),
            ("--inflight", inflight.to_string()),
            ("--batch-records", batch.to_string()),
            ("--record-size", args.record_size.to_string()),
            ("--seed", (args.seed + u64::from(step.block)).to_string()),
            ("--drain", "5".to_owned()),
        ];
        let mut arguments: Vec<OsString> = Vec::new();
        for (flag, value) in flags {
            arguments.extend([OsString::from(flag), OsString::from(value)]);
        }
        let dir = self.args.dir.clone().into_os_string();
        arguments.extend([OsString::from("--quiet"), OsString::from("--dir"), dir]);
        arguments
    }

    /// Requests of a connection that are out at once, and records in each. Where a request is a
    /// record, as many records are out.
    fn depth(&self, server: &Said) -> (u32, u32) {
        let args = self.args;
        match server.client.as_str() {
            "kafka" => (args.inflight, args.batch_records),
            _ => (args.inflight * args.batch_records, 1),
        }
    }

    /// As many requests as the system answers, each of a record, before anything is measured: its
    /// compilers and caches get warm. More bytes would be felt after it: here the device stalls for
    /// tens of milliseconds at a time until what it was given at once has been put away.
    fn settling(&self, system: &str) -> impl Iterator<Item = OsString> + use<> {
        // Only our broker says how long its journal is: after this it was all written once.
        let lap = if system == "tidemill" { "always" } else { "none" };
        let flags = [
            ("--lap", lap.to_owned()),
            ("--rate", "max".to_owned()),
            ("--warmup", "0".to_owned()),
            ("--duration", self.plan.times.settle.to_string()),
            ("--floor", "none".to_owned()),
        ];
        flags.into_iter().flat_map(|(flag, value)| [flag.into(), value.into()])
    }

    fn task_arguments(
        &self,
        step: &Step,
        rate: Option<f64>,
        last: Option<f64>,
    ) -> impl Iterator<Item = String> {
        let times = &self.plan.times;
        let mut flags = match step.task {
            Task::Find => {
                let from = last.map_or(FIND_FROM, |last| (last / 2.0).max(FIND_FROM / 10.0));
                let quick = self.args.quick;
                vec![
                    ("--p99", format!("{P99_US_MAX}us")),
                    ("--from", format!("{from:.0}")),
                    ("--runs-max", times.trials.to_string()),
                    ("--within", if quick { "20" } else { "10" }.to_owned()),
                    ("--retries", "1".to_owned()),
                    ("--warmup", TRIAL_WARM_UP.to_string()),
                    ("--duration", (times.trial - TRIAL_WARM_UP).to_string()),
                    ("--floor", "none".to_owned()),
                ]
            }
            Task::Common | Task::Own => vec![
                ("--rate", rate.unwrap_or(FIND_FROM).to_string()),
                ("--warmup", times.warmup.to_string()),
                ("--duration", times.duration.to_string()),
                ("--floor", "durable".to_owned()),
            ],
        };
        flags.push(("--lap", "none".to_owned()));
        flags.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value])
    }

    fn enter(&mut self, step: &Step, rate: Option<f64>, record: Record) {
        let row: &mut Row = self.results.rows.entry((step.entrant.clone(), step.task)).or_default();
        row.asked = rate;
        row.runs.extend(record.outcome);
        row.failures.extend(record.failure);
    }

    /// Writes the table of what has been measured.
    fn write_table(&self) -> Result<(), BenchError> {
        write(&self.args.out.join("table.md"), &self.results.to_markdown())?;
        let all = json!({ "written_unix_ms": runtime::wall_millis(),
            "results": self.results.to_json() });
        let all = serde_json::to_string_pretty(&all).unwrap_or_default();
        write(&self.args.out.join("table.json"), &all)
    }
}

/// Runs this program as a process of its own; a run that is invalid is a result too, and so is a
/// search in which no rate holds: its tries are its result. With a priority above that of kernel
/// threads that write back what the system has dirtied, where it may be had: they can run on the
/// other core.
fn bench(
    command: &str,
    arguments: impl Iterator<Item = OsString>,
    output: &Path,
) -> Result<(), BenchError> {
    let program = std::env::current_exe().map_err(io_error("find this program"))?;
    let file = fs::File::create(output).map_err(io_error("make the output's file"))?;
    let errors = file.try_clone().map_err(io_error("make the output's file"))?;
    let status = Command::new("nice")
        .args(["-n", "-10"])
        .arg(program)
        .arg(command)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(errors)
        .status()
        .map_err(io_error("start the load"))?;
    if status.success() || status.code() == Some(EXIT_INVALID) || command == "find" {
        return Ok(());
    }
    let text = fs::read_to_string(output).unwrap_or_default();
    let what = text.lines().last().unwrap_or("it said nothing").to_owned();
    Err(BenchError::File { file: output.to_owned(), what })
}

fn said_of(record: &Record) -> String {
    match record {
        Record { failure: Some(failure), .. } => format!("failed: {failure}"),
        Record { highest: Some(rate), .. } => format!("{rate:.0}/s at most"),
        Record { outcome: Some(outcome), .. } => format!(
            "{:.0}/s, p99 {:.0} us{}",
            outcome.rate,
            outcome.p99_us().unwrap_or(f64::NAN),
            if outcome.verdict.valid { "" } else { ", invalid" }
        ),
        _ => "nothing".to_owned(),
    }
}
