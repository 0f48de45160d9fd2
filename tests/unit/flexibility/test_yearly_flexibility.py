from datetime import UTC, datetime, timedelta

from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.site_grade import NotKnownYet
from vpp.flexibility.yearly_flexibility import Activation, FlexibilityTotals, last_year, totals
from vpp.foundation.interval import Interval

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def used(day: float, kwh: float, direction: FlexDirection = FlexDirection.LOAD_DOWN) -> Activation:
    start = NEW_YEAR - day * DAY
    return Activation(Interval(start, start + timedelta(hours=2)), direction, kwh)


def test_directions_are_kept_apart() -> None:
    found = totals([used(1, 100.0), used(2, 50.0), used(3, 30.0, FlexDirection.LOAD_UP)])
    assert found == FlexibilityTotals(3, 6.0, 150.0, 30.0)


def test_only_what_lies_in_the_year_counts() -> None:
    activations = [used(400, 1000.0), used(10, 7.0)]
    assert last_year(activations, NEW_YEAR - 500 * DAY, NEW_YEAR) == FlexibilityTotals(1, 2.0, 7.0, 0.0)


def test_a_part_of_a_year_is_not_scaled_up() -> None:
    found = last_year([used(10, 7.0)], NEW_YEAR - 30 * DAY, NEW_YEAR)
    assert found == NotKnownYet("activations are known for 30.0 days, expected 365", 1)
