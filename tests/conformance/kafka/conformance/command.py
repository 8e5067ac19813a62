"""The command line of a suite: prepare, start the broker, run, stop, judge."""

import argparse
import importlib
import os
import pathlib
import shlex
import shutil
import signal
import sys
import tempfile

from conformance import expected
from conformance.cache import Cache
from conformance.outcome import Outcomes
from conformance.run import Run
from harness import tools
from harness.broker import Broker

HERE = pathlib.Path(__file__).resolve().parent.parent
SUITES = (
    "confluent",
    "confluent-javascript",
    "franz-go",
    "kafka-python",
    "kafka-tools",
    "kafkajs",
    "rskafka",
    "sarama",
)
SIGTERM_EXIT = 143


def main(argv, description):
    arguments = parse(argv, description)
    cache = Cache(arguments.cache)
    try:
        cache.prepare_python()
        enter_venv(cache)
        suite = importlib.import_module(f"conformance.suites.{arguments.suite.replace('-', '_')}")
        for tool in suite.TOOLS:
            if not shutil.which(tool):
                raise tools.ToolError(f"{tool} is not installed")
        suite.prepare(cache)
    except tools.ToolError as error:
        print(f"{arguments.suite} can not be prepared: {error}", file=sys.stderr)
        sys.exit(2)
    if arguments.prepare:
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(SIGTERM_EXIT))
    wanted = expected.read(HERE / "expected" / f"{arguments.suite}.txt")
    if arguments.list:
        for name in sorted(wanted):
            print(f"{name} slow" if wanted[name].slow else name)
        return
    outcomes = run_suite(suite, arguments, cache, wanted)
    sys.exit(0 if outcomes.judge(wanted, arguments) else 1)


def parse(argv, description):
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("tests", nargs="*", metavar="TEST", help="only these")
    default = str(tools.REPOSITORY / "target" / "release" / "tidemill")
    parser.add_argument("--broker", metavar="CMD", default=default, help=default)
    parser.add_argument("--cache", default=str(tools.default_cache()), metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="leave out what is listed as slow")
    parser.add_argument("--grow", action="store_true", help="add new passes to the list")
    parser.add_argument("--list", action="store_true", help="print what must pass and end")
    parser.add_argument("--prepare", action="store_true", help="fetch what is needed and end")
    parser.add_argument("--keep", action="store_true", help="keep the broker's directory")
    return parser.parse_intermixed_args(argv)


def enter_venv(cache):
    """Suites of Python clients run in this process, so it has to be the venv's."""
    if pathlib.Path(sys.prefix).resolve() != cache.python.parent.parent.resolve():
        os.execv(cache.python, [str(cache.python), *sys.argv])


def run_suite(suite, arguments, cache, wanted):
    directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{arguments.suite}-", dir=cache.root))
    broker = Broker(shlex.split(arguments.broker), directory / "broker")
    broker.command += ["--config", str(HERE / "compat-test.toml")]
    for key, value in getattr(suite, "SETTINGS", {}).items():
        broker.command += ["--set", f"{key}={value.format(bootstrap=broker.bootstrap)}"]
    outcomes = Outcomes(arguments.suite, HERE / "FINDINGS.md")
    left_out = {name for name in wanted if arguments.quick and wanted[name].slow}
    try:
        if outcomes.step("the broker starts", broker, broker.start):
            suite.run(Run(broker, cache, directory, outcomes, arguments.tests, left_out))
            outcomes.step("the broker ends", broker, broker.stop)
    finally:
        broker.kill()
        if arguments.keep:
            print(f"kept: {directory}")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    return outcomes
