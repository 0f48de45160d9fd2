"""What each kind of bid must look like to enter a book, and what it may not be combined with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, nan

import pytest

from vpp.auction.bid import (
    Bid,
    BlockOffer,
    Migration,
    PriceStep,
    Rebound,
    ReboundProfile,
    RunLimits,
    StepOffer,
    StoreOffer,
)
from vpp.auction.book import Book
from vpp.auction.entry import check_bid, check_book
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.bid_rules import BidRules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANY = BidRules(
    min_bid_kw=0, increment_kw=0, price_floor_per_mwh=Decimal(-500), price_cap_per_mwh=Decimal(3000)
)
LADDER = (PriceStep(60.0, Decimal(50)), PriceStep(40.0, Decimal(60)))
STEPS = Bid("steps", "north", "load", "Z1", NOON, 0.9, StepOffer((LADDER, LADDER, ())))
BLOCK = Bid("block", "north", "ups", "Z1", NOON, 1.0, BlockOffer((100.0, 100.0, 0.0, -40.0), Decimal(70)))
BATTERY = StoreOffer(100.0, 50.0, 200.0, 20.0, 150.0, 100.0, Decimal(30), 0.9, 0.9, 0.95, 400.0)
STORE = Bid("store", "north", "battery", "Z1", NOON, 1.0, BATTERY)
BOOK = Book(
    "demo", NOON, timedelta(minutes=15), (100.0, 100.0, 0.0), 1, Decimal(3000), None, (STEPS, BLOCK, STORE)
)


def entered(bid: Bid) -> Book:
    return replace(BOOK, bids=(bid,))


def store(**changes: object) -> Bid:
    return replace(STORE, offer=replace(BATTERY, **changes))  # type: ignore[arg-type]  # one helper


def running(**changes: object) -> Bid:
    return replace(STEPS, run_limits=replace(RunLimits(), **changes))  # type: ignore[arg-type]  # as above


def chiller(**changes: object) -> Bid:
    fields = {"capacity_kwh": 50.0, "reserve_kwh": -80.0, "start_kwh": 0.0, "end_kwh": 0.0} | changes
    return store(**fields)


@pytest.mark.parametrize(
    "bid",
    [
        STORE,
        chiller(),
        chiller(start_kwh=-40.0, end_kwh=-40.0),
        store(charge_kw=0.0, cycle_limit_kwh=None, hold_ratio=1.0, start_kwh=200.0, end_kwh=200.0),
        store(end_kwh=150.0 * 0.95**4),
        running(),
        running(min_level_kw=100.0, min_run_intervals=3, max_run_intervals=3, rest_intervals=2, max_calls=1),
        replace(running(start_cost=Decimal(5)), rebound=ReboundProfile((0.5, 0.0)), energy_limit_kwh=20.0),
        replace(running(), rebound=Rebound(1.1, 2, 100.0)),
        replace(STEPS, rebound=ReboundProfile((0.0, 0.2, 0.1, 0.1, 0.1, 0.1))),
        replace(STEPS, migration=Migration("Z2", 1.25)),
        replace(STEPS, migration=Migration("Z2", 0.0), run_limits=RunLimits(min_run_intervals=2)),
        replace(STEPS, availability_price_per_kw_h=Decimal("0.05")),
        replace(BLOCK, energy_limit_kwh=10.0),
    ],
)
def test_a_sound_bid_of_each_kind_enters(bid: Bid) -> None:
    check_book(entered(bid))
    check_bid(bid, ANY, interval_count=3, enrolled_reduction_kw=100.0)


@pytest.mark.parametrize(
    ("bid", "field", "value"),
    [
        (store(discharge_kw=0.0), "discharge_kw", "0.0"),
        (store(discharge_kw=inf), "discharge_kw", "inf"),
        (store(charge_kw=-1.0), "charge_kw", "-1.0"),
        (store(charge_kw=nan), "charge_kw", "nan"),
        (store(capacity_kwh=nan), "capacity_kwh", "nan"),
        (store(start_kwh=-inf), "start_kwh", "-inf"),
        (store(capacity_kwh=20.0), "capacity_kwh", "20.0"),
        (store(end_kwh=201.0), "end_kwh", "201.0"),
        (store(charge_efficiency=0.0), "charge_efficiency", "0.0"),
        (store(discharge_efficiency=1.1), "discharge_efficiency", "1.1"),
        (store(hold_ratio=nan), "hold_ratio", "nan"),
        (store(cycle_limit_kwh=0.0), "cycle_limit_kwh", "0.0"),
        (store(price_per_mwh=Decimal("NaN")), "price_per_mwh", "NaN"),
        (running(min_level_kw=-1.0), "run_limits.min_level_kw", "-1.0"),
        (running(min_level_kw=nan), "run_limits.min_level_kw", "nan"),
        (running(min_level_kw=101.0), "run_limits.min_level_kw", "101.0"),
        (running(min_run_intervals=0), "run_limits.min_run_intervals", "0"),
        (running(min_run_intervals=4), "run_limits.min_run_intervals", "4"),
        (running(min_run_intervals=2, max_run_intervals=1), "run_limits.max_run_intervals", "1"),
        (running(rest_intervals=-1), "run_limits.rest_intervals", "-1"),
        (running(max_calls=0), "run_limits.max_calls", "0"),
        (running(start_cost=Decimal(-1)), "run_limits.start_cost", "-1"),
        (running(start_cost=Decimal("Infinity")), "run_limits.start_cost", "Infinity"),
        (replace(running(), exclusive_group="one"), "exclusive_group", "one"),
        (replace(STEPS, rebound=ReboundProfile(())), "rebound.ratios", "empty"),
        (replace(STEPS, rebound=ReboundProfile((0.5, -0.1))), "rebound.ratios", "-0.1"),
        (replace(STEPS, rebound=ReboundProfile((nan,))), "rebound.ratios", "nan"),
        (replace(STEPS, migration=Migration("Z1", 1.0)), "migration.receiving_zone", "Z1"),
        (replace(STEPS, migration=Migration("", 1.0)), "migration.receiving_zone", ""),
        (replace(STEPS, migration=Migration("Z2", -0.1)), "migration.receiving_ratio", "-0.1"),
        (replace(STEPS, migration=Migration("Z2", 1.0), rebound=Rebound(1.0, 1, 9.0)), "rebound", "Rebound"),
        (
            replace(STEPS, migration=Migration("Z2", 1.0), rebound=ReboundProfile((1.0,))),
            "rebound",
            "Profile",
        ),
        (replace(STEPS, migration=Migration("Z2", 1.0), exclusive_group="one"), "exclusive_group", "one"),
        (replace(STEPS, availability_price_per_kw_h=Decimal(-1)), "availability_price_per_kw_h", "-1"),
        (replace(STEPS, availability_price_per_kw_h=Decimal("NaN")), "availability_price_per_kw_h", "NaN"),
        (replace(STEPS, delivery_ratio=1.1), "delivery_ratio", "1.1"),
        (replace(BLOCK, run_limits=RunLimits()), "run_limits", "RunLimits"),
        (replace(BLOCK, migration=Migration("Z2", 1.0)), "migration", "Migration"),
        (replace(STORE, run_limits=RunLimits()), "run_limits", "RunLimits"),
        (replace(STORE, migration=Migration("Z2", 1.0)), "migration", "Migration"),
        (replace(STORE, rebound=Rebound(1.0, 1, 9.0)), "rebound", "Rebound"),
        (replace(STORE, energy_limit_kwh=10.0), "energy_limit_kwh", "10.0"),
        (replace(STORE, exclusive_group="one"), "exclusive_group", "one"),
        (replace(STORE, parent_bid_id="block"), "parent_bid_id", "block"),
    ],
)
def test_a_bid_that_contradicts_itself_is_refused_by_field_and_value(
    bid: Bid, field: str, value: str
) -> None:
    # A group of one is refused as well, so that the group is looked at with company.
    company = replace(STEPS, bid_id="company", exclusive_group="one")
    bids = (bid, company, replace(company, bid_id="other"), replace(BLOCK, bid_id="block2"))
    for check in (
        lambda: (
            check_book(replace(BOOK, bids=bids)) if bid.parent_bid_id is None else check_book(entered(bid))
        ),
        lambda: check_bid(bid, ANY, interval_count=3, enrolled_reduction_kw=500.0),
    ):
        with pytest.raises(InvalidInput, match="expected") as refusal:
            check()
        assert refusal.value.metadata["bid_id"] == bid.bid_id
        assert refusal.value.metadata["field"] == field
        assert value in refusal.value.metadata["value"]


@pytest.mark.parametrize(
    ("bid", "field", "words"),
    [
        (store(start_kwh=19.0, reserve_kwh=20.0), "start_kwh", "20.0 to 200.0 kWh"),
        (store(start_kwh=201.0), "start_kwh", "20.0 to 200.0 kWh"),
        (store(start_kwh=21.0, end_kwh=0.0), "hold_ratio", "after the horizon"),
        (store(end_kwh=130.0), "end_kwh", "left by doing nothing"),
        (
            chiller(start_kwh=-80.0, capacity_kwh=-70.0, reserve_kwh=-90.0, end_kwh=-90.0),
            "hold_ratio",
            "after",
        ),
        (chiller(start_kwh=-40.0), "end_kwh", "left by doing nothing"),
    ],
)
def test_a_store_that_cannot_stand_still_is_refused(bid: Bid, field: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refusal:
        check_book(entered(bid))
    assert refusal.value.metadata["field"] == field
    assert refusal.value.metadata["bid_id"] == "store"


def test_a_store_is_enrolled_by_what_it_discharges() -> None:
    rules = ANY.model_copy(update={"min_bid_kw": 60.0, "increment_kw": 25.0})
    check_bid(STORE, rules, interval_count=3, enrolled_reduction_kw=100.0)
    for changes, enrolled_kw in (
        ({}, 99.0),
        ({"discharge_kw": 50.0}, 100.0),
        ({"discharge_kw": 90.0}, 100.0),
    ):
        with pytest.raises(InvalidInput, match="reduction_kw of bid store"):
            check_bid(store(**changes), rules, interval_count=3, enrolled_reduction_kw=enrolled_kw)
