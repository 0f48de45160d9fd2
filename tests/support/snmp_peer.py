"""A real SNMP agent on loopback, in a thread, whose objects are numbers and identifiers in a dictionary."""

import asyncio
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto.api import v2c
from pysnmp.smi import error as smi_error

Oid = tuple[int, ...]
Value = int | str
COMMUNITY = "made-up-community"
USER, AUTHENTICATION, PRIVACY = "made-up-user", "made-up-authentication", "made-up-privacy"


def oid_of(text: str) -> Oid:
    return tuple(int(part) for part in text.split("."))


class _Objects:
    """What the agent's responders ask: the dictionary in the order of its identifiers."""

    def __init__(self, peer: "SnmpPeer") -> None:
        self._peer = peer

    def _wire(self, value: Value) -> Any:  # noqa: ANN401  the library is untyped
        return v2c.Integer32(value) if isinstance(value, int) else v2c.ObjectIdentifier(value)

    def read_variables(self, *bound: Any, **_: Any) -> list[Any]:  # noqa: ANN401  the library is untyped
        self._peer.before()
        found = []
        for name, _value in bound:
            value = self._peer.objects.get(tuple(name))
            found.append((name, v2c.NoSuchInstance("") if value is None else self._wire(value)))
        return found

    def read_next_variables(self, *bound: Any, **_: Any) -> list[Any]:  # noqa: ANN401  the library is untyped
        self._peer.before()
        found = []
        for name, _value in bound:
            later = [oid for oid in sorted(self._peer.objects) if oid > tuple(name)]
            if later:
                found.append((v2c.ObjectIdentifier(later[0]), self._wire(self._peer.objects[later[0]])))
            else:
                found.append((name, v2c.EndOfMibView("")))
        return found

    def write_variables(self, *bound: Any, **_: Any) -> list[Any]:  # noqa: ANN401  the library is untyped
        for name, _value in bound:
            if tuple(name) not in self._peer.writable:
                raise smi_error.NotWritableError(name=name, idx=0)
        for name, value in bound:
            if not self._peer.is_deaf:
                self._peer.objects[tuple(name)] = int(value)
        return list(bound)


class SnmpPeer:
    """An SNMP agent for versions 2c and 3.

    Attributes:
        objects: Its objects by identifier.
        writable: Identifiers that may be set.
        is_deaf: Confirms what is set and forgets it.
        before: Called before every answer.
    """

    def __init__(self) -> None:
        self.objects: dict[Oid, Value] = {}
        self.writable: set[Oid] = set()
        self.is_deaf = False
        self.before: Callable[[], None] = lambda: None
        self.port = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def show(self, values: dict[str, Value]) -> None:
        self.objects.update({oid_of(text): value for text, value in values.items()})

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        agent = engine.SnmpEngine()
        transport = udp.UdpTransport()
        bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        bound.bind(("127.0.0.1", 0))
        self.port = bound.getsockname()[1]
        config.add_transport(agent, udp.DOMAIN_NAME, transport.open_server_mode(sock=bound))
        config.add_v1_system(agent, "area", COMMUNITY)
        config.add_v3_user(
            agent,
            USER,
            config.USM_AUTH_HMAC192_SHA256,
            AUTHENTICATION,
            config.USM_PRIV_CFB128_AES,
            PRIVACY,
        )
        everything = (1, 3)
        for model, name, level in ((2, "area", "noAuthNoPriv"), (3, USER, "authPriv")):
            config.add_vacm_user(agent, model, name, level, everything, everything)
        snmp_context = context.SnmpContext(agent)
        snmp_context.unregister_context_name(v2c.OctetString(""))
        snmp_context.register_context_name(v2c.OctetString(""), _Objects(self))
        for responder in (
            cmdrsp.GetCommandResponder,
            cmdrsp.NextCommandResponder,
            cmdrsp.SetCommandResponder,
        ):
            responder(agent, snmp_context)
        await transport._lport  # noqa: SLF001  the only way to hear that it listens
        self._ready.set()
        await self._stop.wait()
        agent.close_dispatcher()
