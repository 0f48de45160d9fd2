"""Check case C1, the first dispatch of computing between regions: Nantong to Zhangbei.

Published: about 100 kW off in Nantong for 1.5 h, about 150 kWh moved, 120 kg of CO2 saved. So each leg is
100 kW x 1.5 h = 150 kWh, and the net factor 120 / 150 = 0.800 kg per kWh. The two grids' own factors were
not published; the pair below is made up so that they differ by that.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.agent.migration_bids import MoveTerms, leg_bids, linked_bid
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, ZoneLimit
from vpp.auction.clearing import clear
from vpp.auction.rules import ClearingRules
from vpp.flexibility.migration import Shift, shift
from vpp.flexibility.migration_plan import plan_migration
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.rpc.wire.bid import offered_bid
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
PUBLISHED_KG, MOVED_KW, HOURS = Decimal(120), 100.0, 1.5
NANTONG = MigrationEnd(
    "nantong", "search", "JS", "peak-regulation", "high-4-of-5", 1.3, 1.0,
    Decimal("0.60"), Decimal("0.40"), Decimal("0.95"), overhead_slope_ratio=0.25,
)  # fmt: skip
ZHANGBEI = MigrationEnd(
    "zhangbei", "search", "HE", "valley-filling", "ten-of-ten", 1.3, 1.0,
    Decimal("0.35"), Decimal("0.10"), Decimal("0.15"), overhead_slope_ratio=0.25,
)  # fmt: skip
RECEIVER = MigrationReceiver(ZHANGBEI, "cpu", "CN", 500.0, 500.0, 30.0, 10_000.0, network_cost=Decimal(30))
WORK = MovableWork("cpu", MOVED_KW / 1.25, HOURS, data_gb=0.0, notice_s=60.0, latency_budget_ms=50.0)
TERMS = MoveTerms(interval_count=3, currency="CNY", delivery_ratio=0.9)


def moved() -> Shift:
    return shift(NANTONG, WORK, RECEIVER, WORK.it_kw)


def test_c1_both_legs_are_150_kwh() -> None:
    legs = moved()
    assert (legs.donor.power_kw, legs.donor.energy_kwh) == (100.0, 150.0)
    assert (legs.receiver.power_kw, legs.receiver.energy_kwh) == (100.0, 150.0)
    assert (legs.donor.direction, legs.receiver.direction) == (Direction.LOAD_DOWN, Direction.LOAD_UP)
    assert legs.donor.end.product != legs.receiver.end.product  # each leg in its own grid, sold by itself
    assert legs.donor.end.baseline != legs.receiver.end.baseline


def test_c1_the_net_factor_is_0_800() -> None:
    legs = moved()
    assert legs.avoided_kg == PUBLISHED_KG
    assert legs.net_kg_per_kwh == PUBLISHED_KG / 150 == Decimal("0.800")


def test_c1_the_planner_moves_all_of_it() -> None:
    plan = plan_migration(NANTONG, WORK, [RECEIVER])
    assert plan.shifts == (moved(),)
    # 150 x (0.40 + 0.10) paid, 150 x (0.60 - 0.35) saved, 30 of network
    assert plan.net_benefit == Decimal("82.5")


@pytest.mark.parametrize("solver", list(SolverName))
def test_c1_one_auction_over_both_zones_takes_the_linked_bid(solver: SolverName) -> None:
    message = linked_bid("auctions/north", moved(), TERMS)
    (asked,) = {step.price_per_mwh.units for each in message.step_offer.intervals for step in each.steps}
    assert asked == 0  # 30 of network less 37.5 of cheaper power: moving pays for itself
    entered = offered_bid(message, "m", HALF_HOUR).bid
    book = Book(
        "north", NOON, HALF_HOUR, (0.0,) * 3, 0, Decimal(3000), None,
        (replace(entered, zone="JS"),),
        terms=BuyerTerms(zones=(ZoneLimit("JS", local_target_kw=(90.0,) * 3),)),
    )  # fmt: skip
    clearing = clear(book, ClearingRules(PayRule.AS_CLEAR, solver=solver))
    (award,) = clearing.awards
    assert award.reduction_kw == pytest.approx((100.0,) * 3)  # 100 x 0.9 counts as the 90 wanted


def test_c1_two_auctions_get_a_bid_each_that_loses_nothing_alone() -> None:
    dear = MigrationReceiver(ZHANGBEI, "cpu", "CN", 500.0, 500.0, 30.0, 10_000.0, network_cost=Decimal(90))
    legs = shift(NANTONG, WORK, dear, WORK.it_kw)
    down, up = leg_bids("auctions/south", "auctions/north", legs, TERMS)
    assert (down.resource, up.resource) == (
        "sites/nantong/resources/search",
        "sites/zhangbei/resources/search",
    )
    offered = [offered_bid(each, "m", HALF_HOUR).bid for each in (down, up)]
    assert [each.direction for each in offered] == [Direction.LOAD_DOWN, Direction.LOAD_UP]
    # moving costs 90 - 37.5 = 52.5, over 150 kWh: 350 per MWh, asked by each leg
    assert {
        step.price_per_mwh.units for each in (down, up) for step in each.step_offer.intervals[0].steps
    } == {350}
