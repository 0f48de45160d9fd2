"""Readiness by the hour, at the award's own price per MW: what a fast frequency reserve buys.

1 MW ready for 3 hours at 20, 25 and 30 EUR/MW.h = 75 EUR
in the second hour the load is only 600 kW, and no more can be shed: 0.6 x 25 = 15 instead of 25
"""

from support.made_events import Row, amounts, delivery, settled, with_money
from support.products import shipped_products

PRODUCT = with_money(shipped_products()["example-nordic-ffr"], aggregator_fee_ratio="0")


def hour(price: str, load_kw: str = "5000") -> Row:
    return Row(asked="0", delivered="0", price=price, award="1000", baseline=load_kw)


def test_readiness_is_paid_at_the_awards_price() -> None:
    charges = settled(delivery(PRODUCT, [hour("20"), hour("25"), hour("30")]))
    assert amounts(charges) == {"ENERGY": 0, "AVAILABILITY": 75}
    ready = [each for each in charges if each.code.name == "AVAILABILITY"]
    assert [(str(each.amount), str(each.price), each.price_unit) for each in ready] == [
        ("20.00", "20.000000", "EUR/MW.h"),
        ("25.00", "25.000000", "EUR/MW.h"),
        ("30.00", "30.000000", "EUR/MW.h"),
    ]


def test_a_load_that_is_not_there_stands_ready_for_nothing() -> None:
    charges = settled(delivery(PRODUCT, [hour("20"), hour("25", load_kw="600"), hour("30", load_kw="0")]))
    assert [str(each.amount) for each in charges if each.code.name == "AVAILABILITY"] == [
        "20.00",
        "15.00",
        "0.00",
    ]
    notes = [each.note for each in charges if each.code.name == "AVAILABILITY"]
    assert notes[1] == "only 600.000 kW.h of load could have been shed"


def test_a_make_whole_follows_the_readiness() -> None:
    rows = [hour("20"), hour("20", load_kw="0")]
    charges = settled(delivery(PRODUCT, rows, make_whole="10"))
    assert amounts(charges)["MAKE_WHOLE"] == 5
