from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest

from vpp.portfolio.product import ProductProfile
from vpp.settlement.cut import Cut
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.judging import judge_alone
from vpp.settlement.line_code import LineCode
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.site_cells import SiteCells
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.site_payments import WHOLE, SitePayments
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]


def payments(delivery: SiteDelivery) -> SitePayments:
    terms = PayTerms.of(delivery.product.money)
    site = SiteCells(delivery.intervals, delivery.price_per_mwh, terms, counts_estimates=True)
    judge_alone(site)
    return SitePayments(delivery, site, counts_estimates=True)


def test_energy_and_availability_in_minor_units(delivery: Delivery, product: Product) -> None:
    found = payments(delivery(["100", "60"], product=product(availability_price_per_kw_h="0.02")))
    assert (found.energy, found.availability, found.make_whole) == ([800, 480], [200, 200], None)


@pytest.mark.parametrize(
    ("delivered", "paid"), [(["100", "100"], 1001), (["150", "100"], 1001), (["60", "40"], 300)]
)
def test_make_whole_follows_the_payable_share(delivery: Delivery, delivered: list[str], paid: int) -> None:
    # 40 of 100 kWh is below the lowest band, so 60 of 200 kWh are payable: 30 % of 10.01
    found = payments(delivery(delivered, make_whole=Decimal("10.01")))
    assert found.make_whole == paid


def test_make_whole_of_readiness_follows_the_readiness(delivery: Delivery, product: Product) -> None:
    rules = product(pays_energy=False, availability={"price_per_kw_h": "0.02", "by_performance": True})
    found = payments(delivery(["100", "50"], product=rules, make_whole=Decimal(10)))
    assert (found.make_whole, found.make_whole_exact) == (750, Fraction(15, 2))
    assert found.make_whole_note == "10 at full delivery; ready 150.000 kW.h of 200.000 kW.h awarded"


def test_what_is_owed_exactly_less_what_is_paid_back(delivery: Delivery, product: Product) -> None:
    rules = product(availability_price_per_kw_h="0.020001")
    found = payments(delivery(["60.001"], product=rules, make_whole=Decimal(1)))
    energy = Fraction(60_001 * 80, 1_000_000)
    ready = Fraction(100 * 20_001, 1_000_000)
    make_whole = Fraction(60_001, 100_000)
    penalty = Fraction(29_999 * 40, 1_000_000)
    assert found.exactly_owed() == energy + ready + make_whole - penalty


def test_a_penalty_that_the_aggregator_keeps_is_nothing_to_the_operator(
    delivery: Delivery, product: Product
) -> None:
    terms = {"threshold_ratio": "0.9", "price_per_mwh": "100", "retained_by": "aggregator"}
    rules = product(penalty_formula_id="parts", penalty=terms)
    assert payments(delivery(["60"], product=rules)).exactly_owed() == Fraction(24, 5)


def test_a_cut_amount_is_exact(delivery: Delivery, product: Product) -> None:
    rules = product(availability_price_per_kw_h="0.020001", penalty_formula_id="none")
    found = payments(delivery(["60.001"], product=rules, make_whole=Decimal(1)))
    for n, code, after in (
        (0, LineCode.ENERGY, 100),
        (0, LineCode.AVAILABILITY, 50),
        (WHOLE, LineCode.MAKE_WHOLE, 7),
    ):
        before = found.amount(n, code)
        found.cut(n, code, Cut("some limit", before, after, 1, 2))
        assert found.amount(n, code) == after
    assert found.exactly_owed() == Fraction(157, 100)
    found.cut(0, LineCode.ENERGY, Cut("another", 100, 20, 1, 2))
    assert [cut.limit for cut in found.cuts[0, LineCode.ENERGY]] == ["some limit", "another"]


def test_what_was_payable_of_what_was_asked_is_told(delivery: Delivery) -> None:
    found = payments(delivery(["60", "40"], make_whole=Decimal("10.01")))
    assert found.make_whole_note == "10.01 at full delivery; payable 60.000 kWh of 200.000 kWh target"


def test_every_cut_amount_counts_in_what_is_owed(delivery: Delivery, product: Product) -> None:
    rules = product(availability_price_per_kw_h="0.02", penalty_formula_id="none")
    found = payments(delivery(["100", "100"], product=rules, make_whole=Decimal(1)))
    for n in (0, 1):
        found.cut(n, LineCode.ENERGY, Cut("some limit", 800, 30, 1, 2))
        found.cut(n, LineCode.AVAILABILITY, Cut("some limit", 200, 5, 1, 2))
    found.cut(WHOLE, LineCode.MAKE_WHOLE, Cut("some limit", 100, 0, 1, 2))
    assert found.exactly_owed() == Fraction(70, 100)


def test_estimates_without_a_baseline_show_readiness_where_they_count(
    delivery: Delivery, product: Product, measured: Callable[..., MeasuredInterval]
) -> None:
    rules = product(availability_price_per_kw_h="0.02")
    blind = measured(quality=MeterQuality.ESTIMATED, baseline_kwh=None, baseline_raw_kwh=None)
    made = delivery(["100"], product=rules, intervals=(blind,))
    for counts, paid in ((True, [200]), (False, [0])):
        site = SiteCells(
            made.intervals, made.price_per_mwh, PayTerms.of(rules.money), counts_estimates=counts
        )
        judge_alone(site)
        assert SitePayments(made, site, counts_estimates=counts).availability == paid
