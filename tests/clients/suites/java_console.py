"""Kafka's own command-line tools, 4.3.1: console, topics, configs, offsets, records, versions.

ConsoleConsumer assigns when it is given a partition and an offset, so it needs no group. The
admin tools exit with 1 when they are refused; the console tools exit with 0 whatever happens, so
their stderr is read. Topics that are only a means are created by `confluent_admin`: no other JVM.
"""

import functools
import json
import re

from harness import expect, roundtrip
from suites.confluent_admin import create_topic

TOOLS = "org.apache.kafka.tools"
# What a broker without groups and transactions serves at least.
APIS = (
    ("Produce", 0),
    ("Fetch", 1),
    ("ListOffsets", 2),
    ("Metadata", 3),
    ("FindCoordinator", 10),
    ("ApiVersions", 18),
    ("CreateTopics", 19),
    ("DeleteTopics", 20),
    ("DeleteRecords", 21),
    ("InitProducerId", 22),
    ("OffsetForLeaderEpoch", 23),
    ("DescribeConfigs", 32),
    ("CreatePartitions", 37),
    ("IncrementalAlterConfigs", 44),
    ("DescribeCluster", 60),
    ("DescribeTopicPartitions", 75),
)


def command(session, tool, *arguments):
    return [*session.cache.java(tool), "--bootstrap-server", session.bootstrap, *arguments]


def topic_command(session, *arguments, **options):
    return session.run(command(session, f"{TOOLS}.TopicCommand", *arguments), **options)


def refused(session, error, *arguments):
    out, err = topic_command(session, *arguments, code=1)
    expect.contains(out + err, error, " ".join(arguments))


def produce(session, topic, text, *arguments):
    """The patience of this tool is 1.5 s and three retries by default; CI machines need more."""
    patient = ["--request-timeout-ms", "30000", "--message-send-max-retries", "1000"]
    arguments = ["--topic", topic, *patient, *arguments]
    out, err = session.run(command(session, f"{TOOLS}.ConsoleProducer", *arguments), stdin=text)
    return out + err


def produce_lines(session, topic, lines, *arguments):
    log = produce(session, topic, session.text_file(lines), *arguments)
    expect.true("ERROR" not in log, f"the producer reports an error:\n{log}")


def consume(session, topic, count, *arguments, partition=0, offset="earliest"):
    output = session.file("consumed")
    where = ["--topic", topic, "--partition", str(partition), "--offset", str(offset)]
    limits = ["--max-messages", str(count), "--timeout-ms", "60000"]
    tool = f"{TOOLS}.consumer.ConsoleConsumer"
    session.run(command(session, tool, *where, *limits, *arguments), stdout=output)
    return expect.file_lines(output)


def create(session, name, partitions=1, *arguments):
    topic = session.topic(name)
    topic_command(
        session, "--create", "--topic", topic, "--partitions", str(partitions), *arguments
    )
    session.eventually(lambda: topic in listed(session), f"{topic} is listed")
    return topic


def listed(session):
    return topic_command(session, "--list")[0].split()


def described(session, topic):
    """The fields of a topic and those of its partitions, as the tool prints them."""
    out, _ = topic_command(session, "--describe", "--topic", topic)
    rows = [dict(re.findall(r"(\w+): ([^\t\n]*)", row)) for row in out.splitlines()]
    return rows[0], rows[1:]


def round_trip(session, codec):
    topic = create_topic(session, "lines")
    count = len(session.lines)
    roundtrip.check(
        session,
        codec,
        topic,
        lambda slices: produce_lines(session, topic, slices[0], "--compression-codec", codec),
        lambda: [consume(session, topic, count)],
    )


def topics(session):
    topic = create(session, "topic", 3, "--config", "retention.ms=100000")
    head, partitions = described(session, topic)
    expect.equal((head["PartitionCount"], head["ReplicationFactor"]), ("3", "1"), "the topic")
    expect.contains(head["Configs"], "retention.ms=100000", "its configs")
    expect.equal([row["Partition"] for row in partitions], ["0", "1", "2"], "partitions")
    for row in partitions:
        expect.equal((row["Replicas"], row["Isr"]), (row["Leader"], row["Leader"]), "replicas")
    topic_command(session, "--alter", "--topic", topic, "--partitions", "5")

    def count():
        return described(session, topic)[0]["PartitionCount"]

    session.eventually(lambda: count() == "5", "there are five partitions")
    fewer = "currently has 5 partition(s); 2 would not be an increase."
    refused(session, fewer, "--alter", "--topic", topic, "--partitions", "2")
    refused(session, f"Topic '{topic}' already exists.", "--create", "--topic", topic)
    topic_command(session, "--create", "--if-not-exists", "--topic", topic)
    head, _ = described(session, topic)
    topic_command(session, "--describe", "--topic-id", head["TopicId"])
    topic_command(session, "--delete", "--topic", topic)
    session.eventually(lambda: topic not in listed(session), "the topic is not listed")
    missing = f"Topic '{topic}' does not exist as expected"
    refused(session, missing, "--delete", "--topic", topic)
    refused(session, missing, "--describe", "--topic", topic)


def creation_is_refused(session):
    topic = session.topic("refused")
    expected = {
        "InvalidReplicationFactorException": ["--replication-factor", "3"],
        "InvalidConfigurationException: Unknown topic config name: no.such": [
            "--config",
            "no.such=1",
        ],
    }
    for error, arguments in expected.items():
        refused(session, error, "--create", "--topic", topic, *arguments)
    refused(session, "InvalidTopicException", "--create", "--topic", "with space")
    expect.true(topic not in listed(session), "a refused creation made a topic")


def configs(session):
    topic = create(session, "configs")
    entity = ["--entity-type", "topics", "--entity-name", topic]

    def config_command(*arguments, **options):
        run = command(session, "kafka.admin.ConfigCommand", *entity, *arguments)
        return session.run(run, **options)

    def entries(*arguments):
        return config_command("--describe", *arguments)[0]

    expect.equal(entries().strip(), f"Dynamic configs for topic {topic} are:", "a new topic")
    expect.contains(entries("--all"), "  cleanup.policy=delete ", "all configs")
    config_command("--alter", "--add-config", "retention.ms=5000,max.message.bytes=2000")
    set_now = "synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=5000"
    session.eventually(lambda: set_now in entries(), "the configs are set")
    expect.contains(entries(), "  max.message.bytes=2000 ", "the second config")
    config_command("--alter", "--delete-config", "retention.ms")
    session.eventually(lambda: "retention.ms" not in entries(), "the config is deleted")
    for value, error in {
        "no.such=1": "InvalidConfigurationException: Unknown topic config name: no.such",
        "retention.ms=many": "InvalidConfigurationException: Invalid value many",
    }.items():
        _, err = config_command("--alter", "--add-config", value, code=1)
        expect.contains(err, error, value)


def broker_configs(session):
    entity = ["--entity-type", "brokers", "--entity-default"]
    session.run(command(session, "kafka.admin.ConfigCommand", "--describe", *entity))
    cluster = command(session, f"{TOOLS}.BrokerApiVersionsCommand")
    node = re.search(r"\(id: (\d+) ", session.run(cluster)[0]).group(1)
    entity = ["--entity-type", "brokers", "--entity-name", node, "--all"]
    out, _ = session.run(command(session, "kafka.admin.ConfigCommand", "--describe", *entity))
    expect.contains(out, f"All configs for broker {node} are:\n  ", "the broker's configs")


def get_offsets(session):
    topic = create(session, "offsets", 2)
    empty = {"latest": [f"{topic}:0:0", f"{topic}:1:0"], "max-timestamp": []}
    for time, expected in empty.items():
        expect.equal(offsets_at(session, topic, time), expected, f"{time} of an empty topic")
    one = create_topic(session, "one")
    produce_lines(session, one, [b"%d" % number for number in range(10)])
    expected = {"earliest": "0", "latest": "10", "1000": "0", "-1": "10", "-2": "0"}
    for time, offset in expected.items():
        expect.equal(offsets_at(session, one, time), [f"{one}:0:{offset}"], time)
    (newest,) = offsets_at(session, one, "max-timestamp")
    expect.true(0 <= int(newest.rsplit(":", 1)[1]) < 10, f"the newest record: {newest}")
    unknown = command(session, f"{TOOLS}.GetOffsetShell", "--topic", session.topic("unknown"))
    _, err = session.run(unknown, code=1)
    expect.contains(err, "Could not match any topic-partitions", "an unknown topic")


def offsets_at(session, topic, time):
    tool = f"{TOOLS}.GetOffsetShell"
    return session.run(command(session, tool, "--topic", topic, "--time", time))[0].split()


def delete_records(session):
    topic = create_topic(session, "shortened")
    produce_lines(session, topic, [b"%d" % number for number in range(10)])

    def delete(offset):
        where = {"topic": topic, "partition": 0, "offset": offset}
        path = session.file("offsets.json")
        path.write_text(json.dumps({"partitions": [where], "version": 1}))
        tool = f"{TOOLS}.DeleteRecordsCommand"
        return session.run(command(session, tool, "--offset-json-file", str(path)))[0]

    expect.contains(delete(4), f"partition: {topic}-0\tlow_watermark: 4", "to 4")
    error = f"partition: {topic}-0\terror: org.apache.kafka.common.errors.OffsetOutOfRange"
    expect.contains(delete(11), error, "above the end")
    expect.equal(offsets_at(session, topic, "earliest"), [f"{topic}:0:4"], "the first offset")
    lines = consume(session, topic, 6)
    expect.same_lines(lines, [b"%d" % number for number in range(4, 10)], "what is left")


def keys_headers_and_null(session):
    topic = create_topic(session, "records")
    text = session.text_file([b"a:1,a:2\tkey\tvalue", b"NULL\tNULL\tplain", b"NULL\tkey\tNULL"])
    reader = []
    for setting in ("parse.headers=true", "parse.key=true", "null.marker=NULL"):
        reader += ["--reader-property", setting]
    produce(session, topic, text, *reader)
    formatter = []
    for field in ("headers", "key", "offset"):
        formatter += ["--formatter-property", f"print.{field}=true"]
    expected = [
        b"Offset:0\ta:1,a:2\tkey\tvalue",
        b"Offset:1\tNO_HEADERS\tnull\tplain",
        b"Offset:2\tNO_HEADERS\tkey\tnull",
    ]
    expect.same_lines(consume(session, topic, 3, *formatter), expected, "records")


def acks(session):
    """One after the other, so that what acks=0 sent is followed by what is waited for."""
    topic = create_topic(session, "acks")
    for level in ("0", "1", "all"):
        settings = ["--request-required-acks", level]
        if level != "all":
            settings += ["--command-property", "enable.idempotence=false"]
        produce_lines(session, topic, [level.encode()], *settings)
    expect.same_lines(consume(session, topic, 3), [b"0", b"1", b"all"], "consumed")


def too_large_is_refused(session):
    topic = create_topic(session, "large")
    text = session.text_file([b"x" * 2_000_000])
    own_limit = ["--command-property", "max.request.size=4000000"]
    log = produce(session, topic, text, *own_limit)
    error = "errors.RecordTooLargeException: "
    expect.contains(log, error, "the broker's limit")
    produce_lines(session, topic, [b"small"])
    expect.same_lines(consume(session, topic, 1), [b"small"], "what is stored")


def a_batch_too_large_is_split(session):
    """The Java producer answers MESSAGE_TOO_LARGE for several records by sending them in parts."""
    topic = create(session, "split", 1, "--config", "max.message.bytes=1000")
    lines = [line for line in session.lines[:2_000] if len(line) < 500]
    produce_lines(session, topic, lines, "--command-property", "batch.size=100000")
    expect.same_lines(consume(session, topic, len(lines)), lines, "consumed")


def auto_creation_by_produce(session):
    """How many partitions the new topic has is up to the broker, so their ends are added up."""
    topic = session.topic("produced")
    produce_lines(session, topic, [b"one", b"two"])
    ends = [int(row.rsplit(":", 1)[1]) for row in offsets_at(session, topic, "latest")]
    expect.equal(sum(ends), 2, "records in the new topic")


def auto_creation_by_metadata(session):
    """A consumer may forbid it, and by default does not."""
    forbidden, allowed = session.topic("forbidden"), session.topic("allowed")

    def poll(topic, *arguments):
        where = ["--topic", topic, "--partition", "0", "--offset", "earliest"]
        tool = f"{TOOLS}.consumer.ConsoleConsumer"
        short = ["--timeout-ms", "3000"]
        return session.run(command(session, tool, *where, *short, *arguments), code=None)[1]

    log = poll(forbidden, "--command-property", "allow.auto.create.topics=false")
    expect.contains(log, f"{{{forbidden}=UNKNOWN_TOPIC_OR_PARTITION}}", "the consumer's log")
    poll(allowed)
    session.eventually(lambda: allowed in listed(session), "the topic is created")
    expect.true(forbidden not in listed(session), "the forbidden topic was created")


def api_versions(session):
    out, _ = session.run(command(session, f"{TOOLS}.BrokerApiVersionsCommand"))
    expect.contains(out, f"{session.bootstrap} (id: ", "the node")
    for name, key in APIS:
        usable = re.search(rf"\s{name}\({key}\): .*\[usable: \d+\]", out)
        expect.true(usable, f"{name} is not usable:\n{out}")
    # librdkafka before 2.11.1 compresses only if version 0 is in the range.
    expect.contains(out, "Produce(0): 0 to ", "the versions of Produce")


CHECKS = {
    "api_versions": api_versions,
    "topics": topics,
    "creation_is_refused": creation_is_refused,
    "configs": configs,
    "broker_configs": broker_configs,
    "get_offsets": get_offsets,
    "delete_records": delete_records,
    "keys_headers_and_null": keys_headers_and_null,
    "acks": acks,
    "too_large_is_refused": too_large_is_refused,
    "a_batch_too_large_is_split": a_batch_too_large_is_split,
    "auto_creation_by_produce": auto_creation_by_produce,
    "auto_creation_by_metadata": auto_creation_by_metadata,
    **{
        f"round_trip_{codec}": functools.partial(round_trip, codec=codec)
        for codec in roundtrip.CODECS
    },
}
