"""How far back readings are still needed: what has not been paid, or is disputed, can be derived again."""

from datetime import UTC, datetime, timedelta

from vpp.baseline.rule_reach import history_days
from vpp.dispatch.event import Event, EventState
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import product_of
from vpp.workflows.records import DisputeState

OVER = frozenset({EventState.SETTLED, EventState.FAILED, EventState.CANCELLED})
LONGEST_SETTLEMENT = timedelta(days=100)
"""What was delivered before an event was cancelled is paid, though the event stays cancelled: its
month's settlement comes well within this time."""
LONGEST_HISTORY = timedelta(days=400)
"""No rule looks further back; what disputed periods may need."""


def needed_since(uow: UnitOfWork) -> datetime:
    """Return the instant from which on readings are needed by what is not over.

    Events that have not been settled need their own readings and those that their baselines learn
    from; a disputed statement needs the same of its period.
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
    for dispute in uow.disputes.page(limit=EVERYTHING):
        if dispute.value.state is DisputeState.OPEN:
            statement = uow.statements.get(dispute.value.statement_id)
            if statement is not None:
                period = datetime.strptime(statement.value.period, "%Y-%m").replace(tzinfo=UTC)
                wanted.append(period - LONGEST_HISTORY)
    return min(wanted)


def _may_be_paid(event: Event, now: datetime) -> bool:
    began = event.cancelled_at is not None and event.cancelled_at > event.delivery.start
    return began and event.delivery.end + LONGEST_SETTLEMENT > now


def _history(uow: UnitOfWork, event: Event) -> timedelta:
    terms = product_of(uow, event.product_id, event.product_version).baseline
    return timedelta(days=max(history_days(rule, terms.library) for rule in terms.library.values()))
