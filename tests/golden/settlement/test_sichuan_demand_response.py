"""Sichuan market demand response, per hour, as quoted by a provincial design note.

    Q_eff      = Q_act                                  if Q_act <= 1.1 Q_bid
               = 1.1 Q_bid + 0.5 (Q_act - 1.1 Q_bid)    otherwise
    pay        = sum_h Q_eff x P_clear
    assessment = sum_h max(0.9 Q_bid - Q_eff, 0) x 1.1 P_clear
    net        = pay - assessment

Livelihood users: nothing above 110 % counts and the excess is assessed. The user's price under floor and
share is the floor up to the floor, then the floor and a share of what lies above; under a fixed price it is
that. The emergency price is a tenth of the clearing price. Q_bid is 10 MW, P_clear is 1000 CNY/MWh.
"""

from decimal import Decimal

import pytest
from support.made_events import Row, amounts, delivery, settled, with_money
from support.products import shipped_products

from vpp.portfolio.product import ProductProfile

NO_SHARE = {"kind": "ratio", "ratio": "0"}


def sichuan(**money: object) -> ProductProfile:
    return with_money(shipped_products()["example-cn-sichuan"], **{"share": NO_SHARE, **money})


def owed(product: ProductProfile, *delivered_kw: str) -> dict[str, Decimal]:
    rows = [Row(asked="10000", delivered=each, price="1000") for each in delivered_kw]
    return amounts(settled(delivery(product, rows)))


@pytest.mark.parametrize(
    ("delivered_kw", "pay", "assessment"),
    [
        ("13000", "12000", "0"),  # 11 + half of 2
        ("11000", "11000", "0"),
        ("9000", "9000", "0"),
        ("8000", "8000", "1100"),  # (9 - 8) x 1100
        ("0", "0", "9900"),  # 9 x 1100
    ],
)
def test_pay_and_assessment(delivered_kw: str, pay: str, assessment: str) -> None:
    found = owed(sichuan(), delivered_kw)
    assert (found["ENERGY"], found.get("PENALTY", 0)) == (Decimal(pay), Decimal(assessment))


def test_hours_are_summed() -> None:
    found = owed(sichuan(), "13000", "8000", "0")
    assert found["ENERGY"] - found["PENALTY"] == 12_000 + 8_000 - 1_100 - 9_900


@pytest.mark.parametrize(
    ("delivered_kw", "pay", "assessment"),
    [("13000", "11000", "2200"), ("11000", "11000", "0"), ("8000", "8000", "1100")],
)
def test_the_excess_of_livelihood_users_is_assessed(delivered_kw: str, pay: str, assessment: str) -> None:
    points = [{"delivered_ratio": "0", "paid_ratio": "0"}, {"delivered_ratio": "1.1", "paid_ratio": "1.1"}]
    penalty = {
        "threshold_ratio": "0.9",
        "counts": "paid",
        "price_ratio": "1.1",
        "excess_above_ratio": "1.1",
    }
    found = owed(sichuan(response={"points": points}, penalty=penalty), delivered_kw)
    assert (found["ENERGY"], found.get("PENALTY", 0)) == (Decimal(pay), Decimal(assessment))


@pytest.mark.parametrize(
    ("clearing_price", "user_price"),
    [("1000", "860"), ("300", "300"), ("200", "300")],  # floor 300, 80 % of what lies above
)
def test_floor_and_share(clearing_price: str, user_price: str) -> None:
    share = {"kind": "floor_and_share", "floor_price_per_mwh": "300", "site_ratio": "0.8"}
    row = Row(asked="10000", delivered="10000", price=clearing_price)
    found = amounts(settled(delivery(sichuan(share=share), [row])))
    assert found["ENERGY"] == 10 * Decimal(clearing_price)
    kept, added = found.get("AGG_FEE", Decimal(0)), found.get("SITE_SHARE", Decimal(0))
    assert found["ENERGY"] - kept + added == 10 * Decimal(user_price)


def test_a_fixed_price() -> None:
    share = {"kind": "fixed_price", "site_price_per_mwh": "700"}
    found = owed(sichuan(share=share), "10000")
    assert (found["ENERGY"], found["AGG_FEE"]) == (10_000, 3_000)


def test_an_emergency_is_paid_a_tenth() -> None:
    found = owed(sichuan(price_factor="0.1"), "8000")
    assert (found["ENERGY"], found["PENALTY"]) == (800, 110)


def test_capacity_of_days_without_a_call() -> None:
    """The part of the capacity pay that parts can say: `Q_cap x C_cap` where nobody is called."""
    availability = {"price_per_kw_h": "0.02", "paid": "when_not_called"}
    product = sichuan(availability=availability)
    idle = Row(asked="0", delivered="0", price="1000", award="10000")
    called = Row(asked="10000", delivered="10000", price="1000")
    assert amounts(settled(delivery(product, [idle, called])))["AVAILABILITY"] == 200
