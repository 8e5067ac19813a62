"""Kafka's own command-line tools where there are groups: both protocols of the Java consumer."""

import functools
import json
import re

from confluent_kafka import Consumer
from harness import expect
from suites.confluent_admin import create_topic
from suites.java_console import TOOLS, command, produce_lines

CLASSIC, CONSUMER = "classic", "consumer"
COUNT = 1_000
GROUPS = f"{TOOLS}.consumer.group.ConsumerGroupCommand"


def filled_topic(session, name="topic", partitions=1, count=COUNT):
    topic = create_topic(session, name, partitions)
    lines = [b"%06d" % number for number in range(count)]
    produce_lines(session, topic, lines)
    return topic, lines


def protocol_property(protocol):
    return ["--command-property", f"group.protocol={protocol}"]


def console_consumer(session, protocol):
    """It subscribes, commits by itself, and a second one begins where the first one ended."""
    topic, lines = filled_topic(session)
    output = session.file("consumed")
    where = ["--topic", topic, "--group", session.topic("group"), "--from-beginning"]
    limits = ["--timeout-ms", "60000", "--max-messages"]
    tool = command(session, f"{TOOLS}.consumer.ConsoleConsumer", *where, *limits)
    for part in (lines[:400], lines[400:]):
        run = [*tool, str(len(part)), *protocol_property(protocol)]
        session.run(run, stdout=output)
        expect.same_lines(expect.file_lines(output), part, "consumed")


def verifiable_consumer(session, protocol):
    """It says what it was assigned, what it read and what it committed, and whether that fits."""
    topic, lines = filled_topic(session, partitions=4)
    tool = f"{TOOLS}.VerifiableConsumer"
    where = ["--topic", topic, "--group-id", session.topic("group")]
    limits = ["--reset-policy", "earliest", "--max-messages", str(len(lines))]
    way = ["--group-protocol", protocol, "--enable-autocommit"]
    if protocol == CLASSIC:
        way += ["--session-timeout", "6000"]
    out, _ = session.run(command(session, tool, *where, *limits, *way))
    rows = [json.loads(line) for line in out.splitlines()]
    events = {row["name"] for row in rows}
    expect.true("partitions_assigned" in events, f"no assignment among {events}")
    read = sum(row["count"] for row in rows if row["name"] == "records_consumed")
    expect.equal(read, len(lines), "records consumed")


def consumer_performance(session, protocol):
    topic, lines = filled_topic(session, partitions=2)
    limits = ["--num-records", str(len(lines)), "--timeout", "60000"]
    where = ["--topic", topic, "--group", session.topic("group")]
    tool = f"{TOOLS}.ConsumerPerformance"
    run = command(session, tool, *where, *limits, *protocol_property(protocol))
    out, _ = session.run(run)
    fields = [field.strip() for field in out.splitlines()[-1].split(",")]
    expect.equal(fields[4], str(len(lines)), f"records in:\n{out}")


def end_to_end_latency(session, protocol):
    """It sends a record and reads it, a hundred times, and commits at its end."""
    topic = create_topic(session, "topic")
    config = session.file("properties")
    config.write_text(f"group.protocol={protocol}\n")
    rest = ["--topic", topic, "--num-records", "100", "--producer-acks", "all"]
    rest += ["--record-size", "20", "--command-config", str(config)]
    out, _ = session.run(command(session, f"{TOOLS}.EndToEndLatency", *rest))
    expect.contains(out, "Percentiles: 50th = ", "its sum")


def groups(session, *arguments, **options):
    return session.run(command(session, GROUPS, *arguments), **options)


def rows(out):
    """The table that the tool prints, as dictionaries."""
    lines = [line.split() for line in out.splitlines() if line.strip()]
    head = next(number for number, line in enumerate(lines) if line[0] == "GROUP")
    return [dict(zip(lines[head], line)) for line in lines[head + 1 :]]


class Member:
    """A member in this process, for the tools to look at. It is polled while they are not."""

    def __init__(self, session, protocol, topic):
        self.group = session.topic("group")
        config = {
            "bootstrap.servers": session.bootstrap,
            "group.id": self.group,
            "group.protocol": protocol,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "client.id": "looked-at",
            "log_level": 2,
        }
        self.consumer = Consumer(config)
        self.consumer.subscribe([topic])

    def read(self, session, count):
        seen = []

        def done():
            seen.extend(self.consumer.consume(count - len(seen), 0.1))
            return len(seen) == count

        session.eventually(done, f"{count} messages are read")
        self.consumer.commit(asynchronous=False)

    def close(self):
        self.consumer.close()


def groups_are_shown(session, protocol):
    """--list, --describe with each of its views, with a member and without."""
    topic, lines = filled_topic(session)
    member = Member(session, protocol, topic)
    member.read(session, len(lines))
    group = member.group
    out, _ = groups(session, "--list")
    expect.true(group in out.split(), f"{group} is not in:\n{out}")
    out, _ = groups(session, "--list", "--type", protocol, "--state", "stable")
    expect.true(group in out.split(), f"{group} is not stable or not {protocol}:\n{out}")
    (row,) = rows(groups(session, "--describe", "--group", group)[0])
    shown = (row["TOPIC"], row["PARTITION"], row["CURRENT-OFFSET"], row["LOG-END-OFFSET"])
    expect.equal(shown, (topic, "0", str(COUNT), str(COUNT)), "offsets")
    expect.equal((row["LAG"], row["CLIENT-ID"]), ("0", "looked-at"), "lag and client")
    out, _ = groups(session, "--describe", "--group", group, "--members", "--verbose")
    expect.contains(out, f"{topic}", "the member's assignment")
    out, _ = groups(session, "--describe", "--group", group, "--state")
    expect.true(re.search(r"\bStable\b", out), f"not stable:\n{out}")
    member.close()
    nobody = f"Consumer group '{group}' has no active members."

    def left():
        return nobody in "".join(groups(session, "--describe", "--group", group))

    session.eventually(left, "the group is described without members")
    out, _ = groups(session, "--delete", "--group", group)
    expect.contains(out, f"Deletion of requested consumer groups ('{group}') was successful", "")
    expect.true(group not in groups(session, "--list")[0].split(), "a deleted group is listed")


def a_group_in_use_is_not_deleted(session, protocol):
    topic, lines = filled_topic(session)
    member = Member(session, protocol, topic)
    member.read(session, len(lines))
    out, err = groups(session, "--delete", "--group", member.group, code=None)
    expect.contains(out + err, "GroupNotEmptyException", "the refusal")
    reset = ["--reset-offsets", "--to-earliest", "--topic", topic, "--execute"]
    out, err = groups(session, "--group", member.group, *reset, code=None)
    expect.contains(out + err, "inactive", "the refusal of a reset")
    member.close()


def offsets_are_reset_and_deleted(session, protocol):
    topic, lines = filled_topic(session)
    member = Member(session, protocol, topic)
    member.read(session, len(lines))
    member.close()
    group = member.group

    def reset(*how):
        out, _ = groups(session, "--group", group, "--topic", topic, "--reset-offsets", *how)
        (row,) = rows(out)
        return row["NEW-OFFSET"]

    expect.equal(reset("--to-earliest", "--dry-run"), "0", "a dry run")
    (row,) = rows(groups(session, "--describe", "--group", group)[0])
    expect.equal(row["CURRENT-OFFSET"], str(COUNT), "after the dry run")
    for how, offset in {
        ("--to-earliest",): "0",
        ("--to-offset", "600"): "600",
        ("--shift-by", "-100"): "500",
        ("--to-datetime", "2020-01-01T00:00:00.000"): "0",
        ("--to-latest",): str(COUNT),
    }.items():
        expect.equal(reset(*how, "--execute"), offset, " ".join(how))
        (row,) = rows(groups(session, "--describe", "--group", group)[0])
        expect.equal(row["CURRENT-OFFSET"], offset, f"after {' '.join(how)}")
    delete = ["--delete-offsets", "--group", group, "--topic", topic]
    out, _ = groups(session, *delete)
    expect.contains(out, "Successful", "offsets are deleted")


def an_unknown_group(session):
    unknown = session.topic("unknown")
    out, err = groups(session, "--describe", "--group", unknown, code=None)
    expect.contains(out + err, unknown, "what the tool says")
    expect.true(re.search(r"does not exist|not found", out + err), f"not refused:\n{out}{err}")
    out, err = groups(session, "--delete", "--group", unknown, code=None)
    expect.contains(out + err, "GroupIdNotFoundException", "the refusal")


OF_BOTH = (
    console_consumer,
    verifiable_consumer,
    consumer_performance,
    end_to_end_latency,
    groups_are_shown,
    a_group_in_use_is_not_deleted,
    offsets_are_reset_and_deleted,
)
CHECKS = {
    "an_unknown_group": an_unknown_group,
    **{
        f"{check.__name__}_{protocol}": functools.partial(check, protocol=protocol)
        for protocol in (CLASSIC, CONSUMER)
        for check in OF_BOTH
    },
}
