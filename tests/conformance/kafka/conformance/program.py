"""A program of ours with a client of another language: one process a check.

`PROGRAM list` prints the names of its checks; `PROGRAM CHECK BOOTSTRAP PREFIX` runs one, fails with
an exit code other than 0 and says why on stderr. Each has a limit of its own time.
"""

from conformance.cache import output_of


def checks(command):
    """The checks of a program by name, each a function of a Session."""
    return {name: check(command, name) for name in output_of([*command, "list"]).split()}


def check(command, name):
    def run(session):
        session.run([*command, name, session.bootstrap, session.prefix])

    return run
