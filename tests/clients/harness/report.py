"""Runs one check under a time limit and says how it went, one line each, and a sum at the end."""

import signal
import time
import traceback

from harness.expect import Failure

# Generous, because CI machines are slow and shared; it is there so that a broker which hangs
# ends as a failure and not as a cancelled job.
LIMIT_BASE_S = 240
LINES_PER_LIMIT_S = 1_000
# Of a client's own output: a Java stack can have thousands of lines.
MESSAGE_LINES_MAX = 60


class Report:
    def __init__(self, lines):
        self.limit_s = LIMIT_BASE_S + lines // LINES_PER_LIMIT_S
        self.passed = 0
        self.failed = []
        self.start = time.monotonic()

    def check(self, name, broker, action, measured=()):
        """Whether it passed."""
        start = time.monotonic()
        try:
            with Limit(self.limit_s):
                action()
            self.passed += 1
            outcome = "pass"
        except Failure as failure:
            outcome = f"FAIL: {shortened(str(failure))}"
        except Exception:
            outcome = f"FAIL: {traceback.format_exc()}"
        seconds = time.monotonic() - start
        parts = ", ".join(f"{what} {took:.1f}" for what, took in measured)
        print(f"{name} ({seconds:.1f} s{': ' if parts else ''}{parts}) {outcome}", flush=True)
        if outcome == "pass":
            return True
        self.failed.append(name)
        broker.print_state()
        try:
            broker.ensure_running()
        except Failure as failure:
            print(f"the broker can not be started again: {failure}", flush=True)
        return False

    def summary(self):
        seconds = time.monotonic() - self.start
        for name in self.failed:
            print(f"failed: {name}")
        print(f"clients: {self.passed} passed, {len(self.failed)} failed in {seconds:.0f} s")


def shortened(message):
    lines = message.splitlines()
    if len(lines) <= MESSAGE_LINES_MAX:
        return message
    half = MESSAGE_LINES_MAX // 2
    left_out = f"... {len(lines) - 2 * half} lines ..."
    return "\n".join([*lines[:half], left_out, *lines[-half:]])


class Limit:
    """Raises Failure in the main thread when the time is up; child processes end with it."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        signal.signal(signal.SIGALRM, self.expire)
        signal.alarm(self.seconds)

    def expire(self, *_):
        raise Failure(f"not done after {self.seconds} s")

    def __exit__(self, *_):
        signal.alarm(0)
