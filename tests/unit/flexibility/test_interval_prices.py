from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from vpp.flexibility.civil_place import civil_place
from vpp.flexibility.interval_prices import priced_by, priced_over, reservation_prices_per_mwh
from vpp.flexibility.offer import Offer
from vpp.flexibility.opportunity_cost import OpportunityCost
from vpp.flexibility.site_prices import SitePrices
from vpp.flexibility.tariff_calendar import TariffCalendar
from vpp.flexibility.tariff_periods import ClockSpan, TariffPeriod
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
JOB = OpportunityCost(lost_value_per_kwh=Decimal("0.90"))
STORE = OpportunityCost(wear_per_kwh=Decimal("0.10"), recovery_ratio=Decimal("1.2"))
GPU = Offer(
    resource_id="gpu",
    reduction_kw=(100.0, 50.0, 0.0),
    price_per_mwh=Decimal(1),
    divisible=True,
    min_acceptance_ratio=0.0,
    energy_limit_kwh=None,
    recovery_ratio=0.0,
    recovery_intervals=0,
    max_recovery_kw=0.0,
    fixed_cost=Decimal(0),
    delivery_ratio=0.9,
    cost=JOB,
)
THREE = [Decimal("0.60"), Decimal("0.30"), Decimal("0.10")]


def test_each_interval_has_its_price_and_the_highest_offered_one_stands_for_all() -> None:
    offer = priced_over(GPU, THREE)
    assert offer.prices_per_mwh == (Decimal(300), Decimal(600), Decimal(800))
    assert offer.price_per_mwh == Decimal(600)  # nothing is offered in the third
    assert [offer.price_at(n) for n in range(3)] == [300, 600, 800]


def test_one_price_is_not_repeated() -> None:
    offer = priced_over(GPU, [Decimal("0.60")] * 3)
    assert offer.prices_per_mwh == ()
    assert offer.price_at(2) == offer.price_per_mwh == Decimal(300)


def test_a_block_has_the_mean_price_by_energy() -> None:
    block = replace(GPU, divisible=False, min_acceptance_ratio=1.0)
    # (100 x 0.30 + 50 x 0.60 + 0) / 150 = 0.40
    assert priced_over(block, THREE).price_per_mwh == Decimal(400)
    dear = [Decimal("1.50"), Decimal("0.30"), Decimal(0)]
    # (100 x -0.60 + 50 x 0.60) / 150 = -0.20: intervals are netted before anything is cut off at 0
    assert priced_over(block, dear).price_per_mwh == 0


def test_without_a_cost_an_offer_stays_as_it_is() -> None:
    plain = replace(GPU, cost=None)
    assert priced_over(plain, THREE) is plain
    assert priced_by(plain, flat("0.6"), NOON, HOUR) is plain


def test_a_price_for_each_interval_is_needed() -> None:
    with pytest.raises(InvalidInput, match="prices_per_kwh has 2 values, expected 3"):
        priced_over(GPU, THREE[:2])


def flat(price: str) -> SitePrices:
    return SitePrices(
        TariffCalendar("flat", "CNY", civil_place("UTC"), (TariffPeriod("all", Decimal(price)),))
    )


def day_and_evening() -> SitePrices:
    day = TariffPeriod("day", Decimal("0.50"), clock=(ClockSpan(time(0), time(15)),))
    evening = TariffPeriod("evening", Decimal("1.00"), clock=(ClockSpan(time(15), time(0)),))
    return SitePrices(TariffCalendar("two", "CNY", civil_place("UTC"), (day, evening)))


def test_a_store_recharges_at_the_price_after_its_window() -> None:
    store = replace(GPU, reduction_kw=(100.0, 100.0, 100.0), cost=STORE, recovery_intervals=2)
    offer = priced_by(store, day_and_evening(), NOON, HOUR)
    # 12:00 to 15:00 at 0.50, recharged 15:00 to 17:00 at 1.00: 0.10 + 1.2 x 1.00 - 0.50 = 0.80
    assert offer.price_per_mwh == Decimal(800)
    longer = priced_by(replace(store, recovery_intervals=4), day_and_evening(), NOON - 2 * HOUR, HOUR)
    # 10:00 to 13:00 at 0.50, recharged to 17:00 half at 0.50, half at 1.00: 0.10 + 1.2 x 0.75 - 0.50
    assert longer.price_per_mwh == Decimal(500)
    late = priced_by(store, day_and_evening(), NOON + 9 * HOUR, HOUR)
    # 21:00 to 24:00 at 1.00, recharged after midnight at 0.50: 0.10 + 0.60 - 1.00 < 0
    assert late.price_per_mwh == 0


def test_a_window_over_a_change_of_price_is_priced_by_interval() -> None:
    offer = priced_by(replace(GPU, reduction_kw=(1.0, 1.0, 1.0)), day_and_evening(), NOON + HOUR, HOUR)
    assert offer.prices_per_mwh == (Decimal(400), Decimal(400), Decimal(0))


def test_load_up_asks_for_its_power() -> None:
    assert reservation_prices_per_mwh(OpportunityCost(), THREE, direction=Direction.LOAD_UP) == (
        Decimal(600),
        Decimal(300),
        Decimal(100),
    )
    assert priced_over(replace(GPU, direction=Direction.LOAD_UP), THREE).price_per_mwh == Decimal(1500)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"prices_per_mwh": (Decimal(1),)}, "prices_per_mwh has 1 values"),
        ({"prices_per_mwh": (Decimal(1),) * 3, "divisible": False}, "of a divisible offer"),
        ({"prices_per_mwh": (Decimal(1), Decimal("NaN"), Decimal(1))}, "finite"),
    ],
)
def test_an_offer_with_prices_that_do_not_fit_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        replace(GPU, **changes)  # type: ignore[arg-type]  # the cases above have the fields' types
