from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.price_series import PriceSeries
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import CriticalPeak, SpotPart, TariffCalendar
from vpp.flexibility.tariff_periods import ClockSpan, TariffPeriod
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.day_kind import DayKind

HOUR, HALF, QUARTER = timedelta(hours=1), timedelta(minutes=30), timedelta(minutes=15)
WORK = frozenset({DayKind.WORKDAY})
REST = frozenset(DayKind) - WORK
LONDON = civil_place("Europe/London", [date(2026, 12, 25)])
# Night 00:00 to 02:00, then day, on working days; rest days have one price.
PERIODS = (
    TariffPeriod("night", Decimal("0.10"), day_kinds=WORK, clock=(ClockSpan(time(0), time(2)),)),
    TariffPeriod("day", Decimal("0.30"), day_kinds=WORK, clock=(ClockSpan(time(2), time(0)),)),
    TariffPeriod("rest", Decimal("0.20"), day_kinds=REST),
)
TARIFF = TariffCalendar("london", "GBP", LONDON, PERIODS)
EVERY_DAY = (
    TariffPeriod("night", Decimal("0.10"), clock=(ClockSpan(time(0), time(2)),)),
    TariffPeriod("day", Decimal("0.30"), clock=(ClockSpan(time(2), time(0)),)),
)


def utc(day: str, clock: str) -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00")


def over(tariff: TariffCalendar, start: datetime, count: int, step: timedelta = HOUR) -> list[str]:
    return [str(price) for price in SitePrices(tariff).prices_over(start, step, count)]


def test_season_day_and_hour_are_civil() -> None:
    assert TARIFF.price_at(utc("2026-07-01", "00:30")) == Decimal("0.10")  # 01:30 in London
    assert TARIFF.price_at(utc("2026-07-01", "01:30")) == Decimal("0.30")
    assert TARIFF.price_at(utc("2026-07-04", "12:00")) == Decimal("0.20")  # a Saturday
    assert TARIFF.price_at(utc("2026-12-25", "12:00")) == Decimal("0.20")  # a Friday, listed
    assert TARIFF.price_at(utc("2026-07-03", "23:30")) == Decimal("0.20")  # already Saturday in London
    assert TARIFF.period_at(utc("2026-07-01", "01:30")).name == "day"


@pytest.mark.parametrize(
    ("day", "hours", "night_hours"),
    [("2026-03-29", 23, 1), ("2026-10-25", 25, 3), ("2026-06-01", 24, 2)],
)
def test_a_day_has_as_many_priced_hours_as_it_lasts(day: str, hours: int, night_hours: int) -> None:
    """Clocks skip 01:00 to 02:00 on 29 March and repeat it on 25 October."""
    tariff = TariffCalendar("daily", "GBP", LONDON, EVERY_DAY)
    span = LONDON.day(date.fromisoformat(day))
    assert span.duration == hours * HOUR
    prices = SitePrices(tariff).prices_over(span.start, QUARTER, 4 * hours)
    assert prices.count(Decimal("0.10")) == 4 * night_hours
    assert prices.count(Decimal("0.30")) == 4 * (hours - night_hours)


def test_a_repeated_hour_is_priced_twice_by_its_wall_time() -> None:
    early = TariffPeriod("early", Decimal(1), clock=(ClockSpan(time(0), time(1, 30)),))
    late = TariffPeriod("late", Decimal(2), clock=(ClockSpan(time(1, 30), time(0)),))
    tariff = TariffCalendar("half", "GBP", LONDON, (early, late))
    # 25 October: 00:00, 00:30, 01:00, 01:30 summer time, then 01:00, 01:30, 02:00 winter time
    start = LONDON.day(date(2026, 10, 25)).start
    assert over(tariff, start, 7, HALF) == ["1", "1", "1", "2", "1", "2", "2"]


def test_an_interval_over_a_change_has_the_mean_by_time() -> None:
    tariff = TariffCalendar("daily", "GBP", LONDON, EVERY_DAY)
    # 01:45 to 02:45 in winter: a quarter of an hour at 0.10, three at 0.30
    assert over(tariff, utc("2026-01-07", "01:45"), 1) == ["0.25"]


def test_a_called_peak_takes_the_place_of_the_period() -> None:
    call = Interval(utc("2026-01-07", "17:15"), utc("2026-01-07", "18:00"))
    tariff = TariffCalendar(
        "called",
        "GBP",
        LONDON,
        EVERY_DAY,
        CriticalPeak(Decimal("1.10"), (call,)),
        adder_per_kwh=Decimal("0.01"),
    )
    assert over(tariff, utc("2026-01-07", "17:00"), 5, QUARTER) == ["0.31", "1.11", "1.11", "1.11", "0.31"]
    assert over(tariff, utc("2026-01-07", "17:00"), 1) == ["0.91"]  # (0.31 + 3 x 1.11) / 4
    assert over(tariff, utc("2026-01-07", "17:30"), 1) == ["0.71"]  # half called, half not


def test_spot_prices_are_added_and_what_is_unknown_is_assumed() -> None:
    spot = PriceSeries(utc("2026-01-07", "01:00"), HOUR, (Decimal("0.20"), None, Decimal("-0.05")))
    tariff = TariffCalendar(
        "spot", "GBP", LONDON, EVERY_DAY, spot=SpotPart(spot, Decimal("0.04"), Decimal("1.1"))
    )
    # before the series, 0.20, unknown, -0.05, after it; each times 1.1 and with 0.10, then 0.30 of network
    assert over(tariff, utc("2026-01-07", "00:00"), 5) == ["0.144", "0.320", "0.344", "0.245", "0.344"]
    only_spot = TariffCalendar("spot", "GBP", LONDON, spot=SpotPart(spot, Decimal("0.04")))
    assert over(only_spot, utc("2026-01-07", "01:30"), 1) == ["0.12"]  # half 0.20, half unknown


def test_outside_its_validity_no_price_is_made_up() -> None:
    tariff = TariffCalendar(
        "2026", "GBP", LONDON, EVERY_DAY, valid_from=date(2026, 1, 1), valid_until=date(2027, 1, 1)
    )
    assert tariff.price_at(utc("2026-12-31", "23:59")) == Decimal("0.30")
    for instant in (utc("2027-01-01", "00:00"), utc("2025-12-31", "23:59")):
        with pytest.raises(InvalidInput, match="holds from 2026-01-01 to 2027-01-01"):
            tariff.price_at(instant)
    with pytest.raises(InvalidInput, match="not on 2027-01-01"):
        over(tariff, utc("2026-12-31", "23:00"), 2)


def test_a_tariff_without_prices_or_with_a_peak_alone_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no periods and no spot"):
        TariffCalendar("none", "GBP", LONDON)
    with pytest.raises(InvalidInput, match="expected periods"):
        TariffCalendar(
            "peak", "GBP", LONDON, (), CriticalPeak(Decimal(1)),
            SpotPart(PriceSeries(utc("2026-01-01", "00:00"), HOUR, ()), Decimal(0)),
        )  # fmt: skip
    with pytest.raises(InvalidInput, match="valid_until"):
        TariffCalendar(
            "void", "GBP", LONDON, EVERY_DAY, valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1)
        )


def test_long_horizons_forget_old_days() -> None:
    tariff = TariffCalendar("long", "GBP", civil_place("UTC"), EVERY_DAY)
    prices = SitePrices(tariff).prices_over(datetime(2026, 1, 1, tzinfo=UTC), 24 * HOUR, 500)
    assert {str(price.normalize()) for price in prices} == {str((Decimal("6.8") / 24).normalize())}
