"""What each kind of fault makes of a device, in a plant and alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import MORNING, STEP, write_site

from vpp.foundation.clock import ManualClock
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint
from vpp.simulator.battery import Battery, BatteryPlant
from vpp.simulator.device import Conditions
from vpp.simulator.faults import GARBAGE, Fault
from vpp.simulator.plant import SimulatedSite, simulated_site
from vpp.simulator.simulated_device import SimulatedDevice

START = datetime(2026, 3, 4, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def plant(tmp_path: Path, kind: str, resource_id: str = "bess") -> SimulatedSite:
    fault = {"resource_id": resource_id, "start": MORNING, "end": MORNING + HOUR, "kind": kind}
    settings = write_site(tmp_path, driver__faults=[fault])
    site = simulated_site(settings.driver, settings.folder, STEP)
    site.meter(MORNING - STEP, MORNING)
    return site


@pytest.mark.parametrize(
    ("kind", "health", "outcome", "is_available", "obeys"),
    [
        ("lost", Health.LOST, Outcome.FAILED, 0.0, False),
        ("deaf", Health.OK, Outcome.APPLIED, 1.0, False),
        ("failing", Health.OK, Outcome.FAILED, 1.0, False),
        ("lying", Health.OK, Outcome.APPLIED, 1.0, False),
        ("alarming", Health.ALARM, Outcome.FAILED, 0.0, False),
        ("stale", Health.STALE, Outcome.APPLIED, 1.0, True),
        ("garbage", Health.STALE, Outcome.APPLIED, 1.0, True),
    ],
)
def test_each_fault_shows_what_it_should_and_no_more(  # noqa: PLR0913  a row of the table above
    tmp_path: Path, *, kind: str, health: Health, outcome: Outcome, is_available: float, obeys: bool
) -> None:
    site = plant(tmp_path, kind)
    site.state("bess", MORNING)
    site.command(MORNING, {"bess": Setpoint(50.0)})
    site.meter(MORNING, MORNING + STEP)
    condition = site.condition("bess", MORNING + STEP)
    reading = site.state("bess", MORNING + STEP)
    assert condition.health is health
    assert condition.last_action is not None
    assert condition.last_action.outcome is outcome
    assert reading["available"] == is_available
    assert (site.true_reduction_kw("bess") > 40.0) == obeys
    shown = {"lying": 50.0, "garbage": GARBAGE}.get(kind, 0.0)
    assert reading["reduction_kw"] == pytest.approx(shown, abs=2.0)


def test_after_the_fault_a_device_obeys_again(tmp_path: Path) -> None:
    site = plant(tmp_path, "deaf")
    site.meter(MORNING, MORNING + HOUR)
    site.command(MORNING + HOUR, {"bess": Setpoint(50.0)})
    site.meter(MORNING, MORNING + HOUR + STEP)
    assert site.true_reduction_kw("bess") > 40.0


def test_a_meter_may_show_nothing_or_nonsense(tmp_path: Path) -> None:
    silent = plant(tmp_path, "stale", "meter")
    assert np.isnan(silent.meter(MORNING, MORNING + HOUR)).all()
    assert np.isfinite(silent.true_kw(MORNING, MORNING + HOUR)).all()
    absurd = plant(tmp_path, "garbage", "meter")
    assert (absurd.meter(MORNING, MORNING + HOUR) == GARBAGE).all()


def test_the_truth_is_the_meter_without_its_noise(tmp_path: Path) -> None:
    settings = write_site(tmp_path, driver__noise_ratio=0.0, driver__meter={"gain_error_ratio": 0.02})
    site = simulated_site(settings.driver, settings.folder, STEP)
    site.meter(MORNING, MORNING)
    site.command(MORNING, {"bess": Setpoint(50.0)})
    shown_kw = site.meter(MORNING, MORNING + 2 * STEP)
    true_kw = site.true_kw(MORNING, MORNING + 2 * STEP)
    assert shown_kw == pytest.approx(true_kw * 1.02)
    natural_kw = site.natural_kw(MORNING, MORNING + 2 * STEP)
    assert natural_kw - true_kw == pytest.approx(np.full(2, 50.0), abs=2.0)


def alone(kind: str | None = None) -> tuple[SimulatedDevice, ManualClock]:
    clock = ManualClock(START)
    faults = [] if kind is None else [Fault(resource_id="device", start=START, end=START + HOUR, kind=kind)]
    physics = Battery(BatteryPlant(capacity_kwh=100.0, power_kw=60.0, recharge_kw=30.0, time_constant_s=0.0))
    conditions: Callable[[datetime], Conditions] = lambda at: Conditions(  # noqa: E731  it is one value
        500.0, 400.0, 80.0, at.timestamp()
    )
    return SimulatedDevice(physics, clock, conditions, faults=faults), clock


def test_a_device_alone_obeys_until_its_command_expires() -> None:
    device, clock = alone()
    assert device.apply(Setpoint(40.0)).outcome is Outcome.APPLIED
    clock.advance_to(clock.now() + timedelta(minutes=10))
    assert device.read().quantities["reduction_kw"] == 40.0
    clock.advance_to(clock.now() + timedelta(minutes=10))
    assert device.read().quantities["reduction_kw"] < 0.0  # it recharges
    assert device.change_kw == 30.0


def test_a_device_alone_is_released_at_once() -> None:
    device, clock = alone()
    device.apply(Setpoint(40.0))
    clock.advance_to(clock.now() + timedelta(minutes=5))
    device.release()
    clock.advance_to(clock.now() + timedelta(minutes=1))
    assert device.change_kw == 30.0
    assert device.health().health is Health.OK


def test_a_device_alone_that_is_lost_does_not_answer() -> None:
    device, _ = alone("lost")
    for call in (device.read, device.release, lambda: device.apply(Setpoint(1.0))):
        with pytest.raises(DeviceError, match="does not answer"):
            call()
    assert device.health().health is Health.LOST


@pytest.mark.parametrize(
    ("kind", "shown"), [("lying", 40.0), ("deaf", 0.0), ("failing", 0.0), ("garbage", GARBAGE)]
)
def test_a_device_alone_shows_its_fault(kind: str, shown: float) -> None:
    device, clock = alone(kind)
    device.apply(Setpoint(40.0, recovery_limit_kw=0.0))
    clock.advance_to(clock.now() + timedelta(minutes=1))
    reading = device.read()
    assert reading.quantities["reduction_kw"] == pytest.approx(shown, abs=31.0)
    device.close()


def test_a_device_alone_reports_alarms_and_standing_instruments() -> None:
    device, clock = alone("alarming")
    assert device.read().alarms == ("general alarm",)
    device, clock = alone("stale")
    first = device.read()
    device.apply(Setpoint(40.0))
    clock.advance_to(clock.now() + timedelta(minutes=5))
    again = device.read()
    assert (again.measured_at, again.quantities) == (START, first.quantities)
