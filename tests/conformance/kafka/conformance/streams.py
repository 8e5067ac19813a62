"""Kafka Streams with at-least-once processing: java/src/WordCount.java, stopped and restored.

A clean stop commits everything, so the counts have to be exact, although the promise is only that
no word is counted too rarely; killing the application tests that promise.
"""

import collections
import functools
import re
import shutil
import signal
import subprocess

from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from harness import expect
from suites.confluent import read
from suites.confluent_admin import create_topic
from suites.java_console import produce_lines

PARTITIONS = 2
LINES = 500
WORD = re.compile(rb"\w+", re.ASCII)
SIGTERM_EXIT = 143
STOP_LIMIT_S = 60


class Application:
    """The application, which runs until it is stopped; its store may be taken away meanwhile."""

    def __init__(self, session, policy):
        self.session = session
        self.input = create_topic(session, "input", PARTITIONS)
        self.output = create_topic(session, "output", PARTITIONS)
        self.directory = session.file("state")
        self.log = session.file("log")
        arguments = [session.bootstrap, session.topic("words"), self.input, self.output]
        java = session.cache.conformance_java("WordCount")
        self.command = [*java, *arguments, str(self.directory), policy]

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        expect.equal(self.process.wait(STOP_LIMIT_S), SIGTERM_EXIT, "the exit code of a stop")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def forget(self):
        shutil.rmtree(self.directory)

    def counts(self):
        """The newest count of each word in the output topic."""
        positions = [TopicPartition(self.output, n, OFFSET_BEGINNING) for n in range(PARTITIONS)]
        keep = lambda message: (message.key(), int(message.value()))
        messages = read(self.session, positions, keep=keep)
        return {word: count for part in messages.values() for word, count in part}

    def eventually(self, condition, what):
        def met():
            if self.process.poll() is not None:
                text = self.log.read_text(errors="replace")
                raise expect.Failure(f"the application ended before {what}:\n{text[-6000:]}")
            return condition(self.counts())

        self.session.eventually(met, what)


def words(lines):
    return collections.Counter(word for line in lines for word in WORD.findall(line))


def text_of(session, part):
    lines = [line for line in session.lines if line]
    return lines[part * LINES : (part + 1) * LINES]


def word_count(session, policy):
    """Counts, stops, loses its store, restores it from the changelog, and counts on."""
    application = Application(session, policy)
    lines = []
    try:
        for part in range(2):
            new = text_of(session, part)
            produce_lines(session, application.input, new)
            lines += new
            application.start()
            wanted = dict(words(lines))
            application.eventually(lambda counts: counts == wanted, f"the counts of part {part}")
            application.stop()
            application.forget()
    finally:
        application.kill()


def word_count_after_a_kill(session):
    """Killed while it counts: no word is counted too rarely."""
    application = Application(session, "delete")
    try:
        produce_lines(session, application.input, text_of(session, 0))
        application.start()
        application.eventually(bool, "the first counts")
        application.kill()
        produce_lines(session, application.input, text_of(session, 1))
        application.start()
        wanted = words([*text_of(session, 0), *text_of(session, 1)])

        def enough(counts):
            return all(counts.get(word, 0) >= count for word, count in wanted.items())

        application.eventually(enough, "every word is counted often enough")
        application.stop()
    finally:
        application.kill()


CHECKS = {
    # What Streams asks for by itself, and what it can do without compaction.
    "streams_word_count": functools.partial(word_count, policy="compact"),
    "streams_word_count_with_a_changelog_that_is_kept": functools.partial(
        word_count, policy="delete"
    ),
    "streams_word_count_after_a_kill": word_count_after_a_kill,
}
