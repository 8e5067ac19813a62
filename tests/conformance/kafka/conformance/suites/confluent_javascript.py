"""@confluentinc/kafka-javascript from npm, which is librdkafka: the program node/confluent.

Its install step would fetch a built binary, or the sources of OpenSSL, curl and others, from
elsewhere. So librdkafka is built here from the sources in the package, with what the machine has,
and the addon is linked to that. There is no zstd then, and no TLS.
"""

import os
import pathlib
import shutil

from conformance import program
from harness.tools import attempt

TOOLS = ("node", "npm", "cc", "c++", "make", "python3")
PACKAGE = pathlib.Path("node_modules") / "@confluentinc" / "kafka-javascript"
WITHOUT = ("lz4-ext", "gssapi", "curl", "sasl", "ssl", "zstd")


def prepare(cache):
    cache.node("confluent", build)


def build(directory):
    package = directory / PACKAGE
    librdkafka = package / "deps" / "librdkafka"
    out = directory / "librdkafka"
    options = [f"--prefix={out}", "--no-download", *(f"--disable-{name}" for name in WITHOUT)]
    steps = ["./configure " + " ".join(options), f"make -j{os.cpu_count()} libs"]
    steps += ["make -C src install", "make -C src-cpp install"]
    attempt(["sh", "-c", f"cd '{librdkafka}' && " + " && ".join(steps)])
    include = out / "include"
    environment = {
        "BUILD_LIBRDKAFKA": "0",
        "CPLUS_INCLUDE_PATH": f"{include}:{include / 'librdkafka'}",
        "LIBRARY_PATH": str(out / "lib"),
        "LDFLAGS": f"-Wl,-rpath,{out / 'lib'}",
    }
    gyp = f"node '{node_gyp()}' rebuild --jobs={os.cpu_count()} --nodedir='{headers()}'"
    attempt(["sh", "-c", f"cd '{package}' && exec {gyp}"], environment)


def node_gyp():
    npm = pathlib.Path(shutil.which("npm")).resolve()
    return npm.parent.parent / "node_modules" / "node-gyp" / "bin" / "node-gyp.js"


def headers():
    """Where Node's own headers are: beside its program, so that none are fetched."""
    return pathlib.Path(shutil.which("node")).resolve().parent.parent


def run(run):
    run.checks(program.checks(["node", str(run.cache.node("confluent") / "checks.mjs")]))
