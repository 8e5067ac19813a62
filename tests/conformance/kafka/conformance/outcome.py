"""How each test went, and whether that is what the list and FINDINGS.md say."""

import fnmatch
import re
import time

from conformance import expected
from harness.expect import Failure
from harness.report import Report

PASS, FAIL, SKIP = "pass", "FAIL", "skip"
# So that every check of ours has the same limit; suites of others have their own.
LINES = 60_000
NAME = re.compile(r"`([^`]+)`")


class Outcomes:
    def __init__(self, suite, findings):
        self.suite = suite
        self.findings = findings
        self.by_name = {}
        self.broken = []
        self.report = Report(LINES)
        self.start = time.monotonic()

    def step(self, what, broker, action):
        """Something that is no test and must not fail, such as the broker's start."""
        start = time.monotonic()
        try:
            action()
        except Failure as failure:
            print(f"{self.suite}: {what}: FAIL: {failure}", flush=True)
            broker.print_state()
            self.broken.append(what)
            return False
        print(f"{self.suite}: {what} ({time.monotonic() - start:.1f} s)", flush=True)
        return True

    def check(self, name, broker, action, measured=()):
        """Runs a check of ours as a test."""
        passed = self.report.check(name, broker, action, measured)
        self.by_name[name] = PASS if passed else FAIL

    def record(self, name, outcome, seconds=None, detail=""):
        """Takes note of a test that a suite of others has run."""
        self.by_name[name] = outcome
        took = "" if seconds is None else f" ({seconds:.1f} s)"
        if outcome == FAIL and self.is_explained(name):
            outcome = "fails, see FINDINGS.md"
        print(f"{name}{took} {outcome}{': ' if detail else ''}{detail}", flush=True)

    def judge(self, wanted, arguments):
        """Prints what is not as it should be, and a sum. Whether all is as it should be."""
        must = {name for name in wanted if not (arguments.quick and wanted[name].slow)}
        if arguments.tests:
            must &= set(arguments.tests)
        passed = {name for name, outcome in self.by_name.items() if outcome == PASS}
        others = sorted(set(self.by_name) - passed - must)
        unexplained = [name for name in others if not self.is_explained(name)]
        wrong = self.broken + sorted(must - passed) + unexplained
        for name in sorted(must - passed):
            print(f"must pass and does not: {name} ({self.by_name.get(name, 'was not run')})")
        for name in unexplained:
            print(f"not in FINDINGS.md: {name} ({self.by_name[name]})")
        new = sorted(passed - set(wanted))
        for name in new:
            print(f"passes and is not listed: {name}")
        if arguments.grow and new:
            expected.grow(self.findings.parent / "expected" / f"{self.suite}.txt", new)
        print(
            f"{self.suite}: {len(passed)} of {len(self.by_name)} pass, {len(must)} must,"
            f" {len(new)} new, {len(others) - len(unexplained)} explained,"
            f" {len(wrong)} wrong, {time.monotonic() - self.start:.0f} s",
            flush=True,
        )
        return not wrong

    def is_explained(self, name):
        reasons = self.reasons()
        return any(name == reason or fnmatch.fnmatchcase(name, reason) for reason in reasons)

    def reasons(self):
        """The names in backticks under this suite's heading; `*` in a name stands for anything."""
        section, names = None, []
        for line in self.findings.read_text().splitlines():
            if line.startswith("## "):
                section = line.removeprefix("## ").split(" ")[0]
            elif section == self.suite and line.startswith("- `"):
                names += NAME.findall(line.partition(": ")[0])
        return names
