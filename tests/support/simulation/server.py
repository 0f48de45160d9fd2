"""Stands for the gRPC server: the hub's real servicers behind its real interceptors, without a socket."""

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import grpc
from grpc_health.v1 import health

SERVICES = "vpp.v1"


class _Registrar:
    """Takes what generated code registers with a server."""

    def __init__(self) -> None:
        self.handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        del handlers

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        self.handlers |= {f"/{service}/{method}": handler for method, handler in handlers.items()}


class SimulatedServer:
    """Finds the handler of a method, wrapped as the real server would."""

    def __init__(self, servicers: Any, interceptors: Sequence[Any]) -> None:  # noqa: ANN401
        registrar = _Registrar()
        for field in dataclasses.fields(servicers):
            module = importlib.import_module(f"{SERVICES}.{field.name}_pb2_grpc")
            name = field.name.title().replace("_", "")
            getattr(module, f"add_{name}ServiceServicer_to_server")(getattr(servicers, field.name), registrar)
        self._handlers = registrar.handlers
        self._interceptors = tuple(interceptors)

    async def handler(self, path: str, metadata: Sequence[tuple[str, str]]) -> Any:  # noqa: ANN401
        """Return a call's handler."""

        async def innermost(details: Any) -> Any:  # noqa: ANN401
            return self._handlers[details.method]

        details = _Details(path, tuple(metadata))
        continuation: Any = innermost
        for interceptor in reversed(self._interceptors):
            continuation = partial(interceptor.intercept_service, continuation)
        return await continuation(details)


@dataclasses.dataclass(frozen=True)
class _Details:
    method: str
    invocation_metadata: tuple[tuple[str, str], ...]


class SimulatedContext:
    """What a handler sees of its call."""

    def __init__(self, metadata: Sequence[tuple[str, str]], peer: str) -> None:
        self._metadata = tuple(metadata)
        self._peer = peer
        self.ended_with = (grpc.StatusCode.OK, "")
        self.trailing: tuple[tuple[str, Any], ...] = ()
        self.send: Any = None

    def code(self) -> grpc.StatusCode:
        return self.ended_with[0]

    def details(self) -> str:
        return self.ended_with[1]

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def peer(self) -> str:
        return self._peer

    def auth_context(self) -> Mapping[str, Sequence[bytes]]:
        return {}

    def peer_identities(self) -> None:
        return None

    def cancelled(self) -> bool:
        return False

    def done(self) -> bool:
        return False

    async def write(self, response: Any) -> None:  # noqa: ANN401
        await self.send(response)

    async def abort_with_status(self, status: Any) -> None:  # noqa: ANN401
        await self.abort(status.code, status.details, status.trailing_metadata)

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()) -> None:  # noqa: ANN401
        self.ended_with, self.trailing = (code, details), tuple(trailing_metadata)
        raise grpc.aio.AbortError

    def set_trailing_metadata(self, metadata: Any) -> None:  # noqa: ANN401
        self.trailing = tuple(metadata)


def make_simulated_server(
    servicers: Any,  # noqa: ANN401
    interceptors: Sequence[Any],
    transport: object,
    **_: object,
) -> tuple[Any, Any]:
    """Build in the place of `vpp.rpc.server.make_server`."""
    del transport
    return SimulatedServer(servicers, interceptors), health.aio.HealthServicer()
