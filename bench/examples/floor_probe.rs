//! Runs the floor by hand: `floor_probe append ...`.

use std::io::{self, BufRead, Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use runtime::floor::{
    self, Barrier, DeviceConfig, Direction, FloorConfig, Idle, JournalConfig, LoadConfig, LoadEnd,
    SendfileConfig, Work,
};

type Get<'a> = &'a dyn Fn(&str, &str) -> String;

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let get = |name: &str, default: &str| -> String {
        args.iter()
            .find_map(|arg| arg.strip_prefix(&format!("{name}=")).map(str::to_owned))
            .unwrap_or_else(|| default.to_owned())
    };
    match args.first().map(String::as_str) {
        Some("append") => append(&get),
        Some("serve") => serve(&get),
        Some("load") => load(&get),
        Some("run") => run(&args, &get),
        Some("device") => device(&get),
        Some("sendfile") => sendfile(&get),
        _ => Err(io::Error::other("append | serve | load | run | device | sendfile")),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

fn barrier(text: &str) -> Barrier {
    match text {
        "none" => Barrier::None,
        "fdatasync" => Barrier::Fdatasync,
        "dsync" => Barrier::Dsync,
        _ => panic!("barrier"),
    }
}

fn idle(text: &str) -> Idle {
    let (kind, rest) = text.split_once(':').unwrap_or((text, "0"));
    match kind {
        "block" => Idle::Block,
        "spin" => Idle::Spin(number(rest) as u64 * 1000),
        "yield" => Idle::Yield(number(rest) as u64 * 1000),
        _ => panic!("idle"),
    }
}

fn append(get: Get<'_>) -> io::Result<()> {
    let config = floor::AppendConfig {
        journal: JournalConfig::in_directory(get("dir", "/tmp/floor")),
        record_bytes: number(&get("record", "1024")),
        group: number(&get("group", "64")),
        barrier: barrier(&get("barrier", "dsync")),
        idle: idle(&get("idle", "yield:200")),
        core: Some(number(&get("core", "0"))),
        commits: number(&get("commits", "5000")),
    };
    let mut report = floor::append(&config)?;
    report.commit_ns.sort_unstable();
    let at = |q: f64| report.commit_ns[((report.commit_ns.len() - 1) as f64 * q) as usize] / 1000;
    writeln!(
        io::stdout(),
        "{:>9} {:?} group {} x {}: {:.0} commits/s p50 {} p90 {} p99 {} p99.9 {} max {} us",
        get("barrier", "dsync"),
        config.idle,
        config.group,
        config.record_bytes,
        report.commit_ns.len() as f64 * 1e9 / report.elapsed_ns as f64,
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0)
    )
}

/// Serves until standard input ends; prints the address first.
fn serve(get: Get<'_>) -> io::Result<()> {
    let mut journal = JournalConfig::in_directory(get("dir", "/tmp/floor"));
    journal.files = number(&get("files", "4")) as u32;
    journal.file_bytes = (number(&get("file_mib", "64")) as u64) << 20;
    let work = match get("mode", "echo").as_str() {
        "echo" => Work::Echo,
        "probe" => Work::Append { journal, barrier: None },
        other => Work::Append { journal, barrier: Some(barrier(other)) },
    };
    let mut config = FloorConfig::new(work, number(&get("core", "0")));
    config.idle = idle(&get("idle", "yield:200"));
    config.receive_buffers = number(&get("buffers", "256")) as u16;
    config.receive_bytes = number(&get("buffer", "4096"));
    let handle = floor::serve(config)?;
    let mut out = io::stdout();
    writeln!(out, "{} {:?}", handle.address(), handle.probe())?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    let report = handle.stop()?;
    writeln!(out, "{report:?}")
}

fn load(get: Get<'_>) -> io::Result<()> {
    let frame = number(&get("frame", "1024"));
    let mut request = vec![0xA5_u8; frame];
    request[..4].copy_from_slice(&(frame as u32 - 4).to_be_bytes());
    let address = get("addr", "").parse().expect("addr=");
    let mut config = LoadConfig::new(address, number(&get("conns", "64")), request);
    config.in_flight = number(&get("inflight", "1"));
    config.warm_up = Duration::from_millis(300);
    config.end = LoadEnd::After(Duration::from_millis(number(&get("ms", "2000")) as u64));
    config.core = Some(number(&get("loadcore", "1")));
    config.idle = idle(&get("loadidle", "yield:200"));
    config.sends_per_enter = number(&get("sends", "8"));
    let mut report = floor::load(&config)?;
    report.latency_ns.sort_unstable();
    if report.latency_ns.is_empty() {
        return Err(io::Error::other("nothing answered"));
    }
    let at = |q: f64| {
        let index = (report.latency_ns.len().max(1) - 1) as f64 * q;
        f64::from(report.latency_ns[index as usize]) / 1000.0
    };
    writeln!(
        io::stdout(),
        "{:.0} msg/s p50 {:.0} p90 {:.0} p99 {:.0} p99.9 {:.0} max {:.0} us; {:.1} a turn",
        report.answers as f64 * 1e9 / report.elapsed_ns as f64,
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0),
        report.answers as f64 / report.turns as f64,
    )
}

/// Serves in a child process, so that the two share nothing, and loads from this one.
fn run(args: &[String], get: Get<'_>) -> io::Result<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("serve")
        .args(&args[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = io::BufReader::new(child.stdout.take().expect("piped")).lines();
    let first = lines.next().expect("a line")?;
    let (address, probe) = first.split_once(' ').expect("address and probe");
    if get("verbose", "") != "" {
        writeln!(io::stdout(), "{probe} pid {}", child.id())?;
    }
    let with_address = |name: &str, default: &str| {
        if name == "addr" { address.to_owned() } else { get(name, default) }
    };
    for _ in 0..number(&get("repeat", "1")) {
        load(&with_address)?;
    }
    drop(child.stdin.take());
    let last = lines.next().expect("a line")?;
    if get("verbose", "") != "" {
        writeln!(io::stdout(), "{last}")?;
    }
    child.wait().map(drop)
}

fn device(get: Get<'_>) -> io::Result<()> {
    let write = get("way", "write") == "write";
    let config = DeviceConfig {
        directory: get("dir", "/tmp/floor").into(),
        direction: if write { Direction::Write } else { Direction::Read },
        operation_bytes: number(&get("kib", "1024")) << 10,
        depth: number(&get("depth", "1")),
        operations: number(&get("count", "1024")),
        core: Some(number(&get("core", "0"))),
        idle: idle(&get("idle", "yield:200")),
    };
    let mut report = floor::device(&config)?;
    report.operation_ns.sort_unstable();
    let at = |q: f64| report.operation_ns[((report.operation_ns.len() - 1) as f64 * q) as usize];
    writeln!(
        io::stdout(),
        "{:?} {} KiB depth {}: {:.2} GB/s, p50 {} p99 {} us",
        config.direction,
        config.operation_bytes >> 10,
        config.depth,
        report.bytes as f64 / report.elapsed_ns as f64,
        at(0.5) / 1000,
        at(0.99) / 1000
    )
}

fn sendfile(get: Get<'_>) -> io::Result<()> {
    let config = SendfileConfig {
        directory: get("dir", "/tmp/floor").into(),
        bytes: (number(&get("mib", "2048")) as u64) << 20,
        call_bytes: number(&get("call_kib", "1024")) << 10,
        cold: get("temperature", "cold") == "cold",
        sequential: get("sequential", "yes") == "yes",
        core: number(&get("core", "0")),
        reader_core: number(&get("loadcore", "1")),
    };
    let report = floor::sendfile(&config)?;
    writeln!(
        io::stdout(),
        "sendfile {} call {} KiB sequential {}: {:.2} GB/s ({} of {} pages resident before)",
        if config.cold { "cold" } else { "hot" },
        config.call_bytes >> 10,
        config.sequential,
        report.bytes as f64 / report.elapsed_ns as f64,
        report.resident_pages,
        report.pages
    )
}
