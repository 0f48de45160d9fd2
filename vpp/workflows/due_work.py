"""What falls due, in order. The database says what is due; a ticker only asks often enough."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from vpp.foundation.errors import VppError
from vpp.workflows.auctions import close_gate, run_auction
from vpp.workflows.baselines import freeze_baselines
from vpp.workflows.choosing_rules import choose_rules
from vpp.workflows.emergencies import finish_emergency
from vpp.workflows.forecasting import run_forecasts, run_intraday_forecasts
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit
from vpp.workflows.running import end_event, start_event
from vpp.workflows.settling import measure_event, run_settlement


class DueResult(enum.Enum):
    """How a deadline's work ended."""

    DONE = enum.auto()
    FAILED = enum.auto()


@dataclass(frozen=True, slots=True)
class DueOutcome:
    """What became of one deadline.

    Attributes:
        due: The deadline.
        result: How its work ended. What failed is claimed again when its lease ends.
        detail: The error's text; empty if done.
    """

    due: Due
    result: DueResult
    detail: str = ""


BACKGROUND = frozenset({DueKind.FORECAST, DueKind.INTRADAY_FORECAST, DueKind.RULE_CHOICE})
"""Long work that nobody waits for; it has a thread and workers of its own."""
MARKET = frozenset(DueKind) - BACKGROUND
"""Work that has to be on time."""


def run_due(
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    *,
    limit: int = 50,
    kinds: frozenset[DueKind] | None = None,
) -> list[DueOutcome]:
    """Run everything that is due by the clock, earliest first.

    Work that makes more work due (a gate closure owes a clearing) is followed in the same call.

    Args:
        units: Makes the transactions; their clock says what is due.
        pool: Runs solvers and models.
        rules: The hub's rules.
        limit: Most deadlines of one call.
        kinds: Which kinds of deadlines; None for all.

    Returns:
        One outcome per deadline. A failure is recorded, logged by the caller, and left to be
        claimed again; it does not keep later deadlines from running.
    """
    outcomes: list[DueOutcome] = []
    while len(outcomes) < limit:
        with units() as uow:
            claimed = uow.due.claim(uow.now, rules.claim_lease, 1, kinds)
            uow.commit()
        if not claimed:
            break
        outcomes.append(_run_one(units, pool, rules, claimed[0]))
    return outcomes


def next_due_at(units: UnitOfWorkFactory, kinds: frozenset[DueKind] | None = None) -> datetime | None:
    """Return when the next deadline, of some kinds or any, falls due, or None."""
    with units(write=False) as uow:
        return uow.due.next_at(kinds)


def _run_one(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, due: Due) -> DueOutcome:
    subject = due.subject_id
    work: Mapping[DueKind, Callable[[], object]] = {
        DueKind.GATE_CLOSURE: partial(close_gate, units, subject),
        DueKind.CLEARING: partial(_clear, units, pool, rules, subject),
        DueKind.BASELINE_FREEZE: partial(freeze_baselines, units, pool, rules, subject),
        DueKind.EVENT_START: partial(start_event, units, subject),
        DueKind.EVENT_END: partial(end_event, units, rules, subject),
        DueKind.MEASUREMENT: partial(measure_event, units, rules, subject),
        DueKind.SETTLEMENT: partial(run_settlement, units, rules, subject),
        DueKind.FORECAST: partial(run_forecasts, units, pool, rules, subject),
        DueKind.INTRADAY_FORECAST: partial(run_intraday_forecasts, units, pool, rules, subject),
        DueKind.RULE_CHOICE: partial(choose_rules, units, pool, rules, subject),
    }
    try:
        work[due.kind]()
    except VppError as error:
        with units() as uow:
            audit(uow, HUB, "due_failed", f"{due.kind.value}/{subject}", reason=error.reason, error=error)
            uow.commit()
        return DueOutcome(due, DueResult.FAILED, f"{error.reason}: {error}")
    with units() as uow:
        uow.due.done(due)
        uow.commit()
    return DueOutcome(due, DueResult.DONE)


def _clear(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, subject: str) -> None:
    """Clear an auction, or take up an emergency whose hub died between its draft and its clearing."""
    with units(write=False) as uow:
        is_auction = uow.auctions.get(subject) is not None
    if is_auction:
        run_auction(units, pool, rules, subject)
    else:
        finish_emergency(units, pool, rules, subject)
