"""The fingerprint follows what decides a clearing, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer
from vpp.auction.book import Book
from vpp.auction.input_hash import input_hash
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
A = Bid("a", "north", "load", "Z1", NOON, 0.9, StepOffer(((PriceStep(100.0, Decimal("1.50")),),)))
B = Bid("b", "south", "ups", "Z1", NOON, 1.0, BlockOffer((80.0,), Decimal(70)))
BOOK = Book(
    "hash", NOON, timedelta(minutes=15), (120.0,), 0, Decimal(3000), None, (A, B), {("north", "load"): 90.0}
)
RULES = ClearingRules(PayRule.AS_CLEAR)


def test_order_and_notation_do_not_matter() -> None:
    same = replace(A, offer=StepOffer(((PriceStep(100, Decimal("1.5")),),)))
    assert input_hash(replace(BOOK, bids=(B, same)), RULES) == input_hash(BOOK, RULES)
    assert len(input_hash(BOOK, RULES)) == 64


@pytest.mark.parametrize(
    ("book", "rules"),
    [
        (replace(BOOK, bids=(A,)), RULES),
        (replace(BOOK, bids=(A, replace(B, delivery_ratio=0.99))), RULES),
        (replace(BOOK, bids=(replace(A, submitted_at=NOON + timedelta(microseconds=1)), B)), RULES),
        (replace(BOOK, resource_limit_kw={("north", "load"): 91.0}), RULES),
        (replace(BOOK, rebound_headroom_kw=0.0), RULES),
        (replace(BOOK, target_kw=(120.0, 0.0)), RULES),
        (BOOK, replace(RULES, solver=SolverName.HIGHS)),
        (BOOK, replace(RULES, relative_gap=1e-3)),
    ],
)
def test_every_input_matters(book: Book, rules: ClearingRules) -> None:
    assert input_hash(book, rules) != input_hash(BOOK, RULES)
