"""What the property tests of the engine share: how many books they look at, and how close is equal."""

import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings

from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Clearing, SolverRun
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule
from vpp.solver.report import SolverName

EXACT = ClearingRules(PayRule.AS_CLEAR, solver=SolverName.HIGHS, relative_gap=1e-9)
_EXAMPLES = int(os.environ.get("VPP_EXAMPLES", "0"))

each_solver = pytest.mark.parametrize("solver", SolverName, ids=lambda solver: solver.value)


def several(count: int) -> settings:
    """Look at so many books, always the same; at VPP_EXAMPLES new ones if that is set."""
    return settings(
        max_examples=_EXAMPLES or count,
        derandomize=not _EXAMPLES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def near(one: object, other: object) -> bool:
    """Tell whether two amounts are equal but for 2e-6 of their size and of a currency unit."""
    return abs(float(str(one)) - float(str(other))) <= slack(other)


def at_most(one: object, other: object) -> bool:
    """Tell whether an amount is no larger than another, by the same measure."""
    return float(str(one)) <= float(str(other)) + slack(other)


def slack(amount: object) -> float:
    return 2e-6 * max(1.0, abs(float(str(amount))))


def without_times(clearing: Clearing) -> dict[str, object]:
    """The clearing's document, with what the clock said left out."""
    run = SolverRun(clearing.solver.solver, clearing.solver.version, 0.0)
    return dict(clearing_to_document(replace(clearing, solver=run)))


def same_awards(one: Clearing, other: Clearing) -> bool:
    """Tell whether the same powers are awarded, to a watt."""
    pairs = zip(one.awards, other.awards, strict=True)
    powers = (
        zip((*a.reduction_kw, *a.rebound_kw), (*b.reduction_kw, *b.rebound_kw), strict=True) for a, b in pairs
    )
    return all(abs(x - y) < 1e-3 for rows in powers for x, y in rows)


def same_prices(one: Clearing, other: Clearing) -> bool:
    """Tell whether every zone has the same prices."""
    if [zone.zone for zone in one.zone_prices] != [zone.zone for zone in other.zone_prices]:
        return False
    pairs = zip(one.zone_prices, other.zone_prices, strict=True)
    return all(near(x, y) for a, b in pairs for x, y in zip(a.price_per_mwh, b.price_per_mwh, strict=True))
