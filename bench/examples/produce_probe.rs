//! Loads a broker with Produce v7 by hand.
use std::io::{self, Write};
use std::time::Duration;

use record::{BatchBuilder, NewRecord, Seal, Timestamp};
use runtime::floor::{self, LoadConfig, LoadEnd};

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let get = |name: &str, default: &str| -> String {
        args.iter()
            .find_map(|arg| arg.strip_prefix(&format!("{name}=")).map(str::to_owned))
            .unwrap_or_else(|| default.to_owned())
    };
    let number = |name: &str, default: &str| get(name, default).parse::<usize>().expect("number");
    let topic = get("topic", "bench");
    let record = vec![0xA5_u8; number("record", "1024")];
    let mut builder = BatchBuilder::new();
    for _ in 0..number("records", "1") {
        builder
            .append(&NewRecord {
                timestamp: Timestamp(1_790_000_000_000),
                key: None,
                value: Some(&record),
                headers: &[],
            })
            .expect("append");
    }
    let batch = builder.seal(&Seal::default()).expect("seal");
    let mut request = vec![0; 4];
    request.extend(0_i16.to_be_bytes());
    request.extend(7_i16.to_be_bytes());
    request.extend(0_i32.to_be_bytes());
    request.extend(5_i16.to_be_bytes());
    request.extend(b"bench");
    request.extend((-1_i16).to_be_bytes());
    request.extend((-1_i16).to_be_bytes());
    request.extend(30000_i32.to_be_bytes());
    request.extend(1_i32.to_be_bytes());
    request.extend((topic.len() as i16).to_be_bytes());
    request.extend(topic.as_bytes());
    request.extend(1_i32.to_be_bytes());
    request.extend(0_i32.to_be_bytes());
    request.extend((batch.len() as i32).to_be_bytes());
    request.extend(&batch);
    let length = request.len() as i32 - 4;
    request[..4].copy_from_slice(&length.to_be_bytes());
    let error = 4 + 4 + 4 + 2 + topic.len() + 4 + 4;
    let mut config = LoadConfig::new(
        get("addr", "127.0.0.1:9092").parse().expect("addr"),
        number("conns", "64"),
        request,
    );
    config.zero = Some(error..error + 2);
    config.in_flight = number("inflight", "1");
    config.warm_up = Duration::from_millis(300);
    config.end = LoadEnd::After(Duration::from_millis(number("ms", "2000") as u64));
    config.core = Some(number("loadcore", "1"));
    let mut report = floor::load(&config)?;
    report.latency_ns.sort_unstable();
    let at = |q: f64| {
        let index = (report.latency_ns.len().max(1) - 1) as f64 * q;
        f64::from(report.latency_ns[index as usize]) / 1000.0
    };
    writeln!(
        io::stdout(),
        "{:.0} req/s {:.3} GB/s p50 {:.0} p90 {:.0} p99 {:.0} p99.9 {:.0} max {:.0} us; {:.1} a turn; refused {} {:?}",
        report.answers as f64 * 1e9 / report.elapsed_ns as f64,
        report.answers as f64 * config.request.len() as f64 / report.elapsed_ns as f64,
        at(0.5),
        at(0.9),
        at(0.99),
        at(0.999),
        at(1.0),
        report.answers as f64 / report.turns as f64,
        report.refused,
        report.first_refused,
    )
}
