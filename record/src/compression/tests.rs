//! Every codec: round trips, limits and hostile streams.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const REAL: [Codec; 4] = [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

fn compressed(codec: Codec, input: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    compress(codec, input, &mut output).unwrap();
    output
}

fn decompressed(codec: Codec, input: &[u8], limit: usize) -> Result<Vec<u8>, CompressionError> {
    Decompressor::new().decompress(codec, input, limit).map(<[u8]>::to_vec)
}

/// Bytes that compress somewhat: several snappy chunks and lz4 blocks long.
fn text() -> Vec<u8> {
    (0..200_000_u32).flat_map(|n| (n * n / 37 % 1_009).to_le_bytes()).take(200_000).collect()
}

#[test]
fn names_and_ids_are_kafkas() {
    let names: Vec<_> = Codec::ALL.iter().map(|codec| codec.name()).collect();
    assert_eq!(names, ["none", "gzip", "snappy", "lz4", "zstd"]);
    for (id, codec) in (0..).zip(Codec::ALL) {
        assert_eq!((codec.id(), Codec::from_id(id)), (id, Some(codec)));
        assert_eq!(Codec::from_name(codec.name()), Some(codec));
    }
    assert_eq!(Codec::from_id(5), None);
    assert_eq!(Codec::from_name("GZIP"), None);
}

#[test]
fn output_at_the_limit_passes_and_one_byte_over_does_not() {
    let input = text();
    for codec in Codec::ALL {
        let stream = compressed(codec, &input);
        assert_eq!(decompressed(codec, &stream, input.len()).as_ref(), Ok(&input), "{codec}");
        let limit = input.len() - 1;
        let refused = Err(CompressionError::TooLarge { codec, limit });
        assert_eq!(decompressed(codec, &stream, limit), refused);
    }
}

#[test]
fn a_bomb_stops_at_the_limit() {
    let zeros = vec![0; 16 << 20];
    let limit = 100_000;
    for codec in REAL {
        let bomb = compressed(codec, &zeros);
        let mut decompressor = Decompressor::new();
        let refused = Err(CompressionError::TooLarge { codec, limit });
        assert_eq!(decompressor.decompress(codec, &bomb, limit), refused);
        let taken = decompressor.output.capacity();
        assert!(taken <= 2 * limit + 64, "{codec} took {taken}");
    }
}

#[test]
fn a_cut_stream_is_never_taken_for_a_whole_one() {
    let input = text();
    for codec in REAL {
        let stream = compressed(codec, &input);
        let cuts = (0..100).chain(stream.len() - 100..stream.len());
        for cut in cuts.chain((100..stream.len() - 100).step_by(997)) {
            match decompressed(codec, &stream[..cut], input.len()) {
                Err(CompressionError::Truncated { .. } | CompressionError::Corrupt { .. }) => {}
                // xerial's framing has no end: whole chunks are a stream, and the record count of
                // the batch shows that some are missing.
                Ok(output) if codec == Codec::Snappy => assert!(output.len() < input.len()),
                other => panic!("{codec} cut at {cut}: {other:?}"),
            }
        }
    }
}

#[test]
fn bytes_after_the_stream_are_refused() {
    for codec in REAL {
        let mut stream = compressed(codec, &text());
        stream.push(0);
        let result = decompressed(codec, &stream, 1 << 20);
        assert!(result.is_err(), "{codec}: {result:?}");
    }
}

#[test]
fn concatenated_gzip_snappy_and_zstd_are_read_through() {
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Zstd] {
        let both = [compressed(codec, b"one "), compressed(codec, b""), compressed(codec, b"two")];
        let result = decompressed(codec, &both.concat(), 100);
        assert_eq!(result.as_deref(), Ok(&b"one two"[..]), "{codec}");
    }
}

#[test]
fn bare_snappy_is_read() {
    let input = text();
    let stream = snap::raw::Encoder::new().compress_vec(&input).unwrap();
    assert_eq!(decompressed(Codec::Snappy, &stream, input.len()), Ok(input));
}

#[test]
fn snappy_versions_are_not_read() {
    let mut stream = compressed(Codec::Snappy, b"text");
    stream[8..16].reverse();
    assert_eq!(decompressed(Codec::Snappy, &stream, 4).as_deref(), Ok(&b"text"[..]));
}

#[test]
fn snappy_length_beyond_what_the_bytes_can_hold_allocates_nothing() {
    // A length of 100 MB, then one literal byte.
    let stream = [0x80, 0xc2, 0xd7, 0x2f, 0x00, b'a'];
    let mut decompressor = Decompressor::new();
    let refused = Err(CompressionError::Corrupt { codec: Codec::Snappy });
    assert_eq!(decompressor.decompress(Codec::Snappy, &stream, 1 << 30), refused);
    assert_eq!(decompressor.output.capacity(), 0);
}

#[test]
fn snappy_at_its_densest_is_read() {
    // One literal, then copies of 64 bytes at offset 1 in three bytes each.
    let mut stream = vec![0, 0, 0x00, b'a'];
    for _ in 0..100 {
        stream.extend_from_slice(&[63 << 2 | 2, 1, 0]);
    }
    let length = 1 + 64 * 100_u16;
    stream[0] = (length & 0x7f | 0x80).to_le_bytes()[0];
    stream[1] = (length >> 7).to_le_bytes()[0];
    let result = decompressed(Codec::Snappy, &stream, 10_000);
    assert_eq!(result, Ok(vec![b'a'; usize::from(length)]));
}

#[test]
fn lz4_forms_that_kafka_does_not_read_are_named() {
    let frame = compressed(Codec::Lz4, b"text");
    let unsupported = Err(CompressionError::Unsupported { codec: Codec::Lz4 });
    for flags in [0b0100_0000, 0b0110_0001] {
        let mut frame = frame.clone();
        frame[4] = flags;
        assert_eq!(decompressed(Codec::Lz4, &frame, 100), unsupported);
    }
    let corrupt = Err(CompressionError::Corrupt { codec: Codec::Lz4 });
    for magic in [0x184c_2102_u32, 0x184d_2a50, 0] {
        let mut frame = frame.clone();
        frame[..4].copy_from_slice(&magic.to_le_bytes());
        assert_eq!(decompressed(Codec::Lz4, &frame, 100), corrupt, "magic {magic:08x}");
    }
}

#[test]
fn lz4_blocks_after_an_empty_one_do_not_vanish() {
    let frame = compressed(Codec::Lz4, b"text");
    let (header, blocks) = frame.split_at(7);
    // A plain block of no bytes, and a compressed one that holds none.
    for empty in [&[0, 0, 0, 0x80][..], &[1, 0, 0, 0, 0]] {
        let frame = [header, empty, blocks].concat();
        let result = decompressed(Codec::Lz4, &frame, 100);
        assert!(
            matches!(result, Err(CompressionError::Corrupt { .. })),
            "after {empty:02x?}: {result:?}"
        );
    }
}

#[test]
fn lz4_checksums_are_checked() {
    let info = lz4_flex::frame::FrameInfo::new().block_checksums(true).content_checksum(true);
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(&text()).unwrap();
    let frame = encoder.finish().unwrap();
    assert_eq!(decompressed(Codec::Lz4, &frame, 1 << 20), Ok(text()));
    for place in [6, 1_000, frame.len() - 1] {
        let mut frame = frame.clone();
        frame[place] ^= 1;
        assert!(decompressed(Codec::Lz4, &frame, 1 << 20).is_err(), "byte {place}");
    }
}

/// A frame of one plain byte with a window of 2^`window_log`.
fn zstd_frame(window_log: u8) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, (window_log - 10) << 3, 0x09, 0, 0][..], b"a"].concat()
}

#[test]
fn zstd_window_is_capped_at_what_java_writes() {
    for window_log in [10, 23, 27] {
        let result = decompressed(Codec::Zstd, &zstd_frame(window_log), 1);
        assert_eq!(result.as_deref(), Ok(&b"a"[..]), "window 2^{window_log}");
    }
    for window_log in [28, 31, 41] {
        let result = decompressed(Codec::Zstd, &zstd_frame(window_log), 1);
        assert_eq!(result, Err(CompressionError::Corrupt { codec: Codec::Zstd }));
    }
}

#[test]
fn zstd_output_states_its_size_and_needs_no_larger_window() {
    let stream = compressed(Codec::Zstd, &[7; 1_000]);
    let descriptor = stream[4];
    assert_eq!(descriptor & 0b0010_0000, 0b0010_0000, "a single segment: the window is the data");
    assert_eq!(u16::from_le_bytes([stream[5], stream[6]]) + 256, 1_000);
}

#[test]
fn compressed_form_is_appended() {
    for codec in Codec::ALL {
        let mut stream = b"before".to_vec();
        compress(codec, b"data", &mut stream).unwrap();
        let (before, stream) = stream.split_at(6);
        assert_eq!(before, b"before");
        assert_eq!(decompressed(codec, stream, 4).as_deref(), Ok(&b"data"[..]), "{codec}");
    }
}

#[test]
fn one_decompressor_serves_all_streams_whatever_came_before() {
    let mut decompressor = Decompressor::new();
    let input = text();
    for codec in REAL.into_iter().chain(REAL) {
        let stream = compressed(codec, &input);
        assert!(
            decompressor.decompress(codec, &stream[..stream.len() / 2], 1 << 20).is_err()
                || codec == Codec::Snappy
        );
        assert!(decompressor.decompress(codec, &stream, 1_000).is_err());
        assert!(decompressor.decompress(codec, b"garbage", 1_000).is_err());
        assert_eq!(decompressor.decompress(codec, &stream, input.len()), Ok(&input[..]));
    }
}

proptest! {
    #[test]
    fn bytes_survive_each_codec(input in vec(any::<u8>(), 0..3_000), repeat in 1..30_usize) {
        let input = input.repeat(repeat);
        for codec in Codec::ALL {
            let stream = compressed(codec, &input);
            let result = decompressed(codec, &stream, input.len());
            prop_assert_eq!(result.as_ref(), Ok(&input), "{}", codec);
        }
    }

    #[test]
    fn any_bytes_give_output_within_the_limit_or_an_error(input: Vec<u8>, limit in 0..1_000_usize) {
        for codec in Codec::ALL {
            if let Ok(output) = decompressed(codec, &input, limit) {
                prop_assert!(output.len() <= limit);
            }
        }
    }

    #[test]
    fn damaged_streams_give_output_within_the_limit_or_an_error(
        input in vec(0..4_u8, 1..5_000),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        limit in 0..10_000_usize,
    ) {
        for codec in REAL {
            let mut stream = compressed(codec, &input);
            for (place, byte) in &damage {
                *place.get_mut(&mut stream) = *byte;
            }
            if let Ok(output) = decompressed(codec, &stream, limit) {
                prop_assert!(output.len() <= limit);
            }
        }
    }
}
