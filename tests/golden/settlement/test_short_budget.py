"""A short budget is cut in the same proportion for all, as Quzhou has it, with tops up to 4 CNY/kWh.

Three sites deliver 1000, 2000 and 3000 kWh at 4 CNY/kWh: 24 000 CNY are owed. A budget of 10 000 CNY pays
1666.67, 3333.33 and 5000.00; the cent that is left over goes to the largest remainder.
"""

from decimal import Decimal

import pytest
from support.made_events import Row, delivery, event, settled, shown, with_money
from support.products import shipped_products

from vpp.portfolio.product import ProductProfile
from vpp.settlement.charge import Charge
from vpp.settlement.site_delivery import SiteDelivery

PRICE = "4000"


def product(amount: str, per: str = "event") -> ProductProfile:
    return with_money(
        shipped_products()["example-cn-sichuan"],
        share={"kind": "ratio", "ratio": "0.1"},
        budget={"amount": amount, "per": per},
    )


def sites(rules: ProductProfile, event_id: str = "evening") -> list[SiteDelivery]:
    kw = {"a": "1000", "b": "2000", "c": "3000"}
    return event(rules, {site: [Row(each, each, PRICE)] for site, each in kw.items()}, event_id=event_id)


def energies(charges: tuple[Charge, ...]) -> list[str]:
    return [str(each.amount) for each in charges if each.code.name == "ENERGY"]


@pytest.mark.parametrize(
    ("budget", "paid"),
    [
        ("24000", ["4000.00", "8000.00", "12000.00"]),
        ("10000", ["1666.67", "3333.33", "5000.00"]),
        ("0.02", ["0.00", "0.01", "0.01"]),
        ("0", ["0.00", "0.00", "0.00"]),
    ],
)
def test_all_are_cut_alike(budget: str, paid: list[str]) -> None:
    charges = settled(*sites(product(budget)))
    assert energies(charges) == paid
    assert sum(map(Decimal, energies(charges))) == min(Decimal(budget), Decimal(24_000))


def test_the_fee_is_a_share_of_what_is_paid_and_the_line_says_why() -> None:
    charges = settled(*sites(product("10000")))
    assert shown(charges)[:2] == [
        ("ENERGY", "grid", "owner-of-a", "1666.67"),
        ("AGG_FEE", "owner-of-a", "hub", "166.67"),
    ]
    assert charges[0].note == (
        "cut from 4000.00 to 1666.67: budget for the event is 10000.00, owed were 24000.00"
    )


def test_a_months_budget_is_shared_by_its_events() -> None:
    rules = product("24000", per="period")
    charges = settled(*sites(rules), *sites(rules, "night"))
    assert energies(charges) == ["2000.00", "4000.00", "6000.00"] * 2


def test_a_top_for_each_site_is_cut_over_its_intervals() -> None:
    rules = with_money(product("24000"), budget=None, limits={"max_amount_per_event": "1000"}, share=None)
    rows = [Row("1000", each, PRICE) for each in ("1000", "500", "500")]
    assert energies(settled(delivery(rules, rows))) == ["500.00", "250.00", "250.00"]
