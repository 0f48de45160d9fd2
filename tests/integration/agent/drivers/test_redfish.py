"""The Redfish driver against a service on loopback that answers as the published schemas say."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from support.driver_place import place_for
from support.redfish_service import RedfishService

from vpp.agent.drivers.http_peer import got
from vpp.agent.drivers.redfish import RedfishDevice, caps_watts, device_of
from vpp.agent.equipment_memory import FileMemory
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

SLOPE = 1.2
LOADS = {"node-1": 1000.0, "node-2": 1000.0, "node-3": 400.0}


@pytest.fixture
def service() -> RedfishService:
    return RedfishService(LOADS)


@pytest.fixture
def url(service: RedfishService) -> Iterator[str]:
    with service.serving() as address:
        yield address


def table(url: str, **changes: object) -> dict[str, object]:
    return {
        "base_url": url,
        "plaintext": True,
        "chassis": sorted(LOADS),
        "floor_watts": 300.0,
        "overhead_slope_ratio": SLOPE - 1.0,
        "has_own_caps": False,
        "without_watchdog": True,
    } | changes


def device(url: str, tmp_path: Path, **changes: object) -> RedfishDevice:
    return device_of(table(url, **changes), place_for(tmp_path, kind="deferrable_load"))


@pytest.mark.parametrize("control", ["power", "environment_metrics"])
def test_a_cap_cuts_what_was_asked_and_is_taken_off_again(
    service: RedfishService, url: str, tmp_path: Path, control: str
) -> None:
    servers = device(url, tmp_path, control=control)
    assert servers.read().quantities["batch_load_kw"] == pytest.approx(2.4 * SLOPE)
    assert servers.apply(Setpoint(0.6 * SLOPE)).outcome is Outcome.PENDING
    assert service.cap_watts == {"node-1": 750.0, "node-2": 750.0, "node-3": 300.0}
    shown = servers.read().quantities
    assert shown["reduction_kw"] == pytest.approx(0.6 * SLOPE)
    assert shown["batch_load_kw"] == pytest.approx(2.4 * SLOPE)
    count = len(service.patches)
    assert servers.apply(Setpoint(0.6 * SLOPE)).outcome is Outcome.PENDING
    assert len(service.patches) == count  # said twice, done once
    assert servers.release().outcome is Outcome.APPLIED
    assert set(service.cap_watts.values()) == {None}
    assert servers.read().quantities["reduction_kw"] == 0.0
    assert servers.release().outcome is Outcome.UNCHANGED


def test_a_cap_above_the_load_saves_nothing(service: RedfishService, url: str, tmp_path: Path) -> None:
    servers = device(url, tmp_path)
    servers.apply(Setpoint(0.6 * SLOPE))
    for name in LOADS:
        service.load_watts[name] = 100.0  # the jobs have ended: the servers idle of their own accord
    shown = servers.read().quantities
    assert shown["reduction_kw"] == 0.0
    assert shown["batch_load_kw"] == pytest.approx(0.3 * SLOPE)


def test_after_a_restart_the_power_before_the_cap_is_still_known(
    service: RedfishService, url: str, tmp_path: Path
) -> None:
    place = place_for(tmp_path, kind="deferrable_load")
    device_of(table(url), place).apply(Setpoint(0.6 * SLOPE))
    again = device_of(table(url), place)
    assert again.read().quantities["reduction_kw"] == pytest.approx(0.6 * SLOPE)
    assert again.release().outcome is Outcome.APPLIED
    assert set(service.cap_watts.values()) == {None}


def test_caps_of_the_sites_own_are_kept_and_put_back_also_after_a_restart(
    service: RedfishService, url: str, tmp_path: Path
) -> None:
    service.cap_watts |= {"node-1": 1000.0, "node-3": 350.0}  # against overloaded circuits
    before = dict(service.cap_watts)
    place = place_for(tmp_path, kind="deferrable_load")
    servers = device_of(table(url, has_own_caps=True), place)
    assert servers.release().outcome is Outcome.UNCHANGED
    assert service.cap_watts == before, "nothing was capped by the driver, so nothing is taken off"
    assert servers.read().quantities["reduction_kw"] == 0.0
    assert servers.apply(Setpoint(0.5 * SLOPE)).outcome is Outcome.PENDING
    caps = {name: cap for name, cap in service.cap_watts.items() if cap is not None}
    assert all(cap <= (before[name] or 1000.0) for name, cap in caps.items())
    assert sum(caps.values()) == pytest.approx(2350.0 - 500.0, abs=3.0)
    again = device_of(table(url, has_own_caps=True), place)
    assert again.read().quantities["reduction_kw"] == pytest.approx(0.5 * SLOPE, abs=0.01)
    assert again.release().outcome is Outcome.APPLIED
    assert service.cap_watts == before


def test_what_a_cap_of_the_sites_own_saves_is_no_reduction(
    service: RedfishService, url: str, tmp_path: Path
) -> None:
    service.cap_watts["node-3"] = 290.0  # below the driver's floor: it has no part in commands
    servers = device(url, tmp_path, has_own_caps=True)
    servers.apply(Setpoint(0.5 * SLOPE))
    service.load_watts["node-3"] = 270.0
    assert servers.read().quantities["reduction_kw"] == pytest.approx(0.5 * SLOPE)


@pytest.mark.parametrize("content", ["{", '{"before_watts": 5}', '{"own_caps": {"node-1": "much"}}'])
def test_a_memory_that_is_lost_keeps_no_site_from_starting_and_no_server_capped(
    service: RedfishService, url: str, tmp_path: Path, content: str
) -> None:
    path = tmp_path / "unit.driver.json"
    place = replace(place_for(tmp_path, kind="deferrable_load"), memory=FileMemory(path))
    device_of(table(url), place).apply(Setpoint(0.6 * SLOPE))
    path.write_text(content)
    kept = device_of(table(url, has_own_caps=True), place).release()
    assert (kept.outcome, "not known" in kept.detail) == (Outcome.FAILED, True)
    assert service.cap_watts["node-1"] == 750.0, "it may be the site's own"
    assert device_of(table(url), place).release().outcome is Outcome.APPLIED
    assert set(service.cap_watts.values()) == {None}


def test_an_answer_that_drips_or_never_ends_or_leads_elsewhere_is_none(
    service: RedfishService, url: str, tmp_path: Path
) -> None:
    service.drip_s = 0.05
    with pytest.raises(DeviceError, match="did not end in time"):
        device(url, tmp_path, timeout=timedelta(seconds=0.5)).read()
    service.drip_s = 0.0
    service.moved = True
    with pytest.raises(DeviceError, match="answers 302"):
        device(url, tmp_path).read()
    service.moved = False
    path = "/redfish/v1/Chassis/node-1/EnvironmentMetrics"
    with httpx.Client(base_url=url) as client, pytest.raises(DeviceError, match="too long"):
        got(client, path, longest=100)


def test_a_server_that_refuses_or_forgets_the_cap_is_a_failure(
    service: RedfishService, url: str, tmp_path: Path
) -> None:
    servers = device(url, tmp_path)
    service.refusing = {"node-2"}
    applied = servers.apply(Setpoint(0.6 * SLOPE))
    assert (applied.outcome, applied.detail) == (Outcome.FAILED, "1 of 3 servers refused the cap")
    service.refusing, service.ignoring = set(), {"node-1"}
    assert servers.apply(Setpoint(0.9 * SLOPE)).outcome is Outcome.FAILED
    service.ignoring = {"node-3"}
    assert servers.release().outcome is Outcome.FAILED


def test_a_server_that_something_else_changed_meanwhile_is_asked_again(
    service: RedfishService, url: str, tmp_path: Path
) -> None:
    service.overtaken = {"node-1"}
    assert device(url, tmp_path).apply(Setpoint(0.6 * SLOPE)).outcome is Outcome.PENDING
    assert service.cap_watts["node-1"] == 750.0


def test_more_than_the_floors_leave_is_a_failure_and_an_increase_too(url: str, tmp_path: Path) -> None:
    servers = device(url, tmp_path)
    assert "floors" in servers.apply(Setpoint(2.0 * SLOPE)).detail
    assert servers.apply(Setpoint(increase_kw=1.0)).outcome is Outcome.FAILED


def test_silence_garbage_and_complaints(service: RedfishService, url: str, tmp_path: Path) -> None:
    servers = device(url, tmp_path)
    service.critical = {"node-1"}
    assert servers.read().alarms == ("1 of 3 servers report critical health",)
    assert servers.health().health is Health.OK
    service.garbled = True
    with pytest.raises(DeviceError, match="not JSON"):
        servers.read()
    assert servers.health().health is Health.LOST
    with pytest.raises(DeviceError, match="answers 404"):
        device(url, tmp_path, chassis=["node-9"]).read()
    with pytest.raises(DeviceError, match="no answer"):
        device("http://127.0.0.1:9", tmp_path).read()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"plaintext": False}, "https://"),
        ({"without_watchdog": False}, "without_watchdog"),
        ({"chassis": []}, "chassis"),
        ({"floor_watts": -1.0}, r"floor_watts is -1\.0"),
        ({"user": "operator"}, "user and password go together"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        device_of(table("http://127.0.0.1:9", **changes), place_for(tmp_path, kind="deferrable_load"))
    with pytest.raises(InvalidInput, match="not a site's net power"):
        device_of(table("http://127.0.0.1:9"), place_for(tmp_path, kind="meter"))


def test_caps_never_go_below_the_floor_nor_above_what_was_drawn() -> None:
    before = {"a": 900.0, "b": 310.5, "c": 200.0}
    for wanted in (0.0, 10.0, 250.0, 600.0, 5000.0):
        caps = caps_watts(before, wanted, 300.5)
        assert all(300.5 <= caps[name] <= before[name] for name in caps)
        assert "c" not in caps
        reached = sum(before[name] - cap for name, cap in caps.items())
        assert min(wanted, 599.5 + 9.0) <= reached + 1.0
