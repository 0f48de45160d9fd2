"""What must be due, told from the facts alone: deadlines are kept beside them and can be made again."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import MappingProxyType

from vpp.auction.tender import Tender, TenderState
from vpp.dispatch.event import Event, EventState
from vpp.foundation.interval import Interval
from vpp.workflows.baselines import freeze_at, was_under_way
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.emergencies import taken_up_after
from vpp.workflows.looks import event_of_look, looks_owed
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.modifying import SETTLED_AFTER_CANCEL
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, product_of
from vpp.workflows.reporting import instructions_of
from vpp.workflows.scoring_sites import scoring_due
from vpp.workflows.settlement_dues import settlement_due
from vpp.workflows.settlement_events import period_of

_S = EventState
WAITS_FOR = MappingProxyType(
    {
        DueKind.GATE_CLOSURE: frozenset({_S.OPEN}),
        DueKind.CLEARING: frozenset({_S.GATE_CLOSED, _S.DRAFT}),
        DueKind.EMERGENCY: frozenset({_S.DRAFT}),
        DueKind.EVENT_START: frozenset({_S.OFFERED, _S.ACCEPTED, _S.SCHEDULED}),
        DueKind.EVENT_END: frozenset({_S.ACTIVE}),
        DueKind.MEASUREMENT: frozenset({_S.ENDED}),
    }
)
"""States in which an event waits for a deadline. In any other one, the deadline has done its work."""
CALLED = frozenset({_S.OFFERED, _S.ACCEPTED, _S.SCHEDULED, _S.ACTIVE, _S.ENDED})
"""States of an event whose sites are told, and whose baselines are frozen or to be frozen."""
LIVE = frozenset({_S.DRAFT, _S.MEASURED}) | CALLED
"""States in which something beside an auction's own deadlines is due."""
CANCELLATIONS = timedelta(days=62)
"""How far back cancelled events are looked at: their settlement follows within the hour."""


def still_owed(uow: UnitOfWork, dues: Iterable[Due]) -> set[Due]:
    """Return those deadlines whose work is not done, by the facts, although it was run.

    That is so when the clock went back between the claim and the work: the work finds that it is too
    early and does nothing, and the deadline must not be closed.
    """
    judged = [due for due in dues if due.kind in WAITS_FOR]
    events = uow.events.get_all({due.subject_id for due in judged})
    return {
        due
        for due in judged
        if due.subject_id in events and events[due.subject_id].value.state in WAITS_FOR[due.kind]
    }


def forget_claims(units: UnitOfWorkFactory) -> None:
    """Let everything be claimed again; only for a hub that starts and knows that it is the only one.

    What its predecessor had claimed when it died would otherwise wait for the end of the claim.
    """
    with units() as uow:
        uow.due.forget_claims()
        uow.commit()


def rebuild_deadlines(units: UnitOfWorkFactory, rules: MarketRules) -> list[Due]:
    """Make every deadline of a market again that the facts demand and the table has not.

    Deadlines are written with the facts that they belong to, so there is nothing to do but after a
    defect, a restored table or an update. What is there keeps its time and its claim. The rounds of
    forecasts and choices are no facts of a market: `owe_forecast` and `owe_choices` see to them.

    Args:
        units: Makes the transaction.
        rules: The hub's rules.

    Returns:
        What had to be made again; each has an audit record.
    """
    with units() as uow:
        restored = _restored(uow, rules)
        for due in restored:
            audit(
                uow, HUB, "restore_deadline", f"{due.kind.value}/{due.subject_id}", due=due.due_at.isoformat()
            )
        if restored:
            uow.commit()
        return restored


def _restored(uow: UnitOfWork, rules: MarketRules) -> list[Due]:
    is_open = {(due.kind, due.subject_id) for due in uow.due.open()}
    settled = {subject.partition("/")[0] for kind, subject in is_open if kind is DueKind.SETTLEMENT}

    def is_missing(due: Due) -> bool:
        if due.kind is DueKind.SETTLEMENT:  # any run of the period will do
            return due.subject_id.partition("/")[0] not in settled
        return (due.kind, due.subject_id) not in is_open

    events = [
        stored
        for state in sorted(LIVE, key=lambda state: state.value)
        for stored in uow.events.page(where={"state": state.value}, limit=EVERYTHING)
    ]
    looks = _looks(uow, events, rules, {subject for kind, subject in is_open if kind is DueKind.TRACKING})
    demanded = [*_of_tenders(uow), *_of_events(uow, events, rules), *looks]
    # What may have been done although the facts do not show it: it is not done again.
    cancelled = _cancelled_in_course(uow)
    perhaps = [
        *_freezes(uow, [stored.value for stored in events if stored.value.state in CALLED], rules),
        *_freezes(uow, cancelled, rules),
        *_scorings(events, rules),
        *_of_cancellations(cancelled),
    ]
    return [due for due in demanded if is_missing(due) and uow.due.restore(due, even_if_done=True)] + [
        due for due in perhaps if is_missing(due) and uow.due.restore(due, even_if_done=False)
    ]


def _of_tenders(uow: UnitOfWork) -> list[Due]:
    found = []
    for state in (TenderState.OPEN, TenderState.GATE_CLOSED):
        tenders = uow.auctions.page(where={"state": state.value}, limit=EVERYTHING)
        found += [_of_tender(stored) for stored in tenders]
    return found


def _of_tender(stored: Stored[Tender]) -> Due:
    tender = stored.value
    if tender.state is TenderState.OPEN:
        return Due(DueKind.GATE_CLOSURE, tender.auction_id, tender.gate_closes_at)
    return Due(DueKind.CLEARING, tender.auction_id, stored.updated_at)


def _of_events(uow: UnitOfWork, events: Sequence[Stored[Event]], rules: MarketRules) -> list[Due]:
    found = []
    for stored in events:
        event = stored.value
        if event.state is EventState.DRAFT:
            found.append(Due(DueKind.EMERGENCY, event.event_id, stored.created_at + taken_up_after(rules)))
        elif event.state is EventState.ACTIVE:
            found.append(Due(DueKind.EVENT_END, event.event_id, event.delivery.end))
        elif event.state is EventState.ENDED:
            at = event.delivery.end + rules.measurement_allowance
            found.append(Due(DueKind.MEASUREMENT, event.event_id, at))
        elif event.state is EventState.MEASURED:
            product = product_of(uow, event.product_id, event.product_version)
            at = stored.updated_at + product.initial_statement_delay
            found.append(settlement_due(period_of(event), at))
        else:
            found.append(Due(DueKind.EVENT_START, event.event_id, event.delivery.start))
    return found


def _freezes(uow: UnitOfWork, events: Sequence[Event], rules: MarketRules) -> list[Due]:
    found = []
    for event in events:
        instructions = instructions_of(uow, event.event_id)
        if instructions:
            told_at = min(each.created_at for each in instructions)
            product = product_of(uow, event.product_id, event.product_version)
            at = freeze_at(told_at, rules, event, product)
            found.append(Due(DueKind.BASELINE_FREEZE, event.event_id, at))
    return found


def _looks(
    uow: UnitOfWork, events: Sequence[Stored[Event]], rules: MarketRules, known: set[str]
) -> list[Due]:
    """Return the next look at every event that is followed and has none to come."""
    followed = {event_of_look(subject) for subject in known}
    return [
        due
        for stored in events
        if stored.value.event_id not in followed
        for due in looks_owed(uow, stored, rules)
    ]


def _scorings(events: Sequence[Stored[Event]], rules: MarketRules) -> list[Due]:
    over = frozenset({EventState.ENDED, EventState.MEASURED})
    events_over = [stored.value for stored in events if stored.value.state in over]
    return [scoring_due(event, rules) for event in events_over if event.purpose.moves_devices]


def _cancelled_in_course(uow: UnitOfWork) -> list[Event]:
    reach = Interval(uow.now - CANCELLATIONS, uow.now + CANCELLATIONS)
    return [
        event for event in uow.claims.events_during(reach, [EventState.CANCELLED]) if was_under_way(event)
    ]


def _of_cancellations(cancelled: Sequence[Event]) -> list[Due]:
    return [
        settlement_due(period_of(event), event.cancelled_at + SETTLED_AFTER_CANCEL)
        for event in cancelled
        if event.purpose.is_paid and event.cancelled_at is not None
    ]
