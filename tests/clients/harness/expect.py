"""Comparisons that say where two things differ, rather than that they do."""

SHOWN_MAX = 160


class Failure(Exception):
    """What the broker or a client did is not what it should have done."""


def equal(actual, expected, what):
    if actual != expected:
        raise Failure(f"{what}: expected {shown(expected)}, got {shown(actual)}")


def true(condition, what):
    if not condition:
        raise Failure(what)


def contains(text, part, what):
    if part not in text:
        raise Failure(f"{what}: no {shown(part)} in:\n{text}")


def same_lines(actual, expected, what):
    """Two lists of byte strings, in order."""
    if actual == expected:
        return
    for index, (got, wanted) in enumerate(zip(actual, expected)):
        if got != wanted:
            counts = f"{len(actual)} lines, expected {len(expected)}"
            raise Failure(
                f"{what}: first difference in line {index} ({counts}):\n"
                f"  expected {shown(wanted)}\n  got      {shown(got)}"
            )
    raise Failure(f"{what}: {len(actual)} lines, expected {len(expected)}; the rest is equal")


def file_lines(path):
    """The lines of a file that a client wrote: each one ended by a newline, the last too."""
    content = path.read_bytes()
    if not content:
        return []
    true(content.endswith(b"\n"), f"{path.name} does not end with a newline")
    return content[:-1].split(b"\n")


def shown(value):
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}... ({len(text)} characters)"
