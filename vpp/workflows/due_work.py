"""What falls due, in order. The database says what is due; a ticker only asks often enough."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from vpp.foundation.clock import stopwatch_s
from vpp.foundation.errors import VppError
from vpp.foundation.tracing import span
from vpp.workflows.auctions import close_gate, run_auction
from vpp.workflows.baselines import freeze_baselines
from vpp.workflows.choosing_rules import choose_rules
from vpp.workflows.due_settlements import settle_due
from vpp.workflows.emergencies import finish_emergency
from vpp.workflows.forecasting import run_forecasts, run_intraday_forecasts
from vpp.workflows.keeping_telemetry import keep_telemetry
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.measuring import measure_event
from vpp.workflows.missed_deadlines import refuse_if_too_late
from vpp.workflows.ports import Due, DueKind, UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.rebuilding_deadlines import still_owed
from vpp.workflows.recording import HUB, audit
from vpp.workflows.running import end_event, start_event
from vpp.workflows.scoring_sites import score_event
from vpp.workflows.settlement_dues import look_at_settlements
from vpp.workflows.tracking import track_event


class DueResult(enum.Enum):
    """How a deadline's work ended."""

    DONE = enum.auto()
    FAILED = enum.auto()
    POSTPONED = enum.auto()


@dataclass(frozen=True, slots=True)
class DueOutcome:
    """What became of one deadline.

    Attributes:
        due: The deadline.
        result: How its work ended. What failed is tried again, later each time.
        detail: The error's text; empty if done.
        late_by: How long after its time it was claimed.
        error: The defect behind a failure that no workflow foresaw, for the log; else None.
        took_s: How long its work took, s of the machine's time.
    """

    due: Due
    result: DueResult
    detail: str = ""
    late_by: timedelta = timedelta(0)
    error: Exception | None = None
    took_s: float = 0.0


BACKGROUND = frozenset(
    {
        DueKind.FORECAST,
        DueKind.INTRADAY_FORECAST,
        DueKind.RULE_CHOICE,
        DueKind.SCORING,
        DueKind.SETTLEMENT_LOOK,
        DueKind.TELEMETRY_UPKEEP,
    }
)
"""Long work that nobody waits for; it has a thread and workers of its own."""
MARKET = frozenset(DueKind) - BACKGROUND
"""Work that has to be on time."""
LATE = timedelta(minutes=1)
"""A deadline that is claimed so much after its time gets a record of it."""
FIRST_RETRY = timedelta(seconds=5)
"""What failed is tried again after this time, and then whenever its lateness has doubled, at the latest
after the lease of a claim."""
SETTLED_AGAIN_WITHIN = timedelta(hours=1)
"""The same of settlements: reckoning a month is long work, and what keeps it from being settled (settings,
readings) takes people some time."""
MEASURED_AGAIN_AFTER = timedelta(minutes=5)
"""How long a measurement waits for baselines that are not frozen yet before it looks again."""


def run_due(  # noqa: PLR0913  what runs, and how much of it
    units: UnitOfWorkFactory,
    pool: WorkerPool,
    rules: MarketRules,
    *,
    limit: int = 50,
    kinds: frozenset[DueKind] | None = None,
    at_once: int = 1,
    lease: timedelta | None = None,
) -> list[DueOutcome]:
    """Run everything that is due by the clock, earliest first.

    Work that makes more work due (a gate closure owes a clearing) is followed in the same call. What
    was missed while no hub ran is run in order; each workflow refuses, with a record, what is too late.

    Args:
        units: Makes the transactions; their clock says what is due.
        pool: Runs solvers and models.
        rules: The hub's rules.
        limit: Most deadlines of one call.
        kinds: Which kinds of deadlines; None for all.
        at_once: How many are claimed in one transaction, and closed in one.
        lease: How long no other hub gets what is claimed; None for the rules' own.

    Returns:
        One outcome per deadline. A failure is recorded, logged by the caller, and left to be
        tried again; it does not keep later deadlines from running.
    """
    outcomes: list[DueOutcome] = []
    while len(outcomes) < limit:
        with units() as uow:
            claimed_at = uow.now
            wanted = min(at_once, limit - len(outcomes))
            claimed = uow.due.claim(claimed_at, lease or rules.claim_lease, wanted, kinds)
            if claimed:
                uow.commit()
        if not claimed:
            break
        tried = [_observed(units, pool, rules, due, claimed_at - due.due_at) for due in claimed]
        outcomes += _closed(units, rules, tried)
    return outcomes


def _closed(units: UnitOfWorkFactory, rules: MarketRules, tried: Sequence[DueOutcome]) -> list[DueOutcome]:
    """Close what is done, leave the rest to be claimed again, and record what was late or failed."""
    with units() as uow:
        owed = still_owed(uow, [outcome.due for outcome in tried if outcome.result is DueResult.DONE])
        outcomes = [
            replace(outcome, result=DueResult.POSTPONED, detail="the clock went back, or it has to wait")
            if outcome.due in owed
            else outcome
            for outcome in tried
        ]
        for outcome in outcomes:
            _record(uow, outcome)
            if outcome.result is not DueResult.DONE:
                uow.due.release(outcome.due, uow.now + _retry_wait(outcome.due, uow.now, rules))
        uow.due.done_all([outcome.due for outcome in outcomes if outcome.result is DueResult.DONE])
        uow.commit()
        return outcomes


def _retry_wait(due: Due, now: datetime, rules: MarketRules) -> timedelta:
    longest = rules.claim_lease
    if due.kind is DueKind.SETTLEMENT:
        longest = max(longest, SETTLED_AGAIN_WITHIN)
    return min(max(now - due.due_at, FIRST_RETRY), longest)


def _record(uow: UnitOfWork, outcome: DueOutcome) -> None:
    subject = f"{outcome.due.kind.value}/{outcome.due.subject_id}"
    if outcome.late_by > LATE:
        audit(uow, HUB, "due_late", subject, due=outcome.due.due_at.isoformat(), late_by=outcome.late_by)
    if outcome.result is DueResult.FAILED:
        reason, _, text = outcome.detail.partition(": ")
        audit(uow, HUB, "due_failed", subject, reason=reason, error=text)


def next_due_at(units: UnitOfWorkFactory, kinds: frozenset[DueKind] | None = None) -> datetime | None:
    """Return when the next deadline, of some kinds or any, falls due, or None."""
    with units(write=False) as uow:
        return uow.due.next_at(kinds)


def _observed(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, due: Due, late_by: timedelta
) -> DueOutcome:
    """Run what is due as a trace of its own, and take the time."""
    begun_s = stopwatch_s()
    with span(f"due/{due.kind.value}", deadline=due.subject_id):
        outcome = _tried(units, pool, rules, due, late_by)
    return replace(outcome, took_s=stopwatch_s() - begun_s)


def _tried(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, due: Due, late_by: timedelta
) -> DueOutcome:
    subject = due.subject_id
    work: Mapping[DueKind, Callable[[], object]] = {
        DueKind.GATE_CLOSURE: partial(close_gate, units, subject),
        DueKind.CLEARING: partial(_clear, units, pool, rules, subject),
        DueKind.EMERGENCY: partial(_clear, units, pool, rules, subject),
        DueKind.BASELINE_FREEZE: partial(freeze_baselines, units, pool, rules, subject),
        DueKind.EVENT_START: partial(start_event, units, subject),
        DueKind.TRACKING: partial(track_event, units, pool, rules, subject),
        DueKind.EVENT_END: partial(end_event, units, rules, subject),
        DueKind.MEASUREMENT: partial(_measure, units, rules, subject),
        DueKind.SETTLEMENT: partial(settle_due, units, rules, subject),
        DueKind.SETTLEMENT_LOOK: partial(look_at_settlements, units, rules, subject),
        DueKind.FORECAST: partial(run_forecasts, units, pool, rules, subject),
        DueKind.INTRADAY_FORECAST: partial(run_intraday_forecasts, units, pool, rules, subject),
        DueKind.RULE_CHOICE: partial(choose_rules, units, pool, rules, subject),
        DueKind.SCORING: partial(score_event, units, rules, subject),
        DueKind.TELEMETRY_UPKEEP: partial(
            keep_telemetry, units, rules.telemetry, subject, calendar=rules.settlement.calendar
        ),
    }
    try:
        work[due.kind]()
    except VppError as error:
        return DueOutcome(due, DueResult.FAILED, f"{error.reason}: {error}", late_by)
    except Exception as error:  # noqa: BLE001  a defect in one piece of work must not hold up the others
        return DueOutcome(due, DueResult.FAILED, f"{type(error).__name__}: {error}", late_by, error)
    return DueOutcome(due, DueResult.DONE, late_by=late_by)


def _clear(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, subject: str) -> None:
    """Clear an auction, or take up an emergency whose hub died between its draft and its clearing.

    What can no longer be told to the sites in time is refused before a solver is troubled.
    """
    if refuse_if_too_late(units, rules, subject):
        return
    with units(write=False) as uow:
        is_auction = uow.auctions.get(subject) is not None
    if is_auction:
        run_auction(units, pool, rules, subject)
    else:
        finish_emergency(units, pool, rules, subject)


def _measure(units: UnitOfWorkFactory, rules: MarketRules, subject: str) -> None:
    """Measure an event, unless its baselines are still to be frozen: then look again later."""
    with units() as uow:
        if uow.due.is_open(DueKind.BASELINE_FREEZE, subject):
            uow.due.add(Due(DueKind.MEASUREMENT, subject, uow.now + MEASURED_AGAIN_AFTER))
            audit(uow, HUB, "wait_with_measurement", f"events/{subject}")
            uow.commit()
            return
    measure_event(units, rules, subject)
