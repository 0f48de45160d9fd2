"""What may enter the book, and the words in which the rest is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from math import inf, nan

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.auction.entry import check_bid, check_book
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.bid_rules import BidRules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULES = BidRules(
    min_bid_kw=10, increment_kw=1, price_floor_per_mwh=Decimal(0), price_cap_per_mwh=Decimal(3000)
)


def step(reduction_kw: float = 100.0, price: object = 50) -> PriceStep:
    return PriceStep(reduction_kw, Decimal(str(price)))


STEPS = Bid("steps", "north", "load", "Z1", NOON, 0.9, StepOffer(((step(), step(50.0, 60)), (step(),))))
BLOCK = Bid("block", "north", "ups", "Z1", NOON, 1.0, BlockOffer((100.0, 100.0, -40.0), Decimal(70)))


def check(bid: Bid, enrolled_reduction_kw: float = 500.0) -> None:
    check_bid(bid, RULES, interval_count=2, enrolled_reduction_kw=enrolled_reduction_kw)


def steps(*intervals: tuple[PriceStep, ...]) -> Bid:
    return replace(STEPS, offer=StepOffer(intervals))


def block(**changes: object) -> Bid:
    fields = {"profile_kw": (100.0, 100.0, -40.0), "price_per_mwh": Decimal(70)} | changes
    return replace(BLOCK, offer=BlockOffer(**fields))  # type: ignore[arg-type]  # one helper for every field


@pytest.mark.parametrize(
    "bid",
    [
        STEPS,
        BLOCK,
        steps((), (step(),)),
        steps((step(10.0),), (step(10.0, 3000), step(10.0, 3000))),
        block(min_acceptance_ratio=0.25, fixed_cost=Decimal("12.50")),
        replace(STEPS, rebound=Rebound(1.2, 4, 100.0), energy_limit_kwh=80.0, exclusive_group="one"),
    ],
)
def test_a_sound_bid_enters(bid: Bid) -> None:
    check(bid)


@pytest.mark.parametrize(
    ("bid", "field", "value"),
    [
        (steps((), ()), "steps", "empty"),
        (steps((step(),)), "steps", "1 intervals"),
        (steps((step(), step()), (step(),), ()), "steps", "3 intervals"),
        (steps((step(0.0),), (step(),)), "reduction_kw", "0.0"),
        (steps((step(-5.0),), (step(),)), "reduction_kw", "-5.0"),
        (steps((step(nan),), (step(),)), "reduction_kw", "nan"),
        (steps((step(inf),), (step(),)), "reduction_kw", "inf"),
        (steps((step(9.0),), (step(),)), "reduction_kw", "9.0"),
        (steps((step(10.5),), (step(),)), "reduction_kw", "10.5"),
        (steps((step(300.0), step(201.0)), (step(),)), "reduction_kw", "501.0"),
        (steps((step(price=60), step(price=50)), (step(),)), "price_per_mwh", "60"),
        (steps((step(price="-0.01"),), (step(),)), "price_per_mwh", "-0.01"),
        (steps((step(price="3000.01"),), (step(),)), "price_per_mwh", "3000.01"),
        (steps((step(price="NaN"),), (step(),)), "price_per_mwh", "NaN"),
        (block(profile_kw=()), "profile_kw", "()"),
        (block(profile_kw=(0.0, -10.0)), "profile_kw", "-10.0"),
        (block(profile_kw=(100.0, nan)), "profile_kw", "nan"),
        (block(profile_kw=(100.0, 100.0, 100.0)), "profile_kw", "100.0"),
        (block(profile_kw=(501.0,)), "reduction_kw", "501.0"),
        (block(profile_kw=(9.0,)), "reduction_kw", "9.0"),
        (block(min_acceptance_ratio=0.0), "min_acceptance_ratio", "0.0"),
        (block(min_acceptance_ratio=1.01), "min_acceptance_ratio", "1.01"),
        (block(min_acceptance_ratio=nan), "min_acceptance_ratio", "nan"),
        (block(price_per_mwh=Decimal(3001)), "price_per_mwh", "3001"),
        (block(fixed_cost=Decimal(-1)), "fixed_cost", "-1"),
        (block(fixed_cost=Decimal("Infinity")), "fixed_cost", "Infinity"),
        (replace(BLOCK, rebound=Rebound(1.0, 1, 10.0)), "rebound", "Rebound"),
        (replace(STEPS, rebound=Rebound(-0.1, 1, 10.0)), "rebound.ratio", "-0.1"),
        (replace(STEPS, rebound=Rebound(1.0, 0, 10.0)), "rebound.window_intervals", "0"),
        (replace(STEPS, rebound=Rebound(1.0, 1, 0.0)), "rebound.max_return_kw", "0.0"),
        (replace(STEPS, delivery_ratio=0.0), "delivery_ratio", "0.0"),
        (replace(STEPS, delivery_ratio=nan), "delivery_ratio", "nan"),
        (replace(STEPS, energy_limit_kwh=0.0), "energy_limit_kwh", "0.0"),
        (replace(STEPS, parent_bid_id="block"), "parent_bid_id", "block"),
        (
            replace(STEPS, submitted_at=NOON.astimezone(timezone(timedelta(hours=1)))),
            "submitted_at",
            "+01:00",
        ),
    ],
)
def test_a_bid_that_breaks_a_rule_is_refused_by_field_and_value(bid: Bid, field: str, value: str) -> None:
    with pytest.raises(InvalidInput, match="expected") as refusal:
        check(bid)
    assert refusal.value.metadata["bid_id"] == bid.bid_id
    assert refusal.value.metadata["field"] == field
    assert value in refusal.value.metadata["value"]
    assert f"{field} of bid {bid.bid_id}" in str(refusal.value)


def test_the_enrolled_reduction_itself_is_allowed() -> None:
    check(STEPS, enrolled_reduction_kw=150.0)
    with pytest.raises(InvalidInput, match="enrolled"):
        check(STEPS, enrolled_reduction_kw=149.0)


def test_an_increment_of_zero_means_any_size() -> None:
    rules = RULES.model_copy(update={"increment_kw": 0.0})
    check_bid(steps((step(10.123),), (step(),)), rules, interval_count=2, enrolled_reduction_kw=500.0)


BOOK = Book("demo", NOON, timedelta(minutes=15), (100.0, 100.0), 1, Decimal(3000), None, (STEPS, BLOCK))
CHILD = replace(BLOCK, bid_id="child", parent_bid_id="block")


@pytest.mark.parametrize(
    "book",
    [
        BOOK,
        replace(BOOK, bids=()),
        replace(BOOK, bids=(CHILD, BLOCK)),
        replace(BOOK, target_kw=(0.0, 0.0)),
        replace(BOOK, bids=(STEPS, replace(BLOCK, zone="Z2"))),
    ],
)
def test_a_sound_book_passes(book: Book) -> None:
    check_book(book)


@pytest.mark.parametrize(
    ("book", "words"),
    [
        (replace(BOOK, bids=(STEPS, STEPS)), "steps occurs twice"),
        (replace(BOOK, bids=(CHILD,)), "parent_bid_id of bid child"),
        (replace(BOOK, bids=(replace(CHILD, parent_bid_id="steps"), STEPS)), "parent_bid_id of bid child"),
        (replace(BOOK, bids=(replace(CHILD, site_id="south"), BLOCK)), "same site"),
        (replace(BOOK, bids=(replace(CHILD, parent_bid_id="child"),)), "cycle"),
        (
            replace(BOOK, bids=(replace(BLOCK, parent_bid_id="child"), CHILD)),
            "cycle",
        ),
        (replace(BOOK, recovery_interval_count=0), "profile_kw"),
        (replace(BOOK, recovery_interval_count=-1), "recovery_interval_count"),
        (replace(BOOK, target_kw=()), "target_kw"),
        (replace(BOOK, target_kw=(100.0, nan)), "target_kw"),
        (replace(BOOK, target_kw=(100.0, -1.0)), "target_kw"),
        (replace(BOOK, step=timedelta(0)), "step"),
        (replace(BOOK, price_cap_per_mwh=Decimal(0)), "price_cap_per_mwh"),
        (replace(BOOK, rebound_headroom_kw=-1.0), "rebound_headroom_kw"),
        (replace(BOOK, resource_limit_kw={("north", "ups"): nan}), "resource_limit_kw of north/ups"),
        (replace(BOOK, target_kw=(100.0,)), "steps of bid steps"),
    ],
)
def test_a_book_that_cannot_be_cleared_is_refused(book: Book, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        check_book(book)
