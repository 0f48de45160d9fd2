from dataclasses import replace
from decimal import Decimal

import pytest

from vpp.flexibility.migration import MigrationObstacle
from vpp.flexibility.migration_plan import MOST_RECEIVERS, plan_migration
from vpp.flexibility.migration_site import MigrationEnd, MigrationReceiver, MovableWork
from vpp.foundation.errors import InvalidInput

HOME = MigrationEnd(
    "home", "gpu", "E", "", "", 1.0, 1.0, Decimal("0.80"), Decimal("0.50"), Decimal("0.6"), 0.0
)
WORK = MovableWork("h100", it_kw=100.0, hours=1.0, data_gb=0.0, notice_s=60.0)


def to(
    site_id: str, price: str, free_kw: float, network: int = 0, accelerator: str = "h100"
) -> MigrationReceiver:
    end = replace(HOME, site_id=site_id, zone=f"Z-{site_id}", power_price_per_kwh=Decimal(price))
    return MigrationReceiver(
        replace(end, payment_per_kwh=Decimal(0)), accelerator, "CN", free_kw, 1000.0, 1.0, 100.0,
        network_cost=Decimal(network),
    )  # fmt: skip


def taken(*receivers: MigrationReceiver) -> dict[str, float]:
    plan = plan_migration(HOME, WORK, receivers)
    return {each.receiver.end.site_id: each.it_kw for each in plan.shifts}


def test_the_cheapest_receivers_are_filled_first() -> None:
    plan = plan_migration(HOME, WORK, [to("a", "0.40", 50.0), to("b", "0.20", 30.0), to("c", "0.30", 40.0)])
    assert {each.receiver.end.site_id: each.it_kw for each in plan.shifts} == {
        "a": 30.0,
        "b": 30.0,
        "c": 40.0,
    }
    # 1.30 earned and saved here, less 0.40, 0.20 and 0.30 there
    assert plan.net_benefit == Decimal(30) * Decimal("0.90") + 30 * Decimal("1.10") + 40 * Decimal("1.00")
    assert plan.avoided_kg == 0  # the same factor everywhere
    assert (plan.staying_it_kw, plan.obstacles) == (0.0, {})


def test_a_receiver_that_costs_too_much_to_use_is_left_out() -> None:
    # b is better by 0.2 x 50 = 10, which its network eats up
    assert taken(to("a", "0.40", 100.0), to("b", "0.20", 50.0, network=11)) == {"a": 100.0}
    assert taken(to("a", "0.40", 100.0), to("b", "0.20", 50.0, network=9)) == {"a": 50.0, "b": 50.0}


def test_every_receiver_that_takes_nothing_says_why() -> None:
    receivers = [
        to("best", "0.20", 100.0),
        to("dear", "1.40", 100.0),
        to("full", "0.10", 0.0),
        to("other", "0.10", 100.0, accelerator="910b"),
        to("spare", "0.30", 100.0),
        to("walled", "0.30", 100.0, network=500),
    ]
    plan = plan_migration(HOME, WORK, receivers)
    assert plan.obstacles == {
        "dear": MigrationObstacle.NO_GAIN,
        "full": MigrationObstacle.NO_ROOM,
        "other": MigrationObstacle.ACCELERATOR,
        "spare": MigrationObstacle.NOT_NEEDED,
        "walled": MigrationObstacle.NO_GAIN,
    }


def test_nothing_moves_at_a_loss() -> None:
    plan = plan_migration(HOME, WORK, [to("dear", "1.40", 100.0)])
    assert (plan.shifts, plan.staying_it_kw, plan.net_benefit) == ((), 100.0, 0)


def test_equals_are_filled_by_name_in_whatever_order_they_are_given() -> None:
    pair = to("b", "0.20", 80.0), to("a", "0.20", 80.0)
    assert taken(*pair) == taken(*reversed(pair)) == {"a": 80.0, "b": 20.0}


def test_receivers_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InvalidInput, match="each site once"):
        taken(to("a", "0.2", 1.0), to("a", "0.3", 1.0))
    near = to("a", "0.2", 1.0)
    with pytest.raises(InvalidInput, match="donor's zone"):
        taken(replace(near, end=replace(near.end, zone="E")))
    with pytest.raises(InvalidInput, match="12 at most"):
        taken(*(to(f"s{n}", "0.2", 1.0) for n in range(MOST_RECEIVERS + 1)))
