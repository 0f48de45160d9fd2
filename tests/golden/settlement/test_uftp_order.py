"""The published settlement example of the USEF Flex Trading Protocol.

Baseline 10 MW, 2 MW ordered for an hour at 7 per MWh, penalty 11 per MWh:

    measured MW     7     8     9    10    11
    settled        +14   +14    -4   -22   -33

More than was ordered earns nothing more; who moves the wrong way is short of more than the order.
"""

from decimal import Decimal

import pytest
from support.made_events import Row, amounts, delivery, settled, with_money
from support.products import shipped_products

HOUR = 4  # quarter hours


@pytest.mark.parametrize(
    ("measured_mw", "paid", "penalty"),
    [(7, "14", "0"), (8, "14", "0"), (9, "7", "11"), (10, "0", "22"), (11, "0", "33")],
)
def test_the_published_row(measured_mw: int, paid: str, penalty: str) -> None:
    product = with_money(shipped_products()["example-uftp"], aggregator_fee_ratio="0")
    delivered_kw = str((10 - measured_mw) * 1000)
    row = Row(asked="2000", delivered=delivered_kw, price="7", baseline="10000")
    owed = amounts(settled(delivery(product, [row] * HOUR)))
    assert owed["ENERGY"] == Decimal(paid)
    assert owed.get("PENALTY", 0) == Decimal(penalty)
    net = owed["ENERGY"] - owed.get("PENALTY", Decimal(0))
    assert net == {7: 14, 8: 14, 9: -4, 10: -22, 11: -33}[measured_mw]


@pytest.mark.parametrize(("told_kw", "delivered_kw"), [("500", "500"), ("0", "0"), ("0", "-300")])
def test_who_is_told_less_than_was_ordered_owes_nothing_for_obeying(told_kw: str, delivered_kw: str) -> None:
    """Others gave more, or the operator asked for less: 500 kWh at 7 per MWh are 3.5, and no penalty."""
    product = with_money(shipped_products()["example-uftp"], aggregator_fee_ratio="0")
    row = Row(asked=told_kw, delivered=delivered_kw, price="7", award="2000", baseline="10000")
    owed = amounts(settled(delivery(product, [row] * HOUR)))
    assert owed == {"ENERGY": Decimal("3.52") if told_kw == "500" else 0}  # four times 0.88, of 0.875


def test_who_is_told_more_than_was_ordered_is_held_to_the_order() -> None:
    product = with_money(shipped_products()["example-uftp"], aggregator_fee_ratio="0")
    row = Row(asked="3000", delivered="2000", price="7", award="2000", baseline="10000")
    assert amounts(settled(delivery(product, [row] * HOUR))) == {"ENERGY": 14}
