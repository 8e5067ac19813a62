# Writes kafka-python's own bytes for the records that golden.rs expects. How to run: README.md.
import pathlib
import sys

from kafka.record.default_records import DefaultRecordBatchBuilder

TIME = 1_700_000_000_000


def pattern(length):
    return bytes(i // 7 % 251 for i in range(length))


SMALL = [
    (TIME, b"k0", b"first", []),
    (
        TIME + 5,
        None,
        b"no key",
        [("h", b"1"), ("h", b"2"), ("h", None), ("h\u00e9ader", b"\x00\xff"), ("", b"")],
    ),
    (TIME - 3, b"", None, []),
    (TIME + 1_000_000, b"\x00\xff", pattern(300), []),
]
BIG = [(TIME + 7, b"big", pattern(150_000), [])]


def write(path, compression, records):
    builder = DefaultRecordBatchBuilder(
        2, compression, is_transactional=False, producer_id=-1, producer_epoch=-1,
        base_sequence=-1, batch_size=1 << 20,
    )
    for offset, (timestamp, key, value, headers) in enumerate(records):
        assert builder.append(offset, timestamp, key, value, headers)
    path.write_bytes(bytes(builder.build()))


directory = pathlib.Path(sys.argv[1])
write(directory / "python-none.bin", 0, SMALL)
for codec, name in enumerate(["gzip", "snappy", "lz4", "zstd"], start=1):
    write(directory / f"python-{name}.bin", codec, SMALL + BIG)
