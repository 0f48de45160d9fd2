"""Limits of steps: energy, resource and group."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.model_rows import rows

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.reference.model import build_reference

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OFFER = StepOffer(((PriceStep(100.0, Decimal(40)), PriceStep(50.0, Decimal(60))), ()))
STEPS = Bid("a", "north", "load", "Z1", NOON, 1.0, OFFER)
BLOCK = replace(STEPS, bid_id="b", offer=BlockOffer((80.0, 40.0), Decimal(30)))
STORE = replace(STEPS, bid_id="c", offer=StoreOffer(70.0, 70.0, 100.0, 0.0, 50.0, 50.0, Decimal(20)))


def book(*bids: Bid) -> Book:
    limits = {("north", "load"): 120.0, ("north", "other"): 10.0}
    return Book("rows", NOON, timedelta(minutes=15), (90.0, 0.0), 1, Decimal(3000), None, bids, limits)


def test_a_step_is_taken_up_to_its_quantity() -> None:
    model = build_reference(book(STEPS))
    assert {key: step.bounds for key, step in model.step.items()} == {
        ("a", 0, 0): (0, 100), ("a", 0, 1): (0, 50)
    }  # fmt: skip
    assert not len(model.accepted)


def test_an_energy_limit_counts_hours() -> None:
    limited = [replace(bid, energy_limit_kwh=12.0) for bid in (STEPS, BLOCK)]
    assert rows(build_reference(book(*limited)).energy_limit) == {
        "a": (None, {"step[a,0,0]": 0.25, "step[a,0,1]": 0.25}, 12.0),
        "b": (None, {"taken[b]": 0.25 * 1.5}, 12.0),
    }


def test_all_kinds_of_bid_share_their_resource() -> None:
    assert rows(build_reference(book(STEPS, BLOCK, STORE)).resource_limit) == {
        ("north", "load", 0): (
            None, {"step[a,0,0]": 1, "step[a,0,1]": 1, "taken[b]": 1, "discharge[c,0]": 1}, 120.0,
        ),
        ("north", "load", 1): (None, {"taken[b]": 0.5, "discharge[c,1]": 1}, 120.0),
    }  # fmt: skip


def test_one_of_a_group_is_accepted() -> None:
    grouped = [replace(bid, exclusive_group="one") for bid in (STEPS, BLOCK)]
    model = build_reference(book(*grouped))
    assert rows(model.group) == {("north", "one"): (None, {"accepted[a]": 1, "accepted[b]": 1}, 1.0)}
    assert rows(model.group_step) == {
        ("a", 0, 0): (None, {"step[a,0,0]": 1, "accepted[a]": -100}, 0.0),
        ("a", 0, 1): (None, {"step[a,0,1]": 1, "accepted[a]": -50}, 0.0),
    }
