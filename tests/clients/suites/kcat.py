"""kcat 1.7.1 of Debian, which is librdkafka 2.0.2: the old C client, without topic ids.

It needs no group: a partition and an offset are given. kcat sends no empty line, so those are left
out of what is expected of it. Topics are created by the first produce, but for one of three
partitions, which kcat can not ask for.
"""

import functools
import json

from harness import expect, roundtrip
from suites import confluent_admin


def command(session, *arguments):
    return ["kcat", "-b", session.bootstrap, *arguments]


def produce(session, topic, lines, *arguments, partition=0):
    text = session.text_file(lines)
    partition = ["-p", str(partition)]
    session.run(command(session, "-P", "-t", topic, *partition, *arguments), stdin=text)


def consume(session, topic, *arguments, partition=0, start="beginning"):
    """The values of a partition up to its end as of now, one a line."""
    output = session.file("consumed")
    where = ["-C", "-t", topic, "-p", str(partition), "-o", start, "-e", "-q"]
    session.run(command(session, *where, *arguments), stdout=output)
    return expect.file_lines(output)


def consume_count(session, topic, count):
    """Waits until there are as many, instead of ending where the partition ends."""
    output = session.file("consumed")
    where = ["-C", "-t", topic, "-p", "0", "-o", "beginning", "-q", "-c", str(count)]
    session.run(command(session, *where), stdout=output)
    return expect.file_lines(output)


def consume_json(session, topic, *arguments):
    return [json.loads(line) for line in consume(session, topic, "-J", *arguments)]


def round_trip(session, codec):
    session.lines = [line for line in session.lines if line]
    topic = session.topic("lines")
    options = ["-z", codec, "-X", "enable.idempotence=true"]
    roundtrip.check(
        session,
        codec,
        topic,
        lambda slices: produce(session, topic, slices[0], *options),
        lambda: [consume(session, topic)],
    )


def metadata(session):
    topic = session.topic("topic")
    produce(session, topic, [b"one"])
    out, _ = session.run(command(session, "-L", "-J"))
    answer = json.loads(out)
    expect.equal([broker["name"] for broker in answer["brokers"]], [session.bootstrap], "brokers")
    expect.equal(answer["controllerid"], answer["brokers"][0]["id"], "the controller")
    topics = {entry["topic"]: entry for entry in answer["topics"]}
    expect.true(topic in topics, "the topic is not among all topics")
    leaders = {partition["leader"] for partition in topics[topic]["partitions"]}
    expect.equal(leaders, {answer["controllerid"]}, "leaders")


def unknown_topic_is_not_created_by_consumers(session):
    """`-L -t` would create it, as it is made with a producer; so the list of all is read."""
    topic, later = session.topic("unknown"), session.topic("later")
    _, err = session.run(command(session, "-C", "-t", topic, "-p", "0", "-e"), code=1)
    expect.contains(err, f"Topic {topic} error: Broker: Unknown topic or partition", "consumer")
    # Whatever that request might have set going is done once a later creation is.
    produce(session, later, [b"one"])
    out, _ = session.run(command(session, "-L"))
    expect.contains(out, f'"{later}" with', "the list of topics")
    expect.true(topic not in out, "a consumer created the topic")


def unknown_topic_is_created_by_metadata(session):
    topic = session.topic("asked")
    session.run(command(session, "-L", "-t", topic))
    session.eventually(lambda: topic in session.run(command(session, "-L"))[0], "it is created")
    expect.same_lines(consume(session, topic), [], "a new topic")


def keys_headers_and_null(session):
    topic = session.topic("records")
    headers = ["-H", "a=1", "-H", "a=2", "-H", "empty=", "-H", "null"]
    produce(session, topic, [b"key:value"], "-K:", *headers)
    produce(session, topic, [b"key:", b":value"], "-K:", "-Z")
    first, no_value, no_key = consume_json(session, topic)
    expect.equal((first["key"], first["payload"]), ("key", "value"), "the first record")
    expect.equal(
        first["headers"], ["a", "1", "a", "2", "empty", "", "null", None], "its headers, in order"
    )
    expect.equal((no_value["key"], no_value["payload"]), ("key", None), "a null value")
    expect.equal((no_key["key"], no_key["payload"]), (None, "value"), "a null key")
    expect.equal([first["offset"], no_value["offset"], no_key["offset"]], [0, 1, 2], "offsets")


def offsets_by_position_and_time(session):
    topic = session.topic("offsets")
    lines = [b"%d" % number for number in range(100)]
    produce(session, topic, lines)
    expect.same_lines(consume(session, topic, start="40"), lines[40:], "from offset 40")
    expect.same_lines(consume(session, topic, start="-10"), lines[90:], "the last ten")
    expect.same_lines(consume(session, topic, "-c", "5"), lines[:5], "the first five")
    stamp = consume_json(session, topic)[0]["ts"]
    queries = {"-2": 0, "-1": 100, "1": 0, str(stamp): 0, str(stamp + 3_600_000): -1}
    for time, offset in queries.items():
        out, _ = session.run(command(session, "-Q", "-t", f"{topic}:0:{time}"))
        expect.equal(out.strip(), f"{topic} [0] offset {offset}", f"the offset at time {time}")
    since = consume(session, topic, start=f"s@{stamp}")
    expect.same_lines(since, lines, "from the first timestamp on")


def acks(session):
    """acks=0 has no answer to wait for, so the consumer does."""
    for acks in ("0", "1", "all"):
        topic = session.topic(f"acks-{acks}")
        produce(session, topic, [b"first"], "-X", "acks=all")
        produce(session, topic, [b"second"], "-X", f"acks={acks}")
        read = consume_count(session, topic, 2)
        expect.same_lines(read, [b"first", b"second"], f"acks={acks}")


def random_partitions(session):
    """Three partitions hold all lines together, each of them in the order of sending."""
    topic = confluent_admin.create_topic(session, "three", 3)
    lines = [b"%06d" % number for number in range(30_000)]
    text = session.text_file(lines)
    settings = ["-X", "sticky.partitioning.linger.ms=0", "-X", "enable.idempotence=true"]
    session.run(command(session, "-P", "-t", topic, *settings), stdin=text)
    parts = [consume(session, topic, partition=partition) for partition in range(3)]
    for partition, part in enumerate(parts):
        expect.true(part, f"partition {partition} got nothing")
        expect.same_lines(part, sorted(part), f"the order in partition {partition}")
    expect.same_lines(sorted(sum(parts, [])), lines, "all partitions together")
    output = session.file("all")
    at_once = ["-C", "-t", topic, "-o", "beginning", "-e", "-q"]
    session.run(command(session, *at_once), stdout=output)
    expect.same_lines(sorted(expect.file_lines(output)), lines, "read at once")


def too_large_is_refused(session):
    topic = session.topic("large")
    produce(session, topic, [b"small"])
    text = session.text_file([b"x" * 2_000_000])
    options = ["-P", "-t", topic, "-p", "0", "-X", "message.max.bytes=4000000"]
    _, err = session.run(command(session, *options), stdin=text, code=1)
    expect.contains(err, "Delivery failed for message: Broker: Message size too large", "kcat")
    expect.same_lines(consume(session, topic), [b"small"], "what is stored")


def unknown_partition_is_refused(session):
    topic = session.topic("few")
    produce(session, topic, [b"one"])
    text = session.text_file([b"two"])
    _, err = session.run(command(session, "-P", "-t", topic, "-p", "999"), stdin=text, code=1)
    expect.contains(err, "Delivery failed for message: Local: Unknown partition", "kcat")


CHECKS = {
    "metadata": metadata,
    "unknown_topic_is_not_created_by_consumers": unknown_topic_is_not_created_by_consumers,
    "unknown_topic_is_created_by_metadata": unknown_topic_is_created_by_metadata,
    "keys_headers_and_null": keys_headers_and_null,
    "offsets_by_position_and_time": offsets_by_position_and_time,
    "acks": acks,
    "random_partitions": random_partitions,
    "too_large_is_refused": too_large_is_refused,
    "unknown_partition_is_refused": unknown_partition_is_refused,
    **{
        f"round_trip_{codec}": functools.partial(round_trip, codec=codec)
        for codec in roundtrip.CODECS
    },
}
