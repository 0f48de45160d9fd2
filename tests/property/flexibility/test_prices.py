"""Cheaper power makes flexibility dearer, a day costs what its hours cost, and rounding never loses."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.interval_prices import priced_over, reservation_prices_per_mwh
from vpp.flexibility.offer import Offer
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import TariffCalendar
from vpp.flexibility.tariff_periods import ClockSpan, TariffPeriod
from vpp.foundation.direction import Direction

CENT = Decimal("0.01")
amounts = st.integers(0, 300).map(lambda cents: cents * CENT)
tariffs = st.integers(-50, 300).map(lambda cents: cents * CENT)
ratios = st.integers(0, 150).map(lambda hundredths: hundredths * CENT)
costs = st.builds(OpportunityCost, amounts, amounts, amounts, ratios)
zones = st.sampled_from(["UTC", "Europe/London", "America/Havana", "Australia/Lord_Howe", "Asia/Kathmandu"])
days = st.dates(date(2026, 1, 1), date(2027, 12, 30)) | st.sampled_from(
    [
        date(2026, 3, 8),
        date(2026, 3, 29),
        date(2026, 4, 5),
        date(2026, 10, 4),
        date(2026, 10, 25),
        date(2026, 11, 1),
    ]
)


@given(costs, tariffs, tariffs, tariffs)
def test_cheaper_power_makes_a_reduction_dearer(
    cost: OpportunityCost, one: Decimal, other: Decimal, later: Decimal
) -> None:
    cheap, dear = sorted((one, other))
    assert cost.at(cheap, later) - cost.at(dear, later) == dear - cheap  # one for one
    cheap_price, dear_price = reservation_prices_per_mwh(cost, [cheap, dear], later)
    assert cheap_price >= dear_price
    lost = OpportunityCost(lost_value_per_kwh=cost.own_per_kwh)  # work lost for good buys nothing back
    assert lost.at(cheap) >= lost.at(dear)


@given(costs, tariffs, tariffs)
def test_an_increase_is_the_mirror_of_a_reduction(
    cost: OpportunityCost, now: Decimal, later: Decimal
) -> None:
    down, up = (cost.at(now, later, direction) for direction in Direction)
    assert down + up == 2 * cost.own_per_kwh


@given(
    costs, st.lists(st.tuples(st.integers(0, 500), tariffs), min_size=1, max_size=8), tariffs, st.booleans()
)
def test_no_offer_is_priced_below_its_cost(
    cost: OpportunityCost,
    intervals: list[tuple[int, Decimal]],
    later: Decimal,
    divisible: bool,  # noqa: FBT001  hypothesis draws it
) -> None:
    reduction_kw = tuple(float(kw) for kw, _ in intervals)
    if not any(reduction_kw):
        return
    prices = [price for _, price in intervals]
    plain = Offer(
        "x", reduction_kw, Decimal(0), divisible, 0.0, None, 0.0, 0, 0.0, Decimal(0), 0.9, cost=cost
    )
    offer = priced_over(plain, prices, later)
    asked = sum(Decimal(kw) * offer.price_at(n) for n, (kw, _) in enumerate(intervals)) / 1000
    spent = sum(Decimal(kw) * cost.at(price, later) for kw, price in intervals)
    assert asked >= spent
    for n, (kw, price) in enumerate(intervals):
        if divisible and kw:
            assert offer.price_at(n) >= max(0, 1000 * cost.at(price, later))
            assert offer.price_at(n) <= offer.price_per_mwh


@st.composite
def daily_tariffs(draw: st.DrawFn) -> TariffCalendar:
    cuts = sorted(draw(st.sets(st.integers(1, 95), max_size=5)))
    bounds = [0, *(15 * cut for cut in cuts), 24 * 60]
    periods = []
    for n, (first, last) in enumerate(pairwise(bounds)):
        span = ClockSpan(time(first // 60, first % 60), time(last // 60 % 24, last % 60))
        periods.append(TariffPeriod(f"p{n}", draw(amounts), clock=(span,)))
    return TariffCalendar("drawn", "XXX", civil_place(draw(zones)), tuple(periods))


@given(daily_tariffs(), days, st.sampled_from([5, 15, 30, 60, 7]))
def test_a_civil_day_costs_what_its_minutes_cost_however_it_is_cut(
    tariff: TariffCalendar, day: date, minutes: int
) -> None:
    """The reference asks for the price at every single minute, by local time alone."""
    span, step = tariff.civil.day(day), timedelta(minutes=minutes)
    count = -(-span.duration // step)
    means = SitePrices(tariff).prices_over(span.start, step, count)
    minute = timedelta(minutes=1)
    for n in range(0, count, max(1, count // 12)):
        at = [span.start + n * step + m * minute for m in range(minutes)]
        assert means[n] == sum((by_wall_time(tariff, each) for each in at), Decimal(0)) / minutes


def by_wall_time(tariff: TariffCalendar, instant: datetime) -> Decimal:
    wall = datetime.fromisoformat(tariff.civil.local_iso(instant)).time()
    for period in tariff.periods:
        for span in period.clock:
            if span.first_minute <= wall.hour * 60 + wall.minute < span.end_minute:
                return period.price_per_kwh
    raise AssertionError(instant)


@given(daily_tariffs(), st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), st.integers(1, 12))  # noqa: DTZ001  the zone is added below
def test_a_span_costs_the_same_whole_and_in_pieces(
    tariff: TariffCalendar, start: datetime, count: int
) -> None:
    prices, at, hour = SitePrices(tariff), start.replace(tzinfo=UTC), timedelta(hours=1)
    whole = prices.prices_over(at, count * hour, 1)[0]
    pieces = prices.prices_over(at, hour, count)
    assert abs(whole - sum(pieces, Decimal(0)) / count) < Decimal("1e-20")
