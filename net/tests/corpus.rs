//! Runs the fuzz corpus through the checks of the fuzz targets, so that what a fuzzer once found
//! stays found without nightly.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../tests/fuzz/src/consumer_protocol.rs"]
mod consumer_protocol;
#[path = "../../tests/fuzz/src/kafka_frame.rs"]
mod kafka_frame;
#[path = "../../tests/fuzz/src/kafka_request.rs"]
mod kafka_request;
#[path = "../../tests/fuzz/src/kafka_response.rs"]
mod kafka_response;

type Check = fn(&[u8]);

/// Every target of this crate, by its folder in the corpus.
const TARGETS: [(&str, Check); 4] = [
    ("consumer_protocol", consumer_protocol::check),
    ("kafka_frame", kafka_frame::check),
    ("kafka_request", kafka_request::check),
    ("kafka_response", kafka_response::check),
];

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| {
        panic!("{}: {error}", folder.display());
    });
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| (path.clone(), fs::read(path).expect("the file can be read")))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has files", folder.display());
    files
}

/// A file is run whole, cut off at every byte, and with every byte changed.
#[test]
fn every_file_passes_its_target() {
    for (target, check) in TARGETS {
        for (path, bytes) in corpus(target) {
            println!("{}", path.display());
            check(&bytes);
            for at in 0..bytes.len() {
                check(&bytes[..at]);
                for flip in [0x01, 0x80, 0xff] {
                    let mut changed = bytes.clone();
                    changed[at] ^= flip;
                    check(&changed);
                }
            }
        }
    }
}

/// A seed is named by its API; what a fuzzer found is not, and may be anything.
#[test]
fn seeds_are_valid_messages() {
    let is_seed = |path: &Path| path.file_name().unwrap().to_str().unwrap().contains("-v");
    let mut seeds = 0;
    for (path, bytes) in corpus("kafka_request").iter().filter(|(path, _)| is_seed(path)) {
        let decoded = kafka_request::decode(bytes).expect("a known API");
        decoded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seeds += 1;
    }
    for (path, bytes) in corpus("kafka_response").iter().filter(|(path, _)| is_seed(path)) {
        let (_, decoded) = kafka_response::decode(bytes).expect("a known API");
        decoded.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        seeds += 1;
    }
    assert!(seeds >= 2 * net::kafka::api_key::APIS.len());
}
