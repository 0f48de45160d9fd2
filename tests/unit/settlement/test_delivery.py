from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import regular
from vpp.settlement.delivery import MeasuredInterval, measure
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
NAN = float("nan")
OK = MeterQuality.OK


def measure_two(**changes: object) -> tuple[MeasuredInterval, ...]:
    arguments: dict[str, object] = {
        "award_kw": [40.0, 40.0],
        "target_kw": [30.0, 40.0],
        "baseline_raw_kw": regular([100.0, 110.0], NOON, QUARTER),
        "baseline_kw": regular([104.0, 114.0], NOON, QUARTER),
        "metered_kw": regular([70.0, 80.0], NOON, QUARTER),
        "quality": [OK, OK],
        **changes,
    }
    return measure("north-1", Interval(NOON, NOON + 2 * QUARTER), QUARTER, **arguments)


def test_power_becomes_exact_energy() -> None:
    first, second = measure_two()
    assert first.baseline_raw_kwh == Decimal("25.000")
    assert first.adjustment_kwh == Decimal("1.000")
    assert first.metered_kwh == Decimal("17.500")
    assert first.delivered_kwh == Decimal("8.500")
    assert (second.interval.start, second.target_kw) == (NOON + QUARTER, Decimal("40.000"))


def test_delivery_is_the_difference_of_the_rounded_energies() -> None:
    # 0.0264 kW and 0.0136 kW for a quarter hour are 0.0066 and 0.0034 kWh: rounded 0.007 and 0.003,
    # while the rounded difference of the floats would be 0.003.
    series = [regular([value, value], NOON, QUARTER) for value in (0.0264, 0.0136)]
    first, _ = measure_two(baseline_raw_kw=series[0], baseline_kw=series[0], metered_kw=series[1])
    assert first.baseline_kwh == Decimal("0.007")
    assert first.metered_kwh == Decimal("0.003")
    assert first.delivered_kwh == Decimal("0.004")


def test_consumption_above_the_baseline_is_negative_delivery() -> None:
    first, _ = measure_two(metered_kw=regular([124.0, 80.0], NOON, QUARTER))
    assert first.delivered_kwh == Decimal("-5.000")


def test_a_gap_is_missing_and_never_zero() -> None:
    first, second = measure_two(metered_kw=regular([NAN, 80.0], NOON, QUARTER))
    assert (first.quality, first.metered_kwh, first.delivered_kwh) == (MeterQuality.MISSING, None, None)
    assert second.quality is OK


def test_a_bad_gap_stays_bad() -> None:
    first, _ = measure_two(metered_kw=regular([NAN, 80.0], NOON, QUARTER), quality=[MeterQuality.BAD, OK])
    assert (first.quality, first.metered_kwh) == (MeterQuality.BAD, None)


def test_the_stand_in_for_a_missing_reading_is_dropped() -> None:
    first, _ = measure_two(quality=[MeterQuality.MISSING, OK])
    assert first.metered_kwh is None


def test_quality_may_come_as_the_code_of_the_wire() -> None:
    first, _ = measure_two(quality=[2, 1])
    assert first.quality is MeterQuality.ESTIMATED


def test_without_a_baseline_nothing_is_delivered() -> None:
    base = regular([NAN, 110.0], NOON, QUARTER)
    first, _ = measure_two(baseline_raw_kw=base, baseline_kw=base)
    assert (first.baseline_kwh, first.adjustment_kwh, first.delivered_kwh) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metered_kw": regular([70.0], NOON, QUARTER)}, "metered_kw of north-1 is not indexed"),
        ({"baseline_kw": regular([1.0, 1.0], NOON + QUARTER, QUARTER)}, "baseline_kw of north-1"),
        ({"award_kw": [40.0]}, "award_kw of north-1 has 1 values, expected 2"),
        ({"quality": [OK]}, "quality of north-1 has 1 values, expected 2"),
        ({"target_kw": [30.0, NAN]}, "power is nan"),
        ({"target_kw": [30.0, -1.0]}, "target_kw is -1.000, must not be negative"),
        ({"metered_kw": regular([float("inf"), 80.0], NOON, QUARTER)}, "energy is inf"),
        ({"baseline_raw_kw": regular([NAN, 110.0], NOON, QUARTER)}, "only one of raw and adjusted"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        measure_two(**changes)


@pytest.mark.parametrize(("day", "slots"), [(29, 92), (28, 96)])
def test_a_day_has_as_many_quarter_hours_as_its_clock_gives_it(day: int, slots: int) -> None:
    zone = ZoneInfo("Europe/London")  # clocks go forward on 29 March 2026
    start = datetime(2026, 3, day, tzinfo=zone).astimezone(UTC)
    end = datetime(2026, 3, day + 1, tzinfo=zone).astimezone(UTC)
    power = regular([100.0] * slots, start, QUARTER)
    measured = measure(
        "north-1",
        Interval(start, end),
        QUARTER,
        award_kw=[0.0] * slots,
        target_kw=[0.0] * slots,
        baseline_raw_kw=power,
        baseline_kw=power,
        metered_kw=power,
        quality=[OK] * slots,
    )
    assert sum(each.metered_kwh or 0 for each in measured) == Decimal(slots * 25)
