from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from vpp.flexibility.price_series import PriceSeries
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SERIES = PriceSeries(NOON, HOUR, (Decimal(1), None, Decimal(3)))


def test_a_gap_is_unknown_and_so_is_what_lies_outside() -> None:
    instants = [NOON + n * HOUR / 2 for n in range(-1, 7)]
    assert [SERIES.at(at) for at in instants] == [None, 1, 1, None, None, 3, 3, None]


@pytest.mark.parametrize(
    ("first", "last", "edges"),
    [(-2, 9, [0, 1, 2, 3]), (0, 2, [1]), (1, 3, [2]), (0.5, 1.5, [1]), (3, 9, []), (4, 9, [])],
)
def test_edges_lie_inside_the_span(first: float, last: float, edges: list[int]) -> None:
    span = Interval(NOON + first * HOUR, NOON + last * HOUR)
    assert list(SERIES.edges(span)) == [NOON + n * HOUR for n in edges]


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"values\[1\]"):
        PriceSeries(NOON, HOUR, (Decimal(1), Decimal("NaN")))
    with pytest.raises(InvalidInput, match="in UTC"):
        PriceSeries(NOON.astimezone(timezone(HOUR)), HOUR, ())
    with pytest.raises(InvalidInput, match="step"):
        PriceSeries(NOON, timedelta(0), ())
