"""Kafka's own performance tools, with idempotence on and acks=all.

ProducerPerformance sends either real lines, picked at random from a file, or the numbers from 0 on;
the first shows that bytes survive each codec, the second that nothing is lost, double or out of
order. What is read is read by java/src/AssignedConsumer.java. ConsumerPerformance and
EndToEndLatency need a group coordinator; tests/conformance runs them.
"""

import collections
import functools
import json
import re

from harness import expect, roundtrip
from suites.java_console import TOOLS, command, create

PARTITIONS = 3
PAYLOADS_MAX = 10_000
SMALL_MAX = 20_000
IDEMPOTENT = ("enable.idempotence=true", "acks=all")


def produce(session, topic, *arguments, settings=()):
    """Returns the records per second that the tool reports."""
    count = str(len(session.lines))
    fixed = ["--topic", topic, "--num-records", count, "--throughput", "-1"]
    properties = ["--command-property", *IDEMPOTENT, *settings]
    tool = f"{TOOLS}.ProducerPerformance"
    out, err = session.run(command(session, tool, *fixed, *arguments, *properties))
    expect.true("ERROR" not in err and "Exception" not in err, f"the producer's errors:\n{err}")
    summary = re.findall(rf"^{count} records sent, ([0-9.]+) records/sec", out, re.MULTILINE)
    expect.true(summary, f"no sum of {count} records in:\n{out}")
    return float(summary[-1])


def consume(session, topic, partitions):
    directory = session.file("partitions")
    directory.mkdir()
    run = session.cache.java("AssignedConsumer")
    out, _ = session.run([*run, session.bootstrap, topic, str(directory)])
    lines = [expect.file_lines(directory / str(number)) for number in range(partitions)]
    expect.equal(json.loads(out)["records"], sum(map(len, lines)), "the consumer's count")
    return lines


def real_lines(session, codec):
    topic = create(session, "lines", PARTITIONS)
    payloads = [line for line in session.lines[:PAYLOADS_MAX] if line]
    text = str(session.text_file(payloads))
    with session.measure("produce"):
        produce(session, topic, "--payload-file", text, settings=[f"compression.type={codec}"])
    with session.measure("consume"):
        read = consume(session, topic, PARTITIONS)
    expect.equal(sum(map(len, read)), len(session.lines), "records")
    strangers = collections.Counter(line for part in read for line in part) - collections.Counter(
        {payload: len(session.lines) for payload in payloads}
    )
    expect.equal(list(strangers)[:3], [], "lines that were never sent")
    for partition in range(PARTITIONS):
        if read[partition]:
            roundtrip.compressed_and_idempotent(session, topic, partition, codec)
    if session.restart():
        with session.measure("consume again"):
            again = consume(session, topic, PARTITIONS)
        roundtrip.compare(again, read, "consumed after the restart")


def every_number_once_and_in_order(session):
    topic = create(session, "numbers", PARTITIONS)
    produce(session, topic, "--payload-monotonic")
    numbers = [[int(line) for line in part] for part in consume(session, topic, PARTITIONS)]
    for partition, part in enumerate(numbers):
        expect.same_lines(part, sorted(part), f"the order in partition {partition}")
    together = sorted(number for part in numbers for number in part)
    expect.same_lines(together, list(range(len(session.lines))), "all numbers")


def many_requests_in_flight(session):
    """Batches of a few records and five requests under way: sequences have to be kept in step."""
    topic = create(session, "small", 1)
    session.lines = session.lines[:SMALL_MAX]
    settings = ["batch.size=200", "linger.ms=0", "max.in.flight.requests.per.connection=5"]
    produce(session, topic, "--payload-monotonic", settings=settings)
    (lines,) = consume(session, topic, 1)
    numbers = [b"%d" % number for number in range(len(session.lines))]
    expect.same_lines(lines, numbers, "all numbers")


CHECKS = {
    "every_number_once_and_in_order": every_number_once_and_in_order,
    "many_requests_in_flight": many_requests_in_flight,
    **{
        f"real_lines_{codec}": functools.partial(real_lines, codec=codec)
        for codec in roundtrip.CODECS
    },
}
