"""The site planner in the agent: its splits are followed, and nothing waits for it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import (
    EVENING,
    MORNING,
    PRODUCT,
    RULES,
    STEP,
    Site,
    award_notice,
    baseline_notice,
    connected,
    instruction,
    invitation,
    start_site,
    statuses,
    write_site,
)

from vpp.agent.bid_planning import BidPlanning
from vpp.agent.bidding import Enrolled
from vpp.agent.core import SiteAgent
from vpp.agent.planner_room import PlannerRoom, planner_room
from vpp.agent.settings import AgentSettings

HOUR = timedelta(hours=1)


def planned(settings: AgentSettings, room: PlannerRoom) -> Site:
    site = start_site(settings)
    site.agent = SiteAgent(settings, site.plant, site.journal, MORNING, lambda instant: instant, room)
    envelopes = {
        key: Enrolled(envelope.max_reduction_kw, envelope.energy_budget_kwh)
        for key, unit in site.agent.units.items()
        for envelope in [unit.envelope().for_enrolment()]
    }
    site.agent.enrolled({PRODUCT: RULES}, envelopes, MORNING)
    return connected(site)


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    return write_site(tmp_path, planning__method="optimal", planning__split_time_limit_s=5.0)


@pytest.fixture
def room(settings: AgentSettings) -> Iterator[PlannerRoom]:
    with planner_room(settings) as opened:
        assert opened is not None
        opened.warm_up()
        yield opened


def test_a_site_that_plans_delivers_what_it_promised(settings: AgentSettings, room: PlannerRoom) -> None:
    with planned(settings, room) as site:
        natural_kw = site.natural_kw(EVENING, 8)
        wanted_kw = [0.15 * float(np.mean(natural_kw))] * 8
        site.deliver(instruction=instruction(wanted_kw))
        site.deliver(award_notice=award_notice({"bess": [0.5 * kw for kw in wanted_kw]}))
        site.deliver(baseline_notice=baseline_notice([1.02 * kw for kw in natural_kw]))
        told = statuses(site.run_until(EVENING + 2 * HOUR))
        assert [state for state, _ in told] == ["ACCEPTED", "STARTED", "COMPLETED"][1:]
        delivered_kw = np.array(natural_kw) * 1.02 - np.array(site.metered_kw(EVENING, 8))
        assert delivered_kw / np.array(wanted_kw) == pytest.approx(np.full(8, 1.01), abs=0.06)
        assert room.missed_count == 0


def test_a_planner_without_an_answer_in_time_is_not_waited_for(tmp_path: Path) -> None:
    settings = write_site(tmp_path, planning__method="optimal", planning__split_time_limit_s=1e-6)
    with planner_room(settings) as room:
        assert room is not None
        room.warm_up()
        with planned(settings, room) as site:
            wanted_kw = [0.1 * float(np.mean(site.natural_kw(EVENING, 8)))] * 8
            site.deliver(instruction=instruction(wanted_kw))
            site.run_until(EVENING + 2 * HOUR)
            delivered_kw = np.array(site.natural_kw(EVENING, 8)) - np.array(site.metered_kw(EVENING, 8))
            assert delivered_kw[1:] / np.array(wanted_kw[1:]) == pytest.approx(np.full(7, 1.01), abs=0.08)
            assert room.missed_count > 0


def test_a_planner_that_breaks_is_no_harm(
    settings: AgentSettings, room: PlannerRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("vpp.agent.planner_room._replan", broken)
    with planned(settings, room) as site:
        site.deliver(instruction=instruction([100.0] * 8))
        assert ("STARTED", "UNSPECIFIED") in statuses(site.run_until(EVENING))
        site.run_until(EVENING + STEP)
        assert sum(a.setpoint.reduction_kw for a in site.agent.memory.local.actions.newest.values()) > 50.0


def test_a_site_that_does_not_plan_has_no_room(tmp_path: Path) -> None:
    with planner_room(write_site(tmp_path, planning__method="greedy")) as room:
        assert room is None


class AtRest:
    """A clock that stands still."""

    def now(self) -> datetime:
        return MORNING

    def machine_time(self, at: datetime) -> datetime:
        return at

    async def sleep_until(self, at: datetime) -> None:
        raise NotImplementedError


async def test_bids_are_planned_while_nobody_waits_and_decided_once(
    settings: AgentSettings, room: PlannerRoom
) -> None:
    with planned(settings, room) as site:
        site.deliver(invitation=invitation())
        assert site.agent.due_bids(site.now) == []
        with site.restart() as killed:  # before the planner had an answer
            killed.agent.planner = room
            assert list(killed.agent.memory.invitations) == ["auctions/peak"]
            envelopes = {"bess": Enrolled(500.0, 900.0), "batch": Enrolled(300.0, 1e6)}
            killed.agent.enrolled({PRODUCT: RULES}, envelopes, MORNING)
            planning = BidPlanning(killed.agent, room, AtRest())
            assert await planning.make_bids() == 1
            bids = killed.agent.due_bids(MORNING)
            assert {each.bid.resource.rpartition("/")[2] for each in bids} <= set(envelopes)
            assert bids
            for each in bids:
                totals = [sum(s.reduction_kw for s in steps.steps) for steps in each.bid.step_offer.intervals]
                assert max(totals) <= envelopes[each.bid.resource.rpartition("/")[2]].max_reduction_kw
            assert await planning.make_bids() == 0
            with killed.restart() as again:
                assert again.agent.memory.invitations == {}
                assert again.agent.due_bids(MORNING) == bids


async def test_without_an_answer_the_resources_bid_one_by_one(
    settings: AgentSettings, room: PlannerRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("vpp.agent.planner_room._plan_bids", broken)
    with planned(settings, room) as site:
        expected = [bid.request for bid in site.agent.greedy_bids(invitation(), MORNING)]
        site.deliver(invitation=invitation())
        await BidPlanning(site.agent, room, AtRest()).make_bids()
        assert site.agent.due_bids(site.now) == expected
