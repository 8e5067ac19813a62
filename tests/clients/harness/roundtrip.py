"""The main check, the same for every client: lines in, the same out, again after a restart."""

from harness import expect, wire

CODECS = wire.CODECS


def split(lines, partitions):
    """Line i goes to partition i modulo their number."""
    return [lines[partition::partitions] for partition in range(partitions)]


def check(session, codec, topic, produce, consume, partitions=1):
    """`produce(slices)` sends a list of lines to each partition, `consume()` returns such lists."""
    slices = split(session.lines, partitions)
    with session.measure("produce"):
        produce(slices)
    for partition, lines in enumerate(slices):
        if lines:
            compressed_and_idempotent(session, topic, partition, codec)
    with session.measure("consume"):
        read = consume()
    compare(read, slices, "consumed")
    if session.restart():
        with session.measure("consume again"):
            read = consume()
        compare(read, slices, "consumed after the restart")


def compare(read, slices, what):
    expect.equal(len(read), len(slices), f"{what}: partitions")
    for partition, lines in enumerate(slices):
        expect.same_lines(read[partition], lines, f"{what}, partition {partition}")


def compressed_and_idempotent(session, topic, partition, codec):
    """The batches at the beginning are what the producer was asked for.

    Clients leave a batch uncompressed where compression does not pay, so some are enough.
    """
    batches = wire.batches(session.bootstrap, topic, partition)
    codecs = {batch.codec for batch in batches}
    expect.true(codec in codecs, f"{topic}: batches stored with {codecs}, none with {codec}")
    for batch in batches:
        expect.true(batch.producer_id >= 0, f"{topic}: a batch without a producer id")
        expect.true(batch.base_sequence >= 0, f"{topic}: a batch without a sequence")
