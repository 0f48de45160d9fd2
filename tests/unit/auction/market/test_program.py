"""The relaxation of a book, each kind of bid with a cost worked out by hand, in thousandths."""

from decimal import Decimal

import pytest
from support.hand_cleared import bid, book, steps
from support.programs import block, market_of, relaxed

from vpp.auction.bid import Bid, Migration, Rebound, ReboundProfile, RunLimits, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, FeederLimit, PathLimit, ZoneLimit

DEAR = steps("s", (500.0, 1000.0), None)
TWICE = (100.0, 10.0), (100.0, 10.0)


def least(one: Book) -> float:
    objective = relaxed(market_of(one)).objective
    assert objective is not None
    return objective


@pytest.mark.parametrize(
    ("one", "cost"),
    [
        (steps("a", (100.0, 10.0), None), 1_000 + 50_000),
        (steps("a", (100.0, 10.0), None, delivery_ratio=0.5), 1_000 + 100_000),
        (steps("a", (100.0, 10.0), None, energy_limit_kwh=40.0), 400 + 110_000),
        (block("a", (100.0, 0.0), 10), 1_000 + 50_000),
        (block("a", (100.0, 0.0), 10, fixed=2), 3_000 + 50_000),
        (block("a", (300.0, 0.0), 10, fixed=2), 2_500 + 0),  # half of it, half the fixed cost
        (block("a", (100.0, 0.0), 10, energy_limit_kwh=40.0), 150_000),  # below its least ratio
        (steps("a", (100.0, 10.0), None, run_limits=RunLimits(start_cost=Decimal(3))), 4_000 + 50_000),
        (steps("a", (100.0, 10.0), None, migration=Migration("Z2", 0.4)), 1_000 + 90_000),
        (bid("a", StoreOffer(100.0, 0.0, 80.0, 0.0, 80.0, 0.0, Decimal(10))), 800 + 70_000),
        (bid("a", StoreOffer(100.0, 0.0, 80.0, 20.0, 80.0, 20.0, Decimal(10))), 600 + 90_000),
    ],
    ids=[
        "steps", "derate", "energy limit", "block", "fixed cost", "spread fixed cost",
        "block beyond its energy", "run", "migration", "store", "reserve",
    ],
)  # fmt: skip
def test_150_kw_cost_what_the_bid_and_a_dear_offer_ask(one: Bid, cost: float) -> None:
    assert least(book((150.0, 0.0), one, DEAR)) == pytest.approx(cost)


def test_what_comes_back_in_an_interval_with_a_target_is_bought_again() -> None:
    # 100 kW in the first interval come back as 50 in the second, which then needs 200 dear ones.
    returning = steps("a", (100.0, 10.0), None, rebound=ReboundProfile((0.5,)))
    dear = steps("s", (500.0, 1000.0), (500.0, 1000.0))
    assert least(book((150.0, 150.0), returning, dear)) == pytest.approx(1_000 + 50_000 + 200_000)


def test_a_chosen_rebound_waits_for_the_recovery() -> None:
    returning = steps("a", (100.0, 10.0), None, rebound=Rebound(0.5, 2, 50.0))
    dear = steps("s", (500.0, 1000.0), (500.0, 1000.0))
    one = book((150.0, 150.0), returning, dear, recovery=1)
    assert least(one) == pytest.approx(1_000 + 50_000 + 150_000)


@pytest.mark.parametrize(
    "terms",
    [
        BuyerTerms(zones=(ZoneLimit("Z1", max_reduction_kw=(60.0, 60.0)),)),
        BuyerTerms(feeders=(FeederLimit("f", ("site-a", "site-s"), max_reduction_kw=(60.0, 60.0)),)),
        BuyerTerms(max_start_ramp_kw=60.0),
    ],
    ids=["zone", "feeder", "ramp"],
)
def test_beyond_a_limit_target_is_unserved_at_the_cap(terms: BuyerTerms) -> None:
    bids = steps("a", (100.0, 10.0), None), DEAR
    assert least(book((150.0, 0.0), *bids, terms=terms)) == pytest.approx(600 + 90 * 5_000)


def test_a_path_bears_so_much() -> None:
    moving = steps("a", (100.0, 10.0), None, migration=Migration("Z2", 0.0))
    terms = BuyerTerms(paths=(PathLimit("Z1", "Z2", (30.0, 30.0)),))
    assert least(book((150.0, 0.0), moving, DEAR, terms=terms)) == pytest.approx(300 + 120_000)


def test_the_largest_site_is_bought_again_as_a_reserve() -> None:
    # 100 kW are safe with 100 from each of two sites.
    bids = steps("a", (200.0, 10.0)), steps("b", (200.0, 20.0))
    assert least(book((100.0,), *bids, terms=BuyerTerms(has_loss_reserve=True))) == pytest.approx(3_000)


def test_a_resource_is_not_sold_twice() -> None:
    one, two = (steps(name, (100.0, 10.0), None, site_id="n") for name in ("a", "b"))
    limited = book((150.0, 0.0), one, two, DEAR, resource_limit_kw={("n", "load"): 120.0})
    assert least(limited) == pytest.approx(1_200 + 30_000)


def test_of_two_large_blocks_of_a_resource_parts_make_one() -> None:
    """Each needs 80 of 120 kW: without the row that says so 3/4 of each would fit."""
    one, two = (block(name, (80.0, 0.0), 10, site_id="n") for name in ("a", "b"))
    limited = book((150.0, 0.0), one, two, DEAR, resource_limit_kw={("n", "load"): 120.0})
    assert least(limited) == pytest.approx(800 + 70_000)


def test_a_block_larger_than_its_resource_is_impossible() -> None:
    large = block("a", (130.0, 0.0), 10, site_id="n")
    market = market_of(book((150.0, 0.0), large, resource_limit_kw={("n", "load"): 120.0}))
    assert market.blocks.high_ratio.tolist() == [0.0]


def test_a_book_of_steps_and_stores_has_nothing_to_choose() -> None:
    store = bid("b", StoreOffer(100.0, 0.0, 80.0, 0.0, 80.0, 0.0, Decimal(10)))
    assert not market_of(book((150.0, 0.0), DEAR, store)).has_discrete
    assert market_of(book((150.0, 0.0), DEAR, block("a", (10.0,), 10))).has_discrete
    grouped = (steps(name, *TWICE, site_id="n", exclusive_group="g") for name in ("a", "b"))
    assert market_of(book((150.0, 0.0), *grouped)).has_discrete
