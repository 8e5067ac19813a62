"""The admin side of the confluent suite, with the error codes that Kafka answers."""

import functools

from confluent_kafka import KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ConfigSource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

from harness import expect

WAIT_S = 60
# librdkafka logs each refused connection of a restart; what matters comes as an error as well.
LOG_LEVEL = 2


@functools.lru_cache(maxsize=1)
def client_of(bootstrap, starts):
    """One for all checks, because a call is cancelled when its client is dropped; but a new one
    after a restart, because the old one may have learnt of partitions without a leader."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": LOG_LEVEL})


def admin(session):
    return client_of(session.bootstrap, session.broker.starts)


def outcome(futures):
    """The result of a call for one thing: (None, value) or (error name, None)."""
    (future,) = futures.values() if isinstance(futures, dict) else [futures]
    try:
        return None, future.result(WAIT_S)
    except KafkaException as error:
        return error.args[0].name(), None


def succeeded(futures, what):
    error, value = outcome(futures)
    expect.equal(error, None, what)
    return value


def refused(futures, error, what):
    expect.equal(outcome(futures)[0], error, what)


def create_topic(session, name, partitions=1, config=None):
    topic = session.topic(name)
    new = NewTopic(topic, partitions, 1, config=config or {})
    succeeded(admin(session).create_topics([new]), f"creating {topic}")
    session.eventually(lambda: len(leaders(session, topic)) == partitions, f"{topic} has leaders")
    return topic


def topics(session):
    return set(admin(session).list_topics(timeout=WAIT_S).topics)


def leaders(session, topic):
    """The partitions that have a leader. Asks for all topics: to ask for one creates it."""
    found = admin(session).list_topics(timeout=WAIT_S).topics.get(topic)
    return [p.id for p in found.partitions.values() if p.leader >= 0] if found else []


def topic_resource(name, **fields):
    return ConfigResource(ConfigResource.Type.TOPIC, name, **fields)


def configs(session, topic):
    return succeeded(admin(session).describe_configs([topic_resource(topic)]), "describe configs")


def config_becomes(session, topic, name, value):
    session.eventually(lambda: configs(session, topic)[name].value == value, f"{name}={value}")


def topics_are_created_described_and_deleted(session):
    client = admin(session)
    topic = create_topic(session, "topic", 3, {"retention.ms": "100000"})
    described = succeeded(client.describe_topics(TopicCollection([topic])), "describe")
    expect.equal([p.id for p in described.partitions], [0, 1, 2], "partitions")
    (node,) = succeeded(client.describe_cluster(), "describe the cluster").nodes
    expect.equal(f"{node.host}:{node.port}", session.bootstrap, "the node's address")
    for partition in described.partitions:
        expect.equal(partition.leader.id, node.id, "leader")
        expect.equal([r.id for r in partition.replicas], [node.id], "replicas")
        expect.equal([r.id for r in partition.isr], [node.id], "in-sync replicas")
    expect.true(str(described.topic_id) != "AAAAAAAAAAAAAAAAAAAAAA", "no topic id")
    succeeded(client.delete_topics([topic]), "delete")
    session.eventually(lambda: topic not in topics(session), "a deleted topic is not listed")
    refused(client.delete_topics([topic]), "UNKNOWN_TOPIC_OR_PART", "a second delete")
    again = create_topic(session, "topic", 1)
    renewed = succeeded(client.describe_topics(TopicCollection([again])), "describe")
    expect.true(str(renewed.topic_id) != str(described.topic_id), "the topic id came back")
    (low, high) = watermarks(session, again)
    expect.equal((low, high), (0, 0), "offsets of the topic created again")


def watermarks(session, topic):
    bounds = (OffsetSpec.earliest(), OffsetSpec.latest())
    return tuple(listed_offset(session, topic, bound).offset for bound in bounds)


def listed_offset(session, topic, spec):
    """Kafka's first answers after a restart may be UNKNOWN_LEADER_EPOCH, which is passed on."""
    results = []

    def answered():
        position = TopicPartition(topic, 0)
        error, result = outcome(admin(session).list_offsets({position: spec}))
        results.append(result)
        return error is None

    session.eventually(answered, f"the offsets of {topic} are listed")
    return results[-1]


def creation_is_refused(session):
    client, topic = admin(session), create_topic(session, "taken.name")
    other = session.topic("other")

    def create(name, partitions=1, replicas=1, **config):
        return client.create_topics([NewTopic(name, partitions, replicas, **config)])

    refused(create(topic), "TOPIC_ALREADY_EXISTS", "an existing name")
    for name in ("", ".", "..", "with space", "x" * 250, "\N{LATIN SMALL LETTER O WITH DIAERESIS}"):
        refused(create(name), "TOPIC_EXCEPTION", f"the name {name!r}")
    refused(create(topic.replace(".", "_")), "TOPIC_EXCEPTION", "a name with _ for .")
    refused(create(other, 0), "INVALID_PARTITIONS", "no partitions")
    refused(create(other, 1, 3), "INVALID_REPLICATION_FACTOR", "three replicas on one node")
    for key, value in {
        "no.such": "1",
        "retention.ms": "many",
        "cleanup.policy": "burn",
        "segment.ms": "0",
    }.items():
        refused(create(other, config={key: value}), "INVALID_CONFIG", f"{key}={value}")
    expect.true(other not in topics(session), "a refused creation made a topic")
    dry = client.create_topics([NewTopic(other, 1, 1)], validate_only=True)
    succeeded(dry, "validate only")
    expect.true(other not in topics(session), "validate only made a topic")
    dry = client.create_topics([NewTopic(topic, 1, 1)], validate_only=True)
    refused(dry, "TOPIC_ALREADY_EXISTS", "validate only of an existing name")


def many_topics_in_one_request(session):
    client = admin(session)
    names = [session.topic(f"many-{number}") for number in range(50)]
    futures = client.create_topics([NewTopic(name, 2, 1) for name in names])
    for name, future in futures.items():
        succeeded(future, f"creating {name}")
    session.eventually(lambda: set(names) <= topics(session), "all are listed")
    for name, future in client.delete_topics(names).items():
        succeeded(future, f"deleting {name}")
    session.eventually(lambda: not set(names) & topics(session), "all are gone")


def partitions_are_added(session):
    client, topic = admin(session), create_topic(session, "grown", 2)
    succeeded(client.create_partitions([NewPartitions(topic, 5)]), "to 5")
    session.eventually(lambda: len(leaders(session, topic)) == 5, "there are five partitions")
    described = succeeded(client.describe_topics(TopicCollection([topic])), "describe")
    expect.equal([p.id for p in described.partitions], [0, 1, 2, 3, 4], "partitions")
    refused(client.create_partitions([NewPartitions(topic, 5)]), "INVALID_PARTITIONS", "the same")
    refused(client.create_partitions([NewPartitions(topic, 1)]), "INVALID_PARTITIONS", "fewer")
    unknown = client.create_partitions([NewPartitions(session.topic("unknown"), 2)])
    refused(unknown, "UNKNOWN_TOPIC_OR_PART", "an unknown topic")
    dry = client.create_partitions([NewPartitions(topic, 9)], validate_only=True)
    succeeded(dry, "validate only")
    described = succeeded(client.describe_topics(TopicCollection([topic])), "describe")
    expect.equal(len(described.partitions), 5, "partitions after validate only")


def configs_are_described(session):
    topic = create_topic(session, "configs", config={"retention.ms": "100000"})
    entries = configs(session, topic)
    expected = {
        "cleanup.policy": "delete",
        "compression.type": "producer",
        "max.message.bytes": "1048588",
        "message.timestamp.type": "CreateTime",
        "min.insync.replicas": "1",
        "retention.bytes": "-1",
        "retention.ms": "100000",
        "segment.bytes": "1073741824",
    }
    for name, value in expected.items():
        expect.true(name in entries, f"no {name}")
        expect.equal(entries[name].value, value, name)
    source = ConfigSource(entries["retention.ms"].source)
    expect.equal(source, ConfigSource.DYNAMIC_TOPIC_CONFIG, "the source of what was set")
    expect.equal(entries["retention.ms"].is_default, False, "whether what was set is a default")
    source = ConfigSource(entries["retention.bytes"].source)
    expect.equal(source, ConfigSource.DEFAULT_CONFIG, "the source of a default")
    unknown = admin(session).describe_configs([topic_resource(session.topic("unknown"))])
    refused(unknown, "UNKNOWN_TOPIC_OR_PART", "an unknown topic")
    (node,) = succeeded(admin(session).describe_cluster(), "describe the cluster").nodes
    broker = ConfigResource(ConfigResource.Type.BROKER, str(node.id))
    entries = succeeded(admin(session).describe_configs([broker]), "the broker's configs")
    expect.true(entries, "the broker has no configs")


def configs_are_altered(session):
    topic = create_topic(session, "altered")

    def alter(name, value, operation, target=topic):
        entry = ConfigEntry(name, value, incremental_operation=operation)
        resource = topic_resource(target, incremental_configs=[entry])
        return admin(session).incremental_alter_configs([resource])

    kinds = AlterConfigOpType
    succeeded(alter("retention.ms", "5000", kinds.SET), "set")
    config_becomes(session, topic, "retention.ms", "5000")
    throttled = "leader.replication.throttled.replicas"
    succeeded(alter(throttled, "0:1,1:1", kinds.SET), "set a list")
    succeeded(alter(throttled, "2:1", kinds.APPEND), "append")
    config_becomes(session, topic, throttled, "0:1,1:1,2:1")
    succeeded(alter(throttled, "1:1", kinds.SUBTRACT), "subtract")
    config_becomes(session, topic, throttled, "0:1,2:1")
    if session.restart():
        config_becomes(session, topic, "retention.ms", "5000")
    succeeded(alter("retention.ms", None, kinds.DELETE), "delete")
    config_becomes(session, topic, "retention.ms", "604800000")
    refused(alter("no.such", "1", kinds.SET), "INVALID_CONFIG", "an unknown config")
    refused(alter("retention.ms", "many", kinds.SET), "INVALID_CONFIG", "not a number")
    unknown = alter("retention.ms", "1", kinds.SET, session.topic("unknown"))
    refused(unknown, "UNKNOWN_TOPIC_OR_PART", "an unknown topic")


def offsets_are_listed(session):
    topic = create_topic(session, "offsets")

    def listed(spec):
        result = listed_offset(session, topic, spec)
        return result.offset, result.timestamp

    expect.equal(listed(OffsetSpec.max_timestamp()), (-1, -1), "the newest of nothing")
    fill(session, topic, (1_000, 3_000, 2_000))
    expect.equal(listed(OffsetSpec.earliest()), (0, -1), "earliest")
    expect.equal(listed(OffsetSpec.latest()), (3, -1), "latest")
    expect.equal(listed(OffsetSpec.max_timestamp()), (1, 3_000), "the newest record")
    expect.equal(listed(OffsetSpec.for_timestamp(1_500)), (1, 3_000), "a time in the middle")
    expect.equal(listed(OffsetSpec.for_timestamp(5_000)), (-1, -1), "a time after the end")


def fill(session, topic, stamps):
    producer = Producer({"bootstrap.servers": session.bootstrap})
    for stamp in stamps:
        producer.produce(topic, b"v", partition=0, timestamp=stamp)
    expect.equal(producer.flush(WAIT_S), 0, "messages left after the flush")


def records_are_deleted(session):
    topic = create_topic(session, "shortened")
    fill(session, topic, range(1_000, 1_010))

    def delete(offset):
        return admin(session).delete_records([TopicPartition(topic, 0, offset)])

    expect.equal(succeeded(delete(4), "to 4").low_watermark, 4, "low watermark")
    expect.equal(watermarks(session, topic), (4, 10), "offsets")
    expect.equal(succeeded(delete(2), "below the start").low_watermark, 4, "low watermark")
    refused(delete(11), "OFFSET_OUT_OF_RANGE", "above the end")
    if session.restart():
        expect.equal(watermarks(session, topic), (4, 10), "offsets after the restart")
    expect.equal(succeeded(delete(-1), "everything").low_watermark, 10, "low watermark")
    expect.equal(watermarks(session, topic), (10, 10), "offsets of an emptied partition")
    fill(session, topic, [2_000])
    expect.equal(watermarks(session, topic), (10, 11), "offsets after one more record")


def topics_survive_restart(session):
    client = admin(session)
    kept, gone = create_topic(session, "kept", 3), create_topic(session, "gone")
    described = succeeded(client.describe_topics(TopicCollection([kept])), "describe")
    cluster = succeeded(client.describe_cluster(), "describe the cluster").cluster_id
    succeeded(client.delete_topics([gone]), "delete")
    session.restart()
    expect.true(gone not in topics(session), "a deleted topic came back")
    again = succeeded(client.describe_topics(TopicCollection([kept])), "describe")
    expect.equal(str(again.topic_id), str(described.topic_id), "the topic id")
    expect.equal(len(again.partitions), 3, "partitions")
    same = succeeded(client.describe_cluster(), "describe the cluster").cluster_id
    expect.equal(same, cluster, "the cluster id")


CHECKS = {
    "topics_are_created_described_and_deleted": topics_are_created_described_and_deleted,
    "creation_is_refused": creation_is_refused,
    "many_topics_in_one_request": many_topics_in_one_request,
    "partitions_are_added": partitions_are_added,
    "configs_are_described": configs_are_described,
    "configs_are_altered": configs_are_altered,
    "offsets_are_listed": offsets_are_listed,
    "records_are_deleted": records_are_deleted,
    "topics_survive_restart": topics_survive_restart,
}
