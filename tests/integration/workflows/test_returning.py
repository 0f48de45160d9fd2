"""Sites are let go one after the other where a zone bears no more of what comes back."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.followed_evening import SITES, Course, begin
from support.market import EVENING, GATE, make_market

from vpp.auction.buyer import BuyerTerms, FeederLimit, ZoneLimit
from vpp.workflows.tracking_records import ActionKind

QUARTER = timedelta(minutes=15)
HORIZON = 16
"""Delivery and recovery intervals of the evening."""


@pytest.fixture
def course(tmp_path: Path) -> Iterator[Course]:
    """An evening of three sites of 30 kW each, all of which comes back in the quarter after release."""
    market = make_market(tmp_path)
    for site_id in SITES:
        market.enrol(site_id)
    course = Course(market)
    market.open_auction(90.0)
    for site_id in SITES:
        market.bid(site_id, 30.0, "50")
    course.due(GATE + timedelta(minutes=1))
    with market.units() as uow:
        back_kw = (0.0,) * 8 + (30.0,) + (0.0,) * 7
        awards = uow.awards.page(where={"event_id": "evening"})
        uow.awards.update_all(
            {each.value.award_id: (replace(each.value, rebound_kw=back_kw), each.revision) for each in awards}
        )
        uow.commit()
    yield course
    market.units.close()


def narrow(course: Course, terms: BuyerTerms) -> None:
    """Let the buyer's grid bear less than was known when the auction was cleared."""
    with course.market.units() as uow:
        stored = uow.auctions.get("evening")
        assert stored is not None
        uow.auctions.update("evening", replace(stored.value, terms=terms), revision=stored.revision)
        uow.commit()


def play(course: Course) -> dict[str, timedelta]:
    """Deliver to the end; return how long after it each site is let go."""
    begin(course)
    course.deliver(120, dict.fromkeys(SITES, 30.0))
    return {site_id: each.release_offset for site_id, each in course.newest().items()}


def test_a_zones_limit_lets_sites_go_one_after_the_other(course: Course) -> None:
    narrow(course, BuyerTerms(zones=(ZoneLimit("north", max_rebound_kw=(35.0,) * HORIZON),)))
    offsets = play(course)
    assert sorted(offsets.values()) == [0 * QUARTER, QUARTER, 2 * QUARTER]
    assert course.actions() == [ActionKind.HOLD] * 2
    told = course.newest()
    assert all(each.target_reduction_kw == pytest.approx((30.0,) * 8) for each in told.values())
    assert sum(each.modification_number for each in told.values()) == 2  # one change, two sites told
    last = course.ticks()[-1]
    assert last.looked_at < EVENING.end + 3 * QUARTER
    course.due(EVENING.end + timedelta(hours=1))
    assert course.ticks()[-1].looked_at >= EVENING.end + 2 * QUARTER  # followed until the last is let go


def test_only_the_sites_behind_a_feeder_wait_for_it(course: Course) -> None:
    behind = ("north-1", "north-2")
    narrow(course, BuyerTerms(feeders=(FeederLimit("west", behind, max_rebound_kw=(40.0,) * HORIZON),)))
    offsets = play(course)
    assert offsets["north-3"] == 0 * QUARTER
    assert sorted(offsets[site_id] for site_id in behind) == [0 * QUARTER, QUARTER]


def test_where_everything_fits_nobody_is_told_anew(course: Course) -> None:
    assert set(play(course).values()) == {0 * QUARTER}
    assert course.actions() == []
