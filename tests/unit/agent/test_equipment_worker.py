"""One device between the site and its driver, without its thread."""

from asyncio import CancelledError
from datetime import timedelta

import pytest
from support.driver_place import NOON, KeptMemory
from support.made_up_device import MadeUpDevice

from vpp.agent.equipment_command import StandingCommand
from vpp.agent.equipment_device import ReductionMeter, state_of
from vpp.agent.equipment_settings import DeviceTable
from vpp.agent.equipment_worker import DeviceWorker
from vpp.foundation.clock import ManualClock
from vpp.foundation.device_terms import Health, Outcome, Reading, Setpoint

SECOND = timedelta(seconds=1)


class Bench:
    """A worker with a made-up device on a manual clock."""

    def __init__(self, **table: object) -> None:
        self.clock = ManualClock(NOON)
        self.device = MadeUpDevice(self.clock)
        self.taken: list[Reading] = []
        command = StandingCommand(
            KeptMemory(),
            NOON,
            hold=timedelta(minutes=15),
            repeat_interval=None,
            confirm_within=timedelta(minutes=1),
            confirm_ratio=0.75,
        )
        settings = DeviceTable.model_validate({"kind": "made_up", "attempt_count": 1, **table})
        self.worker = DeviceWorker("bess", self.device, settings, self.clock, command, self.taken.append)

    def health_after(self, seconds: float) -> Health:
        return self.worker.condition(NOON + seconds * SECOND).health

    def detail(self) -> str:
        return self.worker.condition(self.clock.now()).detail


def test_a_device_that_was_never_read_is_lost() -> None:
    bench = Bench()
    assert bench.health_after(0) is Health.LOST
    assert bench.worker.reading is None


def test_a_reading_is_good_until_it_is_stale() -> None:
    bench = Bench(poll_interval="PT5S", stale_after="PT20S")
    bench.worker.look()
    assert bench.health_after(19) is Health.OK
    assert bench.health_after(20) is Health.STALE


def test_a_device_that_fails_now_and_then_is_well_and_one_that_fails_for_long_is_lost() -> None:
    bench = Bench(stale_after="PT20S")
    bench.worker.look()
    bench.device.read_failures = 1
    bench.clock.advance_to(NOON + 5 * SECOND)
    bench.worker.look()
    assert bench.health_after(5) is Health.OK
    assert bench.health_after(20) is Health.LOST
    bench.worker.look()
    assert bench.health_after(6) is Health.OK


def test_a_call_is_tried_again_before_it_counts_as_failed() -> None:
    bench = Bench(attempt_count=2)
    bench.worker.stop(release=False)  # no naps between attempts
    bench.device.read_failures = 1
    bench.worker.look()
    assert bench.health_after(0) is Health.OK


@pytest.mark.parametrize(
    ("name", "value"),
    [("state_of_charge_ratio", 1.01), ("inlet_temperature_celsius", 6553.5), ("reduction_kw", -1.2e7)],
)
def test_garbage_is_refused_as_a_whole_and_told(name: str, value: float) -> None:
    bench = Bench(stale_after="PT20S")
    bench.worker.look()
    bench.device.quantities = {"reduction_kw": 5.0, name: value}
    bench.worker.look()
    assert len(bench.taken) == 1
    reading = bench.worker.reading
    assert reading is not None
    assert reading.quantities == {"reduction_kw": 0.0}
    assert bench.health_after(20) is Health.LOST
    assert name in bench.worker.condition(NOON + 20 * SECOND).detail


def test_a_site_may_know_bounds_better() -> None:
    bench = Bench(bounds={"reduction_kw": [-60.0, 120.0]})
    bench.device.quantities = {"reduction_kw": 121.0}
    bench.worker.look()
    assert bench.worker.reading is None


def test_an_alarm_is_told() -> None:
    bench = Bench()
    bench.device.alarms = ("over_temperature",)
    bench.worker.look()
    condition = bench.worker.condition(NOON)
    assert (condition.health, condition.alarms) == (Health.ALARM, ("over_temperature",))


def test_an_instrument_that_stands_still_is_stale_only_where_it_must_move() -> None:
    for table, expected in (({"frozen_after": "PT1M"}, Health.STALE), ({}, Health.OK)):
        bench = Bench(stale_after="PT20S", **table)
        for seconds in (0, 30, 60):
            bench.clock.advance_to(NOON + seconds * SECOND)
            bench.worker.look()
        assert bench.health_after(60) is expected
        assert len(bench.taken) == (2 if table else 3), "what has stopped measures nothing"
        bench.device.quantities = {"reduction_kw": 0.1}
        bench.worker.look()
        assert bench.health_after(60) is Health.OK


def test_the_worse_of_what_site_and_driver_know_counts() -> None:
    bench = Bench()
    bench.device.own_health = Health.ALARM
    bench.worker.look()
    assert bench.health_after(0) is Health.ALARM
    assert bench.detail() == "as told"


def test_only_the_newest_setpoint_is_said() -> None:
    bench = Bench()
    bench.worker.put(Setpoint(reduction_kw=10.0), NOON)
    bench.worker.put(Setpoint(reduction_kw=20.0), NOON)
    bench.worker.act()
    bench.worker.act()
    assert bench.device.said == [Setpoint(reduction_kw=20.0)]


def test_a_setpoint_that_finds_no_answer_is_failed_and_said_again() -> None:
    bench = Bench()
    bench.device.say_failures = 1
    bench.worker.put(Setpoint(reduction_kw=10.0), NOON)
    bench.worker.act()
    action = bench.worker.condition(NOON).last_action
    assert action is not None
    assert action.outcome is Outcome.FAILED
    bench.worker.act()
    action = bench.worker.condition(NOON).last_action
    assert action is not None
    assert action.outcome is Outcome.APPLIED
    assert bench.device.said == [Setpoint(reduction_kw=10.0)]


def test_a_drivers_defect_makes_the_device_lost_and_ends_nothing() -> None:
    bench = Bench()
    bench.device.defect = ZeroDivisionError("oh")
    bench.worker.put(Setpoint(reduction_kw=10.0), NOON)
    bench.worker.act()
    bench.worker.look()
    assert bench.health_after(0) is Health.LOST
    assert "ZeroDivisionError" in bench.detail()
    bench.device.defect = None
    bench.worker.act()
    bench.worker.look()
    assert bench.health_after(0) is Health.OK
    assert bench.device.said == [Setpoint(reduction_kw=10.0)]


def test_an_exchange_that_its_library_gave_up_ends_nothing() -> None:
    bench = Bench()
    bench.device.on_read = cancelled
    bench.worker.look()
    assert bench.health_after(0) is Health.LOST
    assert "CancelledError" in bench.detail()


def cancelled() -> None:
    raise CancelledError


def test_a_lost_device_is_not_well_because_the_clock_was_set_back() -> None:
    bench = Bench(stale_after="PT20S")
    bench.worker.look()
    assert bench.health_after(-30) is Health.OK
    assert bench.health_after(-3600) is Health.STALE


def test_a_defect_of_what_takes_readings_ends_no_thread() -> None:
    bench = Bench(poll_interval="PT0.01S")
    bench.worker._take = broken  # type: ignore[method-assign]  # noqa: SLF001  a defect above the driver
    bench.worker.start()
    assert bench.worker.wait_for_round(1, 10)
    bench.worker.put(Setpoint(reduction_kw=10.0), NOON)
    assert bench.worker.wait_for_round(bench.worker.round_count + 2, 10)
    assert bench.device.said == [Setpoint(reduction_kw=10.0)]
    bench.worker.stop(release=True, within_s=10.0)
    assert bench.worker.join(10)
    assert bench.device.said == [Setpoint(reduction_kw=10.0), None]


def broken(_reading: Reading) -> None:
    raise ZeroDivisionError


def test_a_release_at_the_stop_is_tried_until_it_is_done() -> None:
    bench = Bench()
    bench.worker.put(Setpoint(reduction_kw=10.0), NOON)
    bench.worker.act()
    bench.device.say_failures = 2
    bench.worker.stop(release=True, within_s=10.0)
    bench.worker.start()
    assert bench.worker.join(10)
    assert bench.device.said == [Setpoint(reduction_kw=10.0), None]
    assert not bench.worker.is_commanded


def test_a_stop_releases_nothing_that_was_never_commanded() -> None:
    bench = Bench()
    bench.worker.stop(release=True, within_s=10.0)
    bench.worker.start()
    assert bench.worker.join(10)
    assert bench.device.said == []


def test_a_device_that_does_not_say_what_it_does_is_not_counted_on() -> None:
    bench = Bench()
    bench.device.quantities = {"state_of_charge_ratio": 0.5}
    bench.worker.look()
    reduction = ReductionMeter(NOON, timedelta(minutes=1), timedelta(seconds=30), 0.8)
    state = state_of(bench.worker, reduction, NOON)
    assert (state["available"], state["reduction_kw"]) == (0.0, 0.0)


def test_a_reading_with_an_unchanged_time_counts_once() -> None:
    bench = Bench()
    bench.worker.look()
    bench.worker.look()
    assert len(bench.taken) == 1
    bench.clock.advance_to(NOON + SECOND)
    bench.worker.look()
    assert len(bench.taken) == 2


def test_a_device_whose_time_lies_far_ahead_is_not_believed() -> None:
    bench = Bench()
    bench.device.on_read = lambda: bench.clock.advance_to(NOON + timedelta(hours=1))
    ahead = MadeUpDevice(ManualClock(NOON + timedelta(hours=2)))
    bench.device.read = ahead.read  # type: ignore[method-assign]  # a device with a clock of its own
    bench.worker.look()
    assert bench.worker.reading is None
