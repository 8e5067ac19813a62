"""The admin side of consumer groups with confluent-kafka: list, describe, offsets, delete."""

import functools

from confluent_kafka import (
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    ConsumerGroupType,
    TopicPartition,
)
from conformance.groups import CLASSIC, CONSUMER, PARTITIONS, balanced, fill, member, numbers
from conformance.groups import read, until
from harness import expect
from suites.confluent import producer, send
from suites.confluent_admin import admin, create_topic, outcome, refused, succeeded

TYPES = {CLASSIC: ConsumerGroupType.CLASSIC, CONSUMER: ConsumerGroupType.CONSUMER}


def described(session, group):
    return succeeded(admin(session).describe_consumer_groups([group]), f"describe {group}")


def listed(session, **filters):
    found = admin(session).list_consumer_groups(**filters).result()
    expect.equal(found.errors, [], "errors of the list")
    return {group.group_id: group for group in found.valid}


def offsets(session, group, positions=None):
    asked = [ConsumerGroupTopicPartitions(group, positions)]
    found = succeeded(admin(session).list_consumer_group_offsets(asked), "list the offsets")
    return {(p.topic, p.partition): p.offset for p in found.topic_partitions}


def reading_member(session, protocol, **settings):
    """A topic with 100 messages and a member that has read and committed them."""
    topic = create_topic(session, "topic", PARTITIONS)
    fill(session, topic, numbers(0, 100))
    client = member(session, protocol, **settings)
    client.subscribe([topic])
    read(client, 100)
    until([client], lambda: balanced([client]), "everything is assigned")
    client.commit(asynchronous=False)
    return topic, client


def groups_are_listed(session, protocol):
    group = session.topic("group")
    _, client = reading_member(session, protocol)
    entry = listed(session)[group]
    expect.equal((entry.state, entry.type), (ConsumerGroupState.STABLE, TYPES[protocol]), "listed")
    expect.equal(entry.is_simple_consumer_group, False, "whether it is a simple one")
    stable = listed(session, states={ConsumerGroupState.STABLE}, types={TYPES[protocol]})
    expect.true(group in stable, "the group is not among the stable ones of its type")
    expect.true(group not in listed(session, states={ConsumerGroupState.EMPTY}), "it is empty")
    other = {kind for kind in TYPES.values() if kind != TYPES[protocol]}
    expect.true(group not in listed(session, types=other), "it is of the other type as well")
    client.close()
    empty = {ConsumerGroupState.EMPTY}
    session.eventually(lambda: group in listed(session, states=empty), "the group is empty")


def groups_are_described(session, protocol):
    group = session.topic("group")
    settings = {"client_id": "a client", "group_instance_id": "an instance"}
    topic, client = reading_member(session, protocol, **settings)
    found = described(session, group)
    expect.equal((found.state, found.type), (ConsumerGroupState.STABLE, TYPES[protocol]), "group")
    strategy = "range" if protocol == CLASSIC else "uniform"
    expect.equal(found.partition_assignor, strategy, "the assignor")
    expect.equal(f"{found.coordinator.host}:{found.coordinator.port}", session.bootstrap, "node")
    (one,) = found.members
    expect.equal(one.client_id, "a client", "the member's client")
    expect.equal(one.group_instance_id, "an instance", "the member's instance")
    expect.true("127.0.0.1" in one.host, f"the member's host: {one.host}")
    positions = {(p.topic, p.partition) for p in one.assignment.topic_partitions}
    expect.equal(positions, {(topic, number) for number in range(PARTITIONS)}, "its partitions")
    client.close()


def an_unknown_group_is_described(session):
    """Classic describe calls it dead; KIP-848's describe has an error for it (Kafka 4)."""
    error, found = outcome(admin(session).describe_consumer_groups([session.topic("unknown")]))
    if error is None:
        expect.equal(found.state, ConsumerGroupState.DEAD, "the state")
    else:
        expect.equal(error, "GROUP_ID_NOT_FOUND", "the error")


def offsets_are_listed_and_altered(session, protocol):
    group = session.topic("group")
    topic, client = reading_member(session, protocol)
    each = 100 // PARTITIONS
    expect.equal(offsets(session, group)[topic, 0], each, "the committed offset")
    change = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 3)])]
    answer = succeeded(admin(session).alter_consumer_group_offsets(change), "alter")
    (error,) = [position.error.name() for position in answer.topic_partitions if position.error]
    expect.equal(error, "UNKNOWN_MEMBER_ID", "altering the offsets of a group with members")
    client.close()
    empty = ConsumerGroupState.EMPTY
    session.eventually(lambda: described(session, group).state == empty, "the group is empty")
    succeeded(admin(session).alter_consumer_group_offsets(change), "alter")
    expect.equal(offsets(session, group)[topic, 0], 3, "the altered offset")
    asked = [TopicPartition(topic, 0), TopicPartition(topic, 99)]
    found = offsets(session, group, asked)
    expect.equal(found[topic, 0], 3, "the altered offset, asked for by name")
    again = member(session, protocol)
    again.subscribe([topic])
    expect.equal(len(read(again, each - 3)), each - 3, "messages behind the altered offset")
    again.close()


def offsets_of_a_new_group(session):
    """Offsets may be set for a group that never had a member; that makes it an empty one."""
    group = session.topic("group")
    topic = create_topic(session, "topic", PARTITIONS)
    change = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 1, 5)])]
    succeeded(admin(session).alter_consumer_group_offsets(change), "alter")
    expect.equal(offsets(session, group), {(topic, 1): 5}, "the offsets")
    expect.equal(listed(session)[group].state, ConsumerGroupState.EMPTY, "the group's state")
    expect.equal(listed(session)[group].is_simple_consumer_group, True, "a simple group")


def groups_are_deleted(session, protocol):
    group = session.topic("group")
    _, client = reading_member(session, protocol)
    delete = admin(session).delete_consumer_groups
    refused(delete([group]), "NON_EMPTY_GROUP", "a group with a member")
    client.close()
    empty = ConsumerGroupState.EMPTY
    session.eventually(lambda: described(session, group).state == empty, "the group is empty")
    succeeded(delete([group]), "delete")
    expect.true(group not in listed(session), "the deleted group is listed")
    refused(delete([group]), "GROUP_ID_NOT_FOUND", "a second delete")


def offsets_go_with_their_topic(session, protocol):
    group = session.topic("group")
    topic, client = reading_member(session, protocol)
    client.close()
    succeeded(admin(session).delete_topics([topic]), "delete the topic")
    session.eventually(
        lambda: not any(offset >= 0 for offset in offsets(session, group).values()),
        "the offsets are gone",
    )


def clients_can_not_write_to_the_offsets_topic(session):
    """The topic is there as soon as there is a group, and only the coordinator may write to it."""
    _, client = reading_member(session, CLASSIC)
    client.close()
    error, _ = send(producer(session), "__consumer_offsets", b"v", key=b"k")
    expect.equal(error, "TOPIC_EXCEPTION", "the delivery report")


CHECKS = {
    "clients_can_not_write_to_the_offsets_topic": clients_can_not_write_to_the_offsets_topic,
    "an_unknown_group_is_described": an_unknown_group_is_described,
    "offsets_of_a_new_group": offsets_of_a_new_group,
    **{
        f"{check.__name__}_{protocol}": functools.partial(check, protocol=protocol)
        for protocol in (CLASSIC, CONSUMER)
        for check in (
            groups_are_listed,
            groups_are_described,
            offsets_are_listed_and_altered,
            groups_are_deleted,
            offsets_go_with_their_topic,
        )
    },
}
