"""Increases: agreed to within the site's headroom, steered, and never beside a reduction."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from support.agent_site import (
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

from vpp.agent.bidding import Enrolled
from vpp.agent.enrol import enrolment_of
from vpp.foundation.direction import Direction
from vpp.v1 import buyer_pb2, event_pb2

HOUR = timedelta(hours=1)
SOON = MORNING + timedelta(minutes=15)
NO_RECOVERY = {"driver__battery__bess__rest_ratio": 0.3, "limits__max_rebound_kw": 0.0}
"""The battery stays where it rests, at less than a third."""
UP = buyer_pb2.DIRECTION_LOAD_UP


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with connected(start_site(write_site(tmp_path, **NO_RECOVERY))) as running:
        yield running


def downward(
    kw: float, count: int = 4, start: datetime = SOON, event: str = "events/peak"
) -> event_pb2.Instruction:
    return instruction([kw] * count, event=event, start=start)


def upward(
    kw: float, start: datetime = SOON, event: str = "events/surplus", baseline_kw: Sequence[float] = ()
) -> event_pb2.Instruction:
    message = instruction([kw] * 4, event=event, start=start, baseline_kw=baseline_kw)
    message.direction = UP
    return message


def raised_kw(site: Site) -> np.ndarray:
    return np.array(site.metered_kw(SOON, 4)) - np.array(site.natural_kw(SOON, 4))


def test_the_site_raises_its_consumption_to_baseline_and_target(site: Site) -> None:
    assert statuses(site.deliver(instruction=upward(200.0))) == [("ACCEPTED", "UNSPECIFIED")]
    # The baseline errs by 1 %: the increase is measured from it, so the site draws a little more.
    site.deliver(
        baseline_notice=baseline_notice(
            [1.01 * kw for kw in site.natural_kw(SOON, 4)], event="events/surplus", start=SOON
        )
    )
    assert statuses(site.run_until(SOON)) == [("STARTED", "UNSPECIFIED")]
    assert statuses(site.run_until(SOON + HOUR)) == [("COMPLETED", "UNSPECIFIED")]
    from_baseline = raised_kw(site) - 0.01 * np.array(site.natural_kw(SOON, 4))
    assert from_baseline == pytest.approx(np.full(4, 202.0), abs=20.0)
    assert site.agent.memory.local.actions.newest["bess"].setpoint.increase_kw == 0.0


def test_without_a_baseline_the_increase_is_put_on_the_sites_own_load(site: Site) -> None:
    site.deliver(instruction=upward(200.0))
    site.run_until(SOON + HOUR)
    assert raised_kw(site)[1:] == pytest.approx(np.full(3, 202.0), abs=25.0)


def test_no_increase_passes_the_import_limit(tmp_path: Path) -> None:
    settings = write_site(tmp_path, **NO_RECOVERY)
    with start_site(settings) as site:
        natural_kw = max(site.natural_kw(SOON - HOUR, 24, STEP))
    site_table = settings.site.model_copy(update={"import_limit_kw": natural_kw + 100.0})
    (tmp_path / "site-001" / "plant.jsonl").unlink(missing_ok=True)
    with connected(start_site(settings.model_copy(update={"site": site_table}))) as site:
        answer = site.deliver(instruction=upward(300.0, baseline_kw=site.natural_kw(SOON, 4)))
        assert statuses(answer) == [("PARTIAL", "SITE_LIMIT")]
        site.run_until(SOON + HOUR)
        metered_kw = site.metered_kw(SOON, 12, STEP)
        assert max(metered_kw) <= natural_kw + 100.0
        assert raised_kw(site).max() > 40.0


def test_an_increase_and_a_reduction_are_never_agreed_to_at_once(site: Site) -> None:
    assert statuses(site.deliver(instruction=downward(100.0))) == [("ACCEPTED", "UNSPECIFIED")]
    answer = site.deliver(instruction=upward(100.0))
    assert statuses(answer) == [("REFUSED", "OUTRANKED")]
    later = upward(100.0, start=SOON + HOUR, event="events/later")
    assert statuses(site.deliver(instruction=later)) == [("ACCEPTED", "UNSPECIFIED")]


def test_an_order_to_reduce_ends_an_increase_when_it_begins(site: Site) -> None:
    site.deliver(instruction=upward(200.0))
    order = downward(100.0, 2, SOON + HOUR / 2, "events/order")
    order.purpose = event_pb2.Event.PURPOSE_MANDATORY
    assert statuses(site.deliver(instruction=order)) == [("ACCEPTED", "UNSPECIFIED")]
    site.run_until(SOON + HOUR / 2 - STEP)
    told = statuses(site.run_until(SOON + HOUR / 2))
    assert told == [("ABORTED", "OUTRANKED"), ("STARTED", "UNSPECIFIED")]
    site.run_until(SOON + HOUR)
    assert raised_kw(site)[2:].max() < -60.0


def test_a_site_that_cannot_raise_refuses(tmp_path: Path) -> None:
    with connected(start_site(write_site(tmp_path))) as site:
        for unit in site.agent.units.values():
            if unit.available_increase_kw(unit.observed, STEP) > 0.0:
                pytest.skip(f"{unit.resource_id} can raise its consumption at rest")
        assert statuses(site.deliver(instruction=upward(200.0)))[0] == ("REFUSED", "RESOURCE_UNAVAILABLE")


def test_an_award_upwards_is_no_reduction_sold(site: Site) -> None:
    notice = award_notice({"bess": [200.0] * 4}, start=SOON)
    notice.direction = UP
    site.deliver(award_notice=notice)
    assert site.agent.memory.plan.committed("bess") == []
    [sold] = site.agent.memory.plan.committed("bess", Direction.LOAD_UP)
    assert sold.direction is Direction.LOAD_UP


def test_bids_upwards_carry_their_direction_and_stay_within_what_was_enrolled(site: Site) -> None:
    best = enrolment_of(site.agent.units["bess"], STEP)
    assert best.max_increase_kw > 0.0
    site.agent.enrolled({PRODUCT: RULES}, {"bess": Enrolled(0.0, 0.0, best.max_increase_kw)}, site.now)
    message = invitation(start=MORNING + HOUR, count=2, gate=SOON)
    message.auction.direction = UP
    site.deliver(invitation=message)
    [request] = site.agent.due_bids(site.now)
    assert request.bid.direction == UP
    offered_kw = [step.reduction_kw for each in request.bid.step_offer.intervals for step in each.steps]
    assert 0.0 < max(offered_kw) <= best.max_increase_kw
    with site.restart() as again:  # an open bid upwards is no reduction on offer, now or later
        for agent in (site.agent, again.agent):
            [bid] = agent.memory.bids.values()
            assert [each.direction for each in bid.commitments] == [Direction.LOAD_UP]


def test_setpoints_upwards_are_in_the_journal_and_end_with_the_delivery(site: Site) -> None:
    site.deliver(instruction=upward(200.0))
    site.run_until(SOON + STEP)
    newest = site.agent.memory.local.actions.newest["bess"]
    assert newest.setpoint.increase_kw > 100.0
    assert newest.since == SOON
    site.run_until(SOON + HOUR)
    assert site.agent.memory.local.actions.held() == []
    assert site.agent.memory.local.actions.newest["bess"].setpoint.increase_kw == 0.0
