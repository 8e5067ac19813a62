"""KafkaJS from npm: the program node/kafkajs."""

from conformance import program

TOOLS = ("node", "npm")


def prepare(cache):
    cache.node("kafkajs")


def run(run):
    run.checks(program.checks(["node", str(run.cache.node("kafkajs") / "checks.mjs")]))
