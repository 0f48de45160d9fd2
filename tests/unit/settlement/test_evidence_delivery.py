"""From evidence to exact energies."""

import math
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from support.products import shipped_products
from support.site_evidences import NOON, OK, QUARTER, baseline, evidence, meter

from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput
from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.portfolio.product import ProductProfile
from vpp.settlement.evidence import AggregateEvidence
from vpp.settlement.evidence_delivery import counted_kw, delivery_of, grid_of
from vpp.settlement.site_delivery import EmissionFactor
from vpp.telemetry.quality import MeterQuality


def product(**changes: object) -> ProductProfile:
    found = shipped_products()["example-peak-shaving"]
    return found.model_copy(update={"version": 1, **changes})


def test_the_delivery_is_what_the_evidence_says() -> None:
    found = delivery_of(evidence(), product())
    first, second = found.intervals
    assert (first.baseline_raw_kwh, first.baseline_kwh) == (Decimal("24.000"), Decimal("25.000"))
    assert (first.metered_kwh, first.delivered_kwh) == (Decimal("17.500"), Decimal("7.500"))
    assert second.interval == Interval(NOON + QUARTER, NOON + 2 * QUARTER)
    assert (found.operator_party_id, found.party_id, found.meter_id) == ("grid", "owner", "north-1-poc")
    assert (found.baseline_method, found.meter_note, found.aggregate_shift_kwh) == (
        "example-high-4-of-5",
        "",
        (),
    )


def test_what_lines_say_beside_energies_is_the_evidences() -> None:
    factor = EmissionFactor(Decimal("0.35"), "made up")
    said = evidence(
        emission_factor=factor,
        make_whole=Decimal(7),
        baseline=baseline(note="unverified"),
        award_ids=("x", "y"),
    )
    found = delivery_of(said, product())
    assert (found.event_id, found.site_id, found.time_zone) == ("evening", "north-1", "Europe/London")
    assert (found.dispatch_id, found.award_ids) == ("evening-m0-north-1", ("x", "y"))
    assert (found.price_basis, found.price_per_mwh) == (PayRule.AS_CLEAR, (Decimal(60), Decimal(60)))
    assert (found.make_whole, found.emission_factor, found.baseline_note) == (7, factor, "unverified")
    assert found.local_starts == said.local_starts
    with pytest.raises(InvalidInput, match="boundary of north-1 in evening is 'gpu'"):
        delivery_of(evidence(boundary="gpu"), product())


def test_losses_come_last_and_what_counts_elsewhere_is_off_the_baseline() -> None:
    shared = baseline(elsewhere_kw=(10.0, 0.0), loss_ratio=1.1)
    first, second = delivery_of(evidence(baseline=shared), product()).intervals
    assert first.baseline_kwh == Decimal("24.750")  # (100 - 10) * 1.1 / 4
    assert first.baseline_raw_kwh == Decimal("23.650")  # (96 - 10) * 1.1 / 4
    assert first.metered_kwh == Decimal("19.250")
    assert second.baseline_kwh == Decimal("30.250")


def test_with_load_up_what_counts_elsewhere_is_on_top_of_the_baseline() -> None:
    up = shipped_products()["example-peak-shaving"]
    rules = up.model_copy(
        update={"version": 1, "call": up.call.model_copy(update={"direction": Direction.LOAD_UP})}
    )
    shared = baseline(elsewhere_kw=(10.0, 0.0))
    raised = evidence(direction=Direction.LOAD_UP, baseline=shared, meter=meter(metered_kw=(150.0, 140.0)))
    first, second = delivery_of(raised, rules).intervals
    assert (first.baseline_kwh, first.delivered_kwh) == (Decimal("27.500"), Decimal("10.000"))
    assert second.delivered_kwh == Decimal("7.500")


def test_flags_and_notes_stand_on_the_lines() -> None:
    odd = evidence(notes=("baseline could not be used: x",), meter=meter(flags=("one value for 4 h",)))
    assert delivery_of(odd, product()).meter_note == "baseline could not be used: x; one value for 4 h"


@pytest.mark.parametrize(
    ("net_kw", "device_kw", "counted"),
    [
        (50.0, 30.0, 50.0),  # all of it served the load of 80 kW
        (-20.0, 100.0, 0.0),  # 80 of 100 kW served the load, 20 kW were exported
        (95.0, -15.0, 80.0),  # charging counts neither way
        (-30.0, 20.0, -10.0),  # more is fed in than the device gives: something else feeds too
        (math.nan, 30.0, None),
        (50.0, math.nan, None),
    ],
)
def test_of_a_device_what_served_the_load_counts(net_kw: float, device_kw: float, counted: object) -> None:
    [found] = counted_kw(meter(metered_kw=(net_kw,), quality=(OK,), device_kw=(device_kw,)))
    assert math.isnan(found) if counted is None else found == counted


def test_the_delivery_of_a_split_site_is_that_of_its_load_and_of_its_device() -> None:
    # Load 90 kW of 100 expected, the device gives 40 kW and typically 10: 10 + 30 kW, of which the meter
    # shows 50 against a baseline of 100 - 10.
    split = evidence(
        baseline=baseline(raw_kw=(90.0, 90.0), adjusted_kw=(90.0, 90.0)),
        meter=meter(metered_kw=(50.0, -30.0), device_kw=(40.0, 120.0)),
    )
    first, second = delivery_of(split, product()).intervals
    assert first.delivered_kwh == Decimal("10.000")
    assert second.delivered_kwh == Decimal(
        "22.500"
    )  # 0 + 90 kW served less 10 typical: 90; export of 30 left out
    assert second.metered_kwh == Decimal("0.000")


def test_a_device_that_was_not_read_leaves_a_gap() -> None:
    gap = evidence(meter=meter(device_kw=(math.nan, 0.0)))
    first, second = delivery_of(gap, product()).intervals
    assert (first.quality, first.metered_kwh) == (MeterQuality.MISSING, None)
    assert second.metered_kwh == Decimal("20.000")


def test_the_baseline_of_the_sum_is_told_as_a_shift() -> None:
    both = AggregateEvidence(2, (200.0, 210.0), (196.0, math.nan), is_paid_by_sum=True)
    assert delivery_of(evidence(aggregate=both), product()).aggregate_shift_kwh == (Decimal("-1.000"), None)
    short = evidence(
        span=Interval(NOON, NOON + QUARTER),
        **dict.fromkeys(("award_kw", "target_kw"), (30.0,)),
        price_per_mwh=(Decimal(60),),
        local_starts=("2026-03-02T12:00:00+00:00",),
        baseline=baseline(raw_kw=(96.0,), adjusted_kw=(100.0,), elsewhere_kw=(0.0,)),
        meter=meter(metered_kw=(70.0,), quality=(OK,)),
        aggregate=AggregateEvidence(2, (200.0,), (204.0,), is_paid_by_sum=True),
    )
    assert delivery_of(short, product()).aggregate_shift_kwh == (Decimal("1.000"),)
    told = replace(both, is_paid_by_sum=False)
    assert delivery_of(evidence(aggregate=told), product()).aggregate_shift_kwh == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"product_version": 2}, "version 2, expected example-peak-shaving version 1"),
        ({"product_id": "other"}, "of product other version 1, expected"),
        ({"target_kw": (1.0,)}, "^target_kw in evidence of north-1 in evening has 1 values, expected 2"),
        ({"award_kw": (1.0,)}, "^award_kw in .* has 1 values, expected 2"),
        ({"price_per_mwh": (Decimal(1),)}, "^price_per_mwh in .* has 1 values, expected 2"),
        ({"local_starts": ("",)}, "^local_starts in .* has 1 values, expected 2"),
        ({"baseline": baseline(adjusted_kw=(1.0,))}, r"^baseline\.adjusted_kw in .* has 1 values"),
        ({"baseline": baseline(elsewhere_kw=(1.0,))}, r"^baseline\.elsewhere_kw in .* has 1 values"),
        ({"meter": meter(metered_kw=(1.0,))}, r"^meter\.metered_kw in .* has 1 values"),
        ({"meter": meter(quality=(OK,))}, r"^meter\.quality in .* has 1 values"),
        ({"baseline": baseline(raw_kw=(1.0,))}, r"baseline\.raw_kw in .* has 1 values, expected 2"),
        ({"meter": meter(device_kw=(1.0,))}, r"meter\.device_kw in .* has 1 values, expected 2"),
        (
            {"span": Interval(NOON, NOON + timedelta(minutes=20))},
            "not a whole number of settlement intervals",
        ),
        ({"direction": Direction.LOAD_UP}, "direction"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        delivery_of(evidence(**changes), product())


def test_the_sites_of_an_event_share_its_grid() -> None:
    span = Interval(NOON, NOON + 4 * QUARTER)
    assert grid_of(span, product()) is grid_of(Interval(span.start, span.end), product())
    assert [each.start for each in grid_of(span, product())] == [NOON + n * QUARTER for n in range(4)]
