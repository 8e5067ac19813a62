"""The integration tests of rskafka, as its crate has them; some of them also use rdkafka or Java.

They are built with rust/rskafka.lock: the crate's own lock file with a newer `rsasl`, as Rust 1.95
refuses the old one. The tests with Java fetch its client from Maven Central when they run.
"""

import pathlib
import re
import shutil
import subprocess

from conformance.outcome import FAIL, PASS, SKIP
from harness.tools import attempt

TOOLS = ("cargo", "cc", "make", "java")
# Its tests ask for topics that do not exist, and expect that they go on not existing. Its records
# are of 1970.
SETTINGS = {"auto.create.topics.enable": "false", "log.retention.ms": "-1"}
VERSION = "0.6.0"
SHA256 = "849b87417a191e37e16b8893eba8928bbd10e1989e6b57c4f8531549eaa29bdc"
LOCK = pathlib.Path(__file__).resolve().parent.parent.parent / "rust" / "rskafka.lock"
FILES = ("client", "consumer", "produce_consume", "producer")
RESULT = re.compile(r"^test (\S+) \.\.\. (ok|FAILED|ignored)", re.MULTILINE)
OUTCOMES = {"ok": PASS, "FAILED": FAIL, "ignored": SKIP}
# They end at once, as passed, where what they are for is missing.
WITHOUT_EFFECT = {"client.test_sasl", "client.test_socks5"}
LIMIT_S = 600


def prepare(cache):
    source = cache.crate("rskafka", VERSION, SHA256)
    shutil.copy(LOCK, source / "Cargo.lock")
    attempt(command(source, "--no-run"), cache.cargo_environment("rskafka"))


def command(source, *arguments):
    tests = [argument for file in FILES for argument in ("--test", file)]
    manifest = ["--manifest-path", str(source / "Cargo.toml")]
    return ["cargo", "test", "-q", "--locked", *manifest, *tests, *arguments]


def run(run):
    source = run.cache.crate("rskafka", VERSION, SHA256)
    environment = {
        **run.cache.cargo_environment("rskafka"),
        "TEST_INTEGRATION": "1",
        "TEST_BROKER_IMPL": "kafka",
        "TEST_JAVA_INTEROPT": "1",
        "KAFKA_CONNECT": run.bootstrap,
    }
    for file in FILES:
        filters = selection(run, file)
        if filters is None:
            continue
        one = ["cargo", "test", "-q", "--locked", "--manifest-path", str(source / "Cargo.toml")]
        one += ["--test", file, "--", "--format=pretty", *filters]
        done = subprocess.run(
            one, env=environment, stdout=subprocess.PIPE, timeout=LIMIT_S, check=False
        )
        output = done.stdout.decode(errors="replace")
        results = RESULT.findall(output)
        for test, result in results:
            name = f"{file}.{test}"
            outcome = SKIP if name in WITHOUT_EFFECT else OUTCOMES[result]
            run.outcomes.record(name, outcome)
        if any(result == "FAILED" for _, result in results) or not results:
            print(output)


def selection(run, file):
    """The test runner's filters, or None where nothing of the file is wanted."""
    prefix = f"{file}."
    names = run.only or run.left_out
    mine = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
    if run.only:
        return ["--exact", *mine] if mine else None
    return ["--exact", *(f"--skip={name}" for name in mine)]
