from collections.abc import Callable
from decimal import Decimal

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile
from vpp.settlement.charge import Charge
from vpp.settlement.line_code import LineCode
from vpp.settlement.lines import charges
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]


def settle(delivery: SiteDelivery) -> tuple[Charge, ...]:
    return charges(delivery, RunType.INITIAL, operator_party_id="grid", aggregator_party_id="hub")


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


@pytest.mark.parametrize(("operator", "aggregator"), [("acme", "hub"), ("grid", "acme"), ("grid", "grid")])
def test_three_parties_are_three(delivery: Delivery, operator: str, aggregator: str) -> None:
    with pytest.raises(InvalidInput, match="expected three parties"):
        charges(delivery(), RunType.INITIAL, operator_party_id=operator, aggregator_party_id=aggregator)
