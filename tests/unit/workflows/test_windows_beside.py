from datetime import UTC, datetime, timedelta

import pytest
from support.products import changed_product, shipped_products

from vpp.foundation.interval import Interval
from vpp.workflows.windows_beside import windows_beside

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVENT = Interval(NOON, NOON + HOUR)


@pytest.mark.parametrize(
    ("before", "after", "windows"),
    [
        (2 * HOUR, 4 * HOUR, [(-2 * HOUR, timedelta(0)), (HOUR, 5 * HOUR)]),
        (20 * MINUTE, 40 * MINUTE, [(-15 * MINUTE, timedelta(0)), (HOUR, HOUR + 30 * MINUTE)]),
        (timedelta(0), HOUR, [(HOUR, 2 * HOUR)]),
        (10 * MINUTE, timedelta(0), []),
    ],
)
def test_windows_are_whole_intervals(
    before: timedelta, after: timedelta, windows: list[tuple[timedelta, timedelta]]
) -> None:
    product = changed_product(
        shipped_products()["example-peak-shaving"],
        measurement={"before_window": before.total_seconds(), "after_window": after.total_seconds()},
    )
    assert product.settlement_interval == 15 * MINUTE
    found = windows_beside(EVENT, product)
    assert found == tuple(Interval(NOON + start, NOON + end) for start, end in windows)
