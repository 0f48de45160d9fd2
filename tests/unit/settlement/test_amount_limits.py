from collections.abc import Callable
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile
from vpp.settlement.amount_limits import cap_event_amount, cut_to_budgets
from vpp.settlement.judging import judge_alone
from vpp.settlement.line_code import LineCode
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.shared_figures import BudgetFigures
from vpp.settlement.site_cells import SiteCells
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.site_payments import SitePayments

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]
PERIOD = "2026-03"


def payments(delivery: SiteDelivery) -> SitePayments:
    terms = PayTerms.of(delivery.product.money)
    site = SiteCells(delivery.intervals, delivery.price_per_mwh, terms, counts_estimates=True)
    judge_alone(site)
    return SitePayments(delivery, site, counts_estimates=True)


def test_a_cap_cuts_an_events_energy_in_one_proportion(delivery: Delivery, product: Product) -> None:
    capped = product(limits={"max_amount_per_event": "10.009"}, availability_price_per_kw_h="1")
    found = payments(delivery(["100", "60", "0"], product=capped))
    cap_event_amount(found)
    assert found.energy == [625, 375, 0]  # 10.00 of 8.00 and 4.80
    assert found.availability == [10_000] * 3  # a cap on energy alone
    cap_event_amount(found)
    assert found.energy == [625, 375, 0]


def test_what_a_cap_allows_is_not_cut(delivery: Delivery, product: Product) -> None:
    found = payments(delivery(["100"], product=product(limits={"max_amount_per_event": "8"})))
    cap_event_amount(found)
    assert (found.energy, found.cuts) == ([800], {})


def test_a_cap_cuts_a_single_penny_and_says_so_of_no_other(delivery: Delivery, product: Product) -> None:
    rules = product(limits={"max_amount_per_event": "0.01"}, band_low_ratio="0", penalty_formula_id="none")
    found = payments(delivery(["0.125", "0", "0.125"], product=rules))
    assert found.energy == [1, 0, 1]
    cap_event_amount(found)
    assert sum(found.energy) == 1
    assert set(found.cuts) == {(0, LineCode.ENERGY), (2, LineCode.ENERGY)}


def test_amounts_below_zero_are_neither_counted_nor_cut(delivery: Delivery, product: Product) -> None:
    rules = product(limits={"max_amount_per_event": "5"}, budget={"amount": "2", "per": "event"})
    found = payments(delivery(["100", "100"], product=rules, price_per_mwh=(Decimal(80), Decimal(-80))))
    cap_event_amount(found)
    assert found.energy == [500, -800]
    figures, _ = cut_to_budgets([found], PERIOD, None)
    assert found.energy == [200, -800]
    [only] = figures.values()
    assert only.owed == 500


def test_a_budget_is_for_everything_that_is_paid(delivery: Delivery, product: Product) -> None:
    rules = product(budget={"amount": "12", "per": "event"}, availability_price_per_kw_h="0.02")
    found = payments(delivery(["100"], product=rules, make_whole=Decimal(2)))
    figures, notes = cut_to_budgets([found], PERIOD, None)
    assert figures == {("grid", "evening-peak", 3, "evening"): BudgetFigures(1200, frozenset({"evening"}))}
    assert (found.energy, found.availability, found.make_whole, notes) == ([800], [200], 200, [])
    short = product(budget={"amount": "6", "per": "event"}, availability_price_per_kw_h="0.02")
    found = payments(delivery(["100"], product=short, make_whole=Decimal(2)))
    _, [note] = cut_to_budgets([found], PERIOD, None)
    assert (found.energy, found.availability, found.make_whole) == ([400], [100], 100)
    assert note == (
        "grid's budget of evening-peak version 3 for evening: 12.00 owed, 6.00 there; "
        "all cut in one proportion"
    )


def test_events_share_a_periods_budget_and_operators_do_not(delivery: Delivery, product: Product) -> None:
    rules = product(budget={"amount": "8", "per": "period"})
    dawn, dusk = (payments(delivery(["100"], product=rules, event_id=each)) for each in ("dawn", "dusk"))
    other = payments(delivery(["100"], product=rules, event_id="noon", operator_party_id="wire"))
    figures, [note] = cut_to_budgets([dawn, dusk, other], PERIOD, None)
    assert (dawn.energy, dusk.energy, other.energy) == ([400], [400], [800])
    assert set(figures) == {("grid", "evening-peak", 3, ""), ("wire", "evening-peak", 3, "")}
    assert [cut.limit for cut in dawn.cuts[0, LineCode.ENERGY]] == ["budget for the period"]
    assert note.startswith("grid's budget of evening-peak version 3 for 2026-03: 16.00 owed, 8.00 there")


def test_another_periods_delivery_shares_an_events_budget_only(delivery: Delivery, product: Product) -> None:
    for per, paid in (("event", [400]), ("period", [800])):
        rules = product(budget={"amount": "8", "per": per})
        here = payments(delivery(["100"], product=rules))
        there = payments(delivery(["100"], product=rules, site_id="south-1"))
        cut_to_budgets([here], "2026-04", None)
        assert here.energy == [800]
        cut_to_budgets([here, there], "2026-04" if per == "period" else PERIOD, None)
        assert here.energy == paid


def test_known_figures_take_the_place_of_the_sums(delivery: Delivery, product: Product) -> None:
    rules = product(budget={"amount": "8.01", "per": "event"})
    north, south = (payments(delivery(["100"], product=rules, site_id=each)) for each in ("a", "b"))
    figures, _ = cut_to_budgets([north, south], PERIOD, None)
    assert (north.energy, south.energy) == ([401], [400])
    for site_id, paid in (("a", [401]), ("b", [400])):
        alone = payments(delivery(["100"], product=rules, site_id=site_id))
        cut_to_budgets([alone], PERIOD, figures)
        assert alone.energy == paid
    with pytest.raises(InvalidInput, match="shared figures of grid's budget of evening-peak version 3"):
        cut_to_budgets([payments(delivery(["100"], product=rules))], PERIOD, {})


def test_a_single_penny_is_cut_and_nothing_is_not(delivery: Delivery, product: Product) -> None:
    """Three intervals of 0.01, 0.00 and 0.01, with as much for readiness, and a budget of 0.02."""
    rules = product(
        budget={"amount": "0.02", "per": "event"}, availability_price_per_kw_h="0.0001", band_low_ratio="0"
    )
    found = payments(delivery(["0.125", "0", "0.125"], product=rules))
    assert (found.energy, found.availability) == ([1, 0, 1], [1, 1, 1])
    figures, _ = cut_to_budgets([found], PERIOD, None)
    assert sum(found.energy) + sum(found.availability) == 2
    assert {place for place in found.cuts if place[1] is LineCode.ENERGY} == {
        (0, LineCode.ENERGY),
        (2, LineCode.ENERGY),
    }
    [only] = figures.values()
    assert only.owed == 5


def test_readiness_of_nothing_is_not_cut(delivery: Delivery, product: Product) -> None:
    rules = product(
        budget={"amount": "1", "per": "event"},
        availability={"price_per_kw_h": "0.02", "by_performance": True},
    )
    found = payments(delivery(["100", "0"], product=rules))
    assert found.availability == [200, 0]
    cut_to_budgets([found], PERIOD, None)
    assert (1, LineCode.AVAILABILITY) not in found.cuts
    assert (0, LineCode.AVAILABILITY) in found.cuts
