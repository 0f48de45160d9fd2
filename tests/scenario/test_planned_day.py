"""An evening of real agents at a hub: by the site planner, and by the cheapest-first rule."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from support.day import make_day
from support.market import EVENING, GATE, NOON, OPERATOR

from vpp.agent.operation_tables import PlanningMethod
from vpp.dispatch.event import EventState
from vpp.foundation.interval import Interval
from vpp.workflows.watching import event_status

pytestmark = pytest.mark.timeout(300)
SITE_COUNT = 3
HALF = timedelta(minutes=30)


@dataclass
class Evening:
    """What came of an evening.

    Attributes:
        state: The event's state.
        ratio: Delivered over target.
        missed_count: Splits without an answer in time.
    """

    state: EventState
    ratio: float
    missed_count: int


def play(folder: Path, method: PlanningMethod) -> Evening:
    day = make_day(folder, site_count=SITE_COUNT, seed=11, method=method)
    day.until(NOON + HALF)
    first = Interval(NOON, NOON + timedelta(minutes=5))
    with day.market.units(write=False) as uow:
        load_kw = sum(uow.telemetry.load(site_id, first)[0].net_power_kw[0] for site_id in day.sites)
    day.market.open_auction(round(0.12 * load_kw))
    day.until(GATE + timedelta(minutes=10))
    day.until(EVENING.end + timedelta(hours=3))
    status = event_status(day.market.units, OPERATOR, "evening")
    planners = [site.planner for site in day.sites.values() if site.planner is not None]
    found = Evening(
        state=status.event.value.state,
        ratio=status.delivered_energy_kwh / status.target_energy_kwh,
        missed_count=sum(planner.missed_count for planner in planners),
    )
    day.close()
    return found


def test_a_planned_evening_is_delivered_as_well_as_a_greedy_one(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    evenings = {method: play(tmp_path_factory.mktemp(method.value), method) for method in PlanningMethod}
    greedy, optimal = evenings[PlanningMethod.GREEDY], evenings[PlanningMethod.OPTIMAL]
    for found in (greedy, optimal):
        assert found.state is EventState.SETTLED
        assert 0.97 <= found.ratio <= 1.05
    assert optimal.missed_count == 0
