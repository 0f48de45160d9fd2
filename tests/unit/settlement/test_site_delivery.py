from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.settlement.site_delivery import SiteDelivery

Delivery = Callable[..., SiteDelivery]


def local_starts(start: datetime, count: int) -> tuple[str, ...]:
    zone = ZoneInfo("Europe/London")
    return tuple((start + timedelta(hours=n)).astimezone(zone).isoformat() for n in range(count))


def test_the_hour_that_the_clock_repeats_is_told_apart(delivery: Delivery) -> None:
    start = datetime(2026, 10, 24, 23, tzinfo=UTC)  # midnight before a day of 25 hours
    whole_day = delivery(["100"] * 25, start=start, local_starts=local_starts(start, 25))
    assert whole_day.local_starts[1:3] == ("2026-10-25T01:00:00+01:00", "2026-10-25T01:00:00+00:00")
    assert len({text[:19] for text in whole_day.local_starts}) == 24


def test_the_hour_that_the_clock_leaves_out_does_not_exist(delivery: Delivery) -> None:
    start = datetime(2026, 3, 29, tzinfo=UTC)  # a day of 23 hours
    whole_day = delivery(["100"] * 23, start=start, local_starts=local_starts(start, 23))
    assert "2026-03-29T01:00:00+00:00" not in whole_day.local_starts
    assert whole_day.delivery.duration == timedelta(hours=23)


def test_the_period_is_the_civil_month_at_the_site(delivery: Delivery) -> None:
    start = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)  # 1 April, 00:30 in London
    late = delivery(["100"], start=start, local_starts=("2026-04-01T00:30:00+01:00",))
    assert late.settlement_period == "2026-04"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"delivered": ()}, "0 intervals"),
        ({"price_per_mwh": (Decimal(80),)}, "2 intervals, 1 prices"),
        ({"price_per_mwh": (Decimal(80), Decimal("NaN"))}, "price_per_mwh of north-1 in evening is NaN"),
        ({"make_whole": Decimal(-1)}, "make_whole of north-1 in evening is -1"),
        ({"boundary": "gpu"}, "boundary of north-1 in evening is 'gpu', expected 'poc'"),
        ({"local_starts": ("2026-03-02T17:00:00+00:00", "2026-03-02T18:00:00")}, "is not the instant"),
        ({"local_starts": ("2026-03-02T17:00:00+00:00", "six o'clock")}, "is not the instant"),
        (
            {"local_starts": ("2026-03-02T17:00:00+00:00", "2026-03-02T18:00:00+01:00")},
            "is not the instant",
        ),
    ],
)
def test_what_cannot_be_stated_is_refused(
    delivery: Delivery, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        delivery(**changes)


def test_intervals_of_another_site_are_refused(delivery: Delivery) -> None:
    with pytest.raises(InvalidInput, match="holds an interval of site south-1"):
        delivery(intervals=delivery(site_id="south-1").intervals)


def test_intervals_out_of_order_are_refused(delivery: Delivery) -> None:
    first, second = delivery().intervals
    with pytest.raises(InvalidInput, match="overlap or are out of order"):
        delivery(intervals=(second, first))
