//! Batches that other programs wrote, read and written again; see `tests/golden/README.md`.

use record::{
    Codec, CoordinatorEpoch, Decompressor, EndMarker, HeaderMut, LeaderEpoch, MarkerPlace, Offset,
    ProduceLimits, ProducerEpoch, ProducerId, Seal, SealProducer, Sequence, Timestamp,
    TransactionEnd,
};

use crate::sample::{OwnedRecord, build, collect, view};

const TIME: i64 = 1_700_000_000_000;

fn pattern(length: u32) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n / 7 % 251).unwrap()).collect()
}

fn small() -> Vec<OwnedRecord> {
    let record = |time, key: Option<&[u8]>, value: Option<&[u8]>| OwnedRecord {
        timestamp: Timestamp(time),
        key: key.map(<[u8]>::to_vec),
        value: value.map(<[u8]>::to_vec),
        headers: Vec::new(),
    };
    let mut records = vec![
        record(TIME, Some(b"k0"), Some(b"first")),
        record(TIME + 5, None, Some(b"no key")),
        record(TIME - 3, Some(b""), None),
        record(TIME + 1_000_000, Some(b"\x00\xff"), Some(&pattern(300))),
    ];
    records[1].headers = vec![
        (b"h".to_vec(), Some(b"1".to_vec())),
        (b"h".to_vec(), Some(b"2".to_vec())),
        (b"h".to_vec(), None),
        ("héader".into(), Some(b"\x00\xff".to_vec())),
        (Vec::new(), Some(Vec::new())),
    ];
    records
}

fn with_big() -> Vec<OwnedRecord> {
    let mut records = small();
    records.push(OwnedRecord {
        timestamp: Timestamp(TIME + 7),
        key: Some(b"big".to_vec()),
        value: Some(pattern(150_000)),
        headers: Vec::new(),
    });
    records
}

/// Reads `bytes` as a broker reads a producer's batch, and the records as a consumer does.
#[track_caller]
fn check_read(bytes: &[u8], codec: Codec, expected: &[OwnedRecord]) {
    let view = view(bytes);
    assert!(view.crc_is_valid());
    assert_eq!(view.check_produced(ProduceLimits { batch_bytes_max: bytes.len() }), Ok(()));
    assert_eq!(view.header().attributes().codec(), Some(codec));
    let mut decompressor = Decompressor::new();
    let records = view.records(&mut decompressor, 200_000).unwrap();
    assert_eq!(collect(&records), expected);
    let framing = records.check_framing().unwrap();
    assert_eq!(framing.max_timestamp, view.header().max_timestamp());
}

#[test]
fn java_batch_is_read_and_written_byte_for_byte() {
    let theirs = include_bytes!("../golden/java-none.bin");
    check_read(theirs, Codec::None, &small());
    assert_eq!(build(&small(), &Seal::default()), theirs);
}

#[test]
fn python_batch_is_read_and_written_byte_for_byte() {
    let theirs = include_bytes!("../golden/python-none.bin");
    check_read(theirs, Codec::None, &small());
    let seal = Seal { leader_epoch: LeaderEpoch(0), ..Seal::default() };
    assert_eq!(build(&small(), &seal), theirs);
}

#[test]
fn java_transactional_batch_is_read_and_written_byte_for_byte() {
    let theirs = include_bytes!("../golden/java-transactional.bin");
    check_read(theirs, Codec::None, &small());
    let producer = SealProducer {
        id: ProducerId(4711),
        epoch: ProducerEpoch(3),
        base_sequence: Sequence(42),
        transactional: true,
    };
    let ours = build(&small(), &Seal { producer: Some(producer), ..Seal::default() });
    assert_eq!(ours, theirs);
}

#[test]
fn stamped_batch_is_javas_with_log_append_time() {
    let theirs = include_bytes!("../golden/java-log-append-time.bin");
    let mut ours = build(&small(), &Seal::default());
    HeaderMut::parse(&mut ours).unwrap().set_log_append_time(Timestamp(TIME + 9_999));
    assert_eq!(ours, theirs);
}

#[test]
fn compressed_batches_of_java_are_read() {
    let big = with_big();
    check_read(include_bytes!("../golden/java-gzip.bin"), Codec::Gzip, &big);
    check_read(include_bytes!("../golden/java-snappy.bin"), Codec::Snappy, &big);
    check_read(include_bytes!("../golden/java-lz4.bin"), Codec::Lz4, &big);
    check_read(include_bytes!("../golden/java-zstd.bin"), Codec::Zstd, &big);
    check_read(include_bytes!("../golden/java-zstd-level22.bin"), Codec::Zstd, &big);
}

#[test]
fn compressed_batches_of_python_are_read() {
    let big = with_big();
    check_read(include_bytes!("../golden/python-gzip.bin"), Codec::Gzip, &big);
    check_read(include_bytes!("../golden/python-snappy.bin"), Codec::Snappy, &big);
    check_read(include_bytes!("../golden/python-lz4.bin"), Codec::Lz4, &big);
    check_read(include_bytes!("../golden/python-zstd.bin"), Codec::Zstd, &big);
}

#[test]
fn markers_of_java_are_read_and_written_byte_for_byte() {
    let place = MarkerPlace {
        base_offset: Offset(77),
        leader_epoch: LeaderEpoch(5),
        timestamp: Timestamp(TIME),
        producer_id: ProducerId(4711),
        producer_epoch: ProducerEpoch(3),
    };
    for (end, theirs) in [
        (TransactionEnd::Commit, include_bytes!("../golden/java-commit.bin")),
        (TransactionEnd::Abort, include_bytes!("../golden/java-abort.bin")),
    ] {
        let marker = EndMarker { end, coordinator_epoch: CoordinatorEpoch(9) };
        assert_eq!(EndMarker::read(&view(theirs)), Ok(marker));
        assert_eq!(marker.to_batch(&place), theirs);
    }
}
