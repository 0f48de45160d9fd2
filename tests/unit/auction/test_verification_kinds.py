"""Each kind of bid, cleared by hand, and what is found when one of its numbers is changed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from support.hand_cleared import bid, book, changed, cleared, steps

from vpp.auction.bid import (
    BlockOffer,
    Migration,
    PriceStep,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms, PathLimit
from vpp.auction.result import Clearing
from vpp.auction.verification import findings
from vpp.auction.verification.run_checks import fewest_starts
from vpp.foundation.direction import Direction


def found(of: Book, clearing: Clearing, words: str) -> None:
    told = findings(of, clearing)
    assert any(words in text for text in told), told


# Known answer A12 in kW: charging 3 kW in interval 0 costs 3 * 40; 2 + 0.8 * 3 = 4.4 kWh are held,
# all of them go to interval 2 as 4.4 * 0.8 = 3.52 kW; the rest is simple.
BATTERY = StoreOffer(4.0, 3.0, 6.0, 0.0, 2.0, 0.0, Decimal(10), 0.8, 0.8)
STORE_BOOK = book(
    (0.0, 5.0, 5.0),
    steps("simple", (10, 40), (10, 160), (10, 250)),
    bid("store", BATTERY),
    rebound_headroom_kw=0.0,
)
STORE = cleared(
    STORE_BOOK,
    {"simple": ((3, 5, 1.48), ()), "store": ((0, 0, 3.52), (3, 0, 0))},
    objective="1.3252",
    prices=(40, 160, 250),
)


def test_a_store_by_hand() -> None:
    assert findings(STORE_BOOK, STORE) == ()


@pytest.mark.parametrize(
    ("reduction_kw", "rebound_kw", "words"),
    [
        ((0, 0, 4.5), (3, 3, 0), "store discharges 4.5 kW in interval 2, its limit is 4"),
        ((0, 0, 3.52), (3.5, 0, 0), "store charges 3.5 kW in interval 0, its limit is 3"),
        ((1, 0, 2), (3, 0, 0), "store charges and discharges in interval 0"),
        ((0, 0, 3.7), (3, 0, 0), "store holds -0.22"),
        ((0, 0, 0), (3, 3, 1), "store holds 7.6 kWh after interval 2, its capacity is 6"),
    ],
)
def test_a_store_beyond_its_bounds(
    reduction_kw: tuple[float, ...], rebound_kw: tuple[float, ...], words: str
) -> None:
    found(STORE_BOOK, changed(STORE, "store", reduction_kw=reduction_kw, rebound_kw=rebound_kw), words)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"cycle_limit_kwh": 3.0}, "store discharges 3.52 kWh, its cycle limit is 3"),
        ({"end_kwh": 1.0}, "store ends with 0"),
        ({"reserve_kwh": 1.0}, "its reserve is 1"),
        ({"hold_ratio": 0.9}, "store holds -"),
        ({"charge_efficiency": 0.7}, "store holds -"),
        ({"discharge_efficiency": 0.7}, "store holds -"),
    ],
)
def test_a_store_with_other_terms(terms: dict[str, float], words: str) -> None:
    other = replace(BATTERY, **terms)  # type: ignore[arg-type]  # one helper for every field
    bids = (STORE_BOOK.bids[0], replace(STORE_BOOK.bids[1], offer=other))
    found(replace(STORE_BOOK, bids=bids), STORE, words)


# Known answer A13: 5 kWh are stored and 2 are a ride-through reserve that is never sold.
UPS_BOOK = book(
    (3.0, 3.0, 3.0),
    steps("simple", (9, 90), (9, 140), (9, 120)),
    bid("ups", StoreOffer(3.0, 0.0, 5.0, 2.0, 5.0, 2.0, Decimal(15))),
)


def test_a_ride_through_reserve_is_never_sold() -> None:
    kept = cleared(
        UPS_BOOK,
        {"simple": ((3, 0, 3), ()), "ups": ((0, 3, 0), ())},
        objective="0.675",
        prices=(90, 120, 120),
    )
    assert findings(UPS_BOOK, kept) == ()
    sold = cleared(
        UPS_BOOK,
        {"simple": ((3, 0, 1), ()), "ups": ((0, 3, 2), ())},
        objective="0.465",
        prices=(90, 120, 120),
    )
    found(UPS_BOOK, sold, "ups holds 0 kWh after interval 2, its reserve is 2")
    found(UPS_BOOK, sold, "ups ends with 0 kWh, it must end with 2")


# Known answer A18b: a shortest run of two intervals, 4 to 6 kW, 0.05 per start.
RUNS = RunLimits(min_level_kw=4.0, min_run_intervals=2, max_calls=1, start_cost=Decimal("0.05"))
RUN_BOOK = book(
    (0.0, 6.0, 0.0),
    steps("committed", (6, 40), (6, 40), (6, 40), run_limits=RUNS),
    steps("simple", (9, 95), (9, 95), (9, 95)),
)
RUN = cleared(RUN_BOOK, {"committed": ((4, 6, 0), ())}, objective="0.45", prices=(0, 95, 0))


def test_a_run_by_hand() -> None:
    assert findings(RUN_BOOK, RUN) == ()


@pytest.mark.parametrize(
    ("reduction_kw", "words"),
    [
        ((0, 6, 0), "committed runs in intervals 1 to 1; its limits are runs of 2"),
        ((0, 0, 6), "committed runs in intervals 2 to 2"),
        ((2, 6, 0), "committed runs at 2 kW in interval 0, its least is 4"),
        ((6, 0, 6), "committed runs in intervals 0 to 0, 2 to 2"),
    ],
)
def test_a_run_beyond_its_limits(reduction_kw: tuple[float, ...], words: str) -> None:
    awarded = tuple(float(kw) for kw in reduction_kw)
    found(RUN_BOOK, changed(RUN, "committed", reduction_kw=awarded), words)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (replace(RUNS, max_run_intervals=1, min_run_intervals=1), "runs in intervals 0 to 1"),
        (replace(RUNS, start_cost=Decimal("0.06")), "objective is 0.45, awards and shortfall cost 0.46"),
    ],
)
def test_a_run_with_other_limits(limits: RunLimits, words: str) -> None:
    bids = (replace(RUN_BOOK.bids[0], run_limits=limits), RUN_BOOK.bids[1])
    found(replace(RUN_BOOK, bids=bids), RUN, words)


REST_BOOK = book(
    (6.0, 0.0, 6.0, 0.0),
    steps("committed", *((6.0, 40.0),) * 4, run_limits=RunLimits(6.0, rest_intervals=2)),
)
RESTLESS = cleared(REST_BOOK, {"committed": ((6, 0, 6, 0), ())}, objective="0.48", prices=(40, 0, 40, 0))


def test_rest_and_calls_are_kept() -> None:
    found(REST_BOOK, RESTLESS, "committed runs in intervals 0 to 0, 2 to 2; its limits are")
    once = replace(REST_BOOK.bids[0], run_limits=RunLimits(6.0, max_calls=1))
    found(replace(REST_BOOK, bids=(once,)), RESTLESS, "1 calls")
    twice = replace(REST_BOOK.bids[0], run_limits=RunLimits(6.0, rest_intervals=1, max_calls=2))
    assert findings(replace(REST_BOOK, bids=(twice,)), RESTLESS) == ()


def test_without_a_least_level_a_bid_may_idle_through_a_pause() -> None:
    # One start of 0.1 in all: it stays on between the two intervals in which it is needed.
    limits = RunLimits(rest_intervals=2, min_run_intervals=3, start_cost=Decimal("0.1"))
    idle = replace(REST_BOOK.bids[0], run_limits=limits)
    clearing = replace(RESTLESS, objective=Decimal("0.58"), bound=Decimal("0.58"))
    assert (
        findings(replace(REST_BOOK, bids=(idle,)), changed(clearing, "committed", make_whole=Decimal("0.1")))
        == ()
    )
    shorter = replace(idle, run_limits=replace(limits, max_run_intervals=3, min_run_intervals=1))
    assert (
        findings(
            replace(REST_BOOK, bids=(shorter,)), changed(clearing, "committed", make_whole=Decimal("0.1"))
        )
        == ()
    )
    brief = replace(idle, run_limits=replace(limits, max_run_intervals=2, min_run_intervals=1))
    found(replace(REST_BOOK, bids=(brief,)), clearing, "committed runs in intervals 0 to 0, 2 to 2")
    steps_only = StepOffer(tuple((PriceStep(6.0, Decimal(40)),) if t != 1 else () for t in range(4)))
    found(
        replace(REST_BOOK, bids=(replace(idle, offer=steps_only),)), clearing, "committed runs in intervals"
    )


def test_two_starts_may_be_paid_where_one_would_do() -> None:
    limits = RunLimits(start_cost=Decimal("0.1"))
    book_of = replace(REST_BOOK, bids=(replace(REST_BOOK.bids[0], run_limits=limits),))
    for objective, whole in (("0.58", "0.1"), ("0.68", "0.2")):
        paid = changed(RESTLESS, "committed", make_whole=Decimal(whole))
        assert findings(book_of, replace(paid, objective=Decimal(objective), bound=Decimal(objective))) == ()
    found(book_of, replace(RESTLESS, objective=Decimal("0.78")), "objective is 0.78")


def test_the_fewest_starts_are_those_of_the_limits() -> None:
    must = [True, False, False, True, False, True]
    every = [True] * 6
    assert fewest_starts(must, every, RunLimits()) == 1
    assert fewest_starts(must, every, RunLimits(max_run_intervals=3)) == 2
    assert fewest_starts(must, every, RunLimits(max_run_intervals=2)) == 3
    assert fewest_starts(must, every, RunLimits(max_run_intervals=2, max_calls=2)) is None
    assert fewest_starts(must, must, RunLimits(rest_intervals=1)) == 3
    assert fewest_starts(must, must, RunLimits(rest_intervals=2)) is None
    assert fewest_starts([False, False], [False, False], RunLimits(max_calls=1)) == 0


# A chiller: half of what is shed comes back in the next interval, a quarter in the one after.
CHILLER_BOOK = book(
    (100.0, 0.0),
    steps("chiller", (100, 30), (100, 30), rebound=ReboundProfile((0.5, 0.25, 0.125))),
    recovery=1,
)
CHILLER = cleared(CHILLER_BOOK, {"chiller": ((100, 0), (0, 50, 25))}, objective="3", prices=(30, 0, 0))


def test_a_stated_rebound_is_exact() -> None:
    assert findings(CHILLER_BOOK, CHILLER) == ()
    words = "chiller returns 40 kW in interval 1, its profile says 50"
    found(CHILLER_BOOK, changed(CHILLER, "chiller", rebound_kw=(0.0, 40.0, 25.0)), words)
    words = "chiller returns 0 kW in interval 2, its profile says 25"
    found(CHILLER_BOOK, changed(CHILLER, "chiller", rebound_kw=(0.0, 50.0, 0.0)), words)


# Known answer A16: 5 kW move from A to B and cost 6.25 kW there.
MOVE_BOOK = book(
    (10.0,),
    steps("a", (20, 200), zone="A"),
    steps("b", (20, 100), zone="B"),
    steps("move", (5, 30), zone="A", migration=Migration("B", 1.25)),
    terms=BuyerTerms(paths=(PathLimit("A", "B", (5.0,)),)),
)
MOVE = cleared(
    MOVE_BOOK, {"b": ((11.25,), ()), "move": ((5,), ())}, objective="1.275", prices={"A": (100,), "B": (100,)}
)


def test_load_that_moves_counts_in_both_zones() -> None:
    assert findings(MOVE_BOOK, MOVE) == ()
    found(MOVE_BOOK, changed(MOVE, "b", reduction_kw=(10.0,)), "interval 0 serves 8.75 and misses 0")
    found(
        replace(MOVE_BOOK, terms=BuyerTerms(paths=(PathLimit("A", "B", (4.0,)),))),
        MOVE,
        "path A>B moves 5 kW in interval 0, its limit is 4",
    )


# Known answer A10: nothing beyond the target may be bought, and an increase makes room.
ROOM_BOOK = book(
    (4.0,),
    bid("block", BlockOffer((6.0,), Decimal(20))),
    steps("c", (4, 90)),
    steps("e", (5, 30), direction=Direction.LOAD_UP),
    terms=BuyerTerms(allows_over_delivery=False),
)
ROOM = cleared(ROOM_BOOK, {"block": ((6,), ()), "e": ((2,), ())}, objective="0.18", prices=(-30,))
ROOM = changed(ROOM, "block", make_whole=Decimal("0.3"))


def test_an_increase_makes_room_for_what_cannot_shrink() -> None:
    assert findings(ROOM_BOOK, ROOM) == ()
    told = "serves 5 and misses 0 of 4 kW, although no more than the target may be bought"
    found(ROOM_BOOK, changed(ROOM, "e", reduction_kw=(1.0,)), told)
    found(
        ROOM_BOOK, changed(ROOM, "block", make_whole=Decimal("0.2")), "family of block is paid 0.02 for 0.12"
    )
    paid = "e is paid -30 per MWh in interval 0, its zone's price by its derate is 30"
    found(ROOM_BOOK, changed(ROOM, "e", price_per_mwh=(Decimal(-30),)), paid)


def test_energy_is_weighed_by_activation_and_availability_is_not() -> None:
    # Half of 100 kWh at 40 is 2.00; standing by costs 0.01 for each of 100 kW and one hour, 1.00.
    own = steps("a", (100, 40), availability_price_per_kw_h=Decimal("0.01"))
    weighed = book((100.0,), own, terms=BuyerTerms(activation_ratio=0.5))
    clearing = cleared(weighed, {"a": ((100,), ())}, objective="3", prices=(30,))
    assert findings(weighed, clearing) == ()
    found(replace(weighed, terms=BuyerTerms()), clearing, "awards and shortfall cost 5")
    found(replace(weighed, bids=(replace(own, availability_price_per_kw_h=Decimal(0)),)), clearing, "cost 2")
