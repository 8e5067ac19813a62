//! A data directory that no broker has open: copied, and damaged.

use std::fs;
use std::path::Path;

/// Copies a directory with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("it is not there yet");
    for entry in fs::read_dir(from).expect("it can be read") {
        let entry = entry.expect("it can be read");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("it has a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("it can be copied");
        }
    }
}

/// Changes one bit of a byte.
pub(crate) fn flip(file: &Path, byte: u64) {
    let mut bytes = fs::read(file).expect("it can be read");
    bytes[usize::try_from(byte).expect("64 bits")] ^= 0x10;
    fs::write(file, bytes).expect("it can be written");
}
