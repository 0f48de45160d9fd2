from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.interval_means import interval_means
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def minutes(*at: int) -> list[datetime]:
    return [NOON + timedelta(minutes=each) for each in at]


def test_edges_on_a_boundary_and_in_any_order_change_nothing() -> None:
    edges = minutes(90, 60, 30, 30)

    def value(at: datetime) -> Decimal:
        return Decimal(sum(edge <= at for edge in set(edges)))

    # first hour: half 0, half 1; second: half 2, half 3; third: 3 throughout
    assert interval_means(NOON, HOUR, 3, lambda _: edges, value) == (Decimal("0.5"), Decimal("2.5"), 3)


def test_a_constant_is_returned_exactly() -> None:
    third = Decimal(1) / 3
    assert interval_means(NOON, HOUR, 1, lambda _: minutes(7, 11), lambda _: third) == (third,)


def test_no_interval_is_refused() -> None:
    with pytest.raises(InvalidInput, match="count"):
        interval_means(NOON, HOUR, 0, lambda _: [], lambda _: Decimal(0))
