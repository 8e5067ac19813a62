"""Kafka's own command-line tools, Kafka Streams and Kafka Connect, from Maven Central.

The tools that need no group (console, topics, configs, offsets, verifiable producer, performance)
are checked by tests/clients with a broker's own defaults, and here again with the profile.
"""

from conformance import clients, connect, java_groups, java_replicas, streams

TOOLS = ("java", "javac", "mvn")
CLIENTS = ("java_console", "java_perf", "java_verifiable")


def prepare(cache):
    cache.prepare_java()
    cache.conformance_jars()


def run(run):
    own = (java_groups, java_replicas, streams, connect)
    for module in own:
        run.checks(module.CHECKS)
    run.checks(clients.checks(CLIENTS))
