from datetime import UTC, datetime, timedelta

import pytest

from vpp.workflows.forecast_inputs import forecast_step, on_step

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)


@pytest.mark.parametrize(
    ("metering_minutes", "minutes"),
    [(1, 15), (4, 20), (5, 15), (6, 30), (12, 60), (15, 15), (30, 30), (60, 60)],
)
def test_the_step_is_whole_metering_intervals_and_divides_an_hour(
    metering_minutes: int, minutes: int
) -> None:
    assert forecast_step(timedelta(minutes=metering_minutes)) == timedelta(minutes=minutes)


def test_an_instant_falls_back_to_its_step() -> None:
    assert on_step(NOON + timedelta(minutes=29, seconds=59), QUARTER) == NOON + QUARTER
    assert on_step(NOON, 3 * HOUR) == NOON
    assert on_step(NOON - timedelta(microseconds=1), 3 * HOUR) == NOON - 3 * HOUR
