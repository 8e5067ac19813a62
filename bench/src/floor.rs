//! What this machine can do with no broker: the figures that a broker is judged against.

use core::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use runtime::floor::{
    AppendConfig, Barrier, Child, DeviceConfig, Direction, Drive, FloorConfig, Idle, JournalConfig,
    LoadConfig, LoadEnd, SendfileConfig, Work, append, device, load, sendfile,
};
use runtime::signal::Termination;

use crate::broker::{claim, create};
use crate::cli::{FloorArgs, FloorMode, ServeFloorArgs};
use crate::error::{BenchError, io_error};
use crate::latency::Latencies;
use crate::report::{Cell, Report, Table, show};
use crate::spread::Spread;

/// This program, to be started again as the floor's server.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// What the server says when it is ready, before its address.
const READY: &str = "floor ";

/// The floor's server in a process of its own.
pub(crate) struct FloorServer {
    child: Child,
    address: SocketAddr,
}

impl FloorServer {
    /// Starts one on `core`; with a `journal` directory it is durable, without one it echoes.
    pub(crate) fn start(journal: Option<&Path>, core: usize) -> Result<Self, BenchError> {
        let mut arguments = vec!["serve-floor".to_owned(), "--core".to_owned(), core.to_string()];
        if let Some(journal) = journal {
            create(journal)?;
            arguments.extend(["--journal".to_owned(), journal.display().to_string()]);
        }
        let child = Child::start(OWN_PROGRAM.into(), arguments, core, READY)?;
        let line = child.lines().last().and_then(|line| line.strip_prefix(READY));
        let address = line.and_then(|line| line.split(' ').next()?.parse().ok());
        let address = address.ok_or(BenchError::Nothing("the floor does not say where it is"))?;
        Ok(Self { child, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    pub(crate) fn end(self) -> Result<(), BenchError> {
        Ok(self.child.stop()?)
    }
}

/// `tidemill-bench serve-floor`: serves until it is told to end.
pub(crate) fn serve(args: &ServeFloorArgs) -> Result<(), BenchError> {
    let termination = Termination::block().map_err(io_error("block the signals"))?;
    let work = match &args.journal {
        None => Work::Echo,
        Some(journal) => {
            Work::Append { journal: JournalConfig::in_directory(journal), barrier: None }
        }
    };
    let config = FloorConfig::new(work, args.core);
    let server = runtime::floor::serve(config).map_err(io_error("start the floor's server"))?;
    show(&format!("{READY}{} {:?}", server.address(), server.probe()))?;
    termination.wait();
    server.stop().map(drop).map_err(io_error("end the floor's server"))
}

/// `tidemill-bench floor`
pub(crate) fn run(args: &FloorArgs) -> Result<(), BenchError> {
    let _claim = claim(&args.place.dir)?;
    let mut report = Report::begin(&args.place.dir, "as each row says".to_owned());
    report.setting("cores", format!("{} server, {} load", args.place.core, args.place.load_core));
    let wants = |mode| args.mode == mode || args.mode == FloorMode::All;
    if wants(FloorMode::Echo) {
        report.table(network(args, None)?)?;
    }
    if wants(FloorMode::Append) {
        report.table(appends(args)?)?;
    }
    if wants(FloorMode::Durable) {
        let journal = args.place.dir.join("floor");
        report.table(network(args, Some(&journal))?)?;
    }
    if wants(FloorMode::Disk) {
        report.table(disk(args)?)?;
    }
    if wants(FloorMode::Sendfile) {
        report.table(files(args)?)?;
    }
    report.end(args.place.json.as_deref())
}

/// Frames over loopback, answered at once or after a barrier.
fn network(args: &FloorArgs, journal: Option<&Path>) -> Result<Table, BenchError> {
    let about = match journal {
        None => "Echo: frames over loopback, each answered at once; nothing is stored.",
        Some(_) => {
            "Durable: frames over loopback, group commit with O_DIRECT, each answered after the \
             barrier that covers it (power-safe)."
        }
    };
    let columns = ["connections", "bytes", "answers/s", "p50 us", "p99 us", "p99.9 us"];
    let mut table = Table::new(about, &columns);
    let server = FloorServer::start(journal, args.place.core)?;
    for connections in [1, args.connections] {
        let mut rates = Vec::new();
        let mut runs = Vec::new();
        for _ in 0..args.repeat {
            let core = args.place.load_core;
            let address = server.address();
            let (rate, latencies) =
                frames(address, connections, args.record_size, args.seconds, Some(core))?;
            rates.push(rate);
            runs.push(latencies);
        }
        let micros = |at| spread(runs.iter().map(|run| run.micros_at(at)), 0);
        table.row(vec![
            Cell::count(connections.into()),
            Cell::count(args.record_size.into()),
            spread(rates, 0),
            micros(0.5),
            micros(0.99),
            micros(0.999),
        ]);
    }
    server.end()?;
    Ok(table)
}

/// Frames of `bytes` bytes to a floor's server in a closed loop: answers a second, and their times.
pub(crate) fn frames(
    address: SocketAddr,
    connections: u32,
    bytes: u32,
    time: Duration,
    core: Option<usize>,
) -> Result<(f64, Latencies), BenchError> {
    let mut frame = vec![0xA5_u8; bytes as usize];
    if let Some(prefix) = frame.first_chunk_mut() {
        *prefix = (bytes - 4).to_be_bytes();
    }
    let mut config = LoadConfig::new(address, connections as usize, frame);
    config.warm_up = Duration::from_millis(500);
    config.end = LoadEnd::After(time);
    config.core = core;
    let mut latencies = Latencies::new()?;
    let ran = load(&config, Drive::Closed, &mut latencies);
    let ran = ran.map_err(io_error("load the floor's server"))?;
    Ok((latencies.answered() as f64 * 1e9 / ran.elapsed_ns.max(1) as f64, latencies))
}

/// Commits to a journal, one after another, no network.
fn appends(args: &FloorArgs) -> Result<Table, BenchError> {
    let about = "Append: commits of so many records with O_DIRECT, one at a time, no network; \
                 dsync and fdatasync are power-safe, none is not.";
    let columns = ["barrier", "records", "records/s", "p50 us", "p99 us", "p99.9 us"];
    let mut table = Table::new(about, &columns);
    for barrier in [Barrier::Dsync, Barrier::Fdatasync, Barrier::None] {
        for group in [1, 64] {
            let (mut rates, mut runs) = (Vec::new(), Vec::new());
            for _ in 0..args.repeat {
                let report = append(&AppendConfig {
                    journal: JournalConfig::in_directory(&args.place.dir),
                    record_bytes: args.record_size as usize,
                    group,
                    barrier,
                    idle: Idle::DEFAULT,
                    core: Some(args.place.core),
                    commits: 2000,
                });
                let report = report.map_err(io_error("append to the journal"))?;
                rates.push(report.records as f64 * 1e9 / report.elapsed_ns.max(1) as f64);
                let mut latencies = Latencies::new()?;
                report.commit_ns.iter().for_each(|&nanos| latencies.enter(nanos));
                runs.push(latencies);
            }
            let micros = |at| spread(runs.iter().map(|run| run.micros_at(at)), 0);
            let name = format!("{barrier:?}").to_lowercase();
            table.row(vec![
                Cell::text(name),
                Cell::count(group as u64),
                spread(rates, 0),
                micros(0.5),
                micros(0.99),
                micros(0.999),
            ]);
        }
    }
    Ok(table)
}

/// The disk alone.
fn disk(args: &FloorArgs) -> Result<Table, BenchError> {
    let about = "Disk: 1 MiB operations with O_DIRECT, front to back, four at a time; writes end \
                 with one fdatasync.";
    let mut table = Table::new(about, &["direction", "MB/s"]);
    for direction in [Direction::Write, Direction::Read] {
        let mut rates = Vec::new();
        for _ in 0..args.repeat {
            rates.push(disk_rate(&args.place.dir, args.place.core, direction, args.mib)? / 1e6);
        }
        let name = format!("{direction:?}").to_lowercase();
        table.row(vec![Cell::text(name), spread(rates, 0)]);
    }
    Ok(table)
}

/// Bytes a second of the disk alone: `mib` operations of 1 MiB, four at a time.
pub(crate) fn disk_rate(
    directory: &Path,
    core: usize,
    direction: Direction,
    mib: u32,
) -> Result<f64, BenchError> {
    let report = device(&DeviceConfig {
        directory: directory.to_owned(),
        direction,
        operation_bytes: 1 << 20,
        depth: 4,
        operations: mib as usize,
        core: Some(core),
        idle: Idle::DEFAULT,
    });
    let report = report.map_err(io_error("measure the disk"))?;
    Ok(report.bytes as f64 * 1e9 / report.elapsed_ns.max(1) as f64)
}

/// Files sent by `sendfile`.
fn files(args: &FloorArgs) -> Result<Table, BenchError> {
    let about = "Sendfile: one file over loopback by sendfile(2) in calls of 1 MiB; cold: none of \
                 it was in memory, hot: all of it.";
    let mut table = Table::new(about, &["file", "MiB", "MB/s"]);
    for cold in [true, false] {
        let mut rates = Vec::new();
        for _ in 0..args.repeat {
            let bytes = u64::from(args.mib) << 20;
            let (core, reader_core) = (args.place.core, args.place.load_core);
            rates.push(sendfile_rate(&args.place.dir, bytes, cold, core, reader_core)? / 1e6);
        }
        let name = if cold { "cold" } else { "hot" };
        table.row(vec![Cell::text(name), Cell::count(args.mib.into()), spread(rates, 0)]);
    }
    Ok(table)
}

/// Bytes a second of a new file of `bytes`, rounded up to whole MiB, sent by `sendfile`.
pub(crate) fn sendfile_rate(
    directory: &Path,
    bytes: u64,
    cold: bool,
    core: usize,
    reader_core: usize,
) -> Result<f64, BenchError> {
    let report = sendfile(&SendfileConfig {
        directory: directory.to_owned(),
        bytes: bytes.next_multiple_of(1 << 20),
        call_bytes: 1 << 20,
        cold,
        sequential: true,
        core,
        reader_core,
    });
    let report = report.map_err(io_error("send a file"))?;
    Ok(report.bytes as f64 * 1e9 / report.elapsed_ns.max(1) as f64)
}

/// The cell of a figure that was measured several times.
pub(crate) fn spread(figures: impl IntoIterator<Item = f64>, digits: usize) -> Cell {
    Spread::of(figures).map_or(Cell::text("-"), |spread| Cell::spread(spread, digits))
}
