"""Whatever bytes a device answers with, its driver gives a reading or outcome, or says that it has none."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.driver_place import place_for
from support.modbus_peer import ModbusPeer
from support.sunspec_peer import SunSpecPeer

from vpp.agent.driver_tables import device_of
from vpp.foundation.device_terms import Applied, DeviceError, Reading, Setpoint

CONFIGS = Path(__file__).resolve().parents[4] / "configs"
MODELS = (
    {"ID": 701, "W": 500, "W_SF": 2, "Alrm": 0},
    {"ID": 704, "WSetEna": 0, "WSetMod": 1, "WSet": 0, "WSet_SF": 1, "WSetRvrtTms": 0},
    {"ID": 713, "SoC": 655, "Pct_SF": -1, "Sta": 0},
)


def garbler(drawn: random.Random) -> Callable[[bytes], bytes]:
    """Return what now and then changes bytes, cuts an answer short, or makes it longer."""

    def garble(packet: bytes) -> bytes:
        garbled = bytearray(packet)
        match drawn.randrange(6):
            case 0:
                garbled[drawn.randrange(len(garbled))] = drawn.randrange(256)
            case 1:
                garbled[-1 - drawn.randrange(min(8, len(garbled)))] = drawn.randrange(256)
            case 2:
                del garbled[drawn.randrange(1, len(garbled)) :]
            case 3:
                garbled += drawn.randbytes(drawn.randrange(1, 20))
        return bytes(garbled)

    return garble


@pytest.mark.parametrize("kind", ["modbus", "sunspec"])
def test_a_driver_survives_any_answer(kind: str) -> None:
    peer = ModbusPeer() if kind == "modbus" else SunSpecPeer(*MODELS)
    with peer:
        table = {
            "host": "127.0.0.1",
            "port": peer.port,
            "timeout": 0.05,
            "limits": {"max_reduction_kw": 100.0},
        }
        if kind == "modbus":
            table["registers"] = "registers/example_battery.toml"
        device = device_of(kind, table, place_for(CONFIGS))
        peer.garble = garbler(random.Random(20260302))
        answers, failures = 0, 0
        for number in range(40):
            peer.fault = None if number % 4 == 0 else "garbage"
            for call in (device.read, lambda: device.apply(Setpoint(reduction_kw=20.0)), device.release):
                try:
                    answer = call()
                except DeviceError:
                    failures += 1
                else:
                    answers += 1
                    assert isinstance(answer, Reading | Applied)
        peer.fault = None
        device.close()
        assert answers > 0
        assert failures > 0
