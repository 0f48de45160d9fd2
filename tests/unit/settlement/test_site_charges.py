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
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]


def settle(delivery: SiteDelivery, aggregator: str = "hub") -> tuple[Charge, ...]:
    pair = (delivery.event_id, delivery.site_id)
    run = RunTerms(RunType.INITIAL, aggregator, frozenset({pair}))
    return reckon("2026-03", [delivery], run=run).charges


def shown(booked: tuple[Charge, ...]) -> list[tuple[str, str, str, str]]:
    return [(c.code.name, c.payer_party_id, c.payee_party_id, str(c.amount)) for c in booked]


def test_full_delivery_pays_energy_and_fee(delivery: Delivery) -> None:
    assert shown(settle(delivery(["100"]))) == [
        ("ENERGY", "grid", "acme", "8.00"),
        ("AGG_FEE", "acme", "hub", "0.80"),
    ]


def test_a_shortfall_is_charged_by_the_operator(delivery: Delivery) -> None:
    assert shown(settle(delivery(["60"]))) == [
        ("ENERGY", "grid", "acme", "4.80"),
        ("AGG_FEE", "acme", "hub", "0.48"),
        ("PENALTY", "acme", "grid", "1.20"),  # 30 kWh at half of 80 per MWh
    ]


def test_every_interval_has_an_energy_line_even_without_pay(delivery: Delivery) -> None:
    booked = settle(delivery(["0", "100"]))
    assert [c.code for c in booked].count(LineCode.ENERGY) == 2


def test_availability_is_paid_for_the_award_and_shared(delivery: Delivery, product: Product) -> None:
    rules = product(availability_price_per_kw_h="0.0125")
    booked = settle(delivery(["0"], product=rules))
    assert shown(booked)[:3] == [
        ("ENERGY", "grid", "acme", "0.00"),
        ("AVAILABILITY", "grid", "acme", "1.25"),  # 100 kW for an hour
        ("AGG_FEE", "acme", "hub", "0.13"),  # 0.125 half up
    ]
    assert booked[1].availability_kw_h == 100


def test_without_readings_nothing_is_paid_or_charged(delivery: Delivery, product: Product) -> None:
    rules = product(availability_price_per_kw_h="0.0125")
    booked = settle(delivery(["0"], product=rules, quality=MeterQuality.BAD, make_whole=Decimal(10)))
    assert {c.amount for c in booked} == {0}
    assert [c.code.name for c in booked] == ["ENERGY", "AVAILABILITY", "MAKE_WHOLE"]
    assert booked[0].note == booked[1].note == "no payment and no penalty: meter data bad"


@pytest.mark.parametrize(
    ("delivered", "paid"),
    [(["100", "100"], "10.01"), (["150", "100"], "10.01"), (["60", "40"], "3.00"), (["0", "0"], "0.00")],
)
def test_make_whole_follows_the_payable_share(delivery: Delivery, delivered: list[str], paid: str) -> None:
    # 40 of 100 kWh is below the lowest band, so 60 of 200 kWh are payable: 30 % of 10.01
    *_, last = settle(delivery(delivered, make_whole=Decimal("10.01")))
    assert last.code is LineCode.MAKE_WHOLE
    assert str(last.amount) == paid
    assert last.interval == delivery(delivered).delivery


def test_make_whole_without_a_target_is_nothing(delivery: Delivery, measured: Callable[..., object]) -> None:
    idle = delivery(["0"], intervals=(measured("0", target_kw=Decimal(0)),), make_whole=Decimal(5))
    assert settle(idle)[-1].amount == 0


@pytest.mark.parametrize("event_id", ["before", "odd"])  # the other one is of `evening`
@pytest.mark.parametrize(
    ("operator", "aggregator"), [("acme", "hub"), ("grid", "acme"), ("grid", "grid"), ("", "hub")]
)
def test_who_would_owe_itself_money_is_left_out_and_holds_up_nobody(
    delivery: Delivery, operator: str, aggregator: str, event_id: str
) -> None:
    odd = delivery(operator_party_id=operator, event_id=event_id)
    plain = delivery(party_id="other", site_id="south-1", operator_party_id="wire")
    found = reckon("2026-03", [odd, plain], run=RunTerms(RunType.INITIAL, aggregator))
    assert {charge.site_id for charge in found.charges} == {"south-1"}
    [note] = found.notes
    assert note.startswith(f"{event_id}: north-1 is not settled")
    assert "expected three parties" in note


def test_the_accounts_say_whose_money_it_is_and_what_for(delivery: Delivery) -> None:
    energy, fee, penalty = settle(delivery(["60"]))
    assert (energy.payer.account_id, energy.payee.account_id) == (
        "grid:operator:GBP",
        "acme:site:north-1:GBP",
    )
    assert (fee.payer.account_id, fee.payee.account_id) == ("acme:site:north-1:GBP", "hub:fee:GBP")
    assert (penalty.payer.account_id, penalty.payee.account_id) == (
        "acme:site:north-1:GBP",
        "grid:penalty:GBP",
    )


def test_the_aggregator_may_keep_the_penalty(delivery: Delivery, product: Product) -> None:
    terms = {"threshold_ratio": "0.9", "price_per_mwh": "100", "retained_by": "aggregator"}
    rules = product(penalty_formula_id="parts", penalty=terms)
    *_, penalty = settle(delivery(["60"], product=rules))
    assert (str(penalty.amount), penalty.payee.account_id) == ("3.00", "hub:penalty:GBP")


def test_a_site_with_a_price_of_its_own_is_paid_it_by_both(delivery: Delivery, product: Product) -> None:
    dear = product(share={"kind": "fixed_price", "site_price_per_mwh": "100"})
    assert shown(settle(delivery(["100"], product=dear))) == [
        ("ENERGY", "grid", "acme", "8.00"),
        ("SITE_SHARE", "hub", "acme", "2.00"),
    ]
    cheap = product(share={"kind": "fixed_price", "site_price_per_mwh": "50"})
    energy, fee = settle(delivery(["100"], product=cheap))
    assert (fee.code, fee.payee_party_id, str(fee.amount)) == (LineCode.AGG_FEE, "hub", "3.00")
    assert (str(fee.price), fee.price_unit) == ("30.000000", "GBP/MWh")
    assert fee.note == "100.000 kWh at 80.000000 less the site's 50.000000 GBP/MWh"
    assert energy.note == ""


def test_a_product_that_pays_no_energy_shows_it_without_a_price(delivery: Delivery, product: Product) -> None:
    rules = product(pays_energy=False, penalty_formula_id="none")
    [energy] = settle(delivery(["100"], product=rules))
    assert (energy.code, energy.amount, energy.price, energy.price_unit) == (LineCode.ENERGY, 0, None, "")
    assert energy.measured is not None
    assert energy.note == "this product pays no energy"


def test_a_fee_of_a_negative_price_goes_the_same_way_below_zero(delivery: Delivery) -> None:
    fee = settle(delivery(["100"], price_per_mwh=(Decimal(-80),)))[1]
    assert (fee.code, fee.payee_party_id, str(fee.amount)) == (LineCode.AGG_FEE, "hub", "-0.80")


def test_a_cut_is_told_beside_what_a_reader_must_know_of_the_readings(
    delivery: Delivery, product: Product
) -> None:
    rules = product(limits={"max_amount_per_event": "5"}, budget={"amount": "2", "per": "event"})
    charge, *_ = settle(delivery(["100"], product=rules, quality=MeterQuality.ESTIMATED))
    assert charge.note == (
        "estimated meter data: they count in this first settlement only; "
        "cut from 8.00 to 5.00: most that a site is paid for an event's energy is 5.00, owed were 8.00; "
        "cut from 5.00 to 2.00: budget for the event is 2.00, owed were 5.00"
    )


def test_of_an_own_price_a_cut_leaves_the_same_share(delivery: Delivery, product: Product) -> None:
    own = {"kind": "fixed_price", "site_price_per_mwh": "50"}
    capped = product(share=own, limits={"max_amount_per_event": "4"})
    _, fee = settle(delivery(["100"], product=capped))
    assert str(fee.amount) == "1.50"  # half of 3.00
    assert fee.note == "100.000 kWh at 80.000000 less the site's 50.000000 GBP/MWh, cut to 4.00 of 8.00"


def test_where_a_penny_is_cut_to_nothing_the_fee_goes_with_it(delivery: Delivery, product: Product) -> None:
    """0.125 kWh at 80 per MWh are 0.01; all of it would be the aggregator's, as the site's own price is 0."""
    own = {"kind": "fixed_price", "site_price_per_mwh": "0"}
    free = product(share=own, band_low_ratio="0", penalty_formula_id="none")
    assert shown(settle(delivery(["0.125"], product=free))) == [
        ("ENERGY", "grid", "acme", "0.01"),
        ("AGG_FEE", "acme", "hub", "0.01"),
    ]
    cut = product(
        share=own, band_low_ratio="0", penalty_formula_id="none", limits={"max_amount_per_event": "0.001"}
    )
    assert shown(settle(delivery(["0.125"], product=cut))) == [("ENERGY", "grid", "acme", "0.00")]


def test_a_price_below_zero_costs_the_aggregator_the_whole_difference(
    delivery: Delivery, product: Product
) -> None:
    dear = product(share={"kind": "fixed_price", "site_price_per_mwh": "50"})
    assert shown(settle(delivery(["100"], product=dear, price_per_mwh=(Decimal(-80),)))) == [
        ("ENERGY", "grid", "acme", "-8.00"),
        ("SITE_SHARE", "hub", "acme", "13.00"),
    ]


def test_every_cut_line_says_what_it_was_cut_from_and_keeps_its_place(
    delivery: Delivery, product: Product
) -> None:
    """8.00 for energy, 2.00 for readiness and 2.00 of make-whole, of which a budget leaves half."""
    rules = product(
        budget={"amount": "6", "per": "event"}, availability_price_per_kw_h="0.02", aggregator_fee_ratio="0"
    )
    cut = delivery(["100"], product=rules, make_whole=Decimal(2))
    energy, ready, whole = settle(cut)
    assert [charge.code for charge in (energy, ready, whole)] == [
        LineCode.ENERGY,
        LineCode.AVAILABILITY,
        LineCode.MAKE_WHOLE,
    ]
    for charge, before, after in ((energy, "8.00", "4.00"), (ready, "2.00", "1.00"), (whole, "2.00", "1.00")):
        told = f"cut from {before} to {after}: budget for the event is 6.00, owed were 12.00"
        assert charge.note.endswith(told)
        assert (str(charge.amount), [one.limit for one in charge.cuts]) == (after, ["budget for the event"])
        assert charge.local_start == cut.local_starts[0]
    assert (energy.price_unit, ready.price_unit, whole.price_unit) == ("GBP/MWh", "GBP/kW.h", "")
