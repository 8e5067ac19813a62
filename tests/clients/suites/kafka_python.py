"""kafka-python 3 from PyPI: a client of its own, in Python, idempotent by default.

It speaks the newest versions of each API and uses fetch sessions. Consumers assign their
partitions and have no group.
"""

import functools
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition, errors
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec

from harness import expect, roundtrip, wire
from harness.expect import Failure

PARTITIONS = 3
WAIT_S = 60
LINGER_MS = 5
BATCH_BYTES = 100_000


def admin(session):
    return KafkaAdminClient(bootstrap_servers=session.bootstrap)


def producer(session, **settings):
    config = {"enable_idempotence": True, "acks": "all", "linger_ms": LINGER_MS, **settings}
    return KafkaProducer(bootstrap_servers=session.bootstrap, **config)


def consumer(session, **settings):
    config = {
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "consumer_timeout_ms": WAIT_S * 1000,
        **settings,
    }
    return KafkaConsumer(bootstrap_servers=session.bootstrap, **config)


def create_topic(session, name, partitions=1, configs=None):
    topic = session.topic(name)
    options = {"num_partitions": partitions, "replication_factor": 1, "configs": configs or {}}
    client = admin(session)
    client.create_topics({topic: options}, wait_for_metadata=True)
    client.close()
    return topic


def send(client, topic, value=None, **fields):
    return client.send(topic, value, **fields).get(WAIT_S)


def refused(error, what, action, *arguments, **fields):
    try:
        action(*arguments, **fields)
    except error:
        return
    except Exception as other:
        raise Failure(f"{what}: {type(other).__name__} instead of {error.__name__}") from other
    raise Failure(f"{what}: accepted, instead of {error.__name__}")


def read(session, topic, partitions=1, start=None, keep=lambda record: record):
    """What `keep` makes of the records from `start` (the beginning) to the end, by partition."""
    client = consumer(session, max_poll_records=5_000)
    positions = [TopicPartition(topic, number) for number in range(partitions)]
    client.assign(positions)
    if start is None:
        client.seek_to_beginning(*positions)
    else:
        client.seek(positions[0], start)
    ends = client.end_offsets(positions)
    records = [[] for _ in positions]
    deadline = time.monotonic() + WAIT_S
    while any(client.position(position) < end for position, end in ends.items()):
        for position, batch in client.poll(1_000).items():
            deadline = time.monotonic() + WAIT_S
            records[position.partition].extend(map(keep, batch))
        if time.monotonic() > deadline:
            raise Failure(f"nothing arrived for {WAIT_S} s")
    client.close()
    return records


def read_values(session, topic, partitions):
    return read(session, topic, partitions, keep=lambda record: record.value)


def produce_lines(session, topic, slices, codec):
    compression = None if codec == "none" else codec
    client = producer(session, compression_type=compression, batch_size=BATCH_BYTES)
    failures = []
    for partition, lines in enumerate(slices):
        for line in lines:
            client.send(topic, line, partition=partition).add_errback(failures.append)
    client.flush(WAIT_S * 10)
    client.close()
    expect.equal(failures, [], "delivery errors")


def round_trip(session, codec):
    topic = create_topic(session, "lines", PARTITIONS)
    roundtrip.check(
        session,
        codec,
        topic,
        lambda slices: produce_lines(session, topic, slices, codec),
        lambda: read_values(session, topic, PARTITIONS),
        PARTITIONS,
    )


def keys_headers_null_and_timestamps(session):
    topic = create_topic(session, "records")
    client = producer(session)
    headers = [("a", b"1"), ("b", b""), ("a", b"\xff\x00")]
    send(client, topic, b"v", key=b"k", headers=headers, timestamp_ms=5_000)
    send(client, topic, None, key=b"tombstone", timestamp_ms=4_000)
    send(client, topic, b"", key=b"", timestamp_ms=6_000)
    send(client, topic, b"\x00\xff", timestamp_ms=6_001)
    (records,) = read(session, topic)
    pairs = [(b"k", b"v"), (b"tombstone", None), (b"", b""), (None, b"\x00\xff")]
    expect.equal([(r.key, r.value) for r in records], pairs, "keys and values")
    expect.equal(list(records[0].headers), headers, "headers, in order, the double one too")
    expect.equal([r.timestamp for r in records], [5_000, 4_000, 6_000, 6_001], "timestamps")
    expect.equal({r.timestamp_type for r in records}, {0}, "the kind of timestamp")


def log_append_time(session):
    topic = create_topic(session, "appended", configs={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1000)
    report = send(producer(session), topic, b"v", timestamp_ms=5)
    after = int(time.time() * 1000)
    stamp = report.timestamp
    expect.true(before <= stamp <= after, f"the broker's time {stamp} not in {before}..{after}")
    ((record,),) = read(session, topic)
    expect.equal((record.timestamp_type, record.timestamp), (1, stamp), "the timestamp read")


def offsets(session):
    topic = create_topic(session, "offsets")
    client = producer(session)
    for stamp in (1_000, 3_000, 2_000):
        send(client, topic, b"v", timestamp_ms=stamp)
    position = TopicPartition(topic, 0)
    reader = consumer(session)
    expect.equal(reader.beginning_offsets([position]), {position: 0}, "beginning")
    expect.equal(reader.end_offsets([position]), {position: 3}, "end")
    for stamp, offset in {0: 0, 1_001: 1, 3_000: 1}.items():
        found = reader.offsets_for_times({position: stamp})[position]
        expect.equal(found.offset, offset, f"the offset for time {stamp}")
    found = reader.offsets_for_times({position: 3_001})[position]
    expect.equal(found, None, "the offset for a time after the end")
    reader.close()
    client = admin(session)
    wanted = {OffsetSpec.EARLIEST: 0, OffsetSpec.LATEST: 3, OffsetSpec.MAX_TIMESTAMP: 1}
    for spec, offset in wanted.items():
        found = client.list_partition_offsets({position: spec})[position]
        expect.equal(found.offset, offset, f"the offset listed for {spec}")
    client.close()


def consumes_from_an_offset(session):
    topic = create_topic(session, "middle")
    lines = session.lines[:1_000]
    produce_lines(session, topic, [lines], "zstd")
    for offset in (1, 499, 999, 1_000):
        (records,) = read(session, topic, start=offset)
        expect.same_lines([r.value for r in records], lines[offset:], f"from {offset} on")


def offset_out_of_range(session):
    topic = create_topic(session, "range")
    send(producer(session), topic, b"one")
    reader = consumer(session)
    position = TopicPartition(topic, 0)
    reader.assign([position])
    reader.seek(position, 100)
    refused(errors.OffsetOutOfRangeError, "a fetch at 100", lambda: list(reader))
    reader.close()


def too_large_is_refused(session):
    """This client gives up an idempotent producer for good after such an answer."""
    topic = create_topic(session, "large")
    client = producer(session, max_request_size=5_000_000)
    error = errors.MessageSizeTooLargeError
    refused(error, "a message of 2 MB", send, client, topic, b"x" * 2_000_000)
    expect.equal(send(producer(session), topic, b"after").offset, 0, "the next record's offset")


def auto_creation(session):
    """By produce and by a consumer's metadata request, and not by an admin's.

    Version 3.0.12 takes allow_auto_create_topics=False and then forgets it (it does not reach its
    ClusterMetadata), so describe_topics stands for the requests that forbid creation.
    """
    topic, missing = session.topic("produced"), session.topic("missing")
    expect.equal(send(producer(session), topic, b"v").offset, 0, "the first record of a new topic")
    client = admin(session)
    (described,) = client.describe_topics([missing])
    error = errors.UnknownTopicOrPartitionError.errno
    expect.equal(described["error_code"], error, "the description of an unknown topic")
    # Whatever that request might have set going is done once a later creation is.
    create_topic(session, "other")
    expect.true(missing not in client.list_topics(), "the topic exists none the less")
    reader = consumer(session, auto_offset_reset="earliest")
    reader.assign([TopicPartition(missing, 0)])

    def created():
        reader.poll(100)
        return missing in client.list_topics()

    session.eventually(created, "the topic is created")
    reader.close()
    client.close()


def topics(session):
    client = admin(session)
    topic, other = create_topic(session, "topic", 2), session.topic("other")

    def partitions():
        return len(client.describe_topics([topic])[0]["partitions"])

    expect.equal(partitions(), 2, "partitions")
    client.create_partitions({topic: 4})
    session.eventually(lambda: partitions() == 4, "there are four partitions")

    def create(name, **options):
        return client.create_topics({name: {"num_partitions": 1, **options}})

    refused(errors.TopicAlreadyExistsError, "an existing name", create, topic)
    refused(errors.InvalidTopicError, "a bad name", create, "with space")
    refused(errors.InvalidPartitionsError, "no partitions", create, other, num_partitions=0)
    refused(errors.InvalidReplicationFactorError, "replicas", create, other, replication_factor=3)
    refused(errors.InvalidConfigurationError, "a config", create, other, configs={"no.such": "1"})
    fewer = client.create_partitions
    refused(errors.InvalidPartitionsError, "fewer partitions", fewer, {topic: 1})
    refused(errors.UnknownTopicOrPartitionError, "an unknown topic", fewer, {other: 2})
    client.delete_topics([topic])
    session.eventually(lambda: topic not in client.list_topics(), "the topic is gone")
    gone = client.delete_topics
    refused(errors.UnknownTopicOrPartitionError, "a second delete", gone, [topic])
    client.close()


def configs(session):
    client = admin(session)
    topic = create_topic(session, "topic", configs={"retention.ms": "100000"})

    def described(name):
        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        answer = client.describe_configs([resource], config_filter="all")["topic"][topic]
        return answer[name]["value"]

    def alter(values):
        client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=values)])

    expect.equal(described("retention.ms"), "100000", "what was set at creation")
    expect.equal(described("cleanup.policy"), "delete", "a default")
    alter({"retention.ms": "5000"})
    session.eventually(lambda: described("retention.ms") == "5000", "it is altered")
    alter({"retention.ms": ("DELETE", None)})
    session.eventually(lambda: described("retention.ms") == "604800000", "it is a default again")
    client.close()


def records_are_deleted(session):
    topic = create_topic(session, "shortened")
    produce_lines(session, topic, [[b"%d" % number for number in range(10)]], "none")
    position = TopicPartition(topic, 0)
    client = admin(session)
    expect.equal(client.delete_records({position: 4})[position]["low_watermark"], 4, "to 4")
    error = errors.OffsetOutOfRangeError
    refused(error, "above the end", client.delete_records, {position: 11})
    (records,) = read(session, topic)
    expect.equal([r.offset for r in records], [4, 5, 6, 7, 8, 9], "offsets left")
    client.close()


def cluster_is_described(session):
    client = admin(session)
    cluster = client.describe_cluster()
    ((node, host, port),) = [(b["broker_id"], b["host"], b["port"]) for b in cluster["brokers"]]
    expect.equal(f"{host}:{port}", session.bootstrap, "the node's address")
    expect.equal(cluster["controller_id"], node, "the controller")
    expect.true(cluster["cluster_id"], "no cluster id")
    client.close()


def producer_survives_restart(session):
    topic = create_topic(session, "survivor")
    count = min(len(session.lines), 10_000)
    client = producer(session, compression_type="zstd")
    futures = []
    for number, line in enumerate(session.lines[:count]):
        futures.append(client.send(topic, line, partition=0))
        if number == count // 2:
            session.restart()
    offsets_reported = [future.get(WAIT_S).offset for future in futures]
    expect.equal(offsets_reported, list(range(count)), "offsets in the reports")
    (values,) = read_values(session, topic, 1)
    expect.same_lines(values, session.lines[:count], "consumed")
    producers = {batch.producer_id for batch in wire.batches(session.bootstrap, topic, 0)}
    expect.equal(len(producers), 1, "producer ids")


CHECKS = {
    "keys_headers_null_and_timestamps": keys_headers_null_and_timestamps,
    "log_append_time": log_append_time,
    "offsets": offsets,
    "consumes_from_an_offset": consumes_from_an_offset,
    "offset_out_of_range": offset_out_of_range,
    "too_large_is_refused": too_large_is_refused,
    "auto_creation": auto_creation,
    "topics": topics,
    "configs": configs,
    "records_are_deleted": records_are_deleted,
    "cluster_is_described": cluster_is_described,
    "producer_survives_restart": producer_survives_restart,
    **{
        f"round_trip_{codec}": functools.partial(round_trip, codec=codec)
        for codec in roundtrip.CODECS
    },
}
