"""The clients under test: fetched once into a cache directory, at pinned versions.

The cache holds a Python venv, the jars of java/pom.xml and the compiled classes of java/src. Each
part has a stamp with the hash of what it was made from, so that a changed pin makes it anew.
kcat comes from the Debian package and is installed into the system, for want of another way.
"""

import hashlib
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

CLIENTS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = CLIENTS.parent.parent
ATTEMPTS_MAX = 3
FETCH_TIMEOUT_S = 600


class ToolError(Exception):
    """A tool could not be installed; there is no suite to run without it."""


def default_cache():
    return REPOSITORY / "target" / "clients"


class Cache:
    def __init__(self, root):
        self.root = pathlib.Path(root).absolute()
        self.python = self.root / "venv" / "bin" / "python"
        self.jars = self.root / "jars"
        self.classes = self.root / "classes"

    def prepare(self):
        self.prepare_kcat()
        self.prepare_python()
        self.prepare_java()

    def prepare_kcat(self):
        if not shutil.which("kcat"):
            install("kcat")

    def prepare_python(self):
        requirements = CLIENTS / "requirements.txt"
        with Stamp(self.root / "venv", [requirements], sys.version) as stamp:
            if stamp.fresh:
                return
            if importlib.util.find_spec("ensurepip") is None:
                install("python3-venv")
            attempt([sys.executable, "-m", "venv", "--clear", str(stamp.directory)])
            attempt([str(self.python), "-m", "pip", "install", "-q", "-r", str(requirements)])

    def prepare_java(self):
        pom = CLIENTS / "java" / "pom.xml"
        with Stamp(self.jars, [pom]) as stamp:
            if not stamp.fresh:
                goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
                target = f"-DoutputDirectory={self.jars}"
                attempt(["mvn", "-B", "-q", "-f", str(pom), *goal, target])
        sources = sorted((CLIENTS / "java" / "src").glob("*.java"))
        with Stamp(self.classes, [pom, *sources]) as stamp:
            if not stamp.fresh:
                command = ["javac", "-Xlint:all,-path,-classfile", "-Werror", "-proc:none"]
                command += ["-cp", f"{self.jars}/*", "-d", str(self.classes)]
                attempt([*command, *map(str, sources)])

    def java(self, main, heap="256m", log_level="warn"):
        """The start of a command line that runs `main` with every jar at hand."""
        return [
            "java",
            f"-Xmx{heap}",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1" if heap == "256m" else "-XX:+TieredCompilation",
            f"-Dorg.slf4j.simpleLogger.defaultLogLevel={log_level}",
            "-cp",
            f"{self.classes}:{self.jars}/*",
            main,
        ]


class Stamp:
    """A directory that is only kept if it was made, to the end, from the same files."""

    def __init__(self, directory, files, salt=""):
        digest = hashlib.sha256(salt.encode())
        for path in files:
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
        self.directory = directory
        self.hash = digest.hexdigest()
        self.path = directory.parent / f"{directory.name}.stamp"
        self.fresh = self.path.exists() and self.path.read_text() == self.hash

    def __enter__(self):
        if not self.fresh:
            self.path.unlink(missing_ok=True)
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory.mkdir(parents=True)
        return self

    def __exit__(self, kind, *_):
        if kind is None and not self.fresh:
            self.path.write_text(self.hash)


def install(package):
    if os.geteuid() != 0:
        raise ToolError(f"{package} is not installed, and only root may: apt-get install {package}")
    attempt(["apt-get", "update"])
    attempt(["apt-get", "install", "-y", "--no-install-recommends", package])


def attempt(command, environment=None):
    """Runs a command that may fail for reasons of the network, a few times."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **(environment or {})}
    for left in reversed(range(ATTEMPTS_MAX)):
        try:
            subprocess.run(
                command,
                check=True,
                env=environment,
                timeout=FETCH_TIMEOUT_S,
                stdout=sys.stderr,
            )
            return
        except FileNotFoundError as error:
            raise ToolError(f"{command[0]} is not installed") from error
        except subprocess.SubprocessError as error:
            if left == 0:
                raise ToolError(f"{' '.join(command)}: {error}") from error
            print(f"failed, {left} attempts left: {' '.join(command)}", file=sys.stderr)
