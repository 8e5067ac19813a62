"""Consumer groups of both protocols with confluent-kafka: members that come, read, commit, go."""

import functools
import subprocess
import sys

from confluent_kafka import (
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import NewPartitions
from harness import expect
from harness.expect import Failure
from suites import confluent_admin
from suites.confluent import WAIT_S, enqueue, flush, producer
from suites.confluent_admin import create_topic

PARTITIONS = 4
COUNT = 2_000
POLL_S = 0.1
POLLS_MAX = 600
CLASSIC, CONSUMER = "classic", "consumer"
STRATEGIES = ("range", "roundrobin", "cooperative-sticky")
REFUSED = {
    CLASSIC: "Static consumer fenced by other consumer with same group.instance.id",
    CONSUMER: "The instance ID is still used by another member",
}


def config(session, protocol, group="group", **settings):
    """A member that commits when it is told to. What the broker decides (KIP-848) can not be set
    by a member: session, heartbeats, strategy."""
    settings_of_all = {
        "bootstrap.servers": session.bootstrap,
        "group.id": session.topic(group),
        "group.protocol": protocol,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "log_level": confluent_admin.LOG_LEVEL,
    }
    if protocol == CLASSIC:
        settings_of_all |= {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 200}
    own = {name.replace("_", "."): value for name, value in settings.items()}
    return settings_of_all | own


def member(session, protocol, *arguments, **settings):
    return Consumer(config(session, protocol, *arguments, **settings))


def fill(session, topic, values, partitions=PARTITIONS):
    """Value i goes to partition i modulo their number."""
    errors = []
    client = producer(session)
    for number, value in enumerate(values):
        enqueue(client, topic, value, number % partitions, errors)
    flush(client)
    expect.equal(errors, [], "delivery errors")


def numbers(first, last):
    return [b"%06d" % number for number in range(first, last)]


def read(client, count):
    """As many messages, whatever partitions they come from."""
    messages = []
    silent = 0
    while len(messages) < count and silent < POLLS_MAX:
        message = client.poll(POLL_S)
        silent = 0 if message else silent + 1
        if message is not None:
            if message.error():
                raise KafkaException(message.error())
            messages.append(message)
    if len(messages) < count:
        raise Failure(f"{len(messages)} messages of {count}")
    return messages


def values_of(messages):
    return sorted(message.value() for message in messages)


def assigned(client):
    return sorted(position.partition for position in client.assignment())


def until(clients, condition, what):
    """Polls all members, which is what makes them rebalance, until something is so."""
    for _ in range(POLLS_MAX):
        for client in clients:
            message = client.poll(POLL_S / len(clients))
            if message is not None and message.error():
                raise KafkaException(message.error())
        if condition():
            return
    raise Failure(f"never: {what}; assigned: {[assigned(client) for client in clients]}")


def spread(clients):
    return sorted(partition for client in clients for partition in assigned(client))


def balanced(clients):
    """Each partition once, and nobody has two more than another."""
    sizes = [len(assigned(client)) for client in clients]
    whole = spread(clients) == list(range(PARTITIONS))
    return whole and max(sizes) - min(sizes) <= 1


def reads_everything(session, protocol):
    topic = create_topic(session, "topic", PARTITIONS)
    values = numbers(0, COUNT)
    fill(session, topic, values)
    client = member(session, protocol)
    client.subscribe([topic])
    messages = read(client, COUNT)
    client.close()
    expect.same_lines(values_of(messages), values, "consumed")
    for partition in range(PARTITIONS):
        offsets = [m.offset() for m in messages if m.partition() == partition]
        expect.equal(offsets, list(range(COUNT // PARTITIONS)), f"offsets of {partition}")


def resumes_after_commit(session, protocol):
    """Synchronous, asynchronous and by itself at the end: the next member begins behind it."""
    topic = create_topic(session, "topic", PARTITIONS)

    def commit_now(client):
        committed = client.commit(asynchronous=False)
        expect.equal([p.error for p in committed], [None] * len(committed), "errors of a commit")

    commits = (commit_now, lambda client: client.commit(asynchronous=True), lambda client: None)
    for round_number, commit in enumerate(commits):
        values = numbers(round_number * 100, (round_number + 1) * 100)
        fill(session, topic, values)
        last = commit is commits[-1]
        client = member(session, protocol, enable_auto_commit=last)
        client.subscribe([topic])
        expect.same_lines(values_of(read(client, 100)), values, f"round {round_number}")
        commit(client)
        client.close()
    client = member(session, protocol)
    client.subscribe([topic])
    until([client], lambda: balanced([client]), "everything is assigned")
    fill(session, topic, numbers(300, 304))
    expect.same_lines(values_of(read(client, 4)), numbers(300, 304), "the last round")
    client.close()


def without_commit_reads_again(session, protocol):
    topic = create_topic(session, "topic", PARTITIONS)
    fill(session, topic, numbers(0, 100))
    for _ in range(2):
        client = member(session, protocol)
        client.subscribe([topic])
        expect.same_lines(values_of(read(client, 100)), numbers(0, 100), "consumed")
        client.close()


def partitions_are_shared(session, protocol, **settings):
    """One member, two, three, and back to one: each partition always belongs to one of them."""
    topic = create_topic(session, "topic", PARTITIONS)
    members = []
    for _ in range(3):
        client = member(session, protocol, **settings)
        client.subscribe([topic])
        members.append(client)
        until(members, lambda: balanced(members), f"{len(members)} members share")
    while len(members) > 1:
        members.pop(0).close()
        until(members, lambda: balanced(members), f"{len(members)} members share")
    members[0].close()


def nothing_is_lost_while_members_change(session, protocol, **settings):
    """Each message is read at least once though members come and go; offsets go on, committed by
    whoever has the partition."""
    topic = create_topic(session, "topic", PARTITIONS)
    values = numbers(0, COUNT)
    seen = set()
    members = []
    sent = 0
    for step in range(4):
        if step < 3:
            client = member(session, protocol, **settings)
            client.subscribe([topic])
            members.append(client)
        else:
            members.pop(0).close()
        fill(session, topic, values[sent : sent + COUNT // 4])
        sent += COUNT // 4
        until_seen(members, seen, set(values[:sent]))
    for client in members:
        client.close()


def until_seen(members, seen, wanted):
    for _ in range(POLLS_MAX):
        for client in members:
            for message in client.consume(100, POLL_S / len(members)):
                if message.error():
                    raise KafkaException(message.error())
                seen.add(message.value())
            commit_what_is_held(client)
        if seen == wanted:
            return
    raise Failure(f"{len(wanted - seen)} messages were never read")


def commit_what_is_held(client):
    """A member may learn only by the answer that a partition is no longer its own."""
    try:
        client.commit(asynchronous=False)
    except KafkaException as error:
        code = error.args[0].code()
        harmless = {
            KafkaError._NO_OFFSET,
            KafkaError.ILLEGAL_GENERATION,
            KafkaError.REBALANCE_IN_PROGRESS,
            KafkaError.STALE_MEMBER_EPOCH,
            KafkaError.UNKNOWN_MEMBER_ID,
        }
        if code not in harmless:
            raise


def a_silent_member_is_removed(session, protocol):
    """A member that vanishes without leaving loses its partitions when its session is over. It is
    killed as a process, so that it can not say goodbye."""
    topic = create_topic(session, "topic", PARTITIONS)
    script = session.file("member.py")
    script.write_text(
        "from confluent_kafka import Consumer\n"
        f"client = Consumer({config(session, protocol)!r})\n"
        f"client.subscribe([{topic!r}])\n"
        f"while len(client.assignment()) < {PARTITIONS}: client.poll({POLL_S})\n"
        "print('assigned', flush=True)\n"
        f"while True: client.poll({POLL_S})\n"
    )
    process = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE)
    try:
        expect.equal(process.stdout.readline(), b"assigned\n", "the member that is to vanish")
    finally:
        process.kill()
        process.wait()
    client = member(session, protocol)
    client.subscribe([topic])
    until([client], lambda: balanced([client]), "the vanished member's partitions are given away")
    client.close()


def a_static_member_keeps_its_partitions(session, protocol):
    """It goes without leaving the group and comes back: the other one is not rebalanced."""
    topic = create_topic(session, "topic", PARTITIONS)
    revoked = []
    static = {"group_instance_id": "static"}
    first = member(session, protocol, **static)
    first.subscribe([topic])
    second = member(session, protocol, group_instance_id="other")
    second.subscribe([topic], on_revoke=lambda _, positions: revoked.extend(positions))
    until([first, second], lambda: balanced([first, second]), "both share")
    held = assigned(first)
    revoked.clear()
    first.close()
    again = member(session, protocol, **static)
    again.subscribe([topic])
    until([again, second], lambda: assigned(again) == held, "the static member has its own again")
    expect.equal(revoked, [], "what was revoked from the other member")
    again.close()
    second.close()


def an_instance_exists_once(session, protocol):
    """Classic: the older one is fenced. KIP-848: the newer one is refused while the older lives."""
    topic = create_topic(session, "topic", PARTITIONS)
    older, newer = (member(session, protocol, group_instance_id="one") for _ in range(2))
    older.subscribe([topic])
    until([older], lambda: balanced([older]), "the older one has everything")
    newer.subscribe([topic])
    refused = older if protocol == CLASSIC else newer
    for _ in range(POLLS_MAX):
        for client in (older, newer):
            message = client.poll(POLL_S)
            if message is not None and message.error():
                expect.contains(message.error().str(), REFUSED[protocol], "the error")
                expect.true(client is refused, "the wrong one of both was refused")
                older.close()
                newer.close()
                return
    raise Failure("two members of one instance live side by side")


def new_partitions_are_assigned(session, protocol):
    topic = create_topic(session, "topic", 1)
    client = member(session, protocol, topic_metadata_refresh_interval_ms=500)
    client.subscribe([topic])
    until([client], lambda: assigned(client) == [0], "the first partition is assigned")
    new = NewPartitions(topic, PARTITIONS)
    confluent_admin.succeeded(confluent_admin.admin(session).create_partitions([new]), "add")
    until([client], lambda: balanced([client]), "the new partitions are assigned")
    client.close()


def topics_by_pattern(session, protocol):
    """By a regular expression; a topic that comes later joins."""
    first = create_topic(session, "match-1", 1)
    create_topic(session, "other", 1)
    client = member(session, protocol, topic_metadata_refresh_interval_ms=500)
    client.subscribe([f"^{session.prefix}-match-.*"])

    def topics():
        return {position.topic for position in client.assignment()}

    until([client], lambda: topics() == {first}, "the topic that matches")
    second = create_topic(session, "match-2", 1)
    until([client], lambda: topics() == {first, second}, "the second topic")
    client.close()


def subscription_changes(session, protocol):
    topics = [create_topic(session, f"topic-{number}", 1) for number in range(2)]
    for number, topic in enumerate(topics):
        fill(session, topic, [b"%d" % number], 1)
    client = member(session, protocol)
    for number, topic in enumerate(topics):
        client.subscribe([topic])
        (message,) = read(client, 1)
        expect.equal(message.value(), b"%d" % number, f"from {topic}")
    client.unsubscribe()
    until([client], lambda: not client.assignment(), "nothing is assigned")
    client.close()


def seek_pause_resume(session, protocol):
    topic = create_topic(session, "topic", 1)
    fill(session, topic, numbers(0, 100), 1)
    client = member(session, protocol)
    client.subscribe([topic])
    read(client, 100)
    position = TopicPartition(topic, 0)
    client.seek(TopicPartition(topic, 0, 90))
    expect.same_lines(values_of(read(client, 10)), numbers(90, 100), "after the seek")
    client.pause([position])
    fill(session, topic, numbers(100, 110), 1)
    expect.equal(client.poll(1), None, "a message of a paused partition")
    client.resume([position])
    expect.same_lines(values_of(read(client, 10)), numbers(100, 110), "after the pause")
    expect.equal(client.position([position])[0].offset, 110, "the position")
    client.close()


def offsets_have_metadata(session, protocol):
    """Committed for given offsets, with a note; committed() gives them back, unknown ones -1001."""
    topic = create_topic(session, "topic", PARTITIONS)
    fill(session, topic, numbers(0, 100))
    client = member(session, protocol)
    client.subscribe([topic])
    until([client], lambda: balanced([client]), "everything is assigned")
    note = "a note \N{SNOWMAN}"
    client.commit(offsets=[TopicPartition(topic, 0, 7, note)], asynchronous=False)
    positions = [TopicPartition(topic, partition) for partition in range(2)]
    first, second = client.committed(positions, timeout=WAIT_S)
    expect.equal((first.offset, first.metadata), (7, note), "the committed offset")
    expect.equal(second.offset, OFFSET_INVALID, "an offset that was not committed")
    client.close()


def large_metadata_is_refused(session, protocol):
    """offset.metadata.max.bytes is 4096; this client sends the note with a zero byte behind it."""
    topic = create_topic(session, "topic", 1)
    client = member(session, protocol)
    client.subscribe([topic])
    until([client], lambda: assigned(client) == [0], "the partition is assigned")
    client.commit(offsets=[TopicPartition(topic, 0, 1, "x" * 4_095)], asynchronous=False)
    try:
        client.commit(offsets=[TopicPartition(topic, 0, 2, "x" * 4_096)], asynchronous=False)
        raise Failure("metadata of 4097 bytes was taken")
    except KafkaException as error:
        code = error.args[0].code()
    expect.equal(code, KafkaError.OFFSET_METADATA_TOO_LARGE, "the error")
    client.close()


def survives_a_restart(session, protocol):
    """Members find their group again, and what was committed before the restart is there."""
    topic = create_topic(session, "topic", PARTITIONS)
    fill(session, topic, numbers(0, 100))
    client = member(session, protocol)
    client.subscribe([topic])
    read(client, 100)
    client.commit(asynchronous=False)
    session.restart()
    fill(session, topic, numbers(100, 200))
    values = set(values_of(read(client, 100)))
    expect.equal(values, set(numbers(100, 200)), "after the restart")
    client.close()
    late = member(session, protocol)
    positions = [TopicPartition(topic, partition) for partition in range(PARTITIONS)]
    offsets = [found.offset for found in late.committed(positions, timeout=WAIT_S)]
    expect.equal(offsets, [100 // PARTITIONS] * PARTITIONS, "committed before the restart")
    late.close()


def protocols_follow_each_other(session, protocol):
    """An empty group may go on with the other protocol, from the same offsets."""
    other = CONSUMER if protocol == CLASSIC else CLASSIC
    topic = create_topic(session, "topic", PARTITIONS)
    for round_number, each in enumerate((protocol, other, protocol)):
        values = numbers(round_number * 100, (round_number + 1) * 100)
        fill(session, topic, values)
        client = member(session, each)
        client.subscribe([topic])
        expect.same_lines(values_of(read(client, 100)), values, f"round {round_number}, {each}")
        client.commit(asynchronous=False)
        client.close()


OF_BOTH = (
    reads_everything,
    resumes_after_commit,
    without_commit_reads_again,
    a_silent_member_is_removed,
    a_static_member_keeps_its_partitions,
    an_instance_exists_once,
    new_partitions_are_assigned,
    topics_by_pattern,
    subscription_changes,
    seek_pause_resume,
    offsets_have_metadata,
    large_metadata_is_refused,
    survives_a_restart,
    protocols_follow_each_other,
)
WAYS = {
    **{
        f"{CLASSIC}_{strategy.replace('-', '_')}": {
            "protocol": CLASSIC,
            "partition_assignment_strategy": strategy,
        }
        for strategy in STRATEGIES
    },
    **{
        f"{CONSUMER}_{assignor}": {"protocol": CONSUMER, "group_remote_assignor": assignor}
        for assignor in ("uniform", "range")
    },
}
CHECKS = {
    **{
        f"{check.__name__}_{protocol}": functools.partial(check, protocol=protocol)
        for protocol in (CLASSIC, CONSUMER)
        for check in OF_BOTH
    },
    **{
        f"{check.__name__}_{name}": functools.partial(check, **way)
        for name, way in WAYS.items()
        for check in (partitions_are_shared, nothing_is_lost_while_members_change)
    },
}
