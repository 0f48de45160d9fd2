"""A composed hub called without a socket: real servicers behind real interceptors, from bytes to bytes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from protovalidate import Validator
from support.generous import NO_RATES
from support.market import RULES, Market
from support.populated_hub import CALLERS, ENROLS
from support.products import shipped_rules
from support.simulation.server import SimulatedContext, SimulatedServer, make_simulated_server

from vpp.hub.composition import Hub, compose
from vpp.hub.preparation import Prepared
from vpp.hub.settings import HubSettings, MarketSettings, PartySettings
from vpp.portfolio.party import PartyKind
from vpp.rpc.identity_interceptor import token_digest
from vpp.rpc.server import SERVICE_NAMES
from vpp.workflows.identity import Principal

METHODS = {
    f"/{service}/{method.name}": method
    for service in SERVICE_NAMES
    for method in descriptor_pool.Default().FindServiceByName(service).methods
}
"""Every method that the hub serves, by its full name."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to, as the caller would receive it.

    Attributes:
        code: The status.
        text: The status's text.
        trailing: Trailing metadata, the error details among it.
        responses: The response messages' bytes.
    """

    code: grpc.StatusCode
    text: str
    trailing: tuple[tuple[str, str | bytes], ...]
    responses: tuple[bytes, ...]

    @property
    def is_ok(self) -> bool:
        """Whether the call was served."""
        return self.code is grpc.StatusCode.OK

    def received(self) -> bytes:
        """Return every byte that the caller receives."""
        parts = [self.text.encode(), *self.responses]
        for key, value in self.trailing:
            parts += [key.encode(), value.encode() if isinstance(value, str) else value]
        return b"\n".join(parts)


class HubInProcess:
    """Calls methods of a composed hub as a principal, whose id is its token."""

    def __init__(self, hub: Hub, market: Market) -> None:
        self.hub = hub
        self.market = market
        self._server: SimulatedServer = hub.server  # type: ignore[assignment]  # composed with the simulated one
        self._calls: dict[tuple[str, str | None], Any] = {}

    async def call(
        self, caller: str | None, method: str, request: Message | bytes, *, longest_s: float = 20.0
    ) -> Answer:
        """Call a method with one request; of a stream that does not end, take what came within a time.

        Args:
            caller: Whose token is sent; None for none.
            method: Full name, such as /vpp.v1.EventService/GetEvent.
            request: The request, or bytes in its place.
            longest_s: How long a call may take, s; a stream is then ended as by its caller.
        """
        metadata = () if caller is None else (("authorization", f"Bearer {caller}"),)
        context = SimulatedContext(metadata, "ipv4:127.0.0.1:1")
        handler = await self._server.handler(method, metadata)
        content = request if isinstance(request, bytes) else request.SerializeToString()
        answers: list[bytes] = []

        async def keep(response: Any) -> None:  # noqa: ANN401  a message of any method
            answers.append(handler.response_serializer(response))

        context.send = keep
        try:
            async with asyncio.timeout(longest_s):
                await self._served(handler, content, context, keep)
        except grpc.aio.AbortError:
            code, text = context.ended_with
            return Answer(_code(code), text, context.trailing, tuple(answers))
        except TimeoutError:
            if not METHODS[method].server_streaming:
                raise
        return Answer(grpc.StatusCode.OK, "", context.trailing, tuple(answers))

    @staticmethod
    async def _served(handler: Any, content: bytes, context: Any, keep: Any) -> None:  # noqa: ANN401
        request = handler.request_deserializer(content)
        if handler.request_streaming:
            served = (handler.stream_stream or handler.stream_unary)(_one(request), context)
        else:
            served = (handler.unary_stream or handler.unary_unary)(request, context)
        if hasattr(served, "__aiter__"):
            async for response in served:
                await keep(response)
        else:
            response = await served
            if response is not None:
                await keep(response)


async def _one(request: Any) -> AsyncIterator[Any]:  # noqa: ANN401  a message of any method
    yield request


def _code(code: Any) -> grpc.StatusCode:  # noqa: ANN401  grpc_status sets a code of either kind
    if isinstance(code, grpc.StatusCode):
        return code
    return next(one for one in grpc.StatusCode if one.value[0] == code)


def message_class(method: str) -> type[Message]:
    """Return the class of a method's request."""
    found: type[Message] = GetMessageClass(METHODS[method].input_type)
    return found


def prepared_on(
    market: Market,
    folder: Path,
    callers: Mapping[str, Principal] = CALLERS,
    **changes: Any,  # noqa: ANN401
) -> Prepared:
    """Prepare a hub on a market; its callers prove themselves by their principal id."""
    fields: dict[str, Any] = {
        "settings": HubSettings(
            base_directory=folder,
            market=MarketSettings(
                aggregator_party_id="hub", automatic_approval=True, enrolment_party_id=ENROLS
            ),
            parties=(
                PartySettings(party_id="hub", display_name="Aggregator", kind=PartyKind.AGGREGATOR),
                PartySettings(party_id=ENROLS, display_name="Grid operator", kind=PartyKind.OPERATOR),
            ),
            quotas=NO_RATES,
        ),
        "clock": market.clock,
        "units": market.units,
        "close_database": lambda: None,
        "pool": market.pool,
        "emergency_pool": market.pool,
        "background_pool": market.pool,
        "rules": RULES,
        "validator": Validator(),
        "baseline_rules": shipped_rules(),
        "principals": {token_digest(token): principal for token, principal in callers.items()},
    }
    return Prepared(**fields | changes)


@asynccontextmanager
async def hub_in_process(
    market: Market, folder: Path, callers: Mapping[str, Principal] = CALLERS
) -> AsyncIterator[HubInProcess]:
    """Compose a hub without a socket; its long-lived tasks run, nothing ticks.

    Args:
        market: What it stands on.
        folder: A folder of the test's own.
        callers: Who may call, by token.
    """
    hub = compose(prepared_on(market, folder, callers), make_simulated_server)
    tasks = [asyncio.create_task(part.run()) for part in (hub.telemetry, hub.sessions, hub.courier)]
    try:
        yield HubInProcess(hub, market)
    finally:
        hub.registry.close_all()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        hub.rpc_threads.shutdown()
        hub.due_threads.shutdown()
        hub.background_threads.shutdown()
