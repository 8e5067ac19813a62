"""The lists of tests that must pass, `expected/SUITE.txt`: one name a line, sorted.

` slow` behind a name leaves the test out of quick runs; `#` begins a comment line. A list only
grows: what has passed once must go on passing.
"""

import dataclasses

SLOW = " slow"


@dataclasses.dataclass(frozen=True)
class Expected:
    slow: bool


def read(path):
    """Names and what the list says of them; a missing file is an empty list."""
    names = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        if line and not line.startswith("#"):
            names[line.removesuffix(SLOW)] = Expected(line.endswith(SLOW))
    return names


def grow(path, names):
    """Adds names and keeps everything else of the file."""
    lines = path.read_text().splitlines() if path.exists() else []
    comments = [line for line in lines if line.startswith("#")]
    entries = {line for line in lines if line and not line.startswith("#")}
    path.write_text("".join(f"{line}\n" for line in [*comments, *sorted(entries | set(names))]))
