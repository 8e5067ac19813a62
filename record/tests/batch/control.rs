//! Markers read back as they were written, and nothing else reads as a marker.

use proptest::prelude::*;
use record::{
    BatchBuilder, ControlError, CoordinatorEpoch, EndMarker, LeaderEpoch, MarkerPlace, NewRecord,
    Offset, ProducerEpoch, ProducerId, Seal, Sequence, Timestamp, TransactionEnd,
};

use crate::sample::{small, view};

const PLACE: MarkerPlace = MarkerPlace {
    base_offset: Offset(77),
    leader_epoch: LeaderEpoch(5),
    timestamp: Timestamp(1_700_000_000_000),
    producer_id: ProducerId(4711),
    producer_epoch: ProducerEpoch(3),
};

/// A control batch with any key and value: a client's batch with the control bit set afterwards.
fn control_batch(key: Option<&[u8]>, value: Option<&[u8]>, records: usize) -> Vec<u8> {
    let mut builder = BatchBuilder::new();
    for _ in 0..records {
        let record = NewRecord { timestamp: Timestamp(0), key, value, headers: &[] };
        builder.append(&record).unwrap();
    }
    let mut bytes = builder.seal(&Seal::default()).unwrap();
    bytes[22] |= 1 << 5;
    bytes
}

fn read(bytes: &[u8]) -> Result<EndMarker, ControlError> {
    EndMarker::read(&view(bytes))
}

proptest! {
    #[test]
    fn markers_survive(commit: bool, coordinator_epoch: i32) {
        let marker = EndMarker {
            end: if commit { TransactionEnd::Commit } else { TransactionEnd::Abort },
            coordinator_epoch: CoordinatorEpoch(coordinator_epoch),
        };
        let bytes = marker.to_batch(&PLACE);
        let batch = view(&bytes);
        prop_assert_eq!(EndMarker::read(&batch), Ok(marker));
        prop_assert!(batch.crc_is_valid());
        let header = batch.header().decode();
        prop_assert!(header.attributes.is_control() && header.attributes.is_transactional());
        prop_assert_eq!(header.base_offset, PLACE.base_offset);
        prop_assert_eq!(header.leader_epoch, PLACE.leader_epoch);
        prop_assert_eq!(header.max_timestamp, PLACE.timestamp);
        prop_assert_eq!(header.producer_id, PLACE.producer_id);
        prop_assert_eq!(header.producer_epoch, PLACE.producer_epoch);
        prop_assert_eq!(header.base_sequence, Sequence::NONE);
        prop_assert_eq!(header.record_count, 1);
    }
}

#[test]
fn later_versions_are_read_as_far_as_they_are_known() {
    let key = [0, 9, 0, 1, 0xff];
    let value = [0, 9, 0, 0, 0, 6, 0xff];
    let expected =
        EndMarker { end: TransactionEnd::Commit, coordinator_epoch: CoordinatorEpoch(6) };
    assert_eq!(read(&control_batch(Some(&key), Some(&value), 1)), Ok(expected));
}

#[test]
fn what_is_no_marker_is_named() {
    let key = Some(&[0, 0, 0, 1][..]);
    let value = Some(&[0, 0, 0, 0, 0, 6][..]);
    assert_eq!(read(&small()), Err(ControlError::NotControl));
    for bad in [None, Some(&[][..]), Some(&[0, 0, 0]), Some(&[0xff, 0xff, 0, 1])] {
        assert_eq!(read(&control_batch(bad, value, 1)), Err(ControlError::Key));
    }
    for bad in [None, Some(&[][..]), Some(&[0; 5]), Some(&[0x80, 0, 0, 0, 0, 6])] {
        assert_eq!(read(&control_batch(key, bad, 1)), Err(ControlError::Value));
    }
    let leader_change = Some(&[0, 0, 0, 2][..]);
    let refused = Err(ControlError::Kind { kind: 2 });
    assert_eq!(read(&control_batch(leader_change, value, 1)), refused);
    let refused = Err(ControlError::RecordCount { record_count: 2 });
    assert_eq!(read(&control_batch(key, value, 2)), refused);
    let mut compressed = control_batch(key, value, 1);
    compressed[22] |= 1;
    assert_eq!(read(&compressed), Err(ControlError::Compressed));
    let mut cut = control_batch(key, value, 1);
    cut[61] = 2;
    assert!(matches!(read(&cut), Err(ControlError::Record(_))));
}
