"""Kafka Connect in standalone mode: a file as source, a topic between, a file as sink."""

import signal
import subprocess

from harness import expect
from harness.broker import free_ports
from suites.confluent_admin import create_topic

MAIN = "org.apache.kafka.connect.cli.ConnectStandalone"
SIGTERM_EXIT = 143
STOP_LIMIT_S = 60


class Worker:
    """A worker with two connectors, source to sink, by way of one topic."""

    def __init__(self, session, topic):
        self.session = session
        self.source = session.file("source")
        self.sink = session.file("sink")
        self.log = session.file("log")
        (port,) = free_ports(1)
        worker = {
            "bootstrap.servers": session.bootstrap,
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            "offset.storage.file.filename": str(session.file("offsets")),
            "offset.flush.interval.ms": "200",
            "listeners": f"http://127.0.0.1:{port}",
            "plugin.discovery": "only_scan",
            "consumer.session.timeout.ms": "6000",
            "consumer.metadata.max.age.ms": "1000",
        }
        source = {
            "name": session.topic("source"),
            "connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector",
            "tasks.max": "1",
            "file": str(self.source),
            "topic": topic,
        }
        sink = {
            "name": session.topic("sink"),
            "connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector",
            "tasks.max": "1",
            "file": str(self.sink),
            "topics": topic,
        }
        files = [self.properties(settings) for settings in (worker, source, sink)]
        self.command = [*session.cache.conformance_java(MAIN), *map(str, files)]

    def properties(self, settings):
        path = self.session.file("properties")
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def write(self, lines):
        with open(self.source, "ab") as source:
            source.write(b"".join(line + b"\n" for line in lines))

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        expect.equal(self.process.wait(STOP_LIMIT_S), SIGTERM_EXIT, "the exit code of a stop")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def read(self):
        return self.sink.read_bytes().split(b"\n")[:-1] if self.sink.exists() else []

    def arrives(self, lines):
        def all_there():
            if self.process.poll() is not None:
                text = self.log.read_text(errors="replace")
                raise expect.Failure(f"the worker ended:\n{text[-6000:]}")
            return len(self.read()) >= len(lines)

        self.session.eventually(all_there, f"{len(lines)} lines arrive in the sink")
        expect.same_lines(self.read(), lines, "the sink")


def file_to_file(session):
    """Lines go through, more of them too, and a restarted worker goes on where it stopped."""
    lines = [line for line in session.lines[:3_000] if line]
    parts = [lines[:1_000], lines[1_000:2_000], lines[2_000:]]
    worker = Worker(session, create_topic(session, "lines"))
    worker.write(parts[0])
    try:
        worker.start()
        worker.arrives(parts[0])
        worker.write(parts[1])
        worker.arrives(parts[0] + parts[1])
        worker.stop()
        worker.write(parts[2])
        worker.start()
        worker.arrives(lines)
        worker.stop()
    finally:
        worker.kill()


def file_to_file_in_a_new_topic(session):
    """The source task creates its topic by asking for it; the sink may be there before it."""
    lines = [b"%d" % number for number in range(100)]
    worker = Worker(session, session.topic("created"))
    worker.write(lines)
    try:
        worker.start()
        session.eventually(lambda: len(worker.read()) == len(lines), "all lines arrive")
        expect.same_lines(sorted(worker.read()), sorted(lines), "the sink")
        worker.stop()
    finally:
        worker.kill()


CHECKS = {
    "connect_file_to_file": file_to_file,
    "connect_file_to_file_in_a_new_topic": file_to_file_in_a_new_topic,
}
