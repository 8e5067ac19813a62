"""franz-go from the Go module proxy: its own tests that need a broker, and the program go/franz.

The module holds the tests; go.sum of go/franz has its hash. Of its own tests those are run that
connect to KGO_SEEDS and need neither transactions nor share groups. TestGroupETL sends records
through chains of groups that members keep joining and leaving, with each protocol, and finds what
is lost, double or out of order.
"""

import json
import os
import subprocess

from conformance import program
from conformance.outcome import FAIL, PASS, SKIP

TOOLS = ("go",)
OWN = "kgo"
MODULE = "github.com/twmb/franz-go"
TESTS = (
    "Test848RegexBrokerResolves",
    "TestAddRemovePartitions",
    "TestClient_Produce",
    "TestClient_ProduceLargeMessages",
    "TestConsumeMaxDecompressBatchBytes",
    "TestConsumeRegex",
    "TestConsumeTopicRetrieval",
    "TestConsumeTopicRetrieval_Many",
    "TestDirectPartitionPurge",
    "TestGroupETL",
    "TestGroupSimple",
    "TestHookPollStart",
    "TestIssue325",
    "TestIssue337",
    "TestIssue434",
    "TestIssue523",
    "TestIssue648",
    "TestIssue769",
    "TestIssue810",
    "TestIssue831",
    "TestIssue865",
    "TestIssue1034",
    "TestIssueFetchLargerThanBrokerMaxReadBytes",
    "TestIssueProduceSyncManualPartitionNegativeDoesNotPanic",
    "TestPauseIssue489",
    "TestPauseIssueOct2023",
    "TestPing",
    "TestPooling",
    "TestUnknownGroupOffsetFetchPinned",
)
RECORDS = 50_000
LIMIT_S = 300
OUTCOMES = {"pass": PASS, "fail": FAIL, "skip": SKIP}


def prepare(cache):
    cache.go("franz")
    cache.go_tests("franz", MODULE, "pkg/kgo")


def run(run):
    run.checks(program.checks([str(run.cache.go("franz"))]))
    tests = [test for test in TESTS if run.wants(f"{OWN}.{test}")]
    if tests:
        run_own(run, tests)


def run_own(run, tests):
    binary = run.cache.go_tests("franz", MODULE, "pkg/kgo")
    options = [f"-test.run=^({'|'.join(tests)})$", f"-test.timeout={LIMIT_S}s", "-test.v=test2json"]
    environment = {
        **os.environ,
        "KGO_SEEDS": run.bootstrap,
        "KGO_TEST_RF": "1",
        "KGO_TEST_RECORDS": str(RECORDS),
        "KGO_LOG_LEVEL": "none",
    }
    command = ["go", "tool", "test2json", "-t", str(binary), *options]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    output = {}
    for event in map(json.loads, done.stdout.decode().splitlines()):
        test = event.get("Test")
        if event["Action"] == "output" and test:
            output.setdefault(test.partition("/")[0], []).append(event["Output"])
        elif test and event["Action"] in OUTCOMES:
            record(run, test, event, output)


def record(run, test, event, output):
    """Subtests are tests too, as in `kgo.TestGroupETL/range/848`."""
    outcome = OUTCOMES[event["Action"]]
    run.outcomes.record(f"{OWN}.{test}", outcome, event.get("Elapsed"))
    if outcome == FAIL and "/" not in test:
        print("".join(output.get(test, [])))
