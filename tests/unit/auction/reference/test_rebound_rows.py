"""Deferred work: quarter hours, twice the energy back within two intervals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.model_rows import rows

from vpp.auction.bid import Bid, PriceStep, Rebound, ReboundProfile, StepOffer
from vpp.auction.book import Book
from vpp.auction.reference.model import build_reference

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFER = StepOffer(((PriceStep(100.0, Decimal(40)),),) * 3)
BID = Bid("a", "north", "load", "Z1", NOON, 1.0, OFFER, rebound=Rebound(2.0, 2, 70.0))
BOOK = Book("rows", NOON, timedelta(minutes=15), (90.0,) * 3, 1, Decimal(3000), None, (BID,))


def test_the_backlog_grows_and_shrinks() -> None:
    owed = rows(build_reference(BOOK).owed)
    assert len(owed) == 4
    assert owed["a", 0] == (0.0, {"backlog[a,0]": 1, "step[a,0,0]": -0.5, "returned[a,0]": 0.25}, 0.0)
    assert owed["a", 3] == (0.0, {"backlog[a,3]": 1, "backlog[a,2]": -1, "returned[a,3]": 0.25}, 0.0)


def test_nothing_older_than_the_window_is_owed() -> None:
    deadline = rows(build_reference(BOOK).deadline)
    assert deadline["a", 0] == (None, {"backlog[a,0]": 1, "step[a,0,0]": -0.5}, 0.0)
    assert deadline["a", 2] == (None, {"backlog[a,2]": 1, "step[a,1,0]": -0.5, "step[a,2,0]": -0.5}, 0.0)
    assert deadline["a", 3] == (None, {"backlog[a,3]": 1, "step[a,2,0]": -0.5}, 0.0)


def test_all_is_back_within_the_horizon() -> None:
    model = build_reference(BOOK)
    assert rows(model.paid_back) == {"a": (0.0, {"backlog[a,3]": 1}, 0.0)}
    assert model.returned["a", 0].bounds == (0, 70)
    assert rows(model.balance)["zone", "Z1", 1][1] == {
        "step[a,1,0]": 1, "returned[a,1]": -1, "net[zone,Z1,1]": -1
    }  # fmt: skip


def test_a_profile_comes_back_at_its_own_times() -> None:
    fixed = replace(BID, rebound=ReboundProfile((0.5, 0.0, 0.25)))
    model = build_reference(replace(BOOK, bids=(fixed,)))
    assert not len(model.returned)
    assert rows(model.balance)["zone", "Z1", 1][1] == {
        "step[a,1,0]": 1, "step[a,0,0]": -0.5, "net[zone,Z1,1]": -1
    }  # fmt: skip
    assert rows(model.balance)["zone", "Z1", 3][1] == {
        "step[a,2,0]": -0.5, "step[a,0,0]": -0.25, "net[zone,Z1,3]": -1
    }  # fmt: skip


def test_no_rebound_needs_no_rows() -> None:
    nothing = replace(BID, rebound=Rebound(0.0, 2, 70.0))
    assert not rows(build_reference(replace(BOOK, bids=(nothing,))).owed)
