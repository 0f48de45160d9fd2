"""Splits with a generator and a cluster that pauses: what is on or off is decided beside the control step."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from support.agent_site import RULES, write_site
from support.planned_units import CLUSTER, READINGS, TRAIN, planned_units

from vpp.agent.bidding import Enrolled, Terms, Window
from vpp.agent.learned import Learned
from vpp.agent.planned_bidding import bid_task, planned_bids
from vpp.agent.planner_room import PlannerRoom, planner_room
from vpp.agent.settings import AgentSettings
from vpp.agent.site_parts import MOST_GROUPS, has_decisions, one_way, owner_of, parts_of
from vpp.agent.site_tariff import SiteTariff
from vpp.agent.split_task import SplitTask
from vpp.agent.split_terms import site_of
from vpp.agent.unit import Unit
from vpp.agent.unit_tables import units_of
from vpp.flexibility.planning.bids import plan_bids
from vpp.flexibility.planning.terms import StoreTerms, WorkTerms
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
LOAD_KW = 2000.0
Units = Mapping[str, Unit[Any]]


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    return write_site(tmp_path, planning__method="optimal", planning__split_time_limit_s=5.0)


@pytest.fixture
def room(settings: AgentSettings) -> Iterator[PlannerRoom]:
    with planner_room(settings) as opened:
        assert opened is not None
        opened.warm_up()
        yield opened


def task(units: Units, wanted_kw: float, at: datetime = NOON, **changes: Any) -> SplitTask:  # noqa: ANN401  fields by name
    values: dict[str, Any] = {
        "wanted_kw": wanted_kw,
        "direction": Direction.LOAD_DOWN,
        "available_kw": {key: unit.available_kw(unit.observed, QUARTER) for key, unit in units.items()},
        "price_per_mwh": {key: Decimal(100 * n) for n, key in enumerate(units)},
        "awarded_kw": {},
        "now": at,
        "units": list(units.values()),
        "load_kw": LOAD_KW,
        "net_kw": LOAD_KW,
        "later": [(LOAD_KW, wanted_kw)] * 3,
        "step": QUARTER,
    }
    return SplitTask(**(values | changes))


def test_the_first_split_waits_for_no_search_and_the_next_holds_what_was_found(room: PlannerRoom) -> None:
    units = planned_units(NOON, "battery", "generator")
    # 150 kW for an hour: the battery alone has neither the power nor the energy.
    first = room.split(task(units, 150.0))
    assert first is not None
    assert sum(first.values()) == pytest.approx(150.0, abs=0.1)
    room.settle()
    second = room.split(task(units, 150.0))
    assert second is not None
    assert second["diesel"] >= 100.0 - 1e-6
    assert sum(second.values()) == pytest.approx(150.0, abs=0.1)


def test_a_delivery_that_was_foreseen_begins_with_its_decisions(room: PlannerRoom) -> None:
    units = planned_units(NOON, "battery", "generator")
    states = {key: unit.observed for key, unit in units.items()}
    start = NOON + timedelta(hours=3)
    room.foresee(task(units, 150.0, start, net_kw=None, states=states))
    room.settle()
    found = room.split(task(units, 150.0, start))
    assert found is not None
    assert found["diesel"] >= 100.0 - 1e-6


def test_decisions_that_cannot_be_held_any_more_are_dropped(room: PlannerRoom) -> None:
    units = planned_units(NOON, "battery", "generator")
    room.foresee(task(units, 150.0))
    room.settle()
    alone = planned_units(NOON, "battery", "generator")
    diesel = alone["diesel"]
    diesel.is_available = False
    found = room.split(task(alone, 60.0, available_kw={"bess": 100.0, "diesel": 0.0}))
    assert found is not None
    assert found["bess"] == pytest.approx(60.0, abs=0.1)
    assert found["diesel"] == 0.0


def test_what_a_device_has_just_shown_is_made_good_in_the_next_command(room: PlannerRoom) -> None:
    units = planned_units(NOON, "battery")
    found = room.split(task(units, 40.0, later=[], response_ratio={"bess": 0.8}))
    assert found is not None
    assert found["bess"] == pytest.approx(50.0, abs=0.1)


@pytest.mark.parametrize("wanted_kw", [0.0, 20.0])
def test_nobody_is_cut_so_that_a_battery_may_charge_meanwhile(room: PlannerRoom, wanted_kw: float) -> None:
    """No device recovers during a delivery, so a plan that counts on it would deliver too much."""
    units = planned_units(NOON, "battery", "job_groups")
    units["bess"].observe(READINGS["bess"] | {"state_of_charge_ratio": 0.12}, NOON)
    asked = task(units, wanted_kw, later=[(LOAD_KW, wanted_kw), (LOAD_KW, 250.0), (LOAD_KW, 250.0)])
    room.split(asked)
    room.settle()
    found = room.split(asked)
    assert found is not None
    assert sum(found.values()) == pytest.approx(wanted_kw, abs=0.1)


@pytest.mark.parametrize("direction", list(Direction))
def test_a_part_moves_one_way_only(direction: Direction) -> None:
    units, prices = planned_units(NOON), [Decimal("0.2")] * 4
    is_down = direction is Direction.LOAD_DOWN
    for unit in units.values():
        for part in parts_of(unit, unit.observed, 4, QUARTER, prices) or ():
            moved = one_way(part, direction)
            match moved:
                case StoreTerms():
                    stopped = moved.max_charge_kw if is_down else moved.max_discharge_kw
                    assert max(stopped) == 0.0
                case WorkTerms():
                    assert (
                        max(moved.catch_up_kw) == 0.0
                        if is_down
                        else (moved.segments, moved.pause) == ((), None)
                    )
                case _:
                    assert (moved is None) is not is_down


def test_a_cluster_is_planned_group_by_group_and_commanded_as_one(
    settings: AgentSettings, room: PlannerRoom
) -> None:
    units = planned_units(NOON, "job_groups")
    site = site_of(task(units, 120.0), settings, SiteTariff(settings), None)
    assert site is not None
    assert {each.resource_id for each in site.resources} == {"gpu/secret-tune", "gpu/secret-train"}
    assert {owner_of(each.resource_id) for each in site.resources} == {"gpu"}
    assert has_decisions(site)
    room.split(task(units, 120.0))
    room.settle()
    found = room.split(task(units, 120.0))
    assert found is not None
    assert set(found) == {"gpu"}
    assert found["gpu"] == pytest.approx(120.0, abs=0.1)


@pytest.mark.parametrize(("count", "is_whole"), [(MOST_GROUPS, False), (MOST_GROUPS + 1, True)])
def test_a_cluster_of_many_groups_is_planned_as_one(count: int, is_whole: bool) -> None:  # noqa: FBT001  a parameter
    groups = [TRAIN | {"group_id": f"g{n}"} for n in range(count)]
    (gpu,) = units_of({"job_groups": {"gpu": CLUSTER | {"groups": groups}}}, None)
    of_each = {"running_gpus": 40.0, "paused_gpus": 0.0, "backlog_gpu_h": 0.0, "backlog_due_s": 0.0}
    reading = {f"{name}.g{n}": value for n in range(count) for name, value in of_each.items()}
    gpu.observe({"available": 1.0, "reduction_kw": 0.0, "free_gpus": 300.0, **reading}, NOON)
    parts = parts_of(gpu, gpu.observed, 4, QUARTER, [Decimal("0.2")] * 4)
    assert parts is not None
    assert ([each.resource_id for each in parts] == ["gpu"]) is is_whole


def test_planned_bids_sell_pauses_and_name_no_group(settings: AgentSettings) -> None:
    units = planned_units(NOON, "battery", "job_groups")
    window = Window("auctions/a", "", Interval(NOON, NOON + 4 * QUARTER), QUARTER, 24, Decimal(3000), NOON)
    asked = bid_task(
        settings, SiteTariff(settings), Learned(), window, list(units.values()), {}, [LOAD_KW] * 4, 10.0, NOON
    )
    assert asked is not None
    enrolled = Enrolled(1000.0, 5000.0)
    terms = {key: Terms(f"sites/s/resources/{key}", enrolled, RULES, settings.bidding) for key in units}
    bids = planned_bids(plan_bids(asked.site, asked.window), window, terms)
    blocks = [each.request.bid for each in bids if each.request.bid.HasField("block_offer")]
    assert [block.resource for block in blocks].count("sites/s/resources/gpu") >= 1
    for each in bids:
        assert "secret" not in str(each.request)
        assert {commitment.resource_id for commitment in each.commitments} <= set(units)
    groups = {each.request.bid.exclusive_group for each in bids} - {""}
    assert groups  # a group that can be capped and paused excludes itself
    assert len({each.request.request_id for each in bids}) == len(bids)


def test_bids_of_one_resource_stay_together_within_what_was_enrolled(settings: AgentSettings) -> None:
    units = planned_units(NOON, "job_groups")
    window = Window("auctions/a", "", Interval(NOON, NOON + 4 * QUARTER), QUARTER, 24, Decimal(3000), NOON)
    asked = bid_task(
        settings, SiteTariff(settings), Learned(), window, list(units.values()), {}, [LOAD_KW] * 4, 10.0, NOON
    )
    assert asked is not None
    plan = plan_bids(asked.site, asked.window)

    def sold_kw(most_kw: float) -> float:
        terms = Terms("sites/s/resources/gpu", Enrolled(most_kw, 5000.0), RULES, settings.bidding)
        by_group: dict[str, float] = {}
        for number, each in enumerate(planned_bids(plan, window, {"gpu": terms})):
            key = each.request.bid.exclusive_group or str(number)
            by_group[key] = max(by_group.get(key, 0.0), *each.commitments[0].reduction_kw)
        return sum(by_group.values())

    assert sold_kw(1000.0) > 60.0
    assert 0.0 < sold_kw(60.0) <= 60.0
