"""The broker under test, as a process that a suite may stop and start again on its data.

A stop is SIGTERM and has to end with exit code 0; anything else is a failure of the suite.
"""

import http.client
import os
import signal
import socket
import subprocess
import time

from harness.expect import Failure

START_LIMIT_S = 120
STOP_LIMIT_S = 60
POLL_INTERVAL_S = 0.02
STDERR_LINES_MAX = 40
STDERR_COLUMNS_MAX = 400


class Broker:
    """`command serve --data DIR --listen HOST:PORT --http HOST:PORT`, fresh in `directory`."""

    def __init__(self, command, directory):
        directory.mkdir(parents=True)
        port, http_port = free_ports(2)
        self.bootstrap = f"127.0.0.1:{port}"
        self.http = f"127.0.0.1:{http_port}"
        self.stderr_path = directory / "stderr"
        self.command = [*command, "serve", "--data", str(directory / "data")]
        self.command += ["--listen", self.bootstrap, "--http", self.http]
        self.process = None
        self.starts = 0
        self.stderr_seen = 0

    def start(self):
        self.starts += 1
        with open(self.stderr_path, "ab") as stderr:
            # Its own group, so that ^C reaches the runner alone, which stops the broker in order.
            try:
                self.process = subprocess.Popen(
                    self.command, stdout=stderr, stderr=stderr, start_new_session=True
                )
            except OSError as error:
                raise Failure(f"the broker can not be started: {error}") from None
        deadline = time.monotonic() + START_LIMIT_S
        while not self.is_ready():
            code = self.process.poll()
            if code is not None:
                raise Failure(f"the broker ended with code {code} before it was ready")
            if time.monotonic() > deadline:
                raise Failure(f"/readyz did not answer 200 within {START_LIMIT_S} s")
            time.sleep(POLL_INTERVAL_S)

    def is_ready(self):
        connection = http.client.HTTPConnection(self.http, timeout=1)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"the broker did not end within {STOP_LIMIT_S} s of SIGTERM") from None
        if code != 0:
            raise Failure(f"the broker ended with code {code} after SIGTERM, not with 0")

    def restart(self):
        """Whether it was restarted: a broker that is not ours can not be."""
        self.stop()
        self.start()
        return True

    def ensure_running(self):
        """After a failed check: the next one shall find a broker."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def print_state(self):
        """After a failed check: whether it lives, and what it wrote since this was last asked."""
        code = self.process and self.process.poll()
        if code is not None:
            print(f"--- the broker has ended with code {code}")
        with open(self.stderr_path, "rb") as stderr:
            stderr.seek(self.stderr_seen)
            lines = stderr.read().decode(errors="replace").splitlines()
            self.stderr_seen = stderr.tell()
        print(f"--- the broker's stderr, {len(lines)} new lines")
        for line in lines[-STDERR_LINES_MAX:]:
            print(line[:STDERR_COLUMNS_MAX])
        print("---", flush=True)


class ForeignBroker:
    """A broker that somebody else runs: it is only connected to, never stopped."""

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.starts = 1

    def start(self):
        host, port = self.bootstrap.rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=10).close()

    def stop(self):
        pass

    def restart(self):
        return False

    def ensure_running(self):
        pass

    def kill(self):
        pass

    def print_state(self):
        pass


def free_ports(count):
    """Ports that were free a moment ago. They are held together, so that they differ."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
