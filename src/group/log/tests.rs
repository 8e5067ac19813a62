//! Records against bytes written out by hand from Kafka's schemas, and against damage.

use record::{LeaderEpoch, Offset, PartitionIndex, Timestamp, TopicId};

use super::*;
use crate::group::id::{GroupId, InstanceId, MemberId};

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// The record is these bytes, and these bytes are the record.
fn check(record: &GroupLogRecord, key: &str, value: &str) {
    let encoded = record.encode();
    assert_eq!(encoded.key, hex(key));
    assert_eq!(encoded.value.as_deref(), Some(hex(value).as_slice()));
    assert_eq!(GroupLogRecord::decode(&hex(key), Some(&hex(value))).as_ref(), Ok(record));
    assert_eq!(record.group(), &GroupId::from("g"));
    assert!(!record.is_tombstone());
}

fn offset_key() -> OffsetCommitKey {
    OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: PartitionIndex(5) }
}

fn offset_value() -> OffsetCommitValue {
    OffsetCommitValue {
        offset: Offset(258),
        leader_epoch: LeaderEpoch(7),
        metadata: "m".into(),
        committed_at: Timestamp(3),
        expires_at: None,
        topic_id: None,
    }
}

fn offset(value: OffsetCommitValue) -> GroupLogRecord {
    GroupLogRecord::OffsetCommit { key: offset_key(), value: Some(value) }
}

const OFFSET_KEY: &str = "0001 000167 000174 00000005";
const TOPIC_ID: &str = "0102030405060708090a0b0c0d0e0f10";

fn topic_id() -> TopicId {
    TopicId(std::array::from_fn(|at| u8::try_from(at).unwrap() + 1))
}

#[test]
fn an_offset_is_written_as_version_3() {
    let value = "0003 0000000000000102 00000007 00016d 0000000000000003";
    check(&offset(offset_value()), OFFSET_KEY, value);
}

#[test]
fn an_offset_with_a_topic_id_is_written_as_version_4() {
    let value = OffsetCommitValue { topic_id: Some(topic_id()), ..offset_value() };
    let bytes = format!("0004 0000000000000102 00000007 026d 0000000000000003 01 00 10 {TOPIC_ID}");
    check(&offset(value), OFFSET_KEY, &bytes);
}

#[test]
fn an_offset_that_ends_is_written_as_version_1() {
    let value = OffsetCommitValue {
        leader_epoch: LeaderEpoch::NONE,
        expires_at: Some(Timestamp(9)),
        ..offset_value()
    };
    let bytes = "0001 0000000000000102 00016d 0000000000000003 0000000000000009";
    check(&offset(value), OFFSET_KEY, bytes);
}

#[test]
fn offsets_of_old_versions_are_read() {
    let old = offset(OffsetCommitValue { leader_epoch: LeaderEpoch::NONE, ..offset_value() });
    for version in ["0000", "0002"] {
        let bytes = hex(&format!("{version} 0000000000000102 00016d 0000000000000003"));
        let key = hex("0000 000167 000174 00000005");
        assert_eq!(GroupLogRecord::decode(&key, Some(&bytes)).as_ref(), Ok(&old), "{version}");
    }
}

fn group_metadata() -> GroupMetadataValue {
    GroupMetadataValue {
        protocol_type: "consumer".into(),
        generation: 4,
        protocol: Some("range".into()),
        leader: Some("a".into()),
        state_since: Timestamp(2),
        members: vec![GroupMetadataMember {
            member: "a".into(),
            instance: Some("i".into()),
            client_id: "c".into(),
            client_host: "h".into(),
            rebalance_timeout_ms: 300_000,
            session_timeout_ms: 10_000,
            subscription: [1, 2].as_slice().into(),
            assignment: [3].as_slice().into(),
        }],
    }
}

#[test]
fn a_generation_is_written_as_version_3() {
    let value = "0003 0008 636f6e73756d6572 00000004 0005 72616e6765 000161 0000000000000002
        00000001 000161 000169 000163 000168 000493e0 00002710 00000002 0102 00000001 03";
    let record = GroupLogRecord::GroupMetadata { group: "g".into(), value: Some(group_metadata()) };
    check(&record, "0002 000167", value);
}

#[test]
fn generations_of_other_versions_are_read() {
    let read = |bytes: &str| match GroupLogRecord::decode(&hex("0002 000167"), Some(&hex(bytes))) {
        Ok(GroupLogRecord::GroupMetadata { value, .. }) => value.unwrap(),
        other => panic!("{other:?}"),
    };
    let head = "0008 636f6e73756d6572 00000004 0005 72616e6765 000161";
    let blobs = "00000002 0102 00000001 03";
    let with = |state_since, instance: Option<&str>, rebalance_timeout_ms| {
        let mut value = group_metadata();
        value.state_since = Timestamp(state_since);
        value.members[0].instance = instance.map(InstanceId::from);
        value.members[0].rebalance_timeout_ms = rebalance_timeout_ms;
        value
    };
    let v0 = format!("0000 {head} 00000001 000161 000163 000168 00002710 {blobs}");
    assert_eq!(read(&v0), with(-1, None, -1));
    let v1 = format!("0001 {head} 00000001 000161 000163 000168 000493e0 00002710 {blobs}");
    assert_eq!(read(&v1), with(-1, None, 300_000));
    let v2 = format!(
        "0002 {head} 0000000000000002 00000001 000161 000163 000168 000493e0 00002710 {blobs}"
    );
    assert_eq!(read(&v2), with(2, None, 300_000));
    let v4 = "0004 09 636f6e73756d6572 00000004 06 72616e6765 0261 0000000000000002 02
        0261 0269 0263 0268 000493e0 00002710 03 0102 02 03 00 00";
    assert_eq!(read(v4), group_metadata());
}

#[test]
fn a_group_epoch_and_its_hash() {
    let record = |metadata_hash| GroupLogRecord::ConsumerGroupMetadata {
        group: "g".into(),
        value: Some(ConsumerGroupMetadataValue { epoch: 6, metadata_hash }),
    };
    check(&record(0), "0003 000167", "0000 00000006 00");
    check(&record(1), "0003 000167", "0000 00000006 01 00 08 0000000000000001");
}

#[test]
fn topics_as_kafka_before_4_1_kept_them() {
    let topic = TopicMetadata {
        topic_id: topic_id(),
        topic: "t".into(),
        partition_count: 3,
        racks: vec![PartitionRacks { partition: PartitionIndex(1), racks: vec!["r".into()] }],
    };
    let value = Some(PartitionMetadataValue { topics: vec![topic] });
    let bytes = format!("0000 02 {TOPIC_ID} 0274 00000003 02 00000001 02 0272 00 00 00");
    check(&GroupLogRecord::PartitionMetadata { group: "g".into(), value }, "0004 000167", &bytes);
}

#[test]
fn a_members_own_words() {
    let value = |classic_protocols| MemberMetadataValue {
        instance: Some("i".into()),
        rack: None,
        client_id: "c".into(),
        client_host: "h".into(),
        topics: vec!["t".into()],
        topic_regex: Some("x".into()),
        rebalance_timeout_ms: 5,
        server_assignor: None,
        classic_protocols,
    };
    let record = |protocols| GroupLogRecord::MemberMetadata {
        group: "g".into(),
        member: "a".into(),
        value: Some(value(protocols)),
    };
    let head = "0000 0269 00 0263 0268 02 0274 0278 00000005 00";
    check(&record(None), "0005 000167 000161", &format!("{head} 00"));
    let classic = ClassicProtocol { name: "p".into(), metadata: [9].as_slice().into() };
    let tagged = format!("{head} 01 00 08 01 02 0270 0209 00 00");
    check(&record(Some(vec![classic])), "0005 000167 000161", &tagged);
}

#[test]
fn targets_and_assignments() {
    let group = || GroupId::from("g");
    let member = || MemberId::from("a");
    let topic = || AssignedTopic { topic_id: topic_id(), partitions: vec![PartitionIndex(2)] };
    let value = Some(TargetAssignmentMetadataValue { assignment_epoch: 8 });
    let record = GroupLogRecord::TargetAssignmentMetadata { group: group(), value };
    check(&record, "0006 000167", "0000 00000008 00");

    let value = Some(TargetAssignmentMemberValue { partitions: vec![topic()] });
    let record = GroupLogRecord::TargetAssignmentMember { group: group(), member: member(), value };
    let bytes = format!("0000 02 {TOPIC_ID} 02 00000002 00 00");
    check(&record, "0007 000167 000161", &bytes);

    let value = Some(CurrentMemberAssignmentValue {
        member_epoch: 8,
        previous_member_epoch: 7,
        state: 1,
        assigned: vec![topic()],
        pending_revocation: vec![],
    });
    let record =
        GroupLogRecord::CurrentMemberAssignment { group: group(), member: member(), value };
    let bytes = format!("0000 00000008 00000007 01 02 {TOPIC_ID} 02 00000002 00 01 00");
    check(&record, "0008 000167 000161", &bytes);
}

#[test]
fn what_an_expression_matched() {
    let value = Some(RegularExpressionValue {
        topics: vec!["t".into()],
        version: 2,
        resolved_at: Timestamp(3),
    });
    let record = GroupLogRecord::RegularExpression { group: "g".into(), regex: "x".into(), value };
    let bytes = "0000 02 0274 0000000000000002 0000000000000003 00";
    check(&record, "0010 000167 000178", bytes);
}

#[test]
fn a_tombstone_has_no_value() {
    let record = GroupLogRecord::GroupMetadata { group: "g".into(), value: None };
    let encoded = record.encode();
    assert_eq!(encoded.value, None);
    assert!(record.is_tombstone());
    assert_eq!(GroupLogRecord::decode(&encoded.key, None), Ok(record));
}

#[test]
fn tagged_fields_of_later_versions_are_passed_over() {
    let read = GroupLogRecord::decode(&hex("0003 000167"), Some(&hex("0000 00000006 01 05 01 ff")));
    let value = Some(ConsumerGroupMetadataValue { epoch: 6, metadata_hash: 0 });
    assert_eq!(read, Ok(GroupLogRecord::ConsumerGroupMetadata { group: "g".into(), value }));
}

#[test]
fn what_is_not_a_record_is_said_to_be_none() {
    let fail = |key: &str, value: &str| {
        GroupLogRecord::decode(&hex(key), Some(&hex(value))).expect_err("this is no record")
    };
    assert_eq!(fail("0009 000167", "0000"), LogError::UnknownKey(9));
    assert_eq!(fail("ffff", "0000"), LogError::UnknownKey(-1));
    assert_eq!(fail("00", "0000"), LogError::Truncated { at: 0 });
    assert_eq!(fail("0002 000167", "0005"), LogError::UnknownValue { key: 2, version: 5 });
    assert_eq!(fail("0002 000167 00", "0000 0000"), LogError::Truncated { at: 4 });
    assert_eq!(fail("0002 0009 67", "0003"), LogError::Length { at: 2 });
    assert_eq!(fail("0002 ffff", "0003"), LogError::Null { at: 2 });
    assert_eq!(fail("0002 fffe", "0003"), LogError::Length { at: 2 });
    assert_eq!(fail("0002 0001ff", "0003"), LogError::NotUtf8 { at: 4 });
    assert_eq!(fail("0003 000167", "0000 00000006 00 00"), LogError::LeftOver { left: 1 });
    assert_eq!(fail("0006 000167 00", "0000 00000006 00"), LogError::LeftOver { left: 1 });
    assert_eq!(fail("0007 000167 000161", "0000 ffffffff7f"), LogError::Varint { at: 2 });
    let count_beyond_the_end = "0003 0000 00000004 ffff ffff 0000000000000002 7fffffff";
    assert_eq!(fail("0002 000167", count_beyond_the_end), LogError::Length { at: 20 });
}

#[test]
fn a_record_cut_anywhere_is_an_error_and_never_a_panic() {
    let record = GroupLogRecord::GroupMetadata { group: "g".into(), value: Some(group_metadata()) };
    let encoded = record.encode();
    let value = encoded.value.unwrap();
    for cut in 0..value.len() {
        assert!(GroupLogRecord::decode(&encoded.key, Some(&value[..cut])).is_err(), "{cut}");
    }
    for at in 0..value.len() {
        for bit in 0..8 {
            let mut damaged = value.clone();
            damaged[at] ^= 1 << bit;
            if let Ok(read) = GroupLogRecord::decode(&encoded.key, Some(&damaged)) {
                assert_ne!(read, record, "byte {at}, bit {bit} says nothing");
            }
        }
    }
}
