"""A real Modbus TCP server on loopback, in a thread, that can be made deaf, busy, or talk garbage."""

import asyncio
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Self

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

SIZE = 1000
"""Registers of each table."""
Fault = Literal["silent", "garbage", "busy", "deaf"]


class ModbusPeer:
    """A device's registers by table name, shared with the test.

    Attributes:
        holding: Holding registers by address.
        input: Input registers by address.
        discrete: Discrete inputs by address.
        fault: What is wrong with it: it answers nothing, garbage, or "busy", or it confirms what is
            written and forgets it.
        garble: What garbage it talks, from what it should say.
        before: Called before every request, to bring the registers up to date.
        written: Called after every write with address and values.
    """

    def __init__(self, unit: int = 1) -> None:
        self.holding: dict[int, int] = {}
        self.input: dict[int, int] = {}
        self.discrete: dict[int, bool] = {}
        self.fault: Fault | None = None
        self.before: Callable[[], None] = lambda: None
        self.written: Callable[[int, list[int]], None] = lambda _address, _values: None
        self.request_count = 0
        self.garble: Callable[[bytes], bytes] = lambda packet: bytes(byte ^ 0xA5 for byte in packet)
        self._unit = unit
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.port = 0

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

    def set_holding(self, address: int, values: list[int]) -> None:
        self.holding.update(enumerate(values, start=address))

    def set_input(self, address: int, values: list[int]) -> None:
        self.input.update(enumerate(values, start=address))

    def _serve(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        bits = SimData(0, count=SIZE, values=False, datatype=DataType.BITS)
        words = SimData(0, count=SIZE, values=0, datatype=DataType.REGISTERS)
        device = SimDevice(self._unit, simdata=([bits], [bits], [words], [words]), action=self._act)
        server = ModbusTcpServer(device, address=("127.0.0.1", 0), trace_packet=self._packet)
        await server.serve_forever(background=True)
        assert isinstance(server.transport, asyncio.Server)
        self.port = server.transport.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        await server.shutdown()

    async def _act(  # noqa: PLR0913, PLR0917  as the server calls it
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        self.request_count += 1
        if self.fault == "busy":
            return ExcCodes.DEVICE_BUSY
        if values is not None:
            if self.fault == "deaf":
                values[:] = current[address - start : address - start + count]
                return None
            self.set_holding(address, [int(value) for value in values])
            self.written(address, [int(value) for value in values])
            return None
        self.before()
        if function == 2:
            for bit, is_set in self.discrete.items():
                word, place = divmod(bit, 16)
                current[word] = current[word] | 1 << place if is_set else current[word] & ~(1 << place)
            return None
        for register, value in (self.holding if function == 3 else self.input).items():
            current[register - start] = value
        return None

    def _packet(self, is_sent: bool, packet: bytes) -> bytes:  # noqa: FBT001  as the server calls it
        if is_sent and self.fault == "silent":
            return b""
        if is_sent and self.fault == "garbage":
            return self.garble(packet)
        return packet
