from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from vpp.agent.migration_bids import MoveTerms, leg_bids, linked_bid
from vpp.agent.migration_table import MigrationTable
from vpp.agent.wire import amount
from vpp.flexibility.migration import MigrationObstacle
from vpp.foundation.errors import InvalidInput
from vpp.v1 import buyer_pb2

HERE = {
    "site_id": "east", "resource_id": "gpu", "zone": "E", "product": "peak", "baseline": "high-4-of-5",
    "pue": 1.5, "work_per_kwh": 10.0, "power_price_per_kwh": "0.80", "payment_per_kwh": "0.50",
    "kg_per_kwh": "0.6",
}  # fmt: skip
THERE = {
    "end": {**HERE, "site_id": "west", "zone": "W", "product": "valley", "power_price_per_kwh": "0.90",
            "payment_per_kwh": "0.10", "kg_per_kwh": "0.2", "work_per_kwh": 8.0},
    "accelerator": "h100", "residence": "CN", "free_it_kw": "1 MW", "room_kw": "2 MW", "latency_ms": 30.0,
    "bandwidth_mbit_per_s": 8000.0, "transfer_cost_per_gb": "0.05",
}  # fmt: skip
TABLE = {
    "donor": HERE, "accelerator": "h100", "it_kw": "400 kW", "data_gb": 500.0, "notice": "PT1H",
    "receivers": [THERE],
}  # fmt: skip
TERMS = MoveTerms(interval_count=2, currency="CNY", delivery_ratio=0.9)


def test_one_bid_of_both_legs() -> None:
    (moved,) = MigrationTable.model_validate(TABLE).plan(timedelta(hours=2)).shifts
    bid = linked_bid("auctions/a", moved, TERMS)
    assert bid.resource == "sites/east/resources/gpu"
    assert (bid.migration_leg.receiving_zone, bid.migration_leg.receiving_ratio) == ("W", 1.25)
    assert [each.steps[0].reduction_kw for each in bid.step_offer.intervals] == [500.0, 500.0]
    # 1250 kWh x 0.90 there less 1000 x 0.80 here, 500 GB x 0.05: 350 over 1000 kWh
    assert amount(bid.step_offer.intervals[0].steps[0].price_per_mwh) == Decimal(350)
    assert bid.direction == buyer_pb2.DIRECTION_LOAD_DOWN


def test_a_bid_for_each_leg_covers_the_move_alone() -> None:
    (moved,) = MigrationTable.model_validate(TABLE).plan(timedelta(hours=2)).shifts
    down, up = leg_bids("auctions/a", "auctions/b", moved, TERMS)
    assert (down.auction, up.auction) == ("auctions/a", "auctions/b")
    assert up.direction == buyer_pb2.DIRECTION_LOAD_UP
    assert up.step_offer.intervals[0].steps[0].reduction_kw == 625.0
    for bid, energy_kwh in ((down, 1000), (up, 1250)):
        assert amount(bid.step_offer.intervals[0].steps[0].price_per_mwh) * energy_kwh / 1000 == 350
        assert not bid.HasField("migration_leg")


def test_a_receiver_that_would_draw_several_times_as_much_is_refused() -> None:
    slow = {**THERE, "end": {**THERE["end"], "work_per_kwh": 3.0, "power_price_per_kwh": "0.01"}}
    (moved,) = MigrationTable.model_validate({**TABLE, "receivers": [slow]}).plan(timedelta(hours=2)).shifts
    with pytest.raises(InvalidInput, match=r"receiving_ratio is 3\.33333, expected 3 at most"):
        linked_bid("auctions/a", moved, TERMS)


def test_what_cannot_move_stays_and_says_why() -> None:
    plan = MigrationTable.model_validate({**TABLE, "latency_budget_ms": 10.0}).plan(timedelta(hours=2))
    assert (plan.shifts, plan.staying_it_kw) == ((), 400.0)
    assert plan.obstacles == {"west": MigrationObstacle.LATENCY}


def test_a_table_with_a_slip_is_refused() -> None:
    with pytest.raises(ValidationError) as refusal:
        MigrationTable.model_validate(
            {**TABLE, "it_kw": "400 kWh", "donor": {**HERE, "pue": 0.9, "puee": 1.0}}
        )
    fields = {".".join(map(str, each["loc"])) for each in refusal.value.errors()}
    assert fields == {"it_kw", "donor.pue", "donor.puee"}
