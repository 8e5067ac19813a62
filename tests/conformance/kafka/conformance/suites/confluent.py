"""confluent-kafka from PyPI (librdkafka): consumer groups of both protocols, and their admin side.

Its own integration tests are not in its source distribution, so these are ours, over the same
ground. What needs no group is checked by tests/clients with a broker's own defaults, and here again
with the profile.
"""

from conformance import clients, groups, groups_admin

TOOLS = ()
CLIENTS = ("confluent",)


def prepare(_):
    """The client is in the venv already."""


def run(run):
    run.checks({**groups.CHECKS, **groups_admin.CHECKS})
    run.checks(clients.checks(CLIENTS))
