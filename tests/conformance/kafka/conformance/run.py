"""What a suite is given to run with: broker, cache, a directory, and which tests are wanted."""

import secrets
import shutil

from harness import text
from harness.session import Session

LINES = 20_000


class Run:
    def __init__(self, broker, cache, directory, outcomes, only, left_out):
        self.broker = broker
        self.bootstrap = broker.bootstrap
        self.cache = cache
        self.directory = directory
        self.outcomes = outcomes
        self.only = set(only)
        self.left_out = left_out

    def wants(self, name):
        return name in self.only if self.only else name not in self.left_out

    def checks(self, checks):
        """Runs checks of ours, which are functions of a Session, by name."""
        prefix = secrets.token_hex(4)
        lines = text.lines(LINES)
        for name, check in checks.items():
            if not self.wants(name):
                continue
            work = self.directory / name
            work.mkdir()
            session = Session(self.broker, self.cache, lines, work, f"{prefix}-{name}")
            self.outcomes.check(name, self.broker, lambda: check(session), session.measured)
            shutil.rmtree(work)
