"""When settlements are due: after each event, on the calendar's dates, and when a daily look finds reason."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from vpp.dispatch.event import Event
from vpp.telemetry.day_cuts import ONE_DAY, day_of
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit
from vpp.workflows.settlement_events import month_of, period_of
from vpp.workflows.settlement_inputs import has_final
from vpp.workflows.settlement_pending import pending
from vpp.workflows.settlement_records import RunRecord

FINAL = "final"
"""What stands in the subject of a deadline for a final version."""
LOOK_DELAY = timedelta(hours=3)
"""How long after a day's end (UTC) the look comes: when its readings have been summed up."""
GIVEN_UP = timedelta(days=100)
"""A month whose final version is overdue by so much is not taken up any more: it was settled by a hub that
knew no final versions, and its readings may be gone."""


DECIDED_FOR = timedelta(days=30)
"""How long a decision that changed nothing is looked at again."""


def settlement_due(period: str, at: datetime, *, is_final: bool = False) -> Due:
    """Return the deadline of a period's settlement at an instant; each instant has one of its own."""
    beginning = f"{FINAL}-" if is_final else ""
    return Due(DueKind.SETTLEMENT, f"{period}/{beginning}{at:%Y%m%dT%H%M%S}", at)


def owe_again(
    uow: UnitOfWork, period: str, at: datetime, *, is_final: bool = False, after: datetime | None = None
) -> bool:
    """Owe a period's settlement at an instant, unless one is owed by then already.

    So however long something keeps a period from being settled, what waits or fails does not become more
    and more.

    Args:
        uow: The transaction.
        period: Settlement period, YYYY-MM.
        at: When.
        is_final: Whether it is the final version that is owed.
        after: What was owed for this instant or before does not count: it is the one that has to wait.
            None where all count, those that failed and are tried again too.

    Returns:
        Whether it had to be.
    """
    for due in uow.due.open():
        month, _, rest = due.subject_id.partition("/")
        is_same = month == period and rest.startswith(FINAL) == is_final
        if due.kind is not DueKind.SETTLEMENT or not is_same or due.due_at > at:
            continue
        if after is None or due.due_at > after:
            return False
    uow.due.add(settlement_due(period, at, is_final=is_final))
    return True


def owe_settlement(uow: UnitOfWork, event: Event, at: datetime) -> None:
    """Make a settlement of an event's period due."""
    uow.due.add(settlement_due(period_of(event), at))


def owe_settlement_look(units: UnitOfWorkFactory) -> None:
    """Make sure that the look after today is owed; a repeat changes nothing."""
    with units() as uow:
        _owe_look(uow, day_of(uow.now))
        uow.commit()


def look_at_settlements(units: UnitOfWorkFactory, rules: MarketRules, day: str) -> None:
    """Owe what months need that have been settled before: late readings, decisions of people, the final run.

    Args:
        units: Makes the transaction.
        rules: The hub's rules.
        day: The day that is over, YYYY-MM-DD (UTC).
    """
    day_at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    with units() as uow:
        _owe_look(uow, day_at + ONE_DAY)
        for period in uow.settlement_runs.periods():
            runs = uow.settlement_runs.of_period(period)
            reason = _reason(uow, period, runs, rules, day_at)
            if not reason:
                continue
            if owe_again(uow, period, uow.now, is_final=reason == FINAL):
                audit(uow, HUB, "owe_settlement", f"periods/{period}", reason=reason)
        uow.commit()


def _owe_look(uow: UnitOfWork, day_at: datetime) -> None:
    uow.due.add(Due(DueKind.SETTLEMENT_LOOK, f"{day_at:%Y-%m-%d}", day_at + ONE_DAY + LOOK_DELAY))


def _reason(
    uow: UnitOfWork, period: str, runs: Sequence[RunRecord], rules: MarketRules, day_at: datetime
) -> str:
    """Return why a month is to be settled again; empty if it is not, or cannot be."""
    if has_lost_readings(period, runs, rules, uow.now):
        return ""
    calendar, over = rules.settlement.calendar, day_at + ONE_DAY
    if not has_final(runs) and is_open(period, rules, uow.now):
        if calendar.final_at(period) <= over:
            return FINAL
        if rules.settlement.rolling:
            return "readings may have come or changed"
        if any(day_at < at <= over for at in calendar.recalcs_at(period)):
            return "recalculation by the calendar"
    return _decided(uow, period, runs[-1])


def _decided(uow: UnitOfWork, period: str, last: RunRecord) -> str:
    """Return what people have decided that no run has followed yet; empty for nothing.

    What changes nothing leaves no run behind, so it is looked at for some time and no longer.
    """
    decided, since = pending(uow, period), uow.now - DECIDED_FOR
    if {one.adjustment_id for one in decided.adjustments} - uow.ledger.adjustment_ids(period):
        return "adjustments are approved"
    if decided.corrections_since(max(last.created_at, since)):
        return "rules are corrected"
    return "disputes are upheld" if decided.pairs_since(max(last.as_of, since)) else ""


def is_open(period: str, rules: MarketRules, now: datetime) -> bool:
    """Tell whether a month still waits for its final version."""
    return now < rules.settlement.calendar.final_at(period) + GIVEN_UP


def waits_for_calendar(period: str, rules: MarketRules, now: datetime) -> datetime | None:
    """Return when a month's first version is due, if it does not follow events and is still to come."""
    if rules.settlement.rolling:
        return None
    at = rules.settlement.calendar.initial_at(period)
    return at if now < at else None


def has_lost_readings(period: str, runs: Sequence[RunRecord], rules: MarketRules, now: datetime) -> bool:
    """Tell whether a month was settled without keeping evidence, so long ago that its readings are gone.

    After a final version, the evidence that it kept stands.
    """
    is_old = month_of(period).start < now - rules.telemetry.keep_raw
    return is_old and not has_final(runs) and any(not run.terms for run in runs)
