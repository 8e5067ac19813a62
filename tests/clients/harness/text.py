"""Real text to send: sources, manuals and licences that are on every machine which builds us.

It is taken from this repository, the Rust toolchain and the Python library, in the order of their
paths, and repeated until there are enough lines. Every line is numbered, so that no two are equal
and a swap shows; lines that are empty in the source stay empty, because an empty value is a case
of its own. The same machine gets the same text each time.
"""

import itertools
import pathlib
import subprocess
import sysconfig

from harness.tools import REPOSITORY

# What a line-oriented client can carry: console tools split at CR too.
FORBIDDEN = (b"\r", b"\0", b"\x0b", b"\x0c")
SOURCE_BYTES_MAX = 1 << 24
SUFFIXES = (".rs", ".md", ".toml", ".py")


def lines(count):
    """`count` byte strings without newline."""
    source = source_lines()
    numbered = (
        b"%08d %s" % (number, line) if line else b""
        for number, line in enumerate(itertools.cycle(source))
    )
    return list(itertools.islice(numbered, count))


def source_lines():
    collected, size = [], 0
    for path in source_paths():
        content = path.read_bytes()
        if any(byte in content for byte in FORBIDDEN) or not is_utf8(content):
            continue
        collected.extend(content.split(b"\n"))
        size += len(content)
        if size > SOURCE_BYTES_MAX:
            break
    return collected


def source_paths():
    yield from repository_paths(REPOSITORY)
    sysroot = subprocess.run(
        ["rustc", "--print", "sysroot"], check=True, capture_output=True, cwd=REPOSITORY
    )
    rust = pathlib.Path(sysroot.stdout.decode().strip())
    yield from sorted(rust.glob("share/man/man1/*.1"))
    yield from sorted(rust.glob("share/doc/*/[LR]*"))
    yield from sorted(pathlib.Path(sysconfig.get_path("stdlib")).glob("*.py"))


def repository_paths(directory):
    """Walked rather than asked of git, which refuses a tree that another user owns."""
    for path in sorted(directory.iterdir()):
        if path.is_dir():
            if path.name != "target" and not path.name.startswith("."):
                yield from repository_paths(path)
        elif path.suffix in SUFFIXES:
            yield path


def is_utf8(content):
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
