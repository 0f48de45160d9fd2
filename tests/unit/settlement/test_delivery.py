from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.settlement.delivery import MeasuredInterval, measured_intervals
from vpp.telemetry.quality import MeterQuality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
NAN = float("nan")
GRID = [Interval(NOON, NOON + QUARTER), Interval(NOON + QUARTER, NOON + 2 * QUARTER)]
OK = MeterQuality.OK


def measure_two(**changes: object) -> tuple[MeasuredInterval, ...]:
    arguments: dict[str, object] = {
        "award_kw": [40.0, 40.0],
        "target_kw": [30.0, 40.0],
        "baseline_raw_kw": [100.0, 110.0],
        "baseline_kw": [104.0, 114.0],
        "metered_kw": [70.0, 80.0],
        "quality": [OK, OK],
        **changes,
    }
    return measured_intervals("north-1", GRID, **arguments)  # type: ignore[arg-type]  # as its signature


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
    expected, metered = [0.0264] * 2, [0.0136] * 2
    first, _ = measure_two(baseline_raw_kw=expected, baseline_kw=expected, metered_kw=metered)
    assert first.baseline_kwh == Decimal("0.007")
    assert first.metered_kwh == Decimal("0.003")
    assert first.delivered_kwh == Decimal("0.004")


def test_consumption_above_the_baseline_is_negative_delivery() -> None:
    first, _ = measure_two(metered_kw=[124.0, 80.0])
    assert first.delivered_kwh == Decimal("-5.000")


def test_a_gap_is_missing_and_never_zero() -> None:
    first, second = measure_two(metered_kw=[NAN, 80.0])
    assert (first.quality, first.metered_kwh, first.delivered_kwh) == (MeterQuality.MISSING, None, None)
    assert second.quality is OK


def test_a_bad_gap_stays_bad() -> None:
    first, _ = measure_two(metered_kw=[NAN, 80.0], quality=[MeterQuality.BAD, OK])
    assert (first.quality, first.metered_kwh) == (MeterQuality.BAD, None)


def test_a_bad_reading_is_shown_and_delivers_nothing() -> None:
    """A meter that stands at 0 would else be the best demand response of the year."""
    first, second = measure_two(metered_kw=[0.0, 80.0], quality=[MeterQuality.BAD, MeterQuality.ESTIMATED])
    assert first.metered_kwh == 0
    assert (first.delivered_kwh, first.avoided_kwh) == (None, None)
    assert second.delivered_kwh == second.avoided_kwh is not None


def test_the_stand_in_for_a_missing_reading_is_dropped() -> None:
    first, _ = measure_two(quality=[MeterQuality.MISSING, OK])
    assert first.metered_kwh is None


def test_quality_may_come_as_the_code_of_the_wire() -> None:
    first, _ = measure_two(quality=[2, 1])
    assert first.quality is MeterQuality.ESTIMATED


def test_without_a_baseline_nothing_is_delivered() -> None:
    base = [NAN, 110.0]
    first, _ = measure_two(baseline_raw_kw=base, baseline_kw=base)
    assert (first.baseline_kwh, first.adjustment_kwh, first.delivered_kwh) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metered_kw": [70.0]}, "metered_kw of north-1 has 1 values, expected 2"),
        ({"baseline_kw": [1.0] * 3}, "^baseline_kw of north-1 has 3 values, expected 2"),
        ({"baseline_raw_kw": [1.0]}, "^baseline_raw_kw of north-1 has 1 values, expected 2"),
        ({"target_kw": [30.0] * 3}, "^target_kw of north-1 has 3 values, expected 2"),
        ({"award_kw": [40.0]}, "^award_kw of north-1 has 1 values, expected 2"),
        ({"quality": [OK]}, "quality of north-1 has 1 values, expected 2"),
        ({"target_kw": [30.0, NAN]}, "power is nan"),
        ({"target_kw": [30.0, -1.0]}, "target_kw is -1.000, must not be negative"),
        ({"award_kw": [-0.0006, 30.0]}, "award_kw is -0.001, must not be negative"),
        ({"metered_kw": [float("inf"), 80.0]}, "energy is inf"),
        ({"baseline_raw_kw": [NAN, 110.0]}, "only one of raw and adjusted"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        measure_two(**changes)


def test_no_interval_is_no_delivery() -> None:
    nothing: list[float] = []
    with pytest.raises(InvalidInput, match="has 0 values, expected 0, at least one"):
        measured_intervals(
            "north-1",
            [],
            award_kw=nothing,
            target_kw=nothing,
            baseline_raw_kw=nothing,
            baseline_kw=nothing,
            metered_kw=nothing,
            quality=[],
        )


@pytest.mark.parametrize(("day", "slots"), [(29, 92), (28, 96)])
def test_a_day_has_as_many_quarter_hours_as_its_clock_gives_it(day: int, slots: int) -> None:
    zone = ZoneInfo("Europe/London")  # clocks go forward on 29 March 2026
    start = datetime(2026, 3, day, tzinfo=zone).astimezone(UTC)
    end = datetime(2026, 3, day + 1, tzinfo=zone).astimezone(UTC)
    power = [100.0] * slots
    measured = measured_intervals(
        "north-1",
        [Interval(at, at + QUARTER) for at in starts(Interval(start, end), QUARTER)],
        award_kw=[0.0] * slots,
        target_kw=[0.0] * slots,
        baseline_raw_kw=power,
        baseline_kw=power,
        metered_kw=power,
        quality=[OK] * slots,
    )
    assert sum(each.metered_kwh or 0 for each in measured) == Decimal(slots * 25)
