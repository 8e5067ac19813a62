//! Becoming another program.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Replaces this process by `program` with these arguments: its number, descriptors and
/// environment stay, so that signals and the exit code are the program's own. Returns only if that
/// failed.
pub fn replace_program(program: &Path, arguments: &[OsString]) -> io::Error {
    Command::new(program).args(arguments).exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let error = replace_program(Path::new("/not/there"), &[]);
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
