"""How far back readings are still needed: what has not been paid, or is disputed, can be derived again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from vpp.baseline.rule_reach import history_days
from vpp.dispatch.event import Event, EventState
from vpp.settlement.version_calendar import VersionCalendar, dispute_deadline
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import product_of
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.settlement_events import MARGIN, month_of
from vpp.workflows.settlement_inputs import has_final
from vpp.workflows.settlement_records import RunRecord

OVER = frozenset({EventState.SETTLED, EventState.FAILED, EventState.CANCELLED})
LONGEST_SETTLEMENT = timedelta(days=100)
"""What was delivered before an event was cancelled is paid, though the event stays cancelled: its
month's settlement comes well within this time."""
LONGEST_OPEN = timedelta(days=800)
"""A month gets its final version sooner; where it never does, its readings are not kept for ever."""
UPHELD_FOR = timedelta(days=30)
"""What a dispute has measured again is settled within days."""
LONGEST_HISTORY = timedelta(days=400)
"""No rule looks further back; what disputed periods may need."""


def needed_since(uow: UnitOfWork, calendar: VersionCalendar) -> datetime:
    """Return the instant from which on readings are needed by what is not over.

    Events that have not been settled need their own readings and those that their baselines learn
    from; a month needs its own until it has its final version and the lines of its last one can no longer
    be disputed; a disputed statement, or one that is measured again, needs the same of its period as an
    event.

    Args:
        uow: The transaction.
        calendar: Says how long lines may be disputed.
    """
    wanted = [uow.now]
    for state in EventState:
        if state in OVER - {EventState.CANCELLED}:
            continue
        events = [one.value for one in uow.events.page(where={"state": state.value}, limit=EVERYTHING)]
        wanted += [
            event.delivery.start - _history(uow, event)
            for event in events
            if state is not EventState.CANCELLED or _may_be_paid(event, uow.now)
        ]
    for month in uow.settlement_runs.periods():
        begun_at = month_of(month).start
        if uow.now - LONGEST_OPEN < begun_at and _may_change(
            uow.settlement_runs.of_period(month), calendar, uow.now
        ):
            wanted.append(begun_at - MARGIN)
    for dispute in uow.disputes.page(limit=EVERYTHING):
        if _needs_readings(dispute.value, uow.now):
            statement = uow.statements.get(dispute.value.statement_id)
            if statement is not None:
                period = datetime.strptime(statement.value.period, "%Y-%m").replace(tzinfo=UTC)
                wanted.append(period - LONGEST_HISTORY)
    return min(wanted)


def _may_change(runs: Sequence[RunRecord], calendar: VersionCalendar, now: datetime) -> bool:
    """Tell whether a month may be measured again: before its final version, or for a dispute yet to come."""
    return not has_final(runs) or now < dispute_deadline(runs[-1].created_at, calendar)


def _needs_readings(dispute: DisputeRecord, now: datetime) -> bool:
    if dispute.state is DisputeState.UPHELD and dispute.measure_again:
        return dispute.decided_at is not None and now < dispute.decided_at + UPHELD_FOR
    return dispute.state is DisputeState.OPEN


def _may_be_paid(event: Event, now: datetime) -> bool:
    began = event.cancelled_at is not None and event.cancelled_at > event.delivery.start
    return began and event.delivery.end + LONGEST_SETTLEMENT > now


def _history(uow: UnitOfWork, event: Event) -> timedelta:
    terms = product_of(uow, event.product_id, event.product_version).baseline
    return timedelta(days=max(history_days(rule, terms.library) for rule in terms.library.values()))
