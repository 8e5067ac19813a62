//! What must not be encoded is refused with the field's name, and what must not be null too.

use kafka_protocol::messages as theirs;
use net::kafka::api::join_group::JoinGroupResponse;
use net::kafka::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataTopic};
use net::kafka::api::offset_fetch::OffsetFetchRequest;
use net::kafka::api_key::ApiKey;
use net::kafka::version::Version;
use net::kafka::wire::{EncodeError, Fault, Reader, Wire, Writer};

use crate::differential::encode_theirs;

fn metadata(version: i16) -> Version {
    ApiKey::Metadata.version(version).expect("is served")
}

fn encode<'a>(message: &impl Wire<'a>, version: Version) -> Result<(), EncodeError> {
    message.write(&mut Writer::new(&mut Vec::new()), version)
}

#[test]
fn a_field_that_the_version_does_not_have_is_refused_if_it_matters() {
    let cautious = MetadataRequest { allow_auto_topic_creation: false, ..Default::default() };
    let field = "MetadataRequest.allow_auto_topic_creation";
    for version in 0..=3 {
        let refused = Err(EncodeError::NotInVersion { field, version });
        assert_eq!(encode(&cautious, metadata(version)), refused);
    }
    assert_eq!(encode(&cautious, metadata(4)), Ok(()));

    let curious =
        MetadataRequest { include_cluster_authorized_operations: true, ..Default::default() };
    let field = "MetadataRequest.include_cluster_authorized_operations";
    for version in [7, 11] {
        let refused = Err(EncodeError::NotInVersion { field, version });
        assert_eq!(encode(&curious, metadata(version)), refused);
    }
    assert_eq!(encode(&curious, metadata(8)), Ok(()));
}

#[test]
fn null_is_refused_where_the_version_does_not_have_it() {
    let null = |field, version| Err(EncodeError::Null { field, version });
    let all = MetadataRequest { topics: None, ..Default::default() };
    assert_eq!(encode(&all, metadata(0)), null("MetadataRequest.topics", 0));
    assert_eq!(encode(&all, metadata(1)), Ok(()));
    let by_id = MetadataRequestTopic { name: None, ..Default::default() };
    assert_eq!(encode(&by_id, metadata(9)), null("MetadataRequestTopic.name", 9));
    assert_eq!(encode(&by_id, metadata(10)), Ok(()));
    let unknown = MetadataTopic { name: None, ..Default::default() };
    assert_eq!(encode(&unknown, metadata(11)), null("MetadataTopic.name", 11));
    assert_eq!(encode(&unknown, metadata(12)), Ok(()));
}

#[test]
fn null_from_the_wire_is_refused_where_the_version_does_not_have_it() {
    // They do not check the version, so they make the bytes.
    let all = theirs::MetadataRequest::default().with_topics(None);
    for version in [0, 1] {
        let bytes = encode_theirs(&all, metadata(version));
        let decoded = MetadataRequest::read(&mut Reader::request(&bytes), metadata(version));
        if version == 0 {
            let error = decoded.unwrap_err();
            assert_eq!((error.field, error.fault), ("MetadataRequest.topics", Fault::Null));
        } else {
            assert_eq!(decoded.unwrap().topics, None);
        }
    }
}

#[test]
fn a_known_tag_in_a_version_without_it_is_refused() {
    use net::kafka::api::produce::ProduceResponse;
    let bytes = [1, 0, 0, 0, 0, 1, 0, 1, 1];
    let read = |version| {
        let version = ApiKey::Produce.version(version).unwrap();
        ProduceResponse::read(&mut Reader::response(&bytes), version).map(|_| ())
    };
    assert_eq!(read(9).unwrap_err().fault, Fault::TagNotInVersion);
    assert_eq!(read(10), Ok(()));
}

#[test]
fn null_is_refused_below_its_version_in_a_field_that_later_versions_lack() {
    let version = |number| ApiKey::OffsetFetch.version(number).expect("is served");
    let field = "OffsetFetchRequest.topics";
    let all = OffsetFetchRequest { topics: None, ..Default::default() };
    assert_eq!(encode(&all, version(1)), Err(EncodeError::Null { field, version: 1 }));
    assert_eq!(encode(&all, version(2)), Ok(()));
    assert_eq!(encode(&all, version(7)), Ok(()));
    assert_eq!(encode(&all, version(8)), Err(EncodeError::NotInVersion { field, version: 8 }));

    // They do not check the version, so they make the bytes.
    let theirs = theirs::OffsetFetchRequest::default().with_topics(None);
    for number in [1, 2] {
        let bytes = encode_theirs(&theirs, version(number));
        let decoded = OffsetFetchRequest::read(&mut Reader::request(&bytes), version(number));
        if number == 1 {
            let error = decoded.unwrap_err();
            assert_eq!((error.field, error.fault), (field, Fault::Null));
        } else {
            assert_eq!(decoded.unwrap(), all);
        }
    }
}

#[test]
fn a_joined_group_has_a_protocol_until_it_may_be_null() {
    let version = |number| ApiKey::JoinGroup.version(number).expect("is served");
    let field = "JoinGroupResponse.protocol_name";
    let none = JoinGroupResponse { protocol_name: None, ..Default::default() };
    assert_eq!(encode(&none, version(6)), Err(EncodeError::Null { field, version: 6 }));
    assert_eq!(encode(&none, version(7)), Ok(()));
}
