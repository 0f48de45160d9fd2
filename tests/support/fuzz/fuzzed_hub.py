"""A hub to be fuzzed: real servicers behind real interceptors, without a socket, on a full database."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.rpc import error_details_pb2, status_pb2
from support.fuzz.write_watch import WriteWatch
from support.market import RULES, Market
from support.populated_hub import CALLERS, NOW, populated_content
from support.reached import reached
from support.serving import prepared_for
from support.simulation.server import SimulatedContext, SimulatedServer, make_simulated_server

from vpp.foundation.clock import ManualClock
from vpp.hub.composition import Hub, compose
from vpp.hub.inline_pool import InlinePool
from vpp.hub.session_settings import SessionSettings
from vpp.rpc.roles import ALLOWED
from vpp.rpc.server import SERVICE_NAMES
from vpp.storage.engine import make_engine
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory

CONNECT = "/vpp.v1.SessionService/Connect"
MOST_RESPONSES = 6
CALL_DEADLINE_S = 60.0
QUIET_S = 0.01
LONG_QUIET = 40
"""Looks after a call that was hung up on: its work goes on, and a settlement reckons long between commits."""
GOES_ON = ("/RunSettlement", "/CreateEvent", "/UpdateEvent", "/CancelEvent")
"""What leaves work behind for the hub's own tasks."""
QUIET = SessionSettings(courier_interval=timedelta(hours=1), watch_interval=timedelta(milliseconds=10))
"""The courier only works when something is new, so that what it writes is not taken for a call's doing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to.

    Attributes:
        code: How it ended.
        text: The status message.
        reason: The ErrorInfo's reason; empty if it has none.
        responses: What it answered, serialized.
        trailing: All that an error carried, as bytes.
        escaped: What was raised past the outermost interceptor; None if nothing was.
        written: Tables that were changed meanwhile.
        hung: Whether it did not end.
    """

    code: grpc.StatusCode
    text: str
    reason: str = ""
    responses: tuple[bytes, ...] = ()
    trailing: bytes = b""
    escaped: BaseException | None = None
    written: frozenset[str] = frozenset()
    hung: bool = False


class ErrorLog(logging.Handler):
    """Keeps what was logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.records.append(record)

    def take(self) -> list[str]:
        """Return what was logged since this was last asked."""
        taken, self.records = self.records, []
        formatter = logging.Formatter()
        return [formatter.format(record) for record in taken]


@dataclass
class FuzzedHub:
    """The hub and what watches it.

    Attributes:
        hub: As composed.
        market: What it stands on.
        file: Its database.
        methods: Every method of every service, by full path.
        watch: Sees every write.
        errors: Sees what is logged as an error.
    """

    hub: Hub
    market: Market
    file: Path
    methods: dict[str, MethodDescriptor]
    watch: WriteWatch
    errors: ErrorLog
    _number: int = field(default=0)

    def allowed(self, path: str) -> list[str]:
        """Return who may call a method, by token."""
        roles = ALLOWED.get(path, frozenset())
        return [token for token, principal in CALLERS.items() if principal.roles & roles]

    async def call(self, path: str, token: str | None, *contents: bytes) -> Answer:
        """Call a method as the transport would.

        Args:
            path: Full name, for example /vpp.v1.EventService/GetEvent.
            token: Who calls; None for nobody.
            contents: The request, or requests of a stream, as bytes.
        """
        server: SimulatedServer = self.hub.server  # type: ignore[assignment]  # it is the simulated one
        metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        self._number += 1
        context = SimulatedContext(metadata, f"ipv4:127.0.0.1:{self._number % 60_000}")
        responses: list[bytes] = []
        escaped: BaseException | None = None
        hung = False
        # In a task of its own, as grpc.aio does: what a call sets in its context must not stay.
        task = asyncio.create_task(self._serve(server, path, metadata, context, contents, responses))
        done, _ = await asyncio.wait([task], timeout=CALL_DEADLINE_S)
        if not done:
            hung = True
            task.cancel()
            await asyncio.wait([task], timeout=1)
        elif task.cancelled():
            escaped = None if len(responses) >= MOST_RESPONSES else asyncio.CancelledError()
        else:
            escaped = task.exception()
        if isinstance(escaped, grpc.aio.AbortError):
            escaped = None
        written = self.watch.take()
        if (
            hung or task.cancelled() or path.endswith(GOES_ON)
        ):  # what the hub has begun is not the next call's doing
            written |= await self.settle(LONG_QUIET if len(responses) >= MOST_RESPONSES else 2)
        code, text = context.ended_with
        trailing = b"".join(_as_bytes(value) for _, value in context.trailing)
        return Answer(
            code,
            text,
            _reason(context.trailing),
            tuple(responses),
            trailing,
            escaped,
            frozenset(written),
            hung,
        )

    @staticmethod
    async def _serve(  # noqa: PLR0913, PLR0917  what a call is
        server: SimulatedServer,
        path: str,
        metadata: Sequence[tuple[str, str]],
        context: SimulatedContext,
        contents: Sequence[bytes],
        responses: list[bytes],
    ) -> None:
        handler = await server.handler(path, metadata)
        parse, pack = handler.request_deserializer, handler.response_serializer

        async def send(response: Any) -> None:  # noqa: ANN401  a message of the method's
            responses.append(pack(response))
            if len(responses) >= MOST_RESPONSES:
                raise asyncio.CancelledError  # as if the caller hung up

        context.send = send
        request = _each(parse, contents) if handler.request_streaming else parse(contents[0])
        serve = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
        served = serve(request, context)
        if hasattr(served, "__aiter__"):
            async with contextlib.aclosing(served):
                async for response in served:
                    await send(response)
            return
        answered = await served
        if answered is not None:
            responses.append(pack(answered))

    async def settle(self, looks: int = 2) -> set[str]:
        """Wait until the hub's own tasks write nothing, so many looks long; returns the tables they wrote."""
        written = self.watch.take()
        quiet = 0
        while quiet < looks:
            await asyncio.sleep(QUIET_S)  # noqa: TID251  the machine's time, behind the hub's back
            news = self.watch.take()
            quiet = 0 if news else quiet + 1
            written |= news
        return written


async def _each(parse: Any, contents: Iterable[bytes]) -> AsyncIterator[Any]:  # noqa: ANN401
    for content in contents:
        yield parse(content)


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _reason(trailing: Sequence[tuple[str, Any]]) -> str:
    for key, value in trailing:
        if key == "grpc-status-details-bin":
            info = error_details_pb2.ErrorInfo()
            for detail in status_pb2.Status.FromString(value).details:
                if detail.Unpack(info):
                    return info.reason
    return ""


def all_methods() -> dict[str, MethodDescriptor]:
    """Return every method of the hub's services by full path."""
    pool = descriptor_pool.Default()
    return {
        f"/{name}/{method.name}": method
        for name in SERVICE_NAMES
        for method in pool.FindServiceByName(name).methods
    }


@contextlib.asynccontextmanager
async def fuzzed_hub(folder: Path) -> AsyncIterator[FuzzedHub]:
    """Compose a hub on a copy of the populated database.

    Args:
        folder: A folder of its own.
    """
    file = folder / "hub.sqlite"
    file.write_bytes(populated_content())
    reach, engines = reached(make_engine(f"sqlite:///{file}"))
    watch = WriteWatch(*engines)
    clock = ManualClock(NOW)
    market = Market(SqlUnitOfWorkFactory(engines[0], clock, reach=reach), clock, InlinePool(), RULES)
    hub = compose(prepared_for(market, folder, principals=CALLERS, session=QUIET), make_simulated_server)
    errors = ErrorLog()
    logging.getLogger().addHandler(errors)
    tasks = [asyncio.create_task(part.run()) for part in (hub.telemetry, hub.sessions, hub.courier)]
    try:
        yield FuzzedHub(hub, market, file, all_methods(), watch, errors)
    finally:
        logging.getLogger().removeHandler(errors)
        hub.registry.close_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hub.rpc_threads.shutdown()
        hub.due_threads.shutdown()
        hub.background_threads.shutdown()
        for engine in engines:
            engine.dispose()
