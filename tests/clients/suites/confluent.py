"""confluent-kafka from PyPI, which is librdkafka 2.16: producing and consuming.

Consumers assign their partitions; groups are checked by tests/conformance. A group id is given none
the less, because this client refuses to start without one. The admin side is in `confluent_admin`.
"""

import functools
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka import OFFSET_BEGINNING, TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME

from harness import expect, roundtrip, wire
from harness.expect import Failure
from suites import confluent_admin
from suites.confluent_admin import create_topic

PARTITIONS = 3
WAIT_S = 60
CONSUME_BATCH = 10_000
CONSUME_WAIT_S = 0.1


def producer(session, **settings):
    config = {
        "bootstrap.servers": session.bootstrap,
        "enable.idempotence": True,
        "linger.ms": 5,
        "log_level": confluent_admin.LOG_LEVEL,
        **{name.replace("_", "."): value for name, value in settings.items()},
    }
    return Producer(config)


def consumer(session, **settings):
    config = {
        "bootstrap.servers": session.bootstrap,
        "group.id": "none",
        "enable.auto.commit": False,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "log_level": confluent_admin.LOG_LEVEL,
        **{name.replace("_", "."): value for name, value in settings.items()},
    }
    return Consumer(config)


def flush(client):
    expect.equal(client.flush(WAIT_S), 0, "messages left after the flush")


def send(client, topic, value=None, **fields):
    """Sends one record and returns (error name or None, message) of its delivery report."""
    reports = []
    client.produce(topic, value, on_delivery=lambda *report: reports.append(report), **fields)
    flush(client)
    expect.equal(len(reports), 1, "delivery reports")
    error, message = reports[0]
    return (error.name() if error else None), message


def produce_lines(session, topic, slices, **settings):
    errors = []
    client = producer(session, queue_buffering_max_messages=100_000, **settings)
    for partition, lines in enumerate(slices):
        for line in lines:
            enqueue(client, topic, line, partition, errors)
    flush(client)
    expect.equal(errors, [], "delivery errors")


def enqueue(client, topic, line, partition, errors):
    def report(error, _):
        if error:
            errors.append(error)

    while True:
        try:
            client.produce(topic, line, partition=partition, on_delivery=report)
            client.poll(0)
            return
        except BufferError:
            client.poll(0.1)


def read(session, positions, keep=lambda message: message, **settings):
    """What `keep` makes of everything from the given TopicPartitions to their ends, by partition.

    A message holds on to the response that it came in, so that a million are better not kept.
    """
    client = consumer(session, **settings)
    client.assign(positions)
    messages = {position.partition: [] for position in positions}
    ends = set()
    deadline = time.monotonic() + WAIT_S
    while len(ends) < len(positions):
        for message in client.consume(CONSUME_BATCH, timeout=CONSUME_WAIT_S):
            deadline = time.monotonic() + WAIT_S
            error = message.error()
            if error is None:
                messages[message.partition()].append(keep(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                ends.add(message.partition())
            else:
                raise KafkaException(error)
        if time.monotonic() > deadline:
            raise Failure(f"nothing arrived for {WAIT_S} s")
    client.close()
    return messages


def read_all(session, topic, partitions=1, **settings):
    positions = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(partitions)]
    messages = read(session, positions, **settings)
    return [messages[partition] for partition in range(partitions)]


def read_values(session, topic, partitions):
    return read_all(session, topic, partitions, keep=lambda message: message.value())


def round_trip(session, codec):
    topic = create_topic(session, "lines", PARTITIONS)
    roundtrip.check(
        session,
        codec,
        topic,
        lambda slices: produce_lines(session, topic, slices, compression_type=codec),
        lambda: read_values(session, topic, PARTITIONS),
        PARTITIONS,
    )


def keys_headers_null_and_timestamps(session):
    topic = create_topic(session, "records")
    client = producer(session)
    headers = [("a", b"1"), ("b", b""), ("a", b"\xff\x00"), ("null", None)]
    expect.equal(send(client, topic, b"v", key=b"k", headers=headers, timestamp=5_000)[0], None, "")
    expect.equal(send(client, topic, None, key=b"tombstone", timestamp=4_000)[0], None, "")
    expect.equal(send(client, topic, b"", key=b"", timestamp=6_000)[0], None, "")
    expect.equal(send(client, topic, b"\x00\xff", timestamp=6_001)[0], None, "")
    (messages,) = read_all(session, topic)
    expect.equal(
        [(m.key(), m.value()) for m in messages],
        [(b"k", b"v"), (b"tombstone", None), (b"", b""), (None, b"\x00\xff")],
        "keys and values",
    )
    expect.equal(messages[0].headers(), headers, "headers, in order, the double one too")
    expect.equal(messages[1].headers(), None, "no headers")
    stamps = [(TIMESTAMP_CREATE_TIME, stamp) for stamp in (5_000, 4_000, 6_000, 6_001)]
    expect.equal([m.timestamp() for m in messages], stamps, "timestamps")


def offsets_by_time(session):
    topic = create_topic(session, "times")
    client = producer(session)
    for stamp in (1_000, 3_000, 2_000, 5_000):
        send(client, topic, b"v", timestamp=stamp)
    reader = consumer(session)
    expected = {0: 0, 1_000: 0, 1_001: 1, 2_500: 1, 3_001: 3, 5_000: 3, 5_001: -1}
    for stamp, offset in expected.items():
        found = offset_at(session, reader, topic, stamp)
        expect.equal(found, offset, f"the offset for time {stamp}")
    low_and_high = reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=WAIT_S)
    expect.equal(low_and_high, (0, 4), "watermarks")
    reader.close()


def offset_at(session, reader, topic, stamp):
    """Kafka's first answers after a restart may be UNKNOWN_LEADER_EPOCH, which is passed on."""
    answers = []

    def answered():
        answers.extend(reader.offsets_for_times([TopicPartition(topic, 0, stamp)], timeout=WAIT_S))
        return answers[-1].error is None

    session.eventually(answered, f"the lookup of time {stamp} succeeds")
    return answers[-1].offset


def offsets_by_time_in_many_batches(session):
    """The lookup has to find the right batch, in and behind the tail, and after a restart."""
    topic = create_topic(session, "times")
    client = producer(session, compression_type="lz4", batch_num_messages=100)
    count = min(len(session.lines), 20_000)
    for number in range(count):
        client.produce(topic, session.lines[number], timestamp=1_000_000 + number * 10)
        client.poll(0)
    flush(client)

    def lookups():
        reader = consumer(session)
        for number in (0, 1, count // 3, count // 2, count - 1):
            found = offset_at(session, reader, topic, 1_000_000 + number * 10 - 9)
            expect.equal(found, number, "the offset for a time between two records")
        reader.close()

    lookups()
    if session.restart():
        lookups()


def log_append_time(session):
    topic = create_topic(session, "appended", config={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1000)
    _, report = send(producer(session), topic, b"v", timestamp=5)
    kind, stamp = report.timestamp()
    after = int(time.time() * 1000)
    expect.equal(kind, TIMESTAMP_LOG_APPEND_TIME, "the report's kind of timestamp")
    expect.true(before <= stamp <= after, f"the broker's time {stamp} not in {before}..{after}")
    ((message,),) = read_all(session, topic)
    expect.equal(message.timestamp(), (TIMESTAMP_LOG_APPEND_TIME, stamp), "the timestamp read")
    (batch,) = wire.batches(session.bootstrap, topic, 0)
    expect.true(batch.log_append_time, "the batch does not say LogAppendTime")


def consumes_from_an_offset(session):
    """Offsets in the middle of a batch: the broker sends the whole batch, the client skips."""
    topic = create_topic(session, "middle")
    client = producer(session, compression_type="zstd")
    lines = session.lines[:1_000]
    for line in lines:
        client.produce(topic, line)
    flush(client)
    for offset in (0, 1, 499, 999, 1_000):
        messages = read(session, [TopicPartition(topic, 0, offset)])[0]
        expect.same_lines([m.value() for m in messages], lines[offset:], f"from {offset} on")


def offset_out_of_range(session):
    topic = create_topic(session, "range")
    client = producer(session)
    send(client, topic, b"one")
    with_error = expect_error(session, [TopicPartition(topic, 0, 100)])
    expect.equal(with_error.code(), KafkaError._AUTO_OFFSET_RESET, "the consumer's error")
    expect.contains(with_error.str(), "Broker: Offset out of range", "the consumer's error")
    messages = read(session, [TopicPartition(topic, 0, 100)], auto_offset_reset="earliest")
    expect.equal([m.value() for m in messages[0]], [b"one"], "after the reset to the beginning")


def expect_error(session, positions, **settings):
    client = consumer(session, **settings)
    client.assign(positions)
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        message = client.poll(1)
        if message is not None and message.error():
            client.close()
            return message.error()
    raise Failure("the consumer met no error")


def batch_size_limit(session):
    """max.message.bytes is the size of a batch: its 61 bytes, 9 of a record's, and the value."""
    topic = create_topic(session, "limit", config={"max.message.bytes": "1000"})
    client = producer(session, message_max_bytes=4_000_000)
    expect.equal(send(client, topic, b"x" * 930)[0], None, "a batch of 1000 bytes")
    expect.equal(send(client, topic, b"x" * 931)[0], "MSG_SIZE_TOO_LARGE", "a batch of 1001 bytes")
    error, report = send(client, topic, b"after")
    expect.equal((error, report.offset()), (None, 1), "the next record")
    default = create_topic(session, "default")
    error, _ = send(client, default, b"x" * (1_048_588 - 61 - 11))
    expect.equal(error, None, "a batch of the default 1048588 bytes")
    error, _ = send(client, default, b"x" * (1_048_588 - 61 - 10))
    expect.equal(error, "MSG_SIZE_TOO_LARGE", "a batch of 1048589 bytes")


def large_messages(session):
    """More than a fetch asks for at once: the first batch comes whole all the same."""
    topic = create_topic(session, "large", config={"max.message.bytes": "10000000"})
    client = producer(session, message_max_bytes=10_000_000)
    values = [bytes([byte]) * 5_000_000 for byte in b"abc"]
    for value in values:
        expect.equal(send(client, topic, value)[0], None, "a message of 5 MB")
    (messages,) = read_all(session, topic, fetch_message_max_bytes=1_000)
    expect.equal(
        [m.value() == v for m, v in zip(messages, values, strict=True)],
        [True] * 3,
        "large messages",
    )


def refused_records(session):
    client = producer(session)
    plain = create_topic(session, "plain")
    tomorrow = int(time.time() * 1000) + 86_400_000
    expect.equal(send(client, plain, b"v", timestamp=tomorrow)[0], "INVALID_TIMESTAMP", "tomorrow")
    expect.equal(send(client, plain, b"v")[0], None, "after a refused record")


def auto_creation_by_produce(session):
    topic = session.topic("new")
    error, report = send(producer(session), topic, b"first")
    expect.equal((error, report.offset()), (None, 0), "the first record of a new topic")
    messages = read(session, [TopicPartition(topic, report.partition(), OFFSET_BEGINNING)])
    expect.equal([m.value() for m in messages[report.partition()]], [b"first"], "read back")


def auto_creation_by_consumer_metadata(session):
    """Only for a consumer that asks for it; without, the topic is unknown and remains so."""
    topic = session.topic("missing")
    reader = consumer(session, allow_auto_create_topics=False)
    error = reader.list_topics(topic, timeout=WAIT_S).topics[topic].error
    expect.equal(error.name(), "UNKNOWN_TOPIC_OR_PART", "allow.auto.create.topics=false")
    reader.close()
    # Whatever that request might have set going is done once a later creation is.
    create_topic(session, "other")
    expect.true(topic not in confluent_admin.topics(session), "the topic exists none the less")
    reader = consumer(session, allow_auto_create_topics=True)
    reader.list_topics(topic, timeout=WAIT_S)
    reader.close()
    session.eventually(lambda: confluent_admin.leaders(session, topic), "the topic is created")
    expect.equal(read_all(session, topic), [[]], "a new topic")


def unknown_partition(session):
    topic = create_topic(session, "few")
    client = producer(session, topic_metadata_propagation_max_ms=1000)
    try:
        error = send(client, topic, b"v", partition=999)[0]
    except KafkaException as refused:
        error = refused.args[0].name()
    expect.equal(error, "_UNKNOWN_PARTITION", "the producer's error")
    reader = consumer(session)
    try:
        reader.get_watermark_offsets(TopicPartition(topic, 999), timeout=5)
        raise Failure("an unknown partition has watermarks")
    except KafkaException as refused:
        expect.equal(refused.args[0].name(), "_UNKNOWN_PARTITION", "the consumer's error")
    reader.close()


def producer_survives_restart(session):
    """One idempotent producer before, over and after a restart: nothing lost, nothing double."""
    topic = create_topic(session, "survivor")
    count = min(len(session.lines), 20_000)
    errors = []
    client = producer(session, compression_type="lz4")
    for number, line in enumerate(session.lines[:count]):
        enqueue(client, topic, line, 0, errors)
        if number == count // 2:
            session.restart()
    flush(client)
    expect.equal(errors, [], "delivery errors")
    (read_back,) = read_values(session, topic, 1)
    expect.same_lines(read_back, session.lines[:count], "consumed")
    producers = {batch.producer_id for batch in wire.batches(session.bootstrap, topic, 0)}
    expect.equal(len(producers), 1, "producer ids")


def appends_after_restart(session):
    topic = create_topic(session, "appended")
    for round_number in range(3):
        error, report = send(producer(session), topic, b"%d" % round_number)
        expect.equal((error, report.offset()), (None, round_number), "the offset appended at")
        session.restart()
    (read_back,) = read_values(session, topic, 1)
    expect.same_lines(read_back, [b"0", b"1", b"2"], "consumed")


def consumer_waits_for_records(session):
    """A fetch at the end is answered when a record arrives, well before its longest wait."""
    topic = create_topic(session, "poll")
    reader = consumer(session, fetch_wait_max_ms=50_000, enable_partition_eof=False)
    reader.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    writer = producer(session)
    start = time.monotonic()
    for number in range(20):
        send(writer, topic, b"%d" % number)
        message = reader.poll(WAIT_S)
        expect.true(message is not None and not message.error(), "no record")
        expect.equal(message.value(), b"%d" % number, "the record waited for")
    expect.true(time.monotonic() - start < 40, "the fetch was not woken by the record")
    reader.close()


CHECKS = {
    "keys_headers_null_and_timestamps": keys_headers_null_and_timestamps,
    "offsets_by_time": offsets_by_time,
    "offsets_by_time_in_many_batches": offsets_by_time_in_many_batches,
    "log_append_time": log_append_time,
    "consumes_from_an_offset": consumes_from_an_offset,
    "consumer_waits_for_records": consumer_waits_for_records,
    "offset_out_of_range": offset_out_of_range,
    "batch_size_limit": batch_size_limit,
    "large_messages": large_messages,
    "refused_records": refused_records,
    "auto_creation_by_produce": auto_creation_by_produce,
    "auto_creation_by_consumer_metadata": auto_creation_by_consumer_metadata,
    "unknown_partition": unknown_partition,
    "producer_survives_restart": producer_survives_restart,
    "appends_after_restart": appends_after_restart,
    **confluent_admin.CHECKS,
    **{
        f"round_trip_{codec}": functools.partial(round_trip, codec=codec)
        for codec in roundtrip.CODECS
    },
}
