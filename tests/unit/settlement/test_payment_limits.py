from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.foundation.direction import Direction
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.judging import judge_alone
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.payment_limits import limit_payments
from vpp.settlement.site_cells import SiteCells
from vpp.settlement.site_delivery import SiteDelivery
from vpp.telemetry.quality import MeterQuality

Product = Callable[..., ProductProfile]
Delivery = Callable[..., SiteDelivery]


def limited(
    product: ProductProfile, intervals: Sequence[MeasuredInterval]
) -> tuple[list[int], list[int], list[str]]:
    """Payable Wh, charged Wh and notes after the limits."""
    prices = [Decimal(80)] * len(intervals)
    site = SiteCells(intervals, prices, PayTerms.of(product.money), counts_estimates=True)
    judge_alone(site)
    limit_payments(site)
    return site.payable_wh, site.basis_wh, site.notes


@pytest.mark.parametrize(
    ("delivered", "paid"), [(["60", "80"], [60_000, 80_000]), (["60", "79.999"], [0, 0])]
)
def test_a_mean_below_the_least_is_paid_nothing_and_still_charged_for(
    product: Product, delivery: Delivery, delivered: list[str], paid: list[int]
) -> None:
    found, charged, notes = limited(product(limits={"min_paid_kw": "70"}), delivery(delivered).intervals)
    assert found == paid
    assert charged[0] == 30_000
    reason = "no payment: mean delivery 69.999 kW is below 70 kW"
    assert notes == (["", ""] if paid[0] else [reason, reason])


def test_intervals_without_data_are_in_no_mean(product: Product, delivery: Delivery) -> None:
    first, second = delivery(["60", "90"]).intervals
    rules = product(limits={"min_paid_kw": "80"})
    found, _, notes = limited(rules, [replace(first, quality=MeterQuality.BAD), second])
    assert found == [0, 90_000]
    assert notes == ["no payment and no penalty: meter data bad", ""]


def test_intervals_without_a_call_are_in_no_test(product: Product, delivery: Delivery) -> None:
    before, called = delivery(["-200", "90"]).intervals
    rules = product(
        limits={"min_paid_kw": "80", "peak_below_baseline": True, "min_mean_reduction_ratio": "0.1"}
    )
    found, _, notes = limited(rules, [replace(before, target_kw=Decimal(0)), called])
    assert (found, notes) == ([0, 90_000], ["", ""])
    assert limited(rules, [before, called])[0] == [0, 0]


def test_no_more_than_a_power_is_paid(product: Product, delivery: Delivery) -> None:
    found, _, notes = limited(product(limits={"max_paid_kw": "77.7777"}), delivery(["60", "90"]).intervals)
    assert found == [60_000, 77_777]  # cut down
    assert notes == ["", "no more than 77.7777 kW is paid"]


def test_the_highest_load_must_lie_below_the_baselines(product: Product, delivery: Delivery) -> None:
    rules = product(limits={"peak_below_baseline": True})
    first, second = delivery(["100", "0"]).intervals  # 400 and 500 of 500 kWh
    found, _, notes = limited(rules, [first, second])
    assert found == [0, 0]
    assert notes[0] == "no payment: highest load 500.000 kW is not below the baseline's 500.000 kW"
    higher = replace(first, baseline_kwh=Decimal("500.001"), baseline_raw_kwh=Decimal("500.001"))
    assert limited(rules, [higher, second])[0] == [100_001, 0]


def test_for_more_consumption_the_lowest_load_must_lie_above(product: Product, delivery: Delivery) -> None:
    rules = product(limits={"peak_below_baseline": True})
    up = [replace(each, direction=Direction.LOAD_UP) for each in delivery(["-100", "0"]).intervals]
    found, _, notes = limited(rules, up)
    assert found == [0, 0]
    assert notes[0] == "no payment: lowest load 500.000 kW is not above the baseline's 500.000 kW"
    up[1] = replace(up[1], metered_kwh=Decimal("500.001"))
    assert limited(rules, up)[0][0] == 100_000


@pytest.mark.parametrize(("ratio", "paid"), [("0.16", 80_000), ("0.1601", 0)])
def test_the_mean_must_move_by_a_share_of_the_baseline(
    product: Product, delivery: Delivery, ratio: str, paid: int
) -> None:
    found, _, notes = limited(
        product(limits={"min_mean_reduction_ratio": ratio}), delivery(["80", "80"]).intervals
    )
    assert found == [paid, paid]
    reason = "no payment: delivery 160.000 kWh is below 0.1601 of the baseline 1000.000 kWh"
    assert notes[0] == ("" if paid else reason)


@pytest.mark.parametrize(("metered", "paid"), [(-560, 60_000), (-549, 0)])
def test_an_exporters_baseline_counts_by_its_size(
    product: Product, delivery: Delivery, metered: int, paid: int
) -> None:
    rules = product(limits={"min_mean_reduction_ratio": "0.1"})
    [interval] = delivery(["0"]).intervals
    export = replace(
        interval,
        baseline_kwh=Decimal(-500),
        baseline_raw_kwh=Decimal(-500),
        metered_kwh=Decimal(metered),
        target_kw=Decimal(50),
    )
    assert limited(rules, [export])[0] == [paid]


def test_without_data_there_is_nothing_to_limit(product: Product, delivery: Delivery) -> None:
    rules = product(limits={"min_paid_kw": "70", "peak_below_baseline": True, "max_paid_kw": "1"})
    blind = delivery(["60"], quality=MeterQuality.MISSING).intervals
    assert limited(rules, blind) == ([0], [0], ["no payment and no penalty: meter data missing"])


def test_hours_without_load_or_delivery_add_nothing_to_the_tests(
    product: Product, measured: Callable[..., MeasuredInterval]
) -> None:
    """80 of 500 kWh are 16 %, and as much in the mean of one hour; an hour of nothing changes neither sum."""
    idle = measured(baseline_kwh=Decimal(0), baseline_raw_kwh=Decimal(0), metered_kwh=Decimal(0))
    share = product(limits={"min_mean_reduction_ratio": "0.16"})
    assert limited(share, [measured("80"), idle])[0] == [80_000, 0]
    mean = product(limits={"min_paid_kw": "40.0001"})
    assert limited(mean, [measured("80"), idle])[0] == [0, 0]
    assert limited(product(limits={"min_paid_kw": "40"}), [measured("80"), idle])[0] == [80_000, 0]
