from collections.abc import Callable
from decimal import Decimal

import pytest

from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile
from vpp.settlement.charge import Charge
from vpp.settlement.reckoned_steps import steps
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
Product = Callable[..., ProductProfile]


def settle(*deliveries: SiteDelivery) -> tuple[Charge, ...]:
    return reckon("2026-03", deliveries, run=RunTerms(RunType.RECALC, "hub")).charges


def told(charge: Charge, beside: tuple[Charge, ...] = ()) -> list[tuple[str, str]]:
    return [(step.name, step.text) for step in steps(charge, beside)]


def test_energy_from_the_meter_to_the_amount(delivery: Delivery) -> None:
    energy, fee, penalty = settle(delivery(["60"]))
    shared = [
        ("baseline", "490.000 kWh raw + 10.000 adjustment = 500.000 kWh"),
        ("delivered", "baseline 500.000 - metered 440.000 = 60.000 kWh (load_down)"),
        ("committed", "target 100 kW * 1 h = 100 kWh"),
        ("ratio", "60 delivered / 100 committed = 0.6"),
        (
            "response",
            (
                "between corners (0.5, 0.5) and (1.2, 1.2): paid share 0.5 + (0.6 - 0.5) * (1.2 - 0.5) / "
                "(1.2 - 0.5) = 0.6, of 100 kWh = 60 kWh, cut down to 0.001 kWh"
            ),
        ),
    ]
    assert told(energy) == [
        *shared,
        ("payable", "60.000 kWh, band PARTIAL"),
        ("amount", "60.000 kWh * 80.000000 GBP/MWh / 1000 = 4.8, rounded half up = 4.80 GBP"),
    ]
    assert told(fee) == [
        ("fee", "0.1 of the interval's energy and availability amounts"),
        ("amount", "0.48 GBP"),
    ]
    assert told(fee, (energy, fee, penalty)) == [
        ("payments", "energy 4.80 = 4.80 GBP"),
        ("amount", "0.1 * 4.80 = 0.48, rounded half up = 0.48 GBP"),
    ]
    assert told(penalty) == [
        *shared,
        ("shortfall", "max(0, 0.9 * 100 committed - 60 delivered) = 30 kWh, cut down to 0.001 kWh"),
        ("penalty price", "0.5 * max(0, 80.000000) = 40.000000 GBP/MWh"),
        (
            "amount",
            "30.000 kWh * 40.000000 GBP/MWh / 1000 = 1.2, rounded half up = 1.20 GBP, kept by the operator",
        ),
    ]


@pytest.mark.parametrize(
    ("delivered", "text"),
    [
        ("49", "below the first corner 0.5: paid share 0, of 100 kWh = 0 kWh, cut down to 0.001 kWh"),
        ("130", "from the last corner 1.2 on: paid share 1.2, of 100 kWh = 120 kWh, cut down to 0.001 kWh"),
    ],
)
def test_below_and_above_the_table(delivery: Delivery, delivered: str, text: str) -> None:
    assert ("response", text) in told(settle(delivery([delivered]))[0])


def test_nothing_promised(delivery: Delivery, measured: Callable[..., object]) -> None:
    idle = delivery(["5"], intervals=(measured("5", target_kw=Decimal(0)),))
    assert ("response", "nothing was committed: 0 kWh payable") in told(settle(idle)[0])


def test_what_could_not_be_judged(delivery: Delivery) -> None:
    [energy] = settle(delivery(["60"], quality=MeterQuality.BAD))
    assert told(energy) == [
        ("baseline", "490.000 kWh raw + 10.000 adjustment = 500.000 kWh"),
        (
            "delivered",
            "baseline 500.000 - metered 440.000 is not reckoned: the reading is BAD (load_down)",
        ),
        ("not judged", "no payment and no penalty: meter data bad"),
        ("amount", "0.00 GBP"),
    ]


def test_more_consumption(delivery: Delivery, product: Product, measured: Callable[..., object]) -> None:
    rules = product()
    up = rules.model_copy(update={"call": rules.call.model_copy(update={"direction": Direction.LOAD_UP})})
    raised = delivery(
        product=up,
        intervals=(measured("-60", direction=Direction.LOAD_UP),),
        price_per_mwh=(Decimal(80),),
        local_starts=delivery(["60"]).local_starts,
    )
    text = "metered 560.000 - baseline 500.000 = 60.000 kWh (load_up)"
    assert told(settle(raised)[0])[1] == ("delivered", text)


def test_several_sites_judged_together_and_cut(delivery: Delivery, product: Product) -> None:
    rules = product(
        measured_as="aggregate",
        judged_over="event",
        budget={"amount": "10", "per": "event"},
        penalty_formula_id="parts",
        penalty={
            "threshold_ratio": "0.9",
            "price_per_mwh": "50",
            "counts": "paid",
            "excess_above_ratio": "2",
        },
        price_factor="1.5",
    )
    energy, _, penalty, *_ = settle(
        delivery(["60"], product=rules), delivery(["90"], product=rules, site_id="south-1")
    )
    found = dict(told(energy))
    assert found["judged together"] == (
        "the whole event, all sites that have data: delivered 150 kWh, committed 200 kWh"
    )
    assert found["share"] == (
        "150 kWh * 60 / 150 delivered = 60, whole 0.001 kWh by largest remainder = 60 kWh"
    )
    assert found["price"] == "award's 80 * 1.5 = 120.000000"
    assert found["amount"].endswith("rounded half up = 7.20 GBP")
    cut = (
        "budget for the event: 10.00 for 18.00 owed in all; 7.20 * 10.00 / 18.00, whole minor units by "
        "largest remainder = 4.00 GBP"
    )
    assert told(energy)[-1] == ("cut", cut)
    told_of_penalty = dict(told(penalty))
    assert told_of_penalty["shortfall"] == (
        "max(0, 0.9 * 200 committed - 150 paid by the response table) + max(0, 150 delivered - 2 * 200 "
        "committed) = 30 kWh, cut down to 0.001 kWh"
    )
    assert told_of_penalty["share of it"] == (
        "30 kWh * 30 / 30 missing = 30, whole 0.001 kWh by largest remainder = 30 kWh"
    )


def test_availability_and_make_whole(delivery: Delivery, product: Product) -> None:
    rules = product(availability={"by_performance": True})
    energy, ready, *_, whole = settle(delivery(["30"], product=rules, make_whole=Decimal(10)))
    assert told(energy)[-1][0] == "amount"
    counted = (
        "award 100 kW * 1 h = 100 kW.h, of which count 30.000 kW.h; times delivered / committed = 0.300000"
    )
    assert told(ready) == [
        ("performed", "30 kWh delivered, 100 kWh committed"),
        ("ready", counted),
        ("amount", "30.000 kW.h * 80.000000 GBP/MW.h / 1000 = 2.4, rounded half up = 2.40 GBP"),
    ]
    assert told(whole) == [
        ("make_whole", "10 at full delivery; payable 0 kWh of 100.000 kWh target"),
        ("amount", "0.00 GBP"),
    ]


def test_a_make_whole_that_a_budget_cuts_says_what_it_was_before(
    delivery: Delivery, product: Product
) -> None:
    rules = product(budget={"amount": "9", "per": "event"}, penalty_formula_id="none")
    charges = settle(delivery(["80"], product=rules, make_whole=Decimal(10)))
    *_, whole = charges
    assert told(whole, charges) == [
        ("uncovered", "10 GBP at full delivery of the whole event"),
        ("share", "min(1, 80.000 kWh payable / 100 kWh target) = 0.8"),
        ("amount", "10 * 0.8 = 8, rounded half up = 8.00 GBP"),
        (
            "cut",
            (
                "budget for the event: 9.00 for 14.40 owed in all; 8.00 * 9.00 / 14.40, whole minor units by "
                "largest remainder = 5.00 GBP"
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("share", "code", "price", "amount"),
    [
        (
            {"kind": "floor_and_share", "floor_price_per_mwh": "50", "site_ratio": "0.8"},
            "AGG_FEE",
            "floor 50 + 0.8 * max(0, 80.000000 - 50) = 74.000000 GBP/MWh",
            "60.000 kWh * (80.000000 - 74.000000) GBP/MWh / 1000 = 0.36, rounded half up = 0.36 GBP",
        ),
        (
            {"kind": "fixed_price", "site_price_per_mwh": "95"},
            "SITE_SHARE",
            "95.000000 GBP/MWh, fixed",
            "60.000 kWh * (95.000000 - 80.000000) GBP/MWh / 1000 = 0.9, rounded half up = 0.90 GBP",
        ),
    ],
)
def test_what_a_site_with_a_price_of_its_own_gives_or_gets(  # noqa: PLR0913, PLR0917  two fixtures and a case
    delivery: Delivery, product: Product, share: dict[str, str], code: str, price: str, amount: str
) -> None:
    charges = settle(delivery(["60"], product=product(share=share)))
    found = next(charge for charge in charges if charge.code.name == code)
    assert told(found, charges) == [("site's price", price), ("amount", amount)]


def test_a_product_without_energy(delivery: Delivery, product: Product) -> None:
    [energy] = settle(delivery(["100"], product=product(pays_energy=False, penalty_formula_id="none")))
    assert told(energy)[-1] == ("amount", "this product pays no energy: 0.00 GBP")
