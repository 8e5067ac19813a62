//! The seeds of the fuzz corpus are what they encode: for each API, both directions of the oldest,
//! the first flexible and the newest version; of the consumer protocol, all versions.
//!
//! `WRITE_SEEDS=1 cargo test -p net --test kafka seeds` writes them anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::{Encodable, StrBytes};
use net::kafka::api_key::{APIS, ApiSpec};
use net::kafka::consumer_protocol::VERSION_MAX;
use net::kafka::version::Version;

use crate::consumer_protocol;
use crate::differential::sample;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus")
}

#[test]
fn seeds_are_what_they_encode() {
    for (name, bytes) in seeds() {
        let path = corpus().join(&name);
        if std::env::var_os("WRITE_SEEDS").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &bytes).unwrap();
        }
        let stored = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(stored, bytes, "{name}");
    }
}

/// Each seed by its path in the corpus.
fn seeds() -> BTreeMap<String, Vec<u8>> {
    let mut seeds = BTreeMap::new();
    for version in APIS.iter().flat_map(seed_versions) {
        let name = format!("{:?}-v{}", version.api(), version.number());
        seeds.insert(format!("kafka_request/{name}"), request(version));
        seeds.insert(format!("kafka_response/{name}"), response(version));
    }
    for version in 0..=VERSION_MAX {
        let name = format!("consumer_protocol/ConsumerProtocolSubscription-v{version}");
        let sample = consumer_protocol::sample::<theirs::ConsumerProtocolSubscription>;
        seeds.insert(name, smallish(|entropy| sample(version, entropy)));
        let name = format!("consumer_protocol/ConsumerProtocolAssignment-v{version}");
        let sample = consumer_protocol::sample::<theirs::ConsumerProtocolAssignment>;
        seeds.insert(name, smallish(|entropy| sample(version, entropy)));
    }
    seeds
}

fn seed_versions(spec: &ApiSpec) -> Vec<Version> {
    let numbers = [spec.served.min, spec.flexible_from, spec.served.max];
    let numbers: BTreeSet<i16> = numbers.into_iter().collect();
    let numbers = numbers.into_iter().filter(|number| spec.served.contains(*number));
    numbers.map(|number| spec.key.version(number).expect("is served")).collect()
}

/// A frame: header and body.
fn request(version: Version) -> Vec<u8> {
    let header = theirs::RequestHeader::default()
        .with_request_api_key(version.api().code())
        .with_request_api_version(version.number())
        .with_correlation_id(7)
        .with_client_id(Some(StrBytes::from_static_str("seed")));
    let mut bytes = Vec::new();
    header.encode(&mut bytes, version.request_header()).expect("they encode it");
    bytes.extend_from_slice(&body(version, true));
    bytes
}

/// The API's key and version, and a frame: header and body.
fn response(version: Version) -> Vec<u8> {
    let mut bytes = version.api().code().to_be_bytes().to_vec();
    bytes.extend_from_slice(&version.number().to_be_bytes());
    let header = theirs::ResponseHeader::default().with_correlation_id(7);
    header.encode(&mut bytes, version.response_header()).expect("they encode it");
    bytes.extend_from_slice(&body(version, false));
    bytes
}

fn body(version: Version, is_request: bool) -> Vec<u8> {
    smallish(|entropy| sample(version, is_request, entropy))
}

/// The largest of some random messages that is still small: one with something in every array.
fn smallish(sample: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    const LEN_MAX: usize = 500;
    (0..64)
        .map(|number| sample(&entropy(number)))
        .filter(|body| body.len() <= LEN_MAX)
        .max_by_key(Vec::len)
        .expect("some are small")
}

/// Bytes that look random and are the same on every run.
fn entropy(mut state: u64) -> Vec<u8> {
    (0..400)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // At most 249, so that no array or string is a long one.
            u8::try_from((state >> 33) % 250).expect("below 250")
        })
        .collect()
}
