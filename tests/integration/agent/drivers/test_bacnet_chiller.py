"""The BACnet driver against a second stack on loopback."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.bacnet_plant import KW_PER_KELVIN, BacnetPlant, free_port
from support.driver_place import place_for

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.bacnet_chiller import BacnetChiller, device_of
from vpp.agent.equipment_memory import FileMemory
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

SETPOINT = {
    "point": "analog-value,1",
    "kw_per_kelvin": KW_PER_KELVIN,
    "largest_rise_kelvin": 3.0,
    "largest_drop_kelvin": 1.0,
}
LIMIT = {"point": "analog-value,2", "full_scale_kw": 400.0, "percent": True, "least_kw": 60.0}


@pytest.fixture
def plant() -> Iterator[BacnetPlant]:
    plant = BacnetPlant(free_port())
    with plant.serving():
        yield plant


def table(port: int, **changes: object) -> dict[str, object]:
    content: dict[str, object] = {
        "address": f"127.0.0.1:{port}",
        "local_address": f"127.0.0.1/32:{free_port()}",
        "device_instance": 4001,
        "power": {"point": "analog-input,1", "scale": 0.001},
        "quantities": {"inlet_temperature_celsius": {"point": "analog-input,2"}},
        "alarms": {"high pressure": {"point": "analog-input,3"}},
        "without_watchdog": True,
    }
    if "limit" not in changes:
        content["setpoint"] = SETPOINT
    return content | changes


@pytest.fixture
def place(tmp_path: Path) -> DevicePlace:
    return place_for(tmp_path, kind="chiller")


@pytest.fixture
def device(plant: BacnetPlant, place: DevicePlace) -> Iterator[BacnetChiller]:
    chiller = device_of(table(plant.port), place)
    yield chiller
    chiller.close()


def test_a_raised_setpoint_saves_power_and_is_given_back(plant: BacnetPlant, device: BacnetChiller) -> None:
    shown = device.read().quantities
    assert shown == {"inlet_temperature_celsius": 22.0, "power_kw": 200.0, "reduction_kw": 0.0}
    assert device.apply(Setpoint(24.0)).outcome is Outcome.PENDING
    assert float(plant.setpoint.presentValue) == 9.0
    plant.settle()
    assert device.read().quantities["reduction_kw"] == pytest.approx(24.0)
    assert device.apply(Setpoint(24.0)).outcome is Outcome.PENDING
    assert float(plant.setpoint.presentValue) == 9.0  # said twice, raised once
    assert device.release().outcome is Outcome.APPLIED
    assert float(plant.setpoint.presentValue) == 7.0
    assert device.release().outcome is Outcome.UNCHANGED


def test_beyond_its_range_it_is_a_failure(plant: BacnetPlant, device: BacnetChiller) -> None:
    applied = device.apply(Setpoint(60.0))
    assert (applied.outcome, applied.detail) == (Outcome.FAILED, "the setpoint's range ends at +3.0 K")
    assert device.apply(Setpoint(increase_kw=6.0)).outcome is Outcome.PENDING
    assert float(plant.setpoint.presentValue) == 6.5


def test_an_operators_word_counts_more(plant: BacnetPlant, device: BacnetChiller, place: DevicePlace) -> None:
    operator = device_of(
        table(plant.port, priority=5, device_instance=4002), place_for(place.folder, kind="chiller")
    )
    operator.apply(Setpoint(12.0))  # 8 Celsius, at a higher priority
    applied = device.apply(Setpoint(24.0))
    assert applied.outcome is Outcome.FAILED
    assert "shows 8.00" in applied.detail
    operator.close()


def test_a_demand_limit_and_a_restart(plant: BacnetPlant, place: DevicePlace) -> None:
    first = device_of(table(plant.port, limit=LIMIT), place)
    assert first.apply(Setpoint(80.0)).outcome is Outcome.PENDING
    assert float(plant.limit.presentValue) == pytest.approx(30.0)  # 120 of 400 kW
    first.close()
    plant.settle()
    again = device_of(table(plant.port, limit=LIMIT), place)
    assert again.read().quantities["reduction_kw"] == pytest.approx(80.0)
    assert again.apply(Setpoint(180.0)).detail == "the limit's range ends at 60.0 kW"
    assert again.apply(Setpoint(increase_kw=5.0)).detail == "a demand limit cannot raise consumption"
    assert again.release().outcome is Outcome.APPLIED
    plant.settle()
    assert again.read().quantities["reduction_kw"] == 0.0
    again.close()


def test_alarms_refusals_and_silence(plant: BacnetPlant, device: BacnetChiller, place: DevicePlace) -> None:
    plant.alarm.presentValue = 1.0
    assert device.read().alarms == ("high pressure",)
    assert device.health().health is Health.OK
    wrong = device_of(table(plant.port, power={"point": "analog-input,77"}), place)
    with pytest.raises(DeviceError, match="refuses"):
        wrong.read()
    assert wrong.health().health is Health.LOST
    wrong.close()
    silent = device_of(table(free_port(), timeout=timedelta(milliseconds=200)), place)
    with pytest.raises(DeviceError, match="no answer in time"):
        silent.read()
    silent.close()


@pytest.mark.parametrize("content", ["{", "{}", '{"power_kw": 200.0}', '{"power_kw": NaN, "command": 7.0}'])
def test_a_memory_that_is_lost_makes_no_change_twice(
    plant: BacnetPlant, place: DevicePlace, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "unit.driver.json"
    place = replace(place, memory=FileMemory(path))
    first = device_of(table(plant.port), place)
    first.apply(Setpoint(24.0))
    first.close()
    path.write_text(content)
    again = device_of(table(plant.port), place)
    assert again.apply(Setpoint(24.0)).outcome is Outcome.PENDING
    assert float(plant.setpoint.presentValue) == 9.0
    assert again.release().outcome is Outcome.APPLIED
    assert float(plant.setpoint.presentValue) == 7.0
    again.close()


def test_a_demand_limit_holds_the_recovery_back_and_never_loosens_the_plants_own(
    plant: BacnetPlant, place: DevicePlace
) -> None:
    device = device_of(table(plant.port, limit=LIMIT), place)
    assert device.apply(Setpoint(recovery_limit_kw=10.0)).outcome is Outcome.UNCHANGED, "nothing to recover"
    device.apply(Setpoint(80.0))
    assert device.apply(Setpoint(recovery_limit_kw=20.0)).outcome is Outcome.PENDING
    assert float(plant.limit.presentValue) == pytest.approx(55.0)  # 220 of 400 kW
    device.apply(Setpoint(recovery_limit_kw=1000.0))
    assert float(plant.limit.presentValue) == 100.0
    assert device.apply(Setpoint()).outcome is Outcome.APPLIED
    device.close()


def test_a_socket_that_could_not_be_opened_is_opened_later(plant: BacnetPlant, place: DevicePlace) -> None:
    own = table(plant.port, timeout=timedelta(milliseconds=300))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", int(str(own["local_address"]).rsplit(":", 1)[1])))
        device = device_of(own, place)
        for _ in range(2):
            with pytest.raises(DeviceError, match="no answer in time"):
                device.read()
    assert device.read().quantities["power_kw"] == 200.0
    device.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"setpoint": SETPOINT, "limit": LIMIT}, "either setpoint or limit"),
        ({"without_watchdog": False}, "without_watchdog"),
        ({"power": {"point": "analog-input"}}, r"power\.point is analog-input"),
        ({"limit": LIMIT | {"full_scale_kw": None}}, "percent needs full_scale_kw"),
        ({"address": "nowhere:banana"}, "address"),
        ({"priority": 0}, "priority is 0"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    place: DevicePlace, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        device_of(table(47808, **changes), place)
