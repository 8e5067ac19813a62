"""Kafka's own command-line tools for replicas, and for who keeps the metadata: on one node."""

import json

from harness import expect
from suites.confluent_admin import create_topic
from suites.java_console import TOOLS, command

NODE = 0
REPLICATION = ("describe", "--replication")
PARTITIONS = 2


def the_quorum_is_described(session):
    """This node is the only voter and leads, and the log grows with a topic."""
    create_topic(session, "before", PARTITIONS)
    before = quorum_status(session)
    create_topic(session, "after", PARTITIONS)
    after = quorum_status(session)
    expect.true(
        int(after["HighWatermark"]) > int(before["HighWatermark"]),
        f"the log does not grow: {before}, then {after}",
    )
    out, _ = session.run(command(session, f"{TOOLS}.MetadataQuorumCommand", *REPLICATION))
    replicas = [line.split() for line in out.splitlines()]
    (leader,) = (dict(zip(replicas[0], row)) for row in replicas[1:])
    expect.equal(leader["NodeId"], str(NODE), "the replica")
    expect.equal((leader["Lag"], leader["Status"]), ("0", "Leader"), "what it is")


def quorum_status(session):
    out, _ = session.run(command(session, f"{TOOLS}.MetadataQuorumCommand", "describe", "--status"))
    fields = [line.partition(":") for line in out.splitlines() if ":" in line]
    status = {name: value.strip() for name, _, value in fields}
    expect.equal(status["LeaderId"], str(NODE), f"the leader in\n{out}")
    voters = json.loads(status["CurrentVoters"])
    expect.equal([voter["id"] for voter in voters], [NODE], f"the voters in\n{out}")
    expect.equal(json.loads(status["CurrentObservers"]), [], f"the observers in\n{out}")
    return status


def replicas_stay_where_they_are(session):
    """Reassigned to the node that they are on, and moved to the directory that they are in."""
    topic = create_topic(session, "topic", PARTITIONS)
    (directory,) = log_dirs(session, topic)
    partitions = {part["partition"] for part in directory["partitions"]}
    expect.equal(partitions, {f"{topic}-{number}" for number in range(PARTITIONS)}, "partitions")
    plan = plan_file(session, topic, [NODE], directory["logDir"])
    out = reassign(session, "--execute", *plan)
    expect.contains(out, "Successfully started", "what is begun")
    out = reassign(session, "--verify", *plan)
    for number in range(PARTITIONS):
        expect.contains(out, f"Reassignment of partition {topic}-{number} is completed.", "the end")
    expect.contains(reassign(session, "--list"), "No partition reassignments found.", "a list")


def replicas_go_nowhere_else(session):
    topic = create_topic(session, "topic", PARTITIONS)
    plan = plan_file(session, topic, [NODE + 1], "any")
    out = reassign(session, "--execute", *plan, code=1)
    expect.contains(out, f"Unknown broker id {NODE + 1}", "the refusal")
    elsewhere = plan_file(session, topic, [NODE], "/no/such/directory")
    out = reassign(session, "--execute", *elsewhere, code=1)
    expect.contains(out, "LogDirNotFoundException", "the refusal")


def log_dirs(session, topic):
    arguments = ["--describe", "--topic-list", topic]
    out, _ = session.run(command(session, f"{TOOLS}.LogDirsCommand", *arguments))
    (line,) = (line for line in out.splitlines() if line.startswith("{"))
    (broker,) = json.loads(line)["brokers"]
    expect.equal(broker["broker"], NODE, "the broker")
    return broker["logDirs"]


def plan_file(session, topic, replicas, directory):
    where = {"replicas": replicas, "log_dirs": [directory] * len(replicas)}
    parts = [{"topic": topic, "partition": number, **where} for number in range(PARTITIONS)]
    plan = session.file("plan")
    plan.write_text(json.dumps({"version": 1, "partitions": parts}))
    return ["--reassignment-json-file", str(plan)]


def reassign(session, *arguments, code=0):
    tool = f"{TOOLS}.reassign.ReassignPartitionsCommand"
    out, err = session.run(command(session, tool, *arguments), code=code)
    return out + err


CHECKS = {
    check.__name__: check
    for check in (the_quorum_is_described, replicas_stay_where_they_are, replicas_go_nowhere_else)
}
