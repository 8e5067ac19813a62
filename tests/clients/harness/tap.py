"""A proxy before the stand-in Kafka: which requests do clients send, and what if some are refused?

It counts requests by API key, version and client, and can hide APIs: they vanish from ApiVersions
responses, and a request for one closes the connection, as on a broker that does not have it. That
is how the suites are tested for a broker without consumer groups.

    frame:    length i32, then length bytes
    request:  key i16, version i16, correlation i32, client string, ...
    response: correlation i32, ...; of ApiVersions always without tags before the body
"""

import asyncio
import collections
import json
import struct

API_VERSIONS = 18
FLEXIBLE_SINCE = 3
REQUEST = struct.Struct(">hhih")
RANGE = struct.Struct(">hhh")


class Tap:
    def __init__(self, listen, upstream, hidden):
        self.listen = split_address(listen)
        self.upstream = split_address(upstream)
        self.hidden = frozenset(hidden)
        self.counts = collections.Counter()

    def serve(self):
        """Never returns."""
        asyncio.run(self.accept())

    async def accept(self):
        server = await asyncio.start_server(self.connected, *self.listen)
        async with server:
            await server.serve_forever()

    async def connected(self, reader, writer):
        versions = {}
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(*self.upstream)
        except OSError:
            writer.close()
            return
        pumps = [
            asyncio.create_task(self.requests(reader, upstream_writer, versions)),
            asyncio.create_task(self.responses(upstream_reader, writer, versions)),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        for end in (writer, upstream_writer):
            end.close()

    async def requests(self, reader, writer, versions):
        async for frame in frames(reader):
            key, version, correlation, length = REQUEST.unpack_from(frame)
            client = frame[REQUEST.size : REQUEST.size + max(length, 0)].decode(errors="replace")
            self.counts[key, version, client] += 1
            if key in self.hidden:
                return
            if key == API_VERSIONS:
                versions[correlation] = version
            await send(writer, frame)

    async def responses(self, reader, writer, versions):
        async for frame in frames(reader):
            (correlation,) = struct.unpack_from(">i", frame)
            version = versions.pop(correlation, None)
            if version is not None and self.hidden:
                frame = without(frame, version, self.hidden)
            await send(writer, frame)

    def write(self, path):
        """Adds one JSON object a line: key, version, client, count."""
        with open(path, "a") as file:
            for (key, version, client), count in sorted(self.counts.items()):
                row = {"key": key, "version": version, "client": client, "count": count}
                file.write(json.dumps(row) + "\n")


async def frames(reader):
    try:
        while True:
            (length,) = struct.unpack(">i", await reader.readexactly(4))
            yield await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError):
        return


async def send(writer, frame):
    writer.write(struct.pack(">i", len(frame)) + frame)
    await writer.drain()


def without(frame, version, hidden):
    """An ApiVersions response with fewer ranges.

    error i16, then up to version 2: count i32, ranges (key, min, max: i16); from version 3 on:
    count + 1 as a varint, each range followed by a byte of no tags. The rest stays as it is.
    """
    (error,) = struct.unpack_from(">h", frame, 4)
    flexible = version >= FLEXIBLE_SINCE and error == 0
    count, at = varint(frame, 6) if flexible else (struct.unpack_from(">i", frame, 6)[0], 10)
    count -= flexible
    size = RANGE.size + flexible
    ranges = [frame[at + size * index : at + size * (index + 1)] for index in range(count)]
    kept = [entry for entry in ranges if RANGE.unpack_from(entry)[0] not in hidden]
    length = to_varint(len(kept) + 1) if flexible else struct.pack(">i", len(kept))
    return frame[:6] + length + b"".join(kept) + frame[at + size * count :]


def varint(frame, at):
    value = shift = 0
    while True:
        byte = frame[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def to_varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def split_address(address):
    host, port = address.rsplit(":", 1)
    return host, int(port)
