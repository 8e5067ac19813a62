//! Subscriptions and assignments against theirs, and what a hostile member can make of them.

use kafka_protocol::messages as theirs;
use kafka_protocol::protocol::Encodable;
use net::kafka::api_key::ApiKey;
use net::kafka::consumer_protocol::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, VERSION_MAX,
};
use net::kafka::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::differential::{check, check_refusals};
use crate::entropy::{Entropy, Generate};

/// The protocol's versions are encoded as the first ones of `JoinGroup` are: none is flexible.
fn versions() -> impl Iterator<Item = Version> {
    (0..=VERSION_MAX).map(|number| ApiKey::JoinGroup.version(number).expect("is served"))
}

/// Their message made from entropy, its version before it.
pub(crate) fn sample<T: Encodable + Generate>(version: i16, entropy: &[u8]) -> Vec<u8> {
    let mut bytes = version.to_be_bytes().to_vec();
    let message = T::generate(&mut Entropy::new(entropy, version));
    message.encode(&mut bytes, version).expect("they encode what was made for the version");
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn subscriptions_are_theirs(entropy in vec(any::<u8>(), 0..400)) {
        type Theirs = theirs::ConsumerProtocolSubscription;
        type Ours<'a> = ConsumerProtocolSubscription<'a>;
        for version in versions() {
            check::<Theirs, Ours<'static>>(version, &entropy);
            check_refusals::<Theirs, Ours<'static>>(version, &entropy);
            let bytes = sample::<Theirs>(version.number(), &entropy);
            let decoded = Ours::decode(&bytes).expect("they encoded it");
            prop_assert_eq!(Ours::decode_topics(&bytes), Ok(decoded.topics));
            let mut again = vec![0xaa];
            decoded.encode(version.number(), &mut again).expect("it was decoded");
            prop_assert_eq!(&again[1..], &bytes[..]);
        }
    }

    #[test]
    fn assignments_are_theirs(entropy in vec(any::<u8>(), 0..400)) {
        type Theirs = theirs::ConsumerProtocolAssignment;
        type Ours<'a> = ConsumerProtocolAssignment<'a>;
        for version in versions() {
            check::<Theirs, Ours<'static>>(version, &entropy);
            check_refusals::<Theirs, Ours<'static>>(version, &entropy);
            let bytes = sample::<Theirs>(version.number(), &entropy);
            let decoded = Ours::decode(&bytes).expect("they encoded it");
            let mut again = vec![0xaa];
            decoded.encode(version.number(), &mut again).expect("it was decoded");
            prop_assert_eq!(&again[1..], &bytes[..]);
        }
    }
}
