"""A BACnet/IP stack on loopback with a cooling plant behind it, in a thread with a loop of its own."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.analog import AnalogInputObject, AnalogValueObjectCmd
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import IPv4Address
from bacpypes3.primitivedata import Real

KW_PER_KELVIN = 12.0


def free_port() -> int:
    """Return a UDP port of loopback that nothing holds at present."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class BacnetPlant:
    """A plant whose power follows its setpoint and its demand limit.

    Attributes:
        port: Where it listens.
        base_kw: Power at a setpoint of 7 Celsius.
    """

    def __init__(self, port: int, base_kw: float = 200.0) -> None:
        self.port = port
        self.base_kw = base_kw

    def _build(self) -> None:
        """Make the points, in the loop in which they live."""
        common = {"statusFlags": [0, 0, 0, 0], "eventState": "normal", "outOfService": False}
        self.setpoint = AnalogValueObjectCmd(
            objectIdentifier=("analogValue", 1),
            objectName="leaving water setpoint",
            presentValue=7.0,
            relinquishDefault=7.0,
            units="degreesCelsius",
            **common,
        )
        self.limit = AnalogValueObjectCmd(
            objectIdentifier=("analogValue", 2),
            objectName="demand limit",
            presentValue=100.0,
            relinquishDefault=100.0,
            units="percent",
            **common,
        )
        self.power = AnalogInputObject(
            objectIdentifier=("analogInput", 1), objectName="power", presentValue=0.0, units="watts", **common
        )
        self.inlet = AnalogInputObject(
            objectIdentifier=("analogInput", 2),
            objectName="inlet",
            presentValue=22.0,
            units="degreesCelsius",
            **common,
        )
        self.alarm = AnalogInputObject(
            objectIdentifier=("analogInput", 3),
            objectName="alarm",
            presentValue=0.0,
            units="noUnits",
            **common,
        )

    def settle(self) -> None:
        """Let the plant follow what it was told."""
        by_setpoint_kw = self.base_kw - KW_PER_KELVIN * (float(self.setpoint.presentValue) - 7.0)
        by_limit_kw = 400.0 * float(self.limit.presentValue) / 100.0
        self.power.presentValue = Real(1000.0 * min(by_setpoint_kw, by_limit_kw))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve until the block ends."""
        ready = threading.Event()
        stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

        async def serve() -> None:
            self._build()
            self.settle()
            own = DeviceObject(objectIdentifier=("device", 1001), objectName="plant", vendorIdentifier=999)
            application = NormalApplication(own, IPv4Address(f"127.0.0.1/32:{self.port}"))
            for point in (self.setpoint, self.limit, self.power, self.inlet, self.alarm):
                application.add_object(point)
            ended = asyncio.Event()
            stop.append((asyncio.get_running_loop(), ended))
            # What reaches a socket that is still being opened is lost, and is sent again only seconds later.
            await application.normal.server._local_transport_ready.wait()  # noqa: SLF001  it tells nobody
            ready.set()
            await ended.wait()
            application.close()
            turned = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(0.05, turned.set_result, None)
            await turned

        thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
        thread.start()
        assert ready.wait(20), "the plant does not start"
        try:
            yield
        finally:
            loop, ended = stop[0]
            loop.call_soon_threadsafe(ended.set)
            thread.join(20)
