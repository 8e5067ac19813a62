//! Which cores this process may run on, and binding a thread to some of them.

use crate::error::StartError;

/// The cores of the calling thread's affinity mask, in order: what `taskset` left us.
pub fn available_cores() -> Result<Vec<usize>, StartError> {
    affinity::get_thread_affinity().map_err(|error| system("read the affinity mask", &*error))
}

/// Binds the calling thread to `cores`. Threads that it starts inherit the binding.
pub fn pin_to(cores: &[usize]) -> Result<(), StartError> {
    let available = available_cores()?;
    if let Some(core) = cores.iter().copied().find(|core| !available.contains(core)) {
        return Err(StartError::CoreUnavailable { core, available });
    }
    affinity::set_thread_affinity(cores).map_err(|error| system("bind a thread", &*error))
}

fn system(action: &'static str, error: &dyn std::error::Error) -> StartError {
    StartError::System { action, source: std::io::Error::other(error.to_string()) }
}
