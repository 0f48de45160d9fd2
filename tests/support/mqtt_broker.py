"""A real MQTT broker on loopback, in a thread with a loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from amqtt.broker import Broker

CONFIGURATION = {
    "listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}},
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


@contextmanager
def mqtt_broker() -> Iterator[int]:
    """Run a broker on a free port; yields the port."""
    ready, ports = threading.Event(), list[int]()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        broker = Broker(CONFIGURATION)
        await broker.start()
        listener = broker._servers["default"].instance  # noqa: SLF001  the broker tells its port nowhere else
        ports.append(listener.sockets[0].getsockname()[1])
        ended = asyncio.Event()
        stop.append((asyncio.get_running_loop(), ended))
        ready.set()
        await ended.wait()
        await broker.shutdown()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    assert ready.wait(20), "the broker does not start"
    try:
        yield ports[0]
    finally:
        loop, ended = stop[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
