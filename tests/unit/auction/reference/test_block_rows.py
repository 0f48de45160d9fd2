"""Blocks: half an hour, a parent of 80 and a child of 40 kW."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from support.model_rows import rows

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.book import Book
from vpp.auction.reference.model import build_reference

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARENT = Bid("p", "n", "r", "Z1", NOON, 1.0, BlockOffer((80.0, 40.0, -20.0), Decimal(30), Decimal(5), 0.25))
CHILD = replace(PARENT, bid_id="c", offer=BlockOffer((0.0, 40.0), Decimal(10)), parent_bid_id="p")
BOOK = Book(
    "rows", NOON, timedelta(minutes=30), (90.0, 0.0), 1, Decimal(3000), None, (PARENT, CHILD)
)  # fmt: skip


def test_a_block_is_out_or_at_its_least_ratio() -> None:
    model = build_reference(BOOK)
    assert model.taken["p"].bounds == (0, 80)
    assert rows(model.minimum_ratio)["p"] == (0.0, {"taken[p]": 1, "accepted[p]": -0.25 * 80}, None)
    assert rows(model.maximum_ratio)["p"] == (None, {"taken[p]": 1, "accepted[p]": -80}, 0.0)


def test_a_child_takes_no_larger_part_than_its_parent() -> None:
    assert rows(build_reference(BOOK).link) == {"c": (None, {"taken[c]": 1, "taken[p]": -0.5}, 0.0)}


def test_the_profile_counts_by_what_is_taken() -> None:
    balance = rows(build_reference(BOOK).balance)
    assert balance["zone", "Z1", 0][1] == {"taken[p]": 1, "net[zone,Z1,0]": -1}
    assert balance["zone", "Z1", 1][1] == {"taken[p]": 0.5, "taken[c]": 1, "net[zone,Z1,1]": -1}
    assert balance["zone", "Z1", 2][1] == {"taken[p]": -0.25, "net[zone,Z1,2]": -1}


def test_a_block_costs_its_reduced_energy_and_once_its_fixed_cost() -> None:
    model = build_reference(BOOK)
    model.taken["p"].set_value(80.0)
    model.accepted["p"].set_value(1)
    assert model.cost() == 1000 * (30 * 0.06 + 5)  # (80 + 40) kW for half an hour are 0.06 MWh
