"""A look at the stored batches by one plain Fetch request, past every client.

A client shows what a record holds but not how it was sent: librdkafka, for one, sends without
compression when it does not find the versions it hopes for, and says nothing. Fetch version 4 is
the oldest that a Kafka broker serves; its response holds the batches as they were stored.

    batch: baseOffset i64, length i32, leaderEpoch i32, magic i8, crc u32, attributes i16,
           lastOffsetDelta i32, baseTimestamp i64, maxTimestamp i64, producerId i64,
           producerEpoch i16, baseSequence i32, recordsCount i32, records
"""

import dataclasses
import socket
import struct

from harness.expect import Failure

FETCH = (1, 4)
BATCH = struct.Struct(">qiibIhiqqqhii")
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
FETCH_BYTES_MAX = 4 << 20
TIMEOUT_S = 30


@dataclasses.dataclass(frozen=True)
class Batch:
    base_offset: int
    last_offset: int
    codec: str
    log_append_time: bool
    producer_id: int
    base_sequence: int


def batches(bootstrap, topic, partition, offset=0):
    """The whole batches among the next few megabytes from `offset` on."""
    name = topic.encode()
    body = struct.pack(">iiiib", -1, 500, 1, FETCH_BYTES_MAX, 0)
    body += struct.pack(">ih", 1, len(name)) + name
    body += struct.pack(">iiqi", 1, partition, offset, FETCH_BYTES_MAX)
    return list(split(records_of(exchange(bootstrap, FETCH, body), topic)))


def exchange(bootstrap, api, body):
    """One request, header version 1; the response still has its correlation id."""
    host, port = bootstrap.rsplit(":", 1)
    header = struct.pack(">hhih", *api, 1, 4) + b"wire"
    with socket.create_connection((host, int(port)), timeout=TIMEOUT_S) as connection:
        connection.sendall(struct.pack(">i", len(header) + len(body)) + header + body)
        (length,) = struct.unpack(">i", receive(connection, 4))
        return receive(connection, length)


def receive(connection, length):
    received = bytearray()
    while len(received) < length:
        part = connection.recv(length - len(received))
        if not part:
            raise Failure("the broker closed the connection instead of answering")
        received += part
    return bytes(received)


def records_of(response, topic):
    """Of a response for one partition: correlation, throttle, topics, partitions, records."""
    at = 12
    (name_length,) = struct.unpack_from(">h", response, at)
    at += 2 + name_length + 4
    _, error, _, _, aborted = struct.unpack_from(">ihqqi", response, at)
    if error != 0:
        raise Failure(f"Fetch version 4 of {topic}: error code {error}")
    at += 26 + 16 * max(aborted, 0)
    (length,) = struct.unpack_from(">i", response, at)
    return response[at + 4 : at + 4 + max(length, 0)]


def split(records):
    at = 0
    while at + BATCH.size <= len(records):
        fields = BATCH.unpack_from(records, at)
        base, length, _, magic, _, attributes, last_delta, _, _, producer, _, sequence, _ = fields
        if at + 12 + length > len(records):
            return
        if magic != 2:
            raise Failure(f"a batch of magic {magic} at offset {base}")
        yield Batch(
            base_offset=base,
            last_offset=base + last_delta,
            codec=CODECS[attributes & 7],
            log_append_time=bool(attributes & 8),
            producer_id=producer,
            base_sequence=sequence,
        )
        at += 12 + length
