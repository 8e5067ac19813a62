"""The integration tests of kafka-python 3, as its source distribution has them.

They connect to a broker that is already running (KAFKA_URI). The distribution lacks two small
modules of the test package which only start brokers; `kafka_python_test` stands in for them, and
has a plugin against a race of the consumer's (FINDINGS.md).
"""

import os
import pathlib
import shutil
import subprocess
import xml.etree.ElementTree

from conformance.outcome import FAIL, PASS, SKIP

TOOLS = ()
# One test takes for granted that this is configured.
SETTINGS = {"advertised.listeners": "PLAINTEXT://{bootstrap}"}
PACKAGE = "kafka-python==3.0.12"
SHA256 = "4ccda3616b9aa5c353d74a97f2770d6cd1b950890d77ab0e8890e09a48eeed65"
# What kafka-python takes the broker for, by the versions that it advertises.
KAFKA_VERSION = "4.1"
LIMIT_S = 120
OVERLAY = pathlib.Path(__file__).resolve().parent / "kafka_python_test"
FILES = ("admin", "consumer", "producer")


def prepare(cache):
    source = cache.sdist(PACKAGE, SHA256)
    for path in OVERLAY.glob("*.py"):
        shutil.copy(path, source / "test" / path.name)


def run(run):
    source = run.cache.sdist(PACKAGE, SHA256)
    report = run.directory / "report.xml"
    environment = {
        **os.environ,
        "KAFKA_URI": f"kafka://{run.bootstrap}",
        "KAFKA_VERSION": KAFKA_VERSION,
        # Where the tests would start a broker from; it has to exist.
        "KAFKA_ROOT": str(source),
        "PYTHONPATH": str(source),
    }
    options = ["-q", "--no-header", "--tb=short", "-o", "addopts=", "-o", "log_level=WARNING"]
    options += ["-p", "test.refresh"]
    options += ["-p", "no:cacheprovider", "-o", "junit_logging=no", f"--junitxml={report}"]
    options += [f"--timeout={LIMIT_S}", "--timeout-method=signal"]
    command = [str(run.cache.python), "-m", "pytest", *options, *selection(run)]
    done = subprocess.run(
        command, cwd=source, env=environment, stdout=subprocess.PIPE, check=False
    )
    output = done.stdout.decode(errors="replace")
    if not report.exists():
        print(output)
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    names = [record(run, case) for case in cases]
    if any(name and not run.outcomes.is_explained(name) for name in names):
        print(output)


def selection(run):
    paths = [f"test/integration/test_{name}_integration.py" for name in FILES]
    if run.only:
        return [path_of(name) for name in run.only]
    return [*paths, *(f"--deselect={path_of(name)}" for name in run.left_out)]


def path_of(name):
    file, _, test = name.partition(".")
    return f"test/integration/test_{file}_integration.py::{test}"


def record(run, case):
    """A test is called FILE.TEST, as in `consumer.test_group`. Its name, if it failed."""
    file = case.get("classname").rpartition(".")[2]
    name = f"{file.removeprefix('test_').removesuffix('_integration')}.{case.get('name')}"
    children = {child.tag: child for child in case}
    seconds = float(case.get("time"))
    for tag, outcome in (("failure", FAIL), ("error", FAIL), ("skipped", SKIP)):
        if tag in children:
            message = (children[tag].get("message") or "").splitlines()
            run.outcomes.record(name, outcome, seconds, message[0] if message else "")
            return name if outcome == FAIL else None
    run.outcomes.record(name, PASS, seconds)
    return None
