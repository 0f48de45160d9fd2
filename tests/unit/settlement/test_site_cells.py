from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.settlement.delivery import MeasuredInterval
from vpp.settlement.pay_terms import PayTerms
from vpp.settlement.site_cells import SiteCells, untrusted_because, withheld_because
from vpp.telemetry.quality import MeterQuality

Measured = Callable[..., MeasuredInterval]
Product = Callable[..., ProductProfile]
START = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR_US = 3_600_000_000


def cells(product: ProductProfile, *intervals: MeasuredInterval, counts_estimates: bool = True) -> SiteCells:
    prices = [Decimal(80)] * len(intervals)
    return SiteCells(intervals, prices, PayTerms.of(product.money), counts_estimates=counts_estimates)


def test_intervals_become_whole_numbers(product: Product, measured: Measured) -> None:
    third = Interval(START + timedelta(hours=1), START + timedelta(hours=1, minutes=20))
    site = cells(product(), measured("60"), measured("20.5", interval=third, target_kw=Decimal("33.333")))
    assert site.site_id == "north-1"
    assert site.delivered_wh == [60_000, 20_500]
    assert site.microseconds == [HOUR_US, HOUR_US // 3]
    assert site.committed == [100_000 * HOUR_US, 33_333 * HOUR_US // 3]


@pytest.mark.parametrize(("sold_kw", "held_kw"), [(80, 80), (150, 100)])
def test_the_award_may_be_the_commitment_as_far_as_it_was_called(
    product: Product, measured: Measured, sold_kw: int, held_kw: int
) -> None:
    sold = measured(award_kw=Decimal(sold_kw))  # and told 100 kW
    assert cells(product(commitment="award"), sold).committed == [held_kw * 1000 * HOUR_US]


def test_more_consumption_is_delivered_upwards(product: Product, measured: Measured) -> None:
    raised = measured("-60", direction=Direction.LOAD_UP)
    assert cells(product(), raised).delivered_wh == [60_000]


@pytest.mark.parametrize(
    ("changes", "counts_estimates", "why"),
    [
        ({}, True, ""),
        ({"quality": MeterQuality.BAD}, True, "no payment and no penalty: meter data bad"),
        ({"quality": MeterQuality.MISSING}, True, "no payment and no penalty: meter data missing"),
        ({"quality": MeterQuality.ESTIMATED}, True, ""),
        (
            {"quality": MeterQuality.ESTIMATED},
            False,
            "no payment and no penalty: estimated meter data count in the first settlement only",
        ),
        ({"metered_kwh": None}, True, "no payment and no penalty: no reading"),
        (
            {"baseline_kwh": None, "baseline_raw_kwh": None},
            True,
            "no payment and no penalty: no baseline",
        ),
    ],
)
def test_what_cannot_be_judged_says_why(
    product: Product, measured: Measured, changes: dict[str, object], *, counts_estimates: bool, why: str
) -> None:
    interval = measured(**changes)
    assert withheld_because(interval, counts_estimates=counts_estimates) == why
    site = cells(product(), interval, counts_estimates=counts_estimates)
    assert (site.delivered_wh[0] is None) == bool(why)
    estimated = "estimated meter data: they count in this first settlement only"
    assert site.notes[0] == (why or (estimated if changes else ""))


def test_a_missing_baseline_leaves_the_reading_trusted(measured: Measured) -> None:
    assert untrusted_because(measured(baseline_kwh=None, baseline_raw_kwh=None), counts_estimates=False) == ""


def test_notes_are_joined(product: Product, measured: Measured) -> None:
    site = cells(product(), measured())
    site.add_note(0, "one")
    site.add_note(0, "two")
    assert site.performances()[0].note == "one; two"


def test_quantities_become_amounts(product: Product, measured: Measured) -> None:
    site = cells(product(), measured("60"))
    site.payable_wh, site.basis_wh = [60_000], [30_000]
    [judged] = site.performances()
    assert (str(judged.payable_kwh), str(judged.energy_amount)) == ("60.000", "4.80")
    assert (str(judged.penalty_basis_kwh), str(judged.penalty_amount)) == ("30.000", "1.20")
    assert (str(judged.price_per_mwh), str(judged.penalty_price_per_mwh)) == ("80.000000", "40.000000")


def test_a_power_finer_than_a_watt_is_refused(product: Product, measured: Measured) -> None:
    with pytest.raises(InvalidInput, match=r"power is 0.0001 kW, expected whole thousandths"):
        cells(product(), measured(target_kw=Decimal("0.0001")))
