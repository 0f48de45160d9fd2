"""What sites show in tests and in the market becomes their scores, and how much they count for."""

from datetime import timedelta

import numpy as np
import pytest
from support.market import EVENING, FIVE, GATE, NOON, OPERATOR, RULES, Market, agent_of

from vpp.dispatch.event import EventState
from vpp.dispatch.instruction import InstructionState, RefusalReason
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.site_score import SiteScore
from vpp.foundation.errors import NotFound
from vpp.foundation.interval import Interval
from vpp.workflows.due_work import DueResult
from vpp.workflows.ordering import OrderedCall, create_ordered_event
from vpp.workflows.scoring_sites import score_event
from vpp.workflows.viewing_scores import list_site_scores
from vpp.workflows.visibility import PageRequest

DRILL = Interval(NOON + timedelta(hours=5), NOON + timedelta(hours=6))
NEXT_DAY = timedelta(days=1)


def order(market: Market, purpose: EventPurpose) -> None:
    call = OrderedCall(purpose, "example-peak-shaving", "north", DRILL, (200.0,) * 4)
    create_ordered_event(market.units, OPERATOR, RULES, call, event_id="drill", request_id="")


def run_drill(
    market: Market, delivered_kw: dict[str, float], purpose: EventPurpose = EventPurpose.TEST
) -> None:
    """Run an ordered event in which each site sheds so much from its second reading on."""
    order(market, purpose)
    for instruction in market.instructions("drill"):
        market.report(instruction, InstructionState.ACCEPTED)
    market.advance(DRILL.end)
    for site_id, kw in delivered_kw.items():
        load = np.full(int((DRILL.end - NOON) / FIVE), 1000.0)
        load[int((DRILL.start - NOON) / FIVE) + 1 :] -= kw
        market.meter(site_id, 1000, NOON, load)
    outcomes = market.advance(DRILL.end + timedelta(hours=2))
    assert {outcome.result for outcome in outcomes} == {DueResult.DONE}


def scores_of(market: Market, site_id: str) -> list[SiteScore]:
    return list(list_site_scores(market.units, OPERATOR, site_id, PageRequest()).items)


def test_a_test_becomes_a_score_per_site(market: Market) -> None:
    run_drill(market, {"north-1": 100.0})
    (good,) = scores_of(market, "north-1")
    assert good.purpose is EventPurpose.TEST
    assert good.target_kw == pytest.approx(100.0)
    assert good.event_observed_ratio == 1.0
    assert good.reached_ratio == pytest.approx((10 / 15 + 3) / 4)  # five minutes late in a quarter
    assert good.full_delay == timedelta(minutes=10)
    assert good.steadiness_ratio == pytest.approx(1.0)
    (silent,) = scores_of(market, "north-2")
    assert (silent.event_observed_ratio, silent.reached_ratio, silent.observability_ratio) == (0, 0, 0)


def test_scores_are_written_once(market: Market) -> None:
    run_drill(market, {"north-1": 100.0, "north-2": 50.0})
    before = scores_of(market, "north-1")
    load = np.full(12, 1000.0)
    market.meter("north-1", 2000, DRILL.start, load)  # a correction that comes too late for the score
    score_event(market.units, RULES, "drill")
    assert scores_of(market, "north-1") == before
    with market.units(write=False) as uow:
        records = [one for one in uow.audit.page(limit=10_000) if one.action == "score_sites"]
    assert [record.detail["count"] for record in records] == ["2"]


def test_a_dry_run_shows_nothing(market: Market) -> None:
    run_drill(market, {"north-1": 0.0, "north-2": 0.0}, EventPurpose.DRY_RUN)
    assert market.event("drill").state is EventState.SETTLED  # over, with nothing to pay
    assert scores_of(market, "north-1") == []


def test_a_site_that_planned_work_keeps_from_a_test_is_not_scored_for_it(market: Market) -> None:
    order(market, EventPurpose.TEST)
    kept, other = market.instructions("drill")
    market.report(kept, InstructionState.REFUSED, reason=RefusalReason.MAINTENANCE)
    market.report(other, InstructionState.ACCEPTED)
    market.advance(DRILL.end + timedelta(hours=2))
    assert scores_of(market, kept.site_id) == []
    assert len(scores_of(market, other.site_id)) == 1


def test_a_site_that_fell_short_counts_for_less_and_is_told_why(market: Market) -> None:
    run_drill(market, {"north-1": 0.0, "north-2": 100.0})
    market.advance(NOON + NEXT_DAY - timedelta(hours=2))
    evening = Interval(EVENING.start + NEXT_DAY, EVENING.end + NEXT_DAY)
    market.open_auction(150.0, delivery=evening, gate_closes_at=GATE + NEXT_DAY)
    market.bid("north-1", 200.0, "60")
    market.bid("north-2", 200.0, "90")
    market.advance(GATE + NEXT_DAY + timedelta(minutes=1))
    with market.units(write=False) as uow:
        bids = {stored.value.bid.site_id: stored.value for stored in uow.bids.page()}
    told = bids["north-1"].reason_detail
    assert "of its reduction, as the site has delivered lately; the bid says 1" in told
    counted = float(told.partition("counted at ")[2].split()[0])
    assert 0.5 <= counted < 0.52  # a day after a failure that weighs as much as the site's own word
    # 60 per MWh of which half counts is dearer than 90 of which nine tenths do.
    assert [item.site_id for item in market.instructions()] == ["north-2"]


def test_at_its_own_word_a_site_that_fell_short_would_have_served_alone(market: Market) -> None:
    """The same auction without a test before it: what the derate changes."""
    market.open_auction(150.0)
    market.bid("north-1", 200.0, "60")
    market.bid("north-2", 200.0, "90")
    market.advance(GATE + timedelta(minutes=1))
    assert [item.site_id for item in market.instructions()] == ["north-1"]


def test_a_site_sees_its_own_scores_alone(market: Market) -> None:
    run_drill(market, {"north-1": 100.0, "north-2": 100.0})
    own = list_site_scores(market.units, agent_of("north-1"), None, PageRequest())
    assert [score.site_id for score in own.items] == ["north-1"]
    with pytest.raises(NotFound, match="sites/north-2 does not exist"):
        list_site_scores(market.units, agent_of("north-1"), "north-2", PageRequest())


def test_scores_come_in_pages(market: Market) -> None:
    run_drill(market, {"north-1": 100.0, "north-2": 100.0})
    first = list_site_scores(market.units, OPERATOR, None, PageRequest(page_size=1))
    second = list_site_scores(market.units, OPERATOR, None, PageRequest(1, first.next_page_token))
    assert [page.items[0].site_id for page in (first, second)] == ["north-1", "north-2"]
    assert second.next_page_token == ""


def test_events_of_the_market_are_scored_too(market: Market) -> None:
    market.open_auction(100.0)
    market.bid("north-1", 100.0, "60")
    market.advance(GATE + timedelta(minutes=1))
    (instruction,) = market.instructions()
    market.report(instruction, InstructionState.ACCEPTED)
    market.clock.advance_to(EVENING.start - timedelta(hours=3))
    market.advance(EVENING.end)
    load = np.full(int((EVENING.end - NOON) / FIVE), 1000.0)
    load[int((EVENING.start - NOON) / FIVE) :] -= 50.0
    market.meter("north-1", 1000, NOON, load)
    market.advance(EVENING.end + timedelta(hours=2))
    (score,) = scores_of(market, "north-1")
    assert score.purpose is EventPurpose.MARKET
    assert score.reached_ratio == pytest.approx(0.5)
    assert score.full_delay is None
