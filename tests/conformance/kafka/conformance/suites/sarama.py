"""sarama from the Go module proxy: the program go/sarama."""

from conformance import program

TOOLS = ("go",)


def prepare(cache):
    cache.go("sarama")


def run(run):
    run.checks(program.checks([str(run.cache.go("sarama"))]))
