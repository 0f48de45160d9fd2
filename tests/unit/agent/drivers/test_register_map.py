"""A Modbus device's registers as data."""

import math
import struct
from pathlib import Path

import pytest
from pydantic import ValidationError

from vpp.agent.drivers.register_map import MOST_REGISTERS, Flag, Register, RegisterMap
from vpp.agent.drivers.table import read_file

MAPS = Path(__file__).resolve().parents[4] / "configs" / "registers"


def map_of(quantities: dict[str, object], **more: object) -> RegisterMap:
    return RegisterMap.model_validate({"name": "x", "source": "y", "quantities": quantities, **more})


def test_a_long_number_is_read_in_the_order_of_the_device() -> None:
    register = Register(address=0, type="int32", scale=0.1)
    assert register.value([0xFFFF, 0xFFF6], "big") == pytest.approx(-1.0)
    assert register.value([0xFFF6, 0xFFFF], "little") == pytest.approx(-1.0)


def test_floats_are_those_of_the_standard() -> None:
    register = Register(address=0, type="float32")
    words = list(struct.unpack(">2H", struct.pack(">f", 12.5)))
    assert register.value(words, "big") == 12.5
    assert register.registers(12.5, "little") == words[::-1]
    assert math.isnan(register.value([0x7FC0, 0], "big"))


def test_a_count_that_means_not_available_is_no_value() -> None:
    register = Register(address=0, not_available=65535)
    assert math.isnan(register.value([65535], "big"))
    assert register.value([65534], "big") == 65534.0


@pytest.mark.parametrize(("kind", "value"), [("int16", 32768.0), ("uint16", -1.0), ("uint32", math.nan)])
def test_a_value_that_does_not_fit_is_refused(kind: str, value: float) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Register.model_validate({"address": 0, "type": kind}).registers(value, "big")


def test_flags_are_bits_raised_by_one_or_by_zero() -> None:
    assert Flag(address=0, bit=3).is_raised(0b1000)
    assert not Flag(address=0, bit=2).is_raised(0b1000)
    assert Flag(address=0, bit=2, is_raised_by=False).is_raised(0b1000)


def test_neighbours_are_read_together_and_gaps_only_where_allowed() -> None:
    quantities = {
        "a_kw": {"address": 10, "type": "int32"},
        "b_kw": {"address": 12},
        "c_kw": {"address": 15},
        "d_kw": {"address": 10, "table": "input"},
    }
    assert map_of(quantities).blocks() == {
        "holding": [range(10, 13), range(15, 16)],
        "input": [range(10, 11)],
    }
    assert map_of(quantities, largest_gap=2).blocks()["holding"] == [range(10, 16)]


def test_no_request_is_longer_than_the_protocol_allows_and_no_number_is_cut() -> None:
    quantities = {f"q{n}_kw": {"address": 4 * n, "type": "float64"} for n in range(100)}
    blocks = map_of(quantities).blocks()["holding"]
    assert all(len(block) <= MOST_REGISTERS for block in blocks)
    assert [address for block in blocks for address in block] == list(range(400))
    assert all(block.start % 4 == 0 for block in blocks)


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantities": {}},
        {"quantities": {"a_kw": {"address": 70000}}},
        {"quantities": {"a_kw": {"address": 1, "scale": 0}}},
        {"quantities": {"a_kw": {"adress": 1}}},
        {"quantities": {"a_kw": {"address": 1}}, "command": {"power": {"address": 1, "table": "input"}}},
    ],
)
def test_a_map_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RegisterMap.model_validate({"name": "x", "source": "y", **wrong})


@pytest.mark.parametrize("name", ["example_battery", "example_ups", "example_meter"])
def test_the_maps_that_ship_load(name: str) -> None:
    assert read_file(RegisterMap, MAPS / f"{name}.toml", "registers").quantities
