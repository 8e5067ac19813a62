//! What the kernel's own tracers of noise say, `osnoise` and `timerlat`
//! (Documentation/trace/osnoise-tracer.rst and timerlat-tracer.rst).

use std::collections::BTreeMap;

use serde::Serialize;

/// Which tracer, and which of its figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseSource {
    /// The longest time that a period of `osnoise` was interrupted for at once.
    Osnoise,
    /// From a timer's moment to its interrupt.
    TimerlatInterrupt,
    /// From a timer's moment to its thread's running.
    TimerlatThread,
}

/// What a tracer saw on a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Noise {
    /// Which figure.
    pub source: NoiseSource,
    /// The core.
    pub core: u32,
    /// How many lines told of it.
    pub samples: u64,
    /// The longest, nanoseconds.
    pub longest_ns: u64,
    /// How often neither the kernel nor a thread was to blame: hardware or hypervisor.
    pub hardware: u64,
}

/// Reads a trace. Lines that are not understood are left out.
pub fn parse_noise(trace: &str) -> Vec<Noise> {
    let mut found: BTreeMap<(NoiseSource, u32), Noise> = BTreeMap::new();
    for line in trace.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let Some((source, core, nanos, hardware)) = sample(line) else { continue };
        let fresh = Noise { source, core, samples: 0, longest_ns: 0, hardware: 0 };
        let noise = found.entry((source, core)).or_insert(fresh);
        noise.samples += 1;
        noise.longest_ns = noise.longest_ns.max(nanos);
        noise.hardware = noise.hardware.saturating_add(hardware);
    }
    found.into_values().collect()
}

/// A line's figure, core, nanoseconds and hardware's share.
fn sample(line: &str) -> Option<(NoiseSource, u32, u64, u64)> {
    let (_, rest) = line.split_once('[')?;
    let (core, rest) = rest.split_once(']')?;
    let core = core.trim().parse().ok()?;
    // A timestamp ends with the first colon.
    let (_, message) = rest.split_once(": ")?;
    let words: Vec<&str> = message.split_whitespace().collect();
    if let [_, "context", context, "timer_latency", nanos, "ns"] = words.as_slice() {
        let source = match *context {
            "irq" => NoiseSource::TimerlatInterrupt,
            "thread" => NoiseSource::TimerlatThread,
            _ => return None,
        };
        return Some((source, core, nanos.parse().ok()?, 0));
    }
    // Runtime, noise, percent of the CPU, longest at once, hardware, and what else it counts.
    let [runtime, noise, _, longest, hardware, ..] = words.as_slice() else { return None };
    let _: (u64, u64) = (runtime.parse().ok()?, noise.parse().ok()?);
    let longest_us: u64 = longest.parse().ok()?;
    let nanos = longest_us.checked_mul(1000)?;
    Some((NoiseSource::Osnoise, core, nanos, hardware.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_tracers_are_read() {
        let trace = "\
# tracer: osnoise
#              | |         |   ||||      |           |             |    |            |      |
           <...>-859     [000] ....    81.637220: 1000000        190  99.98100       9     18      \
0   1007     18      1
           <...>-859     [000] .....   82.638220: 1000000        656  99.93440      74     23      \
0   1006     16      3
          <idle>-0       [003] d.h1    54.029328: #1     context    irq timer_latency       932 ns
           <...>-867     [003] ....    54.029339: #1     context thread timer_latency     11700 ns
           <...>-867     [003] ....    54.030339: #2     context thread timer_latency      8170 ns
";
        let found = parse_noise(trace);
        let of = |source, core, samples, longest_ns, hardware| Noise {
            source,
            core,
            samples,
            longest_ns,
            hardware,
        };
        let wanted = [
            of(NoiseSource::Osnoise, 0, 2, 74_000, 41),
            of(NoiseSource::TimerlatInterrupt, 3, 1, 932, 0),
            of(NoiseSource::TimerlatThread, 3, 2, 11_700, 0),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn other_lines_are_left_out() {
        for junk in ["", "x [1] y", "a [0] b 1.0: sched_switch: x", "a [0] . 1: 1 2 3 x 5", "[: ]"]
        {
            assert_eq!(parse_noise(junk), [], "{junk}");
        }
    }
}
