//! What as many frames cost that are only received and answered, by a loop that does nothing else:
//! the part of the heartbeats' cost that no broker can save.

use std::time::Duration;

use runtime::Instant;
use runtime::floor::{Drive, LoadConfig, LoadEnd, load};

use crate::cli::PlaceArgs;
use crate::error::{BenchError, io_error};
use crate::floor::FloorServer;
use crate::latency::Latencies;
use crate::pace::{Plan, Spacing};
use crate::report::ProcessUse;

/// Bytes of a frame: about those of a classic heartbeat.
const FRAME_BYTES: usize = 128;

/// The echo's part of a core, at that many evenly spaced frames a second.
pub(super) fn cpu(
    place: &PlaceArgs,
    connections: usize,
    frames_per_second: f64,
    time: Duration,
) -> Result<f64, BenchError> {
    let server = FloorServer::start_thrifty(place.core)?;
    let mut frame = vec![0xA5_u8; FRAME_BYTES];
    let body = u32::try_from(FRAME_BYTES - 4).unwrap_or_default();
    if let Some(prefix) = frame.first_chunk_mut() {
        *prefix = body.to_be_bytes();
    }
    let mut config = LoadConfig::new(server.address(), connections, frame);
    config.end = LoadEnd::After(time);
    config.core = Some(place.load_core);
    let mut plan = Plan::new(frames_per_second, Spacing::Uniform, connections, 1);
    let mut latencies = Latencies::new()?;
    let (start, before) = (Instant::now(), ProcessUse::read(server.process()));
    let drive = Drive::Open { arrivals: &mut plan, records: 1 };
    load(&config, drive, &mut latencies).map_err(io_error("load the echo"))?;
    let after = ProcessUse::read(server.process());
    let seconds = Instant::now().nanos_since(start) as f64 / 1e9;
    server.end()?;
    let lost = latencies.refused() + latencies.unanswered();
    if lost > 0 {
        return Err(BenchError::Nothing("the echo does not answer every frame"));
    }
    Ok(after.cpu_ms.saturating_sub(before.cpu_ms) as f64 / 1e3 / seconds)
}
