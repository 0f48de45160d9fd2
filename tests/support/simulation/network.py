"""The network between clients and the hub, and the channel that the real stubs are built on."""

import asyncio
import hashlib
import random
from collections.abc import Callable, Sequence
from typing import Any

import grpc
from support.simulation.process import Process, in_process
from support.simulation.server import SimulatedContext, SimulatedServer
from support.simulation.wire import Broken, Connection, Pipe

from vpp.foundation.clock import pause

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
LONGEST_CALL_S = 60.0
NEVER_OF_A_SESSION = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNKNOWN,
    }
)
"""How no session of an agent that is in its right mind ends."""


class Trace:
    """A hash over everything that happened, with its time: equal traces, equal days."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self.count = 0

    def note(self, what: str, *facts: object) -> None:
        now = asyncio.get_running_loop().time()
        self._hash.update(f"{now:.6f} {what} {facts}\n".encode())
        self.count += 1

    def digest(self) -> str:
        return self._hash.hexdigest()


class Network:
    """Which hub serves, and what stands between it and each client."""

    def __init__(
        self,
        seed: int,
        trace: Trace,
        complain: Callable[[str], None],
        verifying: frozenset[str] = frozenset(),
    ) -> None:
        self._rng = random.Random(f"network/{seed}")
        self._verifying = verifying
        self.damage_ratio = 0.0
        self.damage_count = 0
        self.trace = trace
        self.complain = complain
        self.repeat_ratio = 0.0
        self.on_down: Callable[[str, int], None] | None = None
        """A deliberate defect: called with site and sequence of a delivery as it is sent."""
        self.server: SimulatedServer | None = None
        self.hub: Process | None = None
        self.connections: dict[str, list[Connection]] = {}
        self._parted_until: dict[str, float] = {}

    def on_its_way(self, client: str, response: Any) -> Any:  # noqa: ANN401
        """Return a message as it arrives: some signed ones are changed, where that will be noticed."""
        if client not in self._verifying or not response.delivery.HasField("signed_delivery"):
            return response
        if self._rng.random() >= self.damage_ratio:
            return response
        self.damage_count += 1
        damaged = type(response)()
        damaged.CopyFrom(response)
        signed = damaged.delivery.signed_delivery
        at = self._rng.randrange(len(signed.delivery))
        signed.delivery = signed.delivery[:at] + bytes([signed.delivery[at] ^ 1]) + signed.delivery[at + 1 :]
        return damaged

    def serve(self, server: SimulatedServer, hub: Process) -> None:
        """Let a hub serve."""
        self.server, self.hub = server, hub

    def hub_died(self) -> None:
        """End every connection of the hub that served."""
        self.server = self.hub = None
        for client in tuple(self.connections):
            for connection in self.connections.pop(client):
                connection.hub_died()

    def client_died(self, client: str) -> None:
        for connection in self.connections.pop(client, []):
            connection.client_died()

    def part(self, client: str, seconds: float) -> None:
        """Keep a client from the hub for so long: a partition."""
        until = asyncio.get_running_loop().time() + seconds
        self._parted_until[client] = max(until, self._parted_until.get(client, 0.0))
        self.each(client, Connection.silence)

    def is_parted(self, client: str) -> bool:
        return self._parted_until.get(client, 0.0) > asyncio.get_running_loop().time()

    def each(self, client: str, fault: Callable[[Connection], None]) -> None:
        """Do something to every connection of a client."""
        for connection in self.connections.get(client, []):
            fault(connection)

    def connect(self, client: str) -> Connection:
        """Return a new connection.

        Raises:
            AioRpcError: Nobody serves, or the client is cut off.
        """
        if self.server is None or self.is_parted(client):
            raise failure(UNAVAILABLE, "failed to connect")
        connection = Connection(self, client, self._rng)
        live = [one for one in self.connections.get(client, []) if not one.is_broken]
        self.connections[client] = [*live, connection]
        return connection


def failure(code: grpc.StatusCode, details: str, trailing: Sequence[Any] = ()) -> grpc.aio.AioRpcError:
    """Return what grpc.aio raises at a client."""
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), details)


class SimulatedChannel:
    """Stands for grpc.aio.Channel; the generated stubs are built on it."""

    def __init__(self, network: Network, client: str) -> None:
        self._network = network
        self._client = client
        self._connection: Connection | None = None

    def connection(self) -> Connection:
        """Return the connection, made anew when it is known to be broken."""
        if self._connection is None or self._connection.is_broken:
            self._connection = self._network.connect(self._client)
        return self._connection

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.client_died()
            self._connection.is_broken = True

    def unary_unary(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Any:  # noqa: ANN401
        def call(request: Any, *, metadata: Any = (), timeout: float | None = None, **_: Any) -> Any:  # noqa: ANN401
            return self._ask(path, request_serializer(request), response_deserializer, metadata, timeout)

        return call

    def unary_stream(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Any:  # noqa: ANN401
        def call(request: Any, *, metadata: Any = (), **_: Any) -> "StreamCall":  # noqa: ANN401
            stream = StreamCall(self, path, lambda message: message, response_deserializer, metadata)
            stream.begin(first=request_serializer(request))
            return stream

        return call

    def stream_stream(self, path: str, request_serializer: Any, response_deserializer: Any, **_: Any) -> Any:  # noqa: ANN401
        def call(*, metadata: Any = (), **_: Any) -> "StreamCall":  # noqa: ANN401
            stream = StreamCall(self, path, request_serializer, response_deserializer, metadata)
            stream.begin()
            return stream

        return call

    def stream_unary(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        return None

    async def _ask(
        self,
        path: str,
        request: bytes,
        read: Any,  # noqa: ANN401
        metadata: Any,  # noqa: ANN401
        seconds: float | None,
    ) -> Any:  # noqa: ANN401
        try:
            async with asyncio.timeout(LONGEST_CALL_S if seconds is None else seconds):
                stream = StreamCall(self, path, lambda message: message, lambda raw: raw, metadata)
                stream.begin(first=request)
                try:
                    response = await stream.read()
                finally:
                    stream.cancel()
        except TimeoutError:
            raise failure(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded") from None
        if response is grpc.aio.EOF:
            raise failure(grpc.StatusCode.INTERNAL, "no answer")
        return read(response)


class StreamCall:
    """One call: what grpc.aio gives a client."""

    def __init__(self, channel: SimulatedChannel, path: str, write: Any, read: Any, metadata: Any) -> None:  # noqa: ANN401
        self._channel = channel
        self._path = path
        self._write, self._read = write, read
        self._metadata = tuple(metadata or ())
        self._status: grpc.aio.AioRpcError | None = None
        self._connection: Connection | None = None
        self._served: asyncio.Task[Any] | None = None
        self._failed: grpc.aio.AioRpcError | None = None

    def begin(self, first: bytes | None = None) -> None:
        """Start the call at the hub, a moment later."""
        try:
            connection = self._channel.connection()
        except grpc.aio.AioRpcError as error:
            self._failed = error
            return
        self._connection = connection
        self._up, self._down = Pipe(connection), Pipe(connection)
        self._key = connection.hold(self._lost_at_client, self._lost_at_hub)
        loop = asyncio.get_running_loop()
        if first is None:
            loop.call_later(connection.delay_s(), self._serve, None)
        elif not connection.is_silent:
            loop.call_later(connection.delay_s(), self._serve, first)

    def _serve(self, first: bytes | None) -> None:
        connection = self._connection
        if connection is None or connection.is_broken or connection.is_silent:
            return
        network = connection.network
        if network.hub is None or network.server is None:
            self._lost_at_client()
            return
        self._served = network.hub.spawn(self._handle(network.server, first), name=self._path)
        self._served.add_done_callback(lambda task: self._handled(network, task))

    async def _handle(self, server: SimulatedServer, first: bytes | None) -> SimulatedContext:
        """Serve the call as grpc.aio would; runs in the hub's process."""
        handler = await server.handler(self._path, self._metadata)
        context = SimulatedContext(self._metadata, "sim")
        write = handler.response_serializer

        async def send(response: Any) -> None:  # noqa: ANN401
            if first is None and self._connection is not None:
                response = self._connection.network.on_its_way(self._connection.client, response)
            raw = write(response)
            process = in_process()
            if process is None or not process.is_alive:
                return
            self._note("down", raw)
            tell = self._connection.network.on_down if self._connection is not None else None
            if tell is not None and self._path.endswith("/Connect") and self._connection is not None:
                tell(self._connection.client, response.delivery.sequence)
            await self._down.put(raw, may_repeat=first is None)

        context.send = send
        try:
            if handler.request_streaming:
                await handler.stream_stream(self._requests(handler.request_deserializer, first), context)
            elif handler.response_streaming:
                async for response in handler.unary_stream(handler.request_deserializer(first), context):
                    await send(response)
            else:
                await send(await handler.unary_unary(handler.request_deserializer(first), context))
        except (grpc.aio.AbortError, Broken):
            pass
        return context

    async def _requests(self, parse: Any, first: bytes | None) -> Any:  # noqa: ANN401
        if first is not None:  # one request, which the hub reads as it reads a stream
            yield parse(first)
            return
        while (raw := await self._up.get()) is not None:
            yield parse(raw)

    def _handled(self, network: Network, task: asyncio.Task[Any]) -> None:
        connection = self._connection
        if connection is None or task.cancelled():
            return
        error = task.exception()
        if error is not None:
            network.complain(f"{self._path} raised {error!r}")
            context = SimulatedContext((), "")
            context.ended_with = (grpc.StatusCode.UNKNOWN, str(error))
        else:
            context = task.result()
        code, details = context.ended_with
        network.trace.note("served", self._path, connection.client, code.name, details)
        if self._path.endswith("/Connect") and code in NEVER_OF_A_SESSION and "no message" not in details:
            network.complain(f"a session of {connection.client} was refused: {details}")
        if code is not grpc.StatusCode.OK:
            self._status = failure(code, details, context.trailing)
        self._down.finish()

    def _note(self, way: str, raw: bytes) -> None:
        if self._connection is not None:
            digest = hashlib.blake2b(raw, digest_size=6).hexdigest()
            self._connection.network.trace.note(way, self._path, self._connection.client, digest)

    def _lost_at_client(self) -> None:
        self._down.end(failure(UNAVAILABLE, "connection lost"))
        self._up.give_up()

    def _lost_at_hub(self) -> None:
        if self._served is not None and not self._served.done():
            self._served.cancel()
        self._down.give_up()

    async def write(self, message: Any) -> None:  # noqa: ANN401
        """Send one message."""
        process = in_process()
        if process is not None and not process.is_alive:
            return
        if self._failed is not None:
            raise self._failed
        raw = self._write(message)
        self._note("up", raw)
        try:
            await self._up.put(raw, may_repeat=True)
        except Broken:
            raise failure(UNAVAILABLE, "connection lost") from None
        await pause(0)

    async def read(self) -> Any:  # noqa: ANN401
        """Return the next message, or EOF at an end in order.

        Raises:
            AioRpcError: How it ended otherwise.
        """
        if self._failed is not None:
            await pause(0.05)
            raise self._failed
        raw = await self._down.get()
        if raw is not None:
            return self._read(raw)
        if self._status is not None:
            raise self._status
        return grpc.aio.EOF

    def __aiter__(self) -> "StreamCall":
        return self

    async def __anext__(self) -> Any:  # noqa: ANN401
        message = await self.read()
        if message is grpc.aio.EOF:
            raise StopAsyncIteration
        return message

    async def done_writing(self) -> None:
        """Say that no more comes."""
        self._up.finish()

    def cancel(self) -> bool:
        """Give the call up; the hub learns of it a moment later."""
        connection = self._connection
        if connection is None or self._failed is not None:
            return False
        connection.release(self._key)
        self._up.give_up()
        self._down.end(failure(grpc.StatusCode.CANCELLED, "Locally cancelled"))
        served = self._served
        if served is not None and not served.done():
            if connection.is_silent:  # only the hub's own keepalive finds out
                connection.hold(lambda: None, self._lost_at_hub)
            else:
                asyncio.get_running_loop().call_later(connection.delay_s(), self._lost_at_hub)
        return True

    async def code(self) -> grpc.StatusCode:
        """Return how the call ended."""
        failed = self._failed or self._status
        return grpc.StatusCode.OK if failed is None else failed.code()

    async def details(self) -> str:
        """Return why."""
        failed = self._failed or self._status
        return "" if failed is None else str(failed.details())
