from dataclasses import replace
from datetime import timedelta

from vpp.foundation.direction import Direction
from vpp.portfolio.resource import FlexibilityEnvelope

HOUR = timedelta(hours=1)
POOL = FlexibilityEnvelope(100.0, 5.0, HOUR, HOUR, 4 * HOUR, 250.0, 1.0, HOUR)


def test_a_resource_that_says_nothing_of_increases_offers_none() -> None:
    up = Direction.LOAD_UP
    assert (POOL.most_kw(up), POOL.least_kw(up), POOL.budget_kwh(up)) == (0.0, 0.0, 0.0)
    down = Direction.LOAD_DOWN
    assert (POOL.most_kw(down), POOL.least_kw(down), POOL.budget_kwh(down)) == (100.0, 5.0, 250.0)


def test_only_what_is_said_bounds_the_energy_of_an_increase() -> None:
    able = replace(POOL, max_increase_kw=50.0)
    assert able.budget_kwh(Direction.LOAD_UP) == 200.0  # as long as the longest activation
    assert replace(able, increase_budget_kwh=30.0).budget_kwh(Direction.LOAD_UP) == 30.0
    assert replace(able, increase_budget_kwh=0.0).budget_kwh(Direction.LOAD_UP) == 0.0
