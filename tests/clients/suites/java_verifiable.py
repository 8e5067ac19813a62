"""Kafka's VerifiableProducer: it says of each record whether and where it was acknowledged.

So what is read back is compared with every single acknowledgement: the right value at the offset
that was reported, nothing missing and nothing between. The tool sets retries to 0, which would
turn idempotence off; a config file turns both on again.
"""

import collections
import functools
import json
import subprocess

from harness import expect, roundtrip
from harness.expect import Failure
from suites.java_console import TOOLS, command, create
from suites.java_perf import consume

PARTITIONS = 3
RESTART_THROUGHPUT = 2_000
RESTART_COUNT = 20_000
STOP_WAIT_S = 180


def producer_command(session, topic, count, codec, *arguments):
    config = session.file("producer.properties")
    settings = ["enable.idempotence=true", "acks=all", "retries=2147483647"]
    config.write_text("\n".join([*settings, f"compression.type={codec}"]) + "\n")
    fixed = ["--topic", topic, "--max-messages", str(count), "--command-config", str(config)]
    return command(session, f"{TOOLS}.VerifiableProducer", *fixed, *arguments)


def acknowledged(path, count):
    """The values by partition, in the order of their offsets, which have to be without a gap."""
    by_partition = collections.defaultdict(dict)
    for row in map(json.loads, path.read_text().splitlines()):
        if row["name"] == "producer_send_success":
            offsets = by_partition[row["partition"]]
            expect.true(row["offset"] not in offsets, f"an offset given twice: {row}")
            offsets[row["offset"]] = row["value"].encode()
        elif row["name"] == "producer_send_error":
            raise Failure(f"a record was not acknowledged: {row}")
        elif row["name"] == "tool_data":
            expect.equal((row["sent"], row["acked"]), (count, count), "sent and acknowledged")
    values = []
    for partition in range(PARTITIONS):
        offsets = by_partition[partition]
        expect.equal(sorted(offsets), list(range(len(offsets))), f"offsets of {partition}")
        values.append([offsets[offset] for offset in range(len(offsets))])
    expect.equal(sum(map(len, values)), count, "acknowledgements")
    return values


def acknowledgements(session, codec):
    topic = create(session, "acknowledged", PARTITIONS)
    count = len(session.lines)
    output = session.file("acknowledgements")
    run = producer_command(session, topic, count, codec, "--value-prefix", "7")
    with session.measure("produce"):
        session.run(run, stdout=output)
    values = acknowledged(output, count)
    sent = sorted(value for part in values for value in part)
    expect.same_lines(sent, sorted(b"7.%d" % number for number in range(count)), "values")
    for partition in range(PARTITIONS):
        if values[partition]:
            roundtrip.compressed_and_idempotent(session, topic, partition, codec)
    with session.measure("consume"):
        roundtrip.compare(consume(session, topic, PARTITIONS), values, "consumed")
    if session.restart():
        read = consume(session, topic, PARTITIONS)
        roundtrip.compare(read, values, "consumed after the restart")


def acknowledgements_over_a_restart(session):
    """The broker is stopped and started while the tool is producing."""
    topic = create(session, "restarted", PARTITIONS)
    output = session.file("acknowledgements")
    rate = ["--throughput", str(RESTART_THROUGHPUT)]
    run = producer_command(session, topic, RESTART_COUNT, "lz4", *rate)
    with open(output, "wb") as out, open(session.file("errors"), "wb") as errors:
        producer = subprocess.Popen(run, stdout=out, stderr=errors)
        try:
            session.eventually(lambda: output.stat().st_size > 100_000, "some acknowledgements")
            expect.true(producer.poll() is None, "the producer was done before the restart")
            session.restart()
            expect.equal(producer.wait(STOP_WAIT_S), 0, "the producer's exit code")
        finally:
            producer.kill()
    values = acknowledged(output, RESTART_COUNT)
    roundtrip.compare(consume(session, topic, PARTITIONS), values, "consumed")


CHECKS = {
    "acknowledgements_over_a_restart": acknowledgements_over_a_restart,
    **{
        f"acknowledgements_{codec}": functools.partial(acknowledgements, codec=codec)
        for codec in roundtrip.CODECS
    },
}
