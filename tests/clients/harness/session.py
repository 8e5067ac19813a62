"""What a check is given: a broker, the tools, the text, a place for files, and a stopwatch."""

import contextlib
import itertools
import subprocess
import time

from harness.expect import Failure

EVENTUALLY_S = 30
POLL_INTERVAL_S = 0.05


class Session:
    def __init__(self, broker, cache, lines, work, prefix):
        self.broker = broker
        self.bootstrap = broker.bootstrap
        self.cache = cache
        self.lines = lines
        self.work = work
        self.prefix = prefix
        self.measured = []
        self.files = itertools.count()

    def topic(self, name):
        """A name that no earlier run on the same broker has used."""
        return f"{self.prefix}-{name}"

    def file(self, name="file"):
        return self.work / f"{next(self.files)}-{name}"

    def text_file(self, lines):
        path = self.file("text")
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    def restart(self):
        """Whether the broker was restarted; one that is only connected to is not."""
        start = time.monotonic()
        restarted = self.broker.restart()
        self.measured.append(("restart" if restarted else "no restart", time.monotonic() - start))
        return restarted

    def eventually(self, condition, what):
        """Kafka answers an administrative call before every part of it knows the outcome."""
        deadline = time.monotonic() + EVENTUALLY_S
        while not condition():
            if time.monotonic() > deadline:
                raise Failure(f"not within {EVENTUALLY_S} s: {what}")
            time.sleep(POLL_INTERVAL_S)

    @contextlib.contextmanager
    def measure(self, what):
        start = time.monotonic()
        yield
        self.measured.append((what, time.monotonic() - start))

    def run(self, command, stdin=None, stdout=None, input=None, code=0):
        """Runs a client to its end. Returns (stdout, stderr) as text; stdout may go to a file.

        `code` is what it has to exit with; None accepts any.
        """
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(open(stdin, "rb")) if stdin else None
            target = stack.enter_context(open(stdout, "wb")) if stdout else subprocess.PIPE
            if source is None and input is None:
                input = b""
            process = subprocess.run(
                command, stdin=source, input=input, stdout=target, stderr=subprocess.PIPE
            )
        out = (process.stdout or b"").decode(errors="replace")
        err = process.stderr.decode(errors="replace")
        if code is not None and process.returncode != code:
            line = " ".join(map(str, command))
            raise Failure(
                f"exit code {process.returncode} instead of {code}: {line[-600:]}\n{out}{err}"
            )
        return out, err
