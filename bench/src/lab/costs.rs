//! What a run cost: the disk's flushes and bytes, the broker's CPU, stolen time, stalls.

use std::path::Path;

use crate::folder::run::Costs;
use crate::folder::timeline::Row;
use crate::report::{
    CpuTicks, DiskCounters, ProcessUse, cpu_ticks, disk_counters, disk_name, io_stall_micros,
};

/// Where costs are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    disk: Option<String>,
    process: Option<u32>,
}

/// Everything that is counted, at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    time_ns: u64,
    disk: Option<DiskCounters>,
    ticks: Option<CpuTicks>,
    stall_micros: Option<u64>,
    process: Option<ProcessUse>,
}

/// What little is counted every second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Glance {
    disk: Option<DiskCounters>,
    ticks: Option<CpuTicks>,
    cpu_ms: Option<u64>,
}

/// A second's part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sample {
    steal_pct: Option<f64>,
    disk: Option<DiskCounters>,
    cpu_ms: Option<u64>,
}

impl Meter {
    /// Of the disk below a directory and of a broker's process, as far as they are known.
    pub(crate) fn new(directory: Option<&Path>, process: Option<u32>) -> Self {
        Self { disk: directory.and_then(disk_name), process }
    }

    /// Everything.
    pub(crate) fn read(&self, now_ns: u64) -> Reading {
        Reading {
            time_ns: now_ns,
            disk: self.disk.as_deref().and_then(disk_counters),
            ticks: cpu_ticks(),
            stall_micros: io_stall_micros(),
            process: self.process.map(ProcessUse::read),
        }
    }

    /// Three small files: the load waits for it.
    pub(crate) fn glance(&self) -> Glance {
        Glance {
            disk: self.disk.as_deref().and_then(disk_counters),
            ticks: cpu_ticks(),
            cpu_ms: self.process.map(ProcessUse::cpu_ms),
        }
    }
}

fn disk_since(from: Option<DiskCounters>, to: Option<DiskCounters>) -> Option<DiskCounters> {
    from.zip(to).map(|(from, to)| DiskCounters {
        flushes: to.flushes.saturating_sub(from.flushes),
        write_bytes: to.write_bytes.saturating_sub(from.write_bytes),
    })
}

fn steal_since(from: Option<CpuTicks>, to: Option<CpuTicks>) -> Option<f64> {
    from.zip(to).map(|(from, to)| {
        let all = to.all.saturating_sub(from.all).max(1) as f64;
        to.stolen.saturating_sub(from.stolen) as f64 / all * 100.0
    })
}

impl Glance {
    /// What happened since.
    pub(crate) fn until(&self, later: &Self) -> Sample {
        let cpu = self.cpu_ms.zip(later.cpu_ms);
        Sample {
            steal_pct: steal_since(self.ticks, later.ticks),
            disk: disk_since(self.disk, later.disk),
            cpu_ms: cpu.map(|(from, to)| to.saturating_sub(from)),
        }
    }
}

impl Sample {
    /// Enters what is known in a row of the timeline.
    pub(crate) fn enter(self, row: &mut Row) {
        row.steal_pct = self.steal_pct;
        row.device_flushes = self.disk.map(|disk| disk.flushes as f64);
        row.device_write_bytes = self.disk.map(|disk| disk.write_bytes as f64);
        row.broker_cpu_ms = self.cpu_ms.map(|millis| millis as f64);
    }
}

impl Reading {
    /// What a run cost that began with this reading.
    pub(crate) fn until(&self, to: &Self) -> Costs {
        let process = self.process.zip(to.process);
        let micros = to.time_ns.saturating_sub(self.time_ns).max(1) as f64 / 1e3;
        let stall = self.stall_micros.zip(to.stall_micros);
        let disk = disk_since(self.disk, to.disk);
        Costs {
            device_flushes: disk.map(|disk| disk.flushes),
            device_write_bytes: disk.map(|disk| disk.write_bytes),
            broker_cpu_s: process
                .map(|(from, to)| to.cpu_ms.saturating_sub(from.cpu_ms) as f64 / 1e3),
            context_switches: process.map(|(from, to)| to.switches.saturating_sub(from.switches)),
            run_delay_s: process
                .map(|(from, to)| to.run_delay_ns.saturating_sub(from.run_delay_ns) as f64 / 1e9),
            steal_pct: steal_since(self.ticks, to.ticks),
            psi_io_some_pct: stall
                .map(|(from, to)| to.saturating_sub(from) as f64 / micros * 100.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_stays_empty() {
        let meter = Meter::new(None, None);
        let glance = meter.glance();
        let sample = Sample { steal_pct: None, ..glance.until(&glance) };
        let mut row = Row::default();
        sample.enter(&mut row);
        assert_eq!(row, Row::default());
        let costs = Reading::default().until(&Reading::default());
        assert_eq!(costs, Costs::default());
    }

    #[test]
    fn the_own_process_costs_something() {
        let meter = Meter::new(None, Some(std::process::id()));
        let from = meter.read(0);
        let to = Reading { time_ns: 1_000_000_000, ..meter.read(0) };
        let costs = from.until(&to);
        assert!(costs.broker_cpu_s.is_some() && costs.run_delay_s.is_some());
    }
}
