from collections.abc import Callable
from decimal import Decimal

import pytest

from vpp.portfolio.product import ProductProfile
from vpp.settlement.charge import Charge
from vpp.settlement.line_code import LineCode
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]
RUN = RunTerms(RunType.RECALC, "hub")


def rounding(*deliveries: SiteDelivery, period: str = "2026-03") -> list[Charge]:
    charges = reckon(period, deliveries, run=RUN).charges
    return [charge for charge in charges if charge.code is LineCode.ROUNDING]


@pytest.fixture
def rules(product: Product) -> ProductProfile:
    return product(rounding="event", penalty_formula_id="none")


def test_the_operator_owes_an_event_rounded_once(delivery: Delivery, rules: ProductProfile) -> None:
    # 62.5 kWh at 80.08 per MWh are 5.005, rounded 5.01 twice; together they are 10.01
    price = (Decimal("80.08"),)
    sites = [
        delivery(["62.5"], product=rules, site_id=site, price_per_mwh=price)
        for site in ("north-1", "south-1")
    ]
    [left] = rounding(*sites)
    assert (left.payer.account_id, left.payee.account_id) == ("grid:operator:GBP", "hub:rounding:GBP")
    assert (str(left.amount), left.note) == ("-0.01", "10.01 for the event as a whole, 10.02 in its lines")
    assert (left.event_id, left.site_id, left.key.site_id) == ("evening", "", "")
    assert (left.product_id, left.product_version, left.time_zone) == ("evening-peak", 3, "Europe/London")
    assert (left.interval, left.local_start) == (sites[0].delivery, "2026-03-02T17:00:00+00:00")
    assert (left.price, left.price_unit, left.delivery) == (None, "", None)


def test_events_are_rounded_apart_and_only_where_the_product_says_so(
    delivery: Delivery, rules: ProductProfile, product: Product
) -> None:
    price = (Decimal("80.08"),)
    dawn = delivery(["62.5"], product=rules, event_id="dawn", price_per_mwh=price)
    dusk = delivery(["62.5"], product=rules, event_id="dusk", price_per_mwh=price)
    assert rounding(dawn, dusk) == []
    more = delivery(["62.5"], product=rules, event_id="dusk", site_id="south-1", price_per_mwh=price)
    assert [left.event_id for left in rounding(dawn, dusk, more)] == ["dusk"]
    plain = product(penalty_formula_id="none")
    both = [
        delivery(["62.5"], product=plain, site_id=site, price_per_mwh=price)
        for site in ("north-1", "south-1")
    ]
    assert rounding(*both) == []


def test_penalties_that_the_operator_is_paid_count(delivery: Delivery, product: Product) -> None:
    # 60 kWh are 4.80; 30 kWh of shortfall at 40.15 are 1.2045, rounded 1.20, four times
    rules = product(rounding="event", penalty_ratio="0.501875")
    sites = [delivery(["60"], product=rules, site_id=f"site-{n}") for n in range(4)]
    [left] = rounding(*sites)
    # 19.20 - 4.818 is 14.38, the lines say 19.20 - 4.80
    assert str(left.amount) == "-0.02"
    kept = {"threshold_ratio": "0.9", "price_ratio": "0.501875", "retained_by": "aggregator"}
    rules = product(rounding="event", penalty_formula_id="parts", penalty=kept)
    assert rounding(*[delivery(["60"], product=rules, site_id=f"site-{n}") for n in range(4)]) == []


def test_another_periods_sites_are_rounded_in_theirs(delivery: Delivery, rules: ProductProfile) -> None:
    price = (Decimal("80.08"),)
    here = delivery(["62.5"], product=rules, price_per_mwh=price)
    assert (
        rounding(here, delivery(["62.5"], product=rules, site_id="b", price_per_mwh=price), period="2026-04")
        == []
    )
