"""Stores: quarter hours, one interval of delivery and one of recovery."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from support.model_rows import rows

from vpp.auction.bid import Bid, PriceStep, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.buyer import BuyerTerms
from vpp.auction.reference.answer import solve_reference
from vpp.auction.reference.model import build_reference
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STORE = StoreOffer(80.0, 60.0, 100.0, 20.0, 50.0, 40.0, Decimal(30), 0.5, 0.8, 0.9, 33.0)
BID = Bid("a", "north", "battery", "Z1", NOON, 1.0, STORE)
BOOK = Book("rows", NOON, timedelta(minutes=15), (90.0,), 1, Decimal(3000), None, (BID,))


def test_energy_is_kept_decays_and_is_lost_on_both_ways() -> None:
    energy = rows(build_reference(BOOK).energy)
    assert energy["a", 0] == (
        45.0, {"stored[a,0]": 1, "charge[a,0]": -0.125, "discharge[a,0]": 0.3125}, 45.0
    )  # fmt: skip
    assert energy["a", 1] == (0.0, {"stored[a,1]": 1, "stored[a,0]": -0.9, "charge[a,1]": -0.125}, 0.0)


def test_energy_stays_above_the_reserve_and_ends_high_enough() -> None:
    model = build_reference(BOOK)
    assert model.stored["a", 0].bounds == (20, 100)
    assert model.stored["a", 1].bounds == (40, 100)
    assert rows(model.cycle) == {"a": (None, {"discharge[a,0]": 0.25}, 33.0)}


def test_a_store_charges_or_discharges() -> None:
    model = build_reference(BOOK)
    assert rows(model.charge_only) == {("a", 0): (None, {"charge[a,0]": 1, "charging[a,0]": -60}, 0.0)}
    assert rows(model.discharge_only) == {("a", 0): (None, {"discharge[a,0]": 1, "charging[a,0]": 80}, 80.0)}


def test_what_is_given_counts_and_what_is_drawn_counts_against() -> None:
    balance = rows(build_reference(replace(BOOK, bids=(replace(BID, delivery_ratio=0.9),))).balance)
    assert balance["zone", "Z1", 0][1] == {"discharge[a,0]": 0.9, "charge[a,0]": -1, "net[zone,Z1,0]": -1}
    assert balance["zone", "Z1", 1][1] == {"charge[a,1]": -1, "net[zone,Z1,1]": -1}


def test_a_store_that_cannot_charge_needs_no_choice() -> None:
    ups = replace(STORE, charge_kw=0.0, end_kwh=20.0)
    assert not len(build_reference(replace(BOOK, bids=(replace(BID, offer=ups),))).charging)


@pytest.mark.parametrize("solver", SolverName)
def test_energy_is_not_burned_where_a_price_is_negative(solver: SolverName) -> None:
    # Giving d and drawing 4*d at once keeps a full store full, and would make room for 3*d more at -5.
    full = StoreOffer(80.0, 80.0, 50.0, 0.0, 50.0, 0.0, Decimal(0), 0.5, 0.5)
    free = Bid("free", "south", "load", "Z1", NOON, 1.0, StepOffer(((PriceStep(60.0, Decimal(-5)),),)))
    book = replace(
        BOOK, target_kw=(10.0,), bids=(replace(BID, offer=full), free),
        terms=BuyerTerms(allows_over_delivery=False),
    )  # fmt: skip
    answer = solve_reference(book, solver=solver)
    assert answer.reduction_kw == {"a": (0.0,), "free": pytest.approx((10.0,))}
    assert answer.rebound_kw["a"][0] == 0.0
