"""The site's net power from its meters, as intervals that never change and survive a restart."""

import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.driver_place import NOON, SetClock

from vpp.agent.equipment_device import ReductionMeter
from vpp.agent.equipment_meter import SiteMeter
from vpp.agent.equipment_meter_file import KEPT, RECORD, MeterFile
from vpp.foundation.clock import ManualClock
from vpp.foundation.device_terms import Reading

STEP = timedelta(minutes=1)
GAP = timedelta(seconds=30)


def meter_of(folder: Path, now: datetime = NOON, clock: ManualClock | None = None) -> SiteMeter:
    file = MeterFile(folder / "meter.bin", STEP, now)
    return SiteMeter(file, ManualClock(now) if clock is None else clock, STEP, 0.8, 2000.0)


def test_net_power_is_the_sum_of_the_meters_and_a_gap_where_one_has_none(tmp_path: Path) -> None:
    meter = meter_of(tmp_path)
    first, second = meter.sink_for("first", GAP), meter.sink_for("second", GAP)
    for seconds in range(0, 121, 20):
        at = NOON + timedelta(seconds=seconds)
        first(Reading(at, {"net_power_kw": 100.0}))
        if seconds <= 60:
            second(Reading(at, {"net_power_kw": -30.0}))
    means = meter.between(NOON, NOON + 2 * STEP)
    assert means[0] == pytest.approx(70.0)
    assert math.isnan(means[1])
    assert meter.recent_kw(NOON, NOON + timedelta(seconds=40)) == pytest.approx(70.0)
    assert meter.recent_kw(NOON + timedelta(seconds=95), NOON + timedelta(seconds=115)) is None


def test_energy_counters_are_preferred_and_export_counts_against_import(tmp_path: Path) -> None:
    meter = meter_of(tmp_path)
    take = meter.sink_for("grid", GAP)
    quantities = {"net_power_kw": 5.0, "import_kwh": 500.0, "export_kwh": 20.0}
    take(Reading(NOON, quantities))
    take(Reading(NOON + STEP, {**quantities, "import_kwh": 502.0, "export_kwh": 21.0}))
    assert meter.between(NOON, NOON + STEP) == pytest.approx([60.0])


@pytest.mark.parametrize(
    "after",
    [
        {"import_kwh": 0.0, "export_kwh": 20.0},  # one of a pair falls: the meter was exchanged
        {"import_kwh": 50.2, "export_kwh": 0.0},
        {"import_kwh": 50.2},  # what was exported long ago is not drawn now
    ],
)
def test_a_counter_that_is_reset_or_goes_away_is_a_gap_however_small_it_was(
    tmp_path: Path, after: dict[str, float]
) -> None:
    meter = meter_of(tmp_path)
    take = meter.sink_for("grid", GAP)
    for seconds, quantities in (
        (0, {"import_kwh": 50.0, "export_kwh": 20.0}),
        (20, {"import_kwh": 50.1, "export_kwh": 20.0}),
        (40, after),
        (60, after),
    ):
        take(Reading(NOON + timedelta(seconds=seconds), quantities))
    assert math.isnan(meter.between(NOON, NOON + STEP)[0])


def test_what_was_returned_once_never_changes(tmp_path: Path) -> None:
    meter = meter_of(tmp_path)
    take = meter.sink_for("grid", GAP)
    for seconds in (0, 20, 40):
        take(Reading(NOON + timedelta(seconds=seconds), {"net_power_kw": 100.0}))
    first = meter.between(NOON, NOON + STEP)
    take(Reading(NOON + timedelta(seconds=61), {"net_power_kw": 900.0}))
    assert meter.between(NOON, NOON + STEP) == pytest.approx(first)


def test_a_restart_remembers_intervals_and_leaves_a_gap_for_the_time_between(tmp_path: Path) -> None:
    clock = ManualClock(NOON)
    meter = meter_of(tmp_path, clock=clock)
    take = meter.sink_for("grid", GAP)
    for seconds in range(0, 121, 20):
        clock.advance_to(NOON + timedelta(seconds=seconds))
        take(Reading(clock.now(), {"net_power_kw": 100.0}))
    meter.between(NOON, NOON + 2 * STEP)
    meter.save()
    later = NOON + 5 * STEP
    again = meter_of(tmp_path, later)
    assert again.begins_at == NOON
    found = again.between(NOON, later)
    assert found[:2] == pytest.approx([100.0, 100.0])
    assert np.isnan(found[2:]).all()


def test_what_was_measured_ahead_of_a_clock_set_back_is_measured_again(tmp_path: Path) -> None:
    clock = SetClock(NOON)
    meter = meter_of(tmp_path, clock=clock)
    take = meter.sink_for("grid", GAP)

    def run(minutes: int, kw: float) -> None:
        for _ in range(3 * minutes):
            take(Reading(clock.now(), {"net_power_kw": kw}))
            clock.advance_to(clock.now() + timedelta(seconds=20))
        meter.between(NOON, clock.now())

    run(10, 100.0)
    clock.set_to(NOON + 5 * STEP)
    run(3, 200.0)
    found = meter.between(NOON, NOON + 10 * STEP)
    assert found[:5] == pytest.approx([100.0] * 5)
    assert found[5:8] == pytest.approx([200.0] * 3)
    assert np.isnan(found[8:]).all()
    meter.save()
    again = MeterFile(tmp_path / "meter.bin", STEP, NOON + 8 * STEP)
    assert again.between(NOON + 5 * STEP, NOON + 8 * STEP) == pytest.approx([200.0] * 3)


def test_a_devices_mean_goes_on_after_a_clock_was_set_back() -> None:
    reduction = ReductionMeter(NOON, STEP, GAP, 0.8)

    def run(start: datetime, minutes: int, kw: float) -> float:
        for second in range(0, 60 * minutes + 1, 20):
            reduction.take(Reading(start + timedelta(seconds=second), {"reduction_kw": kw}))
        return reduction.mean_kw(start + minutes * STEP)

    assert run(NOON, 10, 50.0) == pytest.approx(50.0)
    assert reduction.mean_kw(NOON + 5 * STEP) == pytest.approx(50.0)
    assert run(NOON + 5 * STEP, 2, 80.0) == pytest.approx(80.0)


def test_a_torn_record_is_cut_off_and_what_is_too_old_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "meter.bin"
    file = MeterFile(path, STEP, NOON)
    number = file.number(NOON)
    file.append(file.take(number, [1.0, 2.0, math.nan]))
    path.write_bytes(path.read_bytes() + b"\x01\x02\x03")
    again = MeterFile(path, STEP, NOON + 10 * STEP)
    assert path.stat().st_size == 3 * RECORD.itemsize
    assert again.between(NOON, NOON + 3 * STEP)[:2].tolist() == [1.0, 2.0]
    late = MeterFile(path, STEP, NOON + KEPT + 2 * STEP)
    assert late.begins_at() == NOON + 2 * STEP
    assert path.stat().st_size == RECORD.itemsize


def test_records_of_a_time_to_come_are_no_readings(tmp_path: Path) -> None:
    path = tmp_path / "meter.bin"
    file = MeterFile(path, STEP, NOON)
    file.append(file.take(file.number(NOON) + 100, [5.0]))
    assert MeterFile(path, STEP, NOON).begins_at() is None


def test_a_full_disk_loses_nothing_that_a_later_save_can_write(tmp_path: Path) -> None:
    meter = meter_of(tmp_path)
    take = meter.sink_for("grid", GAP)
    for seconds in range(0, 61, 20):
        take(Reading(NOON + timedelta(seconds=seconds), {"net_power_kw": 100.0}))
    meter.between(NOON, NOON + STEP)
    path = tmp_path / "meter.bin"
    path.mkdir()  # cannot be written, as on a disk that is full
    meter.save()
    path.rmdir()
    meter.save()
    assert MeterFile(path, STEP, NOON + STEP).between(NOON, NOON + STEP) == pytest.approx([100.0])
