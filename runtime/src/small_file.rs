//! Small files read and written in one blocking go: settings of the kernel, and what a command has
//! to remember. For commands, not for shards.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

/// The most bytes that are read of a file.
const BYTES_MAX: u64 = 1 << 20;

/// The text of a file, at most a MiB of it.
pub fn read_small_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(BYTES_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Writes to a file that is there, in a single write: how settings of the kernel are changed.
pub fn overwrite_small_file(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
    match file.write(text.as_bytes())? {
        count if count == text.len() => Ok(()),
        _ => Err(io::ErrorKind::WriteZero.into()),
    }
}

/// Writes a file as a whole or not at all, whatever happens meanwhile; it is durable, with its
/// name, when this returns. Leaves `PATH.new` behind if it fails.
pub fn write_small_file_durably(path: &Path, text: &str) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut fresh = name.to_owned();
    fresh.push(".new");
    let fresh = directory.join(fresh);
    let mut file = File::create(&fresh)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(directory)?.sync_all()
}

/// Removes a file, durably. It is no error if it is not there.
pub fn remove_small_file_durably(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_whole_read_and_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("undo");
        assert!(overwrite_small_file(&path, "x").is_err(), "it is not created by this");
        write_small_file_durably(&path, "a longer text").unwrap();
        write_small_file_durably(&path, "first").unwrap();
        assert_eq!(read_small_file(&path).unwrap(), "first");
        overwrite_small_file(&path, "2").unwrap();
        assert_eq!(read_small_file(&path).unwrap(), "2");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        remove_small_file_durably(&path).unwrap();
        remove_small_file_durably(&path).unwrap();
        assert!(read_small_file(&path).is_err());
        assert!(write_small_file_durably(&directory.path().join("no/where"), "").is_err());
    }
}
