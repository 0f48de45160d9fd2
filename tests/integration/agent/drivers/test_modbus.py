"""The Modbus driver against a real server on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.driver_place import place_for
from support.modbus_peer import Fault, ModbusPeer

from vpp.agent.device import Device
from vpp.agent.driver_tables import device_of
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint

CONFIGS = Path(__file__).resolve().parents[4] / "configs"


@pytest.fixture
def peer() -> Iterator[ModbusPeer]:
    with ModbusPeer(unit=7) as server:
        yield server


def device(peer: ModbusPeer, registers: str, kind: str = "battery", **more: object) -> Device:
    table = {"host": "127.0.0.1", "port": peer.port, "unit": 7, "timeout": 5.0, **more}
    return device_of(
        "modbus", {**table, "registers": f"registers/{registers}.toml"}, place_for(CONFIGS, kind=kind)
    )


@pytest.fixture
def battery(peer: ModbusPeer) -> Iterator[Device]:
    peer.set_input(100, [812])
    peer.set_input(102, [0, 505])
    peer.set_input(106, [253, 0])
    peer.set_holding(204, [0])
    made = device(peer, "example_battery", limits={"max_reduction_kw": 100.0, "max_increase_kw": 50.0})
    yield made
    made.close()


def test_a_battery_is_read_in_two_requests(peer: ModbusPeer, battery: Device) -> None:
    assert battery.read().quantities == {
        "state_of_charge_ratio": pytest.approx(0.812),
        "reduction_kw": pytest.approx(50.5),
        "cell_celsius": pytest.approx(25.3),
    }
    assert peer.request_count == 2, "input registers with their small gaps, and a discrete input"
    assert battery.health().health is Health.OK


def test_what_the_device_does_not_know_is_left_out(peer: ModbusPeer, battery: Device) -> None:
    peer.set_input(100, [65_535])
    assert "state_of_charge_ratio" not in battery.read().quantities


def test_alarms_are_bits_of_registers_and_of_their_own(peer: ModbusPeer, battery: Device) -> None:
    peer.set_input(107, [0b1000])
    peer.discrete[5] = True
    assert battery.read().alarms == ("over_temperature", "battery_management_fault")
    assert battery.health().health is Health.ALARM


def test_a_setpoint_is_written_with_its_expiry_and_read_back(peer: ModbusPeer, battery: Device) -> None:
    assert battery.apply(Setpoint(reduction_kw=60.0)).outcome is Outcome.APPLIED
    assert [peer.holding[n] for n in (200, 201, 204, 205)] == [0, 600, 1, 900]
    assert battery.apply(Setpoint(reduction_kw=60.0)).outcome is Outcome.UNCHANGED
    assert battery.apply(Setpoint(increase_kw=20.0)).outcome is Outcome.APPLIED
    assert [peer.holding[n] for n in (200, 201)] == [0xFFFF, 0x10000 - 200]
    assert battery.apply(Setpoint(reduction_kw=200.0)).detail == "limited to 100 kW"
    assert battery.apply(Setpoint()).outcome is Outcome.APPLIED
    assert [peer.holding[n] for n in (200, 201, 204)] == [0, 0, 0]


def test_a_device_without_a_switch_that_recharges_by_itself_cannot_be_held_still(
    peer: ModbusPeer, tmp_path: Path
) -> None:
    text = (CONFIGS / "registers/example_battery.toml").read_text()
    start, end = text.index("[command.enable]"), text.index("[command.expiry]")
    (tmp_path / "map.toml").write_text(text[:start] + text[end:])
    peer.set_input(100, [500])
    peer.set_input(102, [0, 0])
    peer.set_input(106, [250, 0])
    table = {"host": "127.0.0.1", "port": peer.port, "unit": 7, "registers": "map.toml"}
    own = device_of("modbus", {**table, "limits": {"max_reduction_kw": 100.0}}, place_for(tmp_path))
    own.read()
    applied = own.apply(Setpoint(recovery_limit_kw=0.0))
    assert (applied.outcome, applied.detail) == (
        Outcome.FAILED,
        "recharges by itself, which cannot be limited",
    )
    peer.set_input(100, [1000])
    own.read()
    assert own.apply(Setpoint(recovery_limit_kw=0.0)).outcome is Outcome.APPLIED, (
        "there is nothing to recharge"
    )
    own.close()


def test_a_device_that_confirms_and_forgets_has_failed(peer: ModbusPeer, battery: Device) -> None:
    peer.fault = "deaf"
    applied = battery.apply(Setpoint(reduction_kw=60.0))
    assert applied.outcome is Outcome.FAILED
    assert applied.detail == "holds 0 kW, was told 60 kW"


def test_a_switch_that_stays_off_is_a_command_that_failed(peer: ModbusPeer, battery: Device) -> None:
    peer.written = lambda address, _values: peer.set_holding(204, [0]) if address == 204 else None
    assert battery.apply(Setpoint(reduction_kw=60.0)).outcome is Outcome.FAILED
    peer.written = lambda address, _values: peer.set_holding(204, [1]) if address == 204 else None
    assert battery.release().outcome is Outcome.FAILED


def test_a_refusal_is_no_answer_to_rely_on(peer: ModbusPeer, battery: Device) -> None:
    peer.fault = "busy"
    with pytest.raises(DeviceError, match="exception code 6"):
        battery.read()
    with pytest.raises(DeviceError, match="exception code 6"):
        battery.apply(Setpoint(reduction_kw=1.0))
    peer.fault = None
    assert battery.read().quantities


@pytest.mark.parametrize("fault", ["silent", "garbage"])
def test_after_silence_or_garbage_the_next_call_begins_anew(peer: ModbusPeer, fault: Fault) -> None:
    grid = device(peer, "example_meter", "meter", timeout=0.2)
    peer.fault = fault
    with pytest.raises(DeviceError, match="does not answer"):
        grid.read()
    peer.fault = None
    grid.close()
    patient = device(peer, "example_meter", "meter")
    assert patient.read().quantities == {"net_power_kw": 0.0, "import_kwh": 0.0, "export_kwh": 0.0}
    patient.close()


def test_a_wrong_unit_or_address_is_told(peer: ModbusPeer) -> None:
    stranger = device(peer, "example_meter", "meter", unit=8, timeout=0.2)
    with pytest.raises(DeviceError):
        stranger.read()
    stranger.close()


def test_a_ups_keeps_its_command_by_a_heartbeat(peer: ModbusPeer) -> None:
    peer.set_holding(10, [100, 0, 0x4396, 0, 0xC2C8])  # 300 kW of load, 100 kW out of its battery
    ups = device(peer, "example_ups", "ups", limits={"max_reduction_kw": 300.0})
    assert ups.read().quantities == {
        "state_of_charge_ratio": 1.0,
        "it_load_kw": 300.0,
        "reduction_kw": 100.0,
    }
    beats = []
    for _ in range(3):
        ups.apply(Setpoint(reduction_kw=100.0))
        beats.append(peer.holding[52])
    assert beats == [1, 2, 3]
    assert ups.apply(Setpoint(increase_kw=1.0)).outcome is Outcome.FAILED
    peer.set_holding(15, [0b10])
    assert ups.read().alarms == ("redundancy_lost",)
    ups.close()


def test_a_device_that_is_only_read_counts_as_not_available(peer: ModbusPeer, tmp_path: Path) -> None:
    text = (CONFIGS / "registers/example_battery.toml").read_text().split("[command.power]")[0]
    (tmp_path / "map.toml").write_text(text)
    table = {"host": "127.0.0.1", "port": peer.port, "unit": 7, "registers": "map.toml"}
    only_read = device_of("modbus", table, place_for(tmp_path))
    assert only_read.read().quantities["available"] == 0.0
    assert only_read.apply(Setpoint(reduction_kw=1.0)).outcome is Outcome.FAILED
    assert only_read.release().outcome is Outcome.UNCHANGED
    only_read.close()
