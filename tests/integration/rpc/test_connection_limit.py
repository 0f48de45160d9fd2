"""Connections beyond the hub's limit are cut at once; a place that becomes free is taken again."""

import asyncio
import contextlib
from pathlib import Path

import grpc
from support.market import Market
from support.serving import prepared_for

from vpp.foundation.clock import pause
from vpp.hub.composition import compose
from vpp.hub.settings import ServerSettings

HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
LIMIT = 10


async def test_more_connections_than_the_hub_has_room_for(market: Market, tmp_path: Path) -> None:
    prepared = prepared_for(market, tmp_path)
    settings = prepared.settings.model_copy(update={"server": ServerSettings(max_connections=LIMIT)})
    object.__setattr__(prepared, "settings", settings)
    hub = compose(prepared)
    port = hub.server.add_insecure_port("127.0.0.1:0")
    await hub.server.start()
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2 * LIMIT)]
    try:
        assert sum(await asyncio.gather(*(answered(*each) for each in opened))) == LIMIT
        for _, writer in opened:
            writer.transport.abort()
        await pause(0.2)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            async with asyncio.timeout(10):
                await channel.channel_ready()
    finally:
        await hub.server.stop(0)
        for threads in (hub.rpc_threads, hub.due_threads, hub.background_threads):
            threads.shutdown()


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Begin to talk; tells whether the hub did too."""
    with contextlib.suppress(ConnectionError, TimeoutError):
        writer.write(HELLO)
        async with asyncio.timeout(2):
            return bool(await reader.read(9))
    return False
