//! The kernel's own tracers of noise, where it has them and lets us: `osnoise` and `timerlat`.
//!
//! Each runs in a trace instance of its own, which is removed again, so that nobody's tracing is
//! disturbed. They measure all cores that the kernel lets them.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::floor::timers;
use tuning::probe::{Noise, parse_noise};

const TRACERS: [&str; 2] = ["osnoise", "timerlat"];

/// Where tracing is mounted, nowadays and of old.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// What a tracer said, or why it said nothing.
pub(super) type Traced = (&'static str, Result<Vec<Noise>, String>);

/// Runs each tracer for so long.
pub(super) fn trace(cores: &[usize], duration: Duration) -> Vec<Traced> {
    TRACERS.map(|tracer| (tracer, trace_one(tracer, cores, duration))).into()
}

fn trace_one(tracer: &str, cores: &[usize], duration: Duration) -> Result<Vec<Noise>, String> {
    let place = available(tracer, &PLACES)?;
    let instance = Instance::make(&place, tracer)
        .map_err(|error| format!("{} may not be used: {error}; as root it may", place.display()))?;
    let core = *cores.first().unwrap_or(&0);
    let noise = instance.run(tracer, core, duration).map_err(|error| error.to_string())?;
    let is_asked =
        |noise: &Noise| usize::try_from(noise.core).is_ok_and(|one| cores.contains(&one));
    Ok(noise.into_iter().filter(is_asked).collect())
}

/// Where the tracer is; the reason if it is nowhere.
fn available(tracer: &str, places: &[&str]) -> Result<PathBuf, String> {
    let mut reason = "tracing is not mounted".to_owned();
    for place in places {
        let file = Path::new(place).join("available_tracers");
        match runtime::read_small_file(&file) {
            Ok(all) if all.split_whitespace().any(|one| one == tracer) => return Ok(place.into()),
            Ok(all) => {
                let all = all.split_whitespace().collect::<Vec<_>>().join(", ");
                return Err(format!("this kernel has no such tracer, only {all}"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => reason = format!("{}: {error}", file.display()),
        }
    }
    Err(reason)
}

/// A trace instance; removed when dropped.
struct Instance(PathBuf);

impl Instance {
    fn make(place: &Path, tracer: &str) -> io::Result<Self> {
        let path = place.join("instances").join(format!("tidemill-{tracer}"));
        runtime::create_directory_all(&path)?;
        Ok(Self(path))
    }

    fn run(&self, tracer: &str, core: usize, duration: Duration) -> io::Result<Vec<Noise>> {
        let set = |file: &str, text: &str| runtime::overwrite_small_file(&self.0.join(file), text);
        set("current_tracer", tracer)?;
        set("tracing_on", "1")?;
        // A sleep as long as the trace: its own lateness is of no interest.
        timers(core, duration, duration + duration / 2, &mut |_| ())?;
        set("tracing_on", "0")?;
        let trace = runtime::read_small_file(&self.0.join("trace"));
        set("current_tracer", "nop")?;
        Ok(parse_noise(&trace?))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = runtime::overwrite_small_file(&self.0.join("current_tracer"), "nop");
        // An instance is removed as an empty directory is, whatever it shows.
        let _ = runtime::remove_empty_directory(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracer_that_is_missing_is_said_to_be() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().to_str().unwrap().to_owned();
        let find = |tracer: &str| available(tracer, &["/not/there", &place]);
        assert_eq!(find("osnoise"), Err("tracing is not mounted".to_owned()));
        std::fs::write(root.path().join("available_tracers"), "blk function nop\n").unwrap();
        let only = "this kernel has no such tracer, only blk, function, nop";
        assert_eq!(find("osnoise"), Err(only.to_owned()));
        assert_eq!(find("blk"), Ok(place.clone().into()));
    }

    #[test]
    fn an_instance_is_told_what_to_trace_and_goes() {
        let root = tempfile::tempdir().unwrap();
        let instance = Instance::make(root.path(), "osnoise").unwrap();
        let path = instance.0.clone();
        for file in ["current_tracer", "tracing_on", "trace"] {
            std::fs::write(path.join(file), "").unwrap();
        }
        let line = "  <...>-859  [001] ....  81.6: 1000000 190 99.98 9 18 0 1007 18 1\n";
        std::fs::write(path.join("trace"), line).unwrap();
        let noise = instance.run("osnoise", 0, Duration::from_millis(1)).unwrap();
        assert_eq!((noise.len(), noise[0].longest_ns), (1, 9000));
        let said = std::fs::read_to_string(path.join("current_tracer")).unwrap();
        assert_eq!(said, "nop");
    }
}
