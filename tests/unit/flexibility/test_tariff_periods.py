from datetime import UTC, time
from decimal import Decimal

import pytest

from vpp.flexibility.tariff_periods import (
    MINUTES_PER_DAY,
    ClockSpan,
    TariffPeriod,
    check_complete,
    minute_table,
)
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.day_kind import DayKind

NIGHT = TariffPeriod(
    "night", Decimal("0.2"), clock=(ClockSpan(time(0), time(8)), ClockSpan(time(22), time(0)))
)
DAY = TariffPeriod("day", Decimal("0.8"), clock=(ClockSpan(time(8), time(22)),))


def test_every_minute_has_its_period() -> None:
    table = minute_table((NIGHT, DAY), 5, DayKind.SUNDAY)
    assert len(table) == MINUTES_PER_DAY
    assert [table[60 * hour] for hour in (0, 7, 8, 21, 22, 23)] == [0, 0, 1, 1, 0, 0]
    assert table[8 * 60 - 1] == 0
    check_complete((NIGHT, DAY))


@pytest.mark.parametrize(
    ("periods", "why"),
    [
        ((DAY,), "no period holds at 00:00 on a workday in month 1"),
        (
            (NIGHT, DAY, TariffPeriod("noon", Decimal(1), clock=(ClockSpan(time(12), time(13)),))),
            "day and noon both hold at 12:00 on a workday in month 1",
        ),
        (
            (NIGHT, TariffPeriod("day", Decimal(1), frozenset({1, 2}), clock=DAY.clock)),
            "no period holds at 08:00 on a workday in month 3",
        ),
        (
            (TariffPeriod("work", Decimal(1), day_kinds=frozenset(DayKind) - {DayKind.HOLIDAY}),),
            "no period holds at 00:00 on a holiday",
        ),
    ],
)
def test_a_gap_or_an_overlap_is_refused_with_the_first_minute(
    periods: tuple[TariffPeriod, ...], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        check_complete(periods)


def test_wall_times_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInput, match="given as two"):
        ClockSpan(time(22), time(6))
    with pytest.raises(InvalidInput, match="whole minutes"):
        ClockSpan(time(8, 0, 30), time(9))
    with pytest.raises(InvalidInput, match="wall time"):
        ClockSpan(time(8, tzinfo=UTC), time(9))


@pytest.mark.parametrize(
    "changes",
    [{"months": frozenset({0})}, {"months": frozenset()}, {"day_kinds": frozenset()}],
)
def test_months_and_days_that_do_not_exist_are_refused(changes: dict[str, frozenset[int]]) -> None:
    with pytest.raises(InvalidInput):
        TariffPeriod("odd", Decimal(1), **changes)  # type: ignore[arg-type]  # empty sets have any type
    with pytest.raises(InvalidInput, match="price_per_kwh"):
        TariffPeriod("odd", Decimal("NaN"))
