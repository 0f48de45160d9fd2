"""The UPS driver against a real SNMP agent on loopback with the objects of the UPS-MIB."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.driver_place import place_for
from support.snmp_peer import AUTHENTICATION, COMMUNITY, PRIVACY, USER, SnmpPeer, Value, oid_of

from vpp.agent.device import Device
from vpp.agent.driver_tables import device_of
from vpp.agent.drivers import ups_mib
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint

OBJECTS = Path(__file__).resolve().parents[4] / "configs/registers/example_ups_objects.toml"
POWER, ENABLE, EXPIRY = (f"1.3.6.1.4.1.32473.1.{n}.0" for n in (1, 2, 3))
ON_LINE: dict[str, Value] = {
    ups_mib.CHARGE_REMAINING: 100,
    ups_mib.MINUTES_REMAINING: 9,
    ups_mib.BATTERY_STATUS: 2,
    ups_mib.BATTERY_TEMPERATURE: 24,
    ups_mib.INPUT_LINE_COUNT: 3,
    ups_mib.OUTPUT_SOURCE: 3,
    ups_mib.OUTPUT_LINE_COUNT: 3,
    ups_mib.ALARMS_PRESENT: 0,
    **{f"{ups_mib.INPUT_TRUE_POWER}.{line}": 100_000 for line in (1, 2, 3)},
    **{f"{ups_mib.OUTPUT_POWER}.{line}": 95_000 for line in (1, 2, 3)},
    POWER: 0,
    ENABLE: 2,
    EXPIRY: 0,
}


@pytest.fixture
def peer() -> Iterator[SnmpPeer]:
    with SnmpPeer() as agent:
        agent.show(ON_LINE)
        agent.writable = {oid_of(oid) for oid in (POWER, ENABLE, EXPIRY)}
        yield agent


def ups(peer: SnmpPeer, folder: Path, version: str = "2c", **more: object) -> Device:
    (folder / "community").write_text(COMMUNITY + "\n")
    (folder / "authentication").write_text(AUTHENTICATION)
    (folder / "privacy").write_text(PRIVACY)
    secrets: dict[str, object] = {"community_file": "community"}
    if version == "3":
        secrets = {"user": USER, "authentication_file": "authentication", "privacy_file": "privacy"}
    table = {
        "host": "127.0.0.1",
        "port": peer.port,
        "version": version,
        "conversion_ratio": 0.95,
        "timeout": 5.0,
    }
    return device_of("snmp_ups", {**table, **secrets, **more}, place_for(folder, kind="ups"))


def commanded(peer: SnmpPeer, folder: Path, version: str = "2c") -> Device:
    limits = {"max_reduction_kw": 300.0, "recharge_kw": 60.0}
    return ups(peer, folder, version, objects=str(OBJECTS), limits=limits)


def held(peer: SnmpPeer) -> list[Value]:
    return [peer.objects[oid_of(oid)] for oid in (POWER, ENABLE, EXPIRY)]


@pytest.mark.parametrize("version", ["2c", "3"])
def test_a_ups_is_read_and_commanded(peer: SnmpPeer, tmp_path: Path, version: str) -> None:
    device = commanded(peer, tmp_path, version)
    reading = device.read()
    assert reading.quantities == {
        "state_of_charge_ratio": 1.0,
        "it_load_kw": 285.0,
        "reduction_kw": pytest.approx(0.0, abs=1e-9),
        "battery_celsius": 24.0,
        "autonomy_s": 540.0,
    }
    assert reading.alarms == ()
    assert device.apply(Setpoint(reduction_kw=120.0)).outcome is Outcome.APPLIED
    assert held(peer) == [1200, 1, 900]
    peer.show({f"{ups_mib.INPUT_TRUE_POWER}.{line}": 60_000 for line in (1, 2, 3)})
    peer.show({ups_mib.OUTPUT_SOURCE: 5})
    reading = device.read()
    assert reading.quantities["reduction_kw"] == pytest.approx(120.0)
    assert reading.alarms == (), "it is on battery because it was told to be"
    assert device.release().outcome is Outcome.APPLIED
    assert held(peer) == [1200, 2, 900]
    assert device.read().alarms == ("on_battery",)
    device.close()


def test_its_table_of_alarms_is_read(peer: SnmpPeer, tmp_path: Path) -> None:
    device = ups(peer, tmp_path)
    peer.show(
        {
            ups_mib.ALARMS_PRESENT: 2,
            f"{ups_mib.ALARM_DESCRIPTION}.4": f"{ups_mib.WELL_KNOWN_ALARMS}.13",
            f"{ups_mib.ALARM_DESCRIPTION}.9": "1.3.6.1.4.1.32473.9",
        }
    )
    assert device.read().alarms == ("charger_failed", "vendor_alarm_1.3.6.1.4.1.32473.9")
    assert device.health().health is Health.ALARM
    device.close()


def test_without_command_objects_it_is_only_read(peer: SnmpPeer, tmp_path: Path) -> None:
    device = ups(peer, tmp_path)
    assert device.read().quantities["available"] == 0.0
    assert device.apply(Setpoint(reduction_kw=1.0)).outcome is Outcome.FAILED
    assert device.release().outcome is Outcome.UNCHANGED
    device.close()


def test_a_recharge_that_cannot_be_limited_is_told_unless_there_is_none(
    peer: SnmpPeer, tmp_path: Path
) -> None:
    device = commanded(peer, tmp_path)
    device.read()
    assert device.apply(Setpoint(recovery_limit_kw=10.0)).outcome is Outcome.APPLIED
    peer.show({ups_mib.CHARGE_REMAINING: 70})
    device.read()
    assert device.apply(Setpoint(recovery_limit_kw=10.0)).outcome is Outcome.FAILED
    assert device.apply(Setpoint(recovery_limit_kw=60.0)).outcome is Outcome.APPLIED
    device.close()


def test_a_ups_that_confirms_and_forgets_has_failed(peer: SnmpPeer, tmp_path: Path) -> None:
    device = commanded(peer, tmp_path)
    peer.is_deaf = True
    assert device.apply(Setpoint(reduction_kw=120.0)).outcome is Outcome.FAILED
    device.close()


def test_a_refused_command_changes_nothing(peer: SnmpPeer, tmp_path: Path) -> None:
    device = commanded(peer, tmp_path)
    peer.writable = {oid_of(POWER), oid_of(ENABLE)}
    with pytest.raises(DeviceError, match="notWritable"):
        device.apply(Setpoint(reduction_kw=120.0))
    assert held(peer) == [0, 2, 0]
    device.close()


def test_garbage_is_told(peer: SnmpPeer, tmp_path: Path) -> None:
    device = ups(peer, tmp_path)
    peer.show({ups_mib.CHARGE_REMAINING: "1.3.6"})
    with pytest.raises(DeviceError, match="where a number belongs"):
        device.read()
    peer.show({ups_mib.CHARGE_REMAINING: 100, ups_mib.OUTPUT_LINE_COUNT: 4_000})
    with pytest.raises(DeviceError, match="4000 lines"):
        device.read()
    peer.show({ups_mib.OUTPUT_LINE_COUNT: 3, ups_mib.ALARMS_PRESENT: 1, f"{ups_mib.ALARM_DESCRIPTION}.1": 7})
    with pytest.raises(DeviceError, match="where an object identifier belongs"):
        device.read()
    device.close()


def test_a_table_that_does_not_end_is_not_walked_for_ever(peer: SnmpPeer, tmp_path: Path) -> None:
    device = ups(peer, tmp_path, timeout=1.0)
    alarms = {f"{ups_mib.ALARM_DESCRIPTION}.{n}": f"{ups_mib.WELL_KNOWN_ALARMS}.16" for n in range(1, 90)}
    peer.show({ups_mib.ALARMS_PRESENT: 89, **alarms})
    peer.before = lambda: threading.Event().wait(0.1) and None  # each answer well in time
    with contextlib.closing(device), pytest.raises(DeviceError, match="does not come to an end"):
        device.read()


def test_a_name_that_is_not_known_yet_is_looked_up_again(
    peer: SnmpPeer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = ups(peer, tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", unknown)  # as at the start of a site's network
        for _ in range(2):
            with pytest.raises(DeviceError):
                device.read()
    assert device.read().quantities["it_load_kw"] == 285.0
    device.close()


def unknown(*_: object, **__: object) -> None:
    raise socket.gaierror(socket.EAI_NONAME, "not known")


def test_a_wrong_community_or_pass_phrase_is_told_without_saying_it(peer: SnmpPeer, tmp_path: Path) -> None:
    for version, file in (("2c", "community"), ("3", "authentication")):
        ups(peer, tmp_path, version).close()
        (tmp_path / "wrong").write_text("not-the-right-one")
        device = ups(peer, tmp_path, version, **{f"{file}_file": "wrong"}, timeout=0.5)
        with pytest.raises(DeviceError) as caught:
            device.read()
        assert "not-the-right-one" not in str(caught.value)
        device.close()
