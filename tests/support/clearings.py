"""A clearing with everything in it, for tests of what carries it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from vpp.auction.result import (
    Award,
    BidReason,
    Certificate,
    Clearing,
    ClearingMethod,
    ClearingStatus,
    PriceBranch,
    RowDual,
    SolverRun,
    ZonePrice,
)
from vpp.auction.rules import TieRule, UniformPrice
from vpp.foundation.direction import Direction
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
AWARDS = (
    Award(
        "b1", "north", "ups", (50.0, 0.0), (0.0, 0.0, 55.5), (Decimal("57.142858"), Decimal(-3)),
        Decimal("0.000001"), BidReason.ACCEPTED_IN_PART, "it is marginal", 0.9,
        (("price_per_mwh", 57.25), ("surplus", 0.0), ("huge_kw", 1e12)), None, "Z1",
    ),
    Award(
        "b2", "south", "load", (0.0, 0.0), (0.0, 0.0, 0.0), (Decimal(0), Decimal(0)), Decimal(0),
        BidReason.REJECTED_PRICE_ABOVE_CLEARING, "too dear", 1.0, (), Decimal("57.1"),
    ),
)  # fmt: skip
CLEARING = Clearing(
    "evening",
    NOON,
    QUARTER,
    PayRule.AS_CLEAR,
    (50.0, 0.0),
    AWARDS,
    (Decimal("57.142858"), Decimal(0)),
    (PriceBranch.MARGINAL, PriceBranch.NO_TARGET),
    (0.5, 0.0),
    Decimal("1234.567891234"),
    Decimal("1234.5"),
    5e-5,
    ClearingStatus.OPTIMAL,
    SolverRun(SolverName.HIGHS, "1.15.1", 0.25, 0.125, 0.0625),
    "ab" * 32,
    Direction.LOAD_DOWN,
    "GBP",
    ClearingMethod.ROUNDED,
    UniformPrice.CONVEX_HULL,
    TieRule.PRO_RATA,
    (ZonePrice("Z1", (Decimal(57), Decimal(0), Decimal("-1.5"))),),
    (("Z1", (0.0, 1.5)),),
    (2.5, 0.0),
    Decimal("3.25"),
    Decimal(0),
    Certificate(
        Decimal("1234.5"),
        (
            RowDual("balance", ("zone", "Z1", 0), 14.25),
            RowDual("calls", ("b1",), -1e-300),
            RowDual("system", (1,), 1 / 3),
        ),
    ),
)
