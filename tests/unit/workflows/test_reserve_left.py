from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from vpp.auction.bid import Bid, PriceStep, RunLimits, StepOffer, StoreOffer
from vpp.foundation.interval import Interval
from vpp.workflows.records import AwardRecord
from vpp.workflows.reserve_left import left_of_bid

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
STEPS = (PriceStep(40.0, Decimal(50)), PriceStep(60.0, Decimal(90)))
BID = Bid("b1", "north-1", "battery", "north", NOON, 0.9, StepOffer((STEPS,)))
STORE = StoreOffer(100.0, 50.0, 400.0, 0.0, 400.0, 0.0, Decimal(80))


def award(reduction_kw: tuple[float, ...], bid_id: str = "b1") -> AwardRecord:
    return AwardRecord(
        award_id=f"evening-{bid_id}-m1",
        event_id="evening",
        bid_id=bid_id,
        site_id="north-1",
        resource_id="battery",
        delivery=Interval(NOON, NOON + 4 * QUARTER),
        reduction_kw=reduction_kw,
        rebound_kw=(),
        price_per_mwh=(Decimal(50),) * 4,
        make_whole=Decimal(0),
        reason="ACCEPTED_IN_PART",
    )


def left(bid: Bid = BID, awards: tuple[AwardRecord, ...] = (), **changes: object) -> list[list[float]] | None:
    asked: dict[str, object] = {
        "first": 2,
        "room_kw": np.array([100.0, 100.0]),
        "reach_ratio": np.array([1.0, 1.0]),
        "price_cap_per_mwh": Decimal(2000),
        "step": QUARTER,
    } | changes
    found = left_of_bid(bid, awards, **asked)  # type: ignore[arg-type]  # as its signature
    if found is None:
        return None
    assert isinstance(found.offer, StepOffer)
    return [[step.reduction_kw for step in steps] for steps in found.offer.steps]


def test_an_untouched_bid_is_offered_in_every_interval_that_is_left() -> None:
    assert left() == [[40.0, 60.0], [40.0, 60.0]]


def test_what_was_bought_of_it_is_gone_the_cheapest_first() -> None:
    assert left(awards=(award((0.0, 0.0, 50.0, 10.0)),)) == [[50.0], [30.0, 60.0]]


def test_what_was_bought_by_another_bid_takes_room_and_no_steps() -> None:
    assert left(awards=(award((80.0,) * 4, "b2"),), room_kw=np.array([20.0, 50.0])) == [[20.0], [40.0, 10.0]]


def test_a_part_of_an_interval_counts_as_a_part_and_none_is_not_offered() -> None:
    assert left(reach_ratio=np.array([0.5, 1.0])) == [[20.0, 30.0], [40.0, 60.0]]
    assert left(reach_ratio=np.array([0.0, 1.0])) == [[], [40.0, 60.0]]
    assert left(reach_ratio=np.array([0.0, 0.0])) is None


def test_what_is_dearer_than_the_cap_is_left_out() -> None:
    assert left(price_cap_per_mwh=Decimal(60)) == [[40.0], [40.0]]


def test_energy_that_was_bought_is_used_up() -> None:
    limited = replace(BID, energy_limit_kwh=50.0)
    found = left_of_bid(
        limited,
        (award((100.0, 50.0, 0.0, 0.0)),),
        first=2,
        room_kw=np.array([100.0, 100.0]),
        reach_ratio=np.ones(2),
        price_cap_per_mwh=Decimal(2000),
        step=QUARTER,
    )
    assert found is not None
    assert found.energy_limit_kwh == pytest.approx(12.5)
    assert left(limited, (award((100.0, 100.0, 0.0, 0.0)),)) is None


def test_a_resource_that_runs_neither_starts_nor_rests_again() -> None:
    limited = replace(BID, run_limits=RunLimits(min_run_intervals=4))
    asked = {
        "first": 2,
        "room_kw": np.ones(2) * 100.0,
        "reach_ratio": np.ones(2),
        "price_cap_per_mwh": Decimal(2000),
        "step": QUARTER,
    }
    fresh = left_of_bid(limited, (), **asked)  # type: ignore[arg-type]  # as its signature
    running = left_of_bid(limited, (award((10.0,) * 4),), **asked)  # type: ignore[arg-type]  # as its signature
    assert fresh is not None
    assert running is not None
    assert fresh.run_limits is not None
    assert running.run_limits is None


def test_a_store_is_offered_only_whole() -> None:
    store = replace(BID, offer=STORE)
    asked = {"first": 0, "room_kw": np.ones(2) * 100.0, "price_cap_per_mwh": Decimal(2000), "step": QUARTER}
    whole = left_of_bid(store, (), reach_ratio=np.ones(2), **asked)  # type: ignore[arg-type]  # as its signature
    part = left_of_bid(store, (), reach_ratio=np.array([0.5, 1.0]), **asked)  # type: ignore[arg-type]  # as its signature
    sold = left_of_bid(store, (award((1.0,) * 4),), reach_ratio=np.ones(2), **asked)  # type: ignore[arg-type]  # as its signature
    assert whole == store
    assert part is None
    assert sold is None
