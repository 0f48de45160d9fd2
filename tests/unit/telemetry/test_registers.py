from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.telemetry.meter_format import MeterFormat
from vpp.telemetry.meter_readings import MeterReadings, RegisterBridge
from vpp.telemetry.meter_table import read_meter_table
from vpp.telemetry.reading_flag import ReadingFlag
from vpp.telemetry.registers import sum_check

HOUR = timedelta(hours=1)
NOON = pd.Timestamp("2026-03-02T12:00Z").to_pydatetime()
NAN = np.nan


def read(
    counts: list[float], hours: list[int] | None = None, digits: int | None = None, unit: str = "kWh"
) -> MeterReadings:
    stamps = [NOON + n * HOUR for n in (hours or range(len(counts)))]
    frame = pd.DataFrame({"start_time": pd.DatetimeIndex(stamps), "count": counts})
    options = MeterFormat("count", unit, is_register=True, register_digits=digits)
    [site] = read_meter_table(frame, options)
    return site


def test_power_is_the_difference_of_counts() -> None:
    site = read([100.0, 110.0, 125.0])
    assert site.net_power_kw.tolist() == [10.0, 15.0]
    assert site.net_power_kw.index[0] == NOON
    assert site.flag.tolist() == [0, 0]


def test_units_and_steps_scale() -> None:
    assert read([1.0, 1.5], unit="MWh").net_power_kw.tolist() == [500.0]
    frame = pd.DataFrame(
        {"start_time": ["2026-03-02T12:00Z", "2026-03-02T12:15Z"], "net_power_kw": [100.0, 110.0]}
    )
    [site] = read_meter_table(frame, MeterFormat(unit="kWh", is_register=True))
    assert site.net_power_kw.tolist() == [40.0]


def test_a_missing_count_becomes_a_bridge() -> None:
    site = read([100.0, NAN, NAN, 130.0, 140.0])
    np.testing.assert_array_equal(site.net_power_kw, [NAN, NAN, NAN, 10.0])
    assert site.bridges == (RegisterBridge(Interval(NOON, NOON + 3 * HOUR), 30.0),)
    assert site.flag.tolist() == [ReadingFlag.MISSING] * 3 + [0]


def test_a_rollover_is_counted_through() -> None:
    site = read([99_990.0, 99_996.0, 3.0, 10.0], digits=5)
    assert site.net_power_kw.tolist() == [6.0, 7.0, 7.0]
    assert site.notes == ("1 rollovers of the register",)


def test_without_digits_going_backwards_is_a_reset() -> None:
    site = read([99_990.0, 99_996.0, 3.0, 10.0])
    np.testing.assert_array_equal(site.net_power_kw, [6.0, NAN, 7.0])
    assert site.flag.tolist() == [0, ReadingFlag.MISSING | ReadingFlag.RESET, 0]


def test_a_fall_by_more_than_a_rollover_explains_is_a_reset() -> None:
    site = read([50_000.0, 50_010.0, 40_000.0, 40_010.0], digits=5)
    np.testing.assert_array_equal(site.net_power_kw, [10.0, NAN, 10.0])
    assert site.count(ReadingFlag.RESET) == 1


def test_a_reset_inside_a_gap_bridges_nothing() -> None:
    site = read([100.0, NAN, 5.0, 15.0])
    assert site.bridges == ()
    assert site.flag.tolist() == [ReadingFlag.MISSING | ReadingFlag.RESET] * 2 + [0]


def test_counts_that_differ_are_bridged_over() -> None:
    site = read([100.0, 110.0, 111.0, 120.0, 130.0], hours=[0, 1, 1, 2, 3])
    np.testing.assert_array_equal(site.net_power_kw, [NAN, NAN, 10.0])
    assert site.flag.tolist() == [ReadingFlag.MISSING | ReadingFlag.CONFLICT] * 2 + [0]
    assert site.bridges == (RegisterBridge(Interval(NOON, NOON + 2 * HOUR), 20.0),)


@pytest.mark.parametrize("wrong", [-1.0, 100_000.0])
def test_a_count_beyond_the_digits_is_refused(wrong: float) -> None:
    with pytest.raises(InvalidInput, match="expected 0 to below 100000 of 5 digits"):
        read([1.0, wrong], digits=5)


def test_one_count_is_refused_even_with_a_step() -> None:
    frame = pd.DataFrame({"start_time": ["2026-03-02T12:00Z"], "net_power_kw": [1.0]})
    with pytest.raises(InvalidInput, match="one reading"):
        read_meter_table(frame, MeterFormat(unit="kWh", is_register=True, step=HOUR))


def test_a_register_is_not_averaged() -> None:
    frame = pd.DataFrame({"start_time": ["2026-03-02T12:00Z", "2026-03-02T13:00Z"], "net_power_kw": [1.0, 2]})
    with pytest.raises(InvalidInput, match="mean_step"):
        read_meter_table(frame, MeterFormat(unit="kWh", is_register=True, mean_step=HOUR))


@pytest.mark.parametrize(
    ("register_kwh", "pulse_kwh", "holds"),
    [
        (1000.0, 0.0, True),
        (1001.0, 0.0, True),
        (1001.1, 0.0, False),
        (999.0, 0.0, False),  # 0.1 % of 999 is less than 1
        (990.0, 10.0, True),
        (989.0, 10.0, False),
    ],
)
def test_sums_may_differ_by_a_thousandth_or_a_pulse(
    register_kwh: float,
    pulse_kwh: float,
    holds: bool,  # noqa: FBT001  a case
) -> None:
    power_kw = regular([400.0, 600.0, 77.0], NOON, HOUR)
    bridge = RegisterBridge(Interval(NOON, NOON + 2 * HOUR), register_kwh)
    assert sum_check(power_kw, bridge, pulse_kwh).holds is holds


def test_a_sum_with_a_gap_does_not_hold() -> None:
    bridge = RegisterBridge(Interval(NOON, NOON + 2 * HOUR), 400.0)
    assert not sum_check(regular([400.0, NAN], NOON, HOUR), bridge).holds
    assert not sum_check(regular([400.0], NOON, HOUR), bridge).holds
