"""What is said of a revenue meter's readings before they are kept."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.site import Site
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.revenue_checks import MeterRun, check_values, laid_out, odd_notes

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
SITE = Site("north-1", "owner", "North 1", "north", "Europe/London", 100.0, QUARTER)
OK, ESTIMATED, MISSING, BAD = (
    MeterQuality.OK,
    MeterQuality.ESTIMATED,
    MeterQuality.MISSING,
    MeterQuality.BAD,
)


def run(
    values: list[float],
    *,
    start: datetime = NOON,
    step: timedelta = QUARTER,
    quality: MeterQuality = OK,
) -> MeterRun:
    return MeterRun(start, step, np.array(values), quality)


def test_between_runs_lies_a_gap() -> None:
    found = laid_out([run([1.0]), run([2.0], start=NOON + 2 * QUARTER, quality=ESTIMATED)], now=NOON + DAY)
    np.testing.assert_array_equal(found.net_power_kw, [1.0, np.nan, 2.0])
    assert found.quality.tolist() == [OK, MISSING, ESTIMATED]
    assert (found.start_at, found.span.end) == (NOON, NOON + 3 * QUARTER)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([], "runs is empty"),
        (
            [run([1.0], step=timedelta(minutes=7))],
            "sample_interval is 0:07:00, expected a length that divides",
        ),
        ([run([1.0], step=timedelta(0))], "sample_interval is 0:00:00"),
        (
            [run([1.0]), run([1.0], start=NOON + HOUR, step=HOUR)],
            r"runs\[1\].sample_interval is 1:00:00, expected 0:15:00",
        ),
        (
            [run([1.0], start=NOON + timedelta(minutes=5))],
            r"runs\[0\].start_time is .*12:05.*, expected a mult",
        ),
        (
            [run([1.0, 1.0]), run([1.0], start=NOON + QUARTER)],
            r"runs\[1\].start_time is .*12:15.*before the end of the run before, .*12:30",
        ),
        ([run([1.0], start=NOON + HOUR), run([1.0])], r"runs\[1\].start_time is .*12:00.*before the end"),
        ([run([1.0] * 5, start=NOON + DAY - HOUR)], "the last reading ends at .*12:15.*at most the present"),
        ([run([1.0], start=NOON - 401 * DAY), run([1.0])], "readings are of 401 days, expected at most 400"),
    ],
)
def test_runs_that_cannot_be_are_refused(runs: list[MeterRun], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        laid_out(runs, now=NOON + DAY)


def test_the_present_itself_may_be_reached() -> None:
    assert laid_out([run([1.0])], now=NOON + QUARTER).span.end == NOON + QUARTER


@pytest.mark.parametrize(
    ("value", "is_device", "is_refused"),
    [
        (150.0, False, False),
        (150.1, False, True),
        (-100.0, False, False),
        (-100.1, False, True),
        (-150.0, True, False),
        (-150.1, True, True),
        (150.1, True, True),
        (float("inf"), False, True),
        (float("nan"), False, True),
    ],
)
def test_what_the_connection_cannot_bear_is_refused(
    value: float,
    is_device: bool,  # noqa: FBT001  which meter
    is_refused: bool,  # noqa: FBT001  a verdict
) -> None:
    readings = laid_out([run([10.0, value])], now=NOON + DAY)
    if not is_refused:
        check_values(readings, SITE, is_device=is_device)
        return
    with pytest.raises(InvalidInput, match=r"net_power_kw at 2026-03-02T12:15:00\+00:00 is .*, expected -"):
        check_values(readings, SITE, is_device=is_device)


def test_a_bad_reading_may_be_anything() -> None:
    for value in (1e6, float("nan")):
        check_values(laid_out([run([value], quality=BAD)], now=NOON + DAY), SITE, is_device=False)


@pytest.mark.parametrize("value", [1e300, -1e8, float("inf")])
def test_a_bad_reading_must_be_a_number_that_can_be_written(value: float) -> None:
    readings = laid_out([run([10.0]), run([value], start=NOON + QUARTER, quality=BAD)], now=NOON + DAY)
    with pytest.raises(InvalidInput, match=r"12:15:00\+00:00 is .*, expected at most 1e\+07 kW either way"):
        check_values(readings, SITE, is_device=False)


def test_what_is_odd_is_told() -> None:
    readings = laid_out(
        [
            run([1.0, -2.0]),
            run([1.0], start=NOON + HOUR, quality=ESTIMATED),
            run([1.0], start=NOON + HOUR + QUARTER, quality=BAD),
        ],
        now=NOON + DAY,
    )
    assert odd_notes(readings, SITE, is_device=False) == (
        "2 of 6 intervals are missing, the first at 2026-03-02T12:30:00+00:00",
        "1 of 6 intervals are bad, the first at 2026-03-02T13:15:00+00:00",
        "1 of 6 intervals are estimated, the first at 2026-03-02T13:00:00+00:00",
        "1 of 6 intervals are below 0 kW where no export is expected, the first at 2026-03-02T12:15:00+00:00",
    )
    exporting = replace(SITE, minimum_load_kw=-50.0)
    assert len(odd_notes(readings, exporting, is_device=False)) == 3
    assert len(odd_notes(readings, SITE, is_device=True)) == 3


def test_plain_readings_are_not_odd() -> None:
    assert odd_notes(laid_out([run([1.0, 2.0])], now=NOON + DAY), SITE, is_device=False) == ()
