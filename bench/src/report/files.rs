//! Files of results: read with a bound, listed, written.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// A file's bytes, one more than `bytes_max` at most; nothing if it is not there.
pub(crate) fn bytes(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let mut bytes = Vec::new();
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Whether there is anything of that name.
pub(crate) fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok()
}

/// The names in a directory, as the kernel lists them.
pub(crate) fn names(path: &Path) -> io::Result<impl Iterator<Item = io::Result<OsString>>> {
    Ok(fs::read_dir(path)?.map(|entry| Ok(entry?.file_name())))
}

/// Writes a file, its directory included.
pub(crate) fn write_bytes(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, bytes)
}
