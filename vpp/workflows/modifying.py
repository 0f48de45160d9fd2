"""An operator changes or cancels an event: every instruction is superseded, every answer kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from vpp.auction.tender import TenderState, check_tender_transition
from vpp.dispatch.event import Event, EventState, check_event_transition
from vpp.dispatch.instruction import OPEN_STATES, Instruction, InstructionState
from vpp.dispatch.modification import modified_instruction, same_answer, share_kept
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.portfolio.product import ProductProfile
from vpp.workflows.identity import Principal, check_buyer
from vpp.workflows.newest_instructions import newest_stored
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import (
    HUB,
    audit,
    audit_all,
    check_etag,
    difference,
    found,
    move_event,
    product_of,
)
from vpp.workflows.reporting import instructions_of
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.settlement_dues import owe_settlement

MODIFIABLE = frozenset({EventState.OFFERED, EventState.ACCEPTED, EventState.SCHEDULED, EventState.ACTIVE})
SETTLED_AFTER_CANCEL = timedelta(hours=1)
"""How long after a cancel in its course an event is settled: its readings have come by then."""
_ENDED_BY_CANCEL = (
    DueKind.GATE_CLOSURE,
    DueKind.CLEARING,
    DueKind.EMERGENCY,
    DueKind.EVENT_START,
    DueKind.EVENT_END,
)
MAY_ACT = OPEN_STATES | {InstructionState.EXPIRED}
"""States in which a site may do what it was told: one that did not answer in time may have agreed all the
same, and be cut off since."""


def update_event(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    event_id: str,
    *,
    target_reduction_kw: tuple[float, ...] | None,
    delivery: Interval | None,
    etag: str,
    request_id: str,
) -> Stored[Event]:
    """Lower an event's target or end it earlier.

    The modification number rises; every site that may act is instructed anew, with the same share of
    the lower target. Intervals that have begun keep what was ordered for them. A site that is out
    (refused, aborted, done, withdrawn) is not asked again, but its share falls as well, on paper: it is
    not held to what nobody asks for any more.

    Args:
        units: Makes the transaction.
        principal: The operator.
        event_id: The event.
        target_reduction_kw: New target per interval, kW, not above the old one; None keeps it.
        delivery: New delivery with the same start and an earlier end; None keeps it.
        etag: The revision that the caller has read; empty to skip the check.
        request_id: Makes repeats harmless; empty if not given.

    Returns:
        The modified event.

    Raises:
        NotFound: There is no such event, or another operator bought it.
        WrongState: The event is not between dispatch and its end.
        StaleWrite: The etag is outdated.
        InvalidInput: The target rises, or delivery moves otherwise than to an
            earlier end that has not passed.
    """
    digest = fingerprint(event_id, target_reduction_kw, delivery)
    with units() as uow:
        stored = found(uow.events.get(event_id), f"events/{event_id}")
        check_buyer(principal, stored.value.operator_party_id, f"events/{event_id}")
        if replayed(uow, principal, "update_event", request_id, digest) is not None:
            return stored
        check_etag(stored, etag)
        event = stored.value
        if event.state not in MODIFIABLE:
            raise WrongState(
                f"event is {event.state.name}, it can no longer be modified", state=event.state.name
            )
        _check_not_over(uow, event, "modified")
        product = product_of(uow, event.product_id, event.product_version)
        span = delivery or event.delivery
        _check_span(uow, event, span, product)
        target = _target(uow, event, span, product, target_reduction_kw)
        kept = share_kept(event.awarded_reduction_kw, event.target_reduction_kw, target)
        number = event.modification_number + 1
        modified = replace(
            event,
            delivery=span,
            target_reduction_kw=target,
            awarded_reduction_kw=tuple(
                awarded * share for awarded, share in zip(event.awarded_reduction_kw, kept, strict=False)
            ),
            modification_number=number,
            state=EventState.ACTIVE if event.state is EventState.ACTIVE else EventState.OFFERED,
        )
        newest = list(newest_stored(instructions_of(uow, event_id)).values())
        _supersede(uow, newest)
        _instruct_again(uow, newest, modified, kept)
        written = move_event(uow, stored, modified, principal.principal_id)
        if event.state is EventState.ACTIVE:
            uow.due.add(Due(DueKind.EVENT_END, event_id, span.end))
        audit(
            uow,
            principal.principal_id,
            "update_event",
            f"events/{event_id}",
            modification_number=number,
            **difference(event, modified),
        )
        remember(uow, principal, "update_event", request_id, digest, event_id)
        uow.commit()
        return written


def _check_span(uow: UnitOfWork, event: Event, span: Interval, product: ProductProfile) -> None:
    is_shorter = span.start == event.delivery.start and span.end <= event.delivery.end
    if not is_shorter or span.end <= uow.now or span.duration % product.settlement_interval:
        raise InvalidInput(
            f"delivery_interval is {span.start.isoformat()} to {span.end.isoformat()}, expected the "
            f"same start {event.delivery.start.isoformat()} and an end at most "
            f"{event.delivery.end.isoformat()}, after {uow.now.isoformat()}, on the grid of "
            f"{product.settlement_interval}",
            end_time=span.end.isoformat(),
        )


def _target(
    uow: UnitOfWork,
    event: Event,
    span: Interval,
    product: ProductProfile,
    wanted_kw: tuple[float, ...] | None,
) -> tuple[float, ...]:
    grid = starts(span, product.settlement_interval)
    if wanted_kw is None:
        return event.target_reduction_kw[: len(grid)]
    if len(wanted_kw) != len(grid):
        raise InvalidInput(
            f"target_reduction_kw has {len(wanted_kw)} values, expected {len(grid)}",
            count=str(len(wanted_kw)),
        )
    target = []
    for n, (start, kw) in enumerate(zip(grid, wanted_kw, strict=True)):
        old_kw = event.target_reduction_kw[n]
        if not 0 <= kw <= old_kw:
            raise InvalidInput(
                f"target_reduction_kw[{n}] is {kw}, expected 0 to the {old_kw} kW that the event asks for; "
                "open another event for more",
                value=str(kw),
            )
        target.append(old_kw if start <= uow.now else kw)
    return tuple(target)


def _check_not_over(uow: UnitOfWork, event: Event, what: str) -> None:
    """Refuse a change after the end, even if the hub is late in taking note of the end."""
    if uow.now >= event.delivery.end:
        raise WrongState(
            f"delivery ended at {event.delivery.end.isoformat()}, the event can no longer be {what}",
            state=event.state.name,
        )


def _supersede(uow: UnitOfWork, newest: Sequence[Stored[Instruction]]) -> None:
    """Take back what is in force; what the sites answered is kept."""
    in_force = [stored for stored in newest if stored.value.state in MAY_ACT]
    uow.instructions.update_all(
        {
            stored.value.instruction_id: (
                replace(stored.value, state=InstructionState.SUPERSEDED),
                stored.revision,
            )
            for stored in in_force
        }
    )
    audit_all(
        uow,
        HUB,
        "supersede",
        {
            f"instructions/{stored.value.instruction_id}": {"was": stored.value.state.name}
            for stored in in_force
        },
    )


def _instruct_again(
    uow: UnitOfWork, newest: Sequence[Stored[Instruction]], event: Event, kept: Sequence[float]
) -> None:
    fresh = [(stored.value, modified_instruction(stored.value, event, kept)) for stored in newest]
    uow.instructions.add_all(
        {new.instruction_id: new if old.state in MAY_ACT else same_answer(new, old) for old, new in fresh}
    )
    uow.outbox.append_all(
        [
            Owed(new.site_id, MessageKind.INSTRUCTION, new.instruction_id)
            for old, new in fresh
            if old.state in MAY_ACT
        ]
    )


def cancel_event(
    units: UnitOfWorkFactory, principal: Principal, event_id: str, *, etag: str, request_id: str
) -> Stored[Event]:
    """Withdraw an event that has not ended. What was delivered before is measured and paid.

    Raises:
        NotFound: There is no such event, or another operator bought it.
        WrongState: It has ended (whether or not the hub has taken note of it), failed or been
            cancelled.
        StaleWrite: The etag is outdated.
    """
    digest = fingerprint(event_id)
    with units() as uow:
        stored = found(uow.events.get(event_id), f"events/{event_id}")
        check_buyer(principal, stored.value.operator_party_id, f"events/{event_id}")
        if replayed(uow, principal, "cancel_event", request_id, digest) is not None:
            return stored
        check_etag(stored, etag)
        check_event_transition(stored.value.state, EventState.CANCELLED)
        if stored.value.state in MODIFIABLE:
            _check_not_over(uow, stored.value, "cancelled")
        had_begun = stored.value.state in MODIFIABLE and uow.now > stored.value.delivery.start
        _cancel_tender(uow, stored.value)
        number = stored.value.modification_number + 1
        cancelled = replace(
            stored.value, state=EventState.CANCELLED, cancelled_at=uow.now, modification_number=number
        )
        written = move_event(uow, stored, cancelled, principal.principal_id)
        newest = list(newest_stored(instructions_of(uow, event_id)).values())
        _supersede(uow, newest)
        uow.outbox.append_all(
            [
                Owed(item.value.site_id, MessageKind.CANCELLATION, item.value.instruction_id)
                for item in newest
                if item.value.state in MAY_ACT
            ]
        )
        for kind in _ENDED_BY_CANCEL:
            uow.due.cancel(kind, event_id)
        if not had_begun:  # what was delivered before is measured against a baseline all the same
            uow.due.cancel(DueKind.BASELINE_FREEZE, event_id)
        if had_begun and written.value.purpose.is_paid:
            owe_settlement(uow, written.value, uow.now + SETTLED_AFTER_CANCEL)
        audit(uow, principal.principal_id, "cancel_event", f"events/{event_id}", had_begun=had_begun)
        remember(uow, principal, "cancel_event", request_id, digest, event_id)
        uow.commit()
        return written


def _cancel_tender(uow: UnitOfWork, event: Event) -> None:
    if event.auction_id is None:
        return
    tender = found(uow.auctions.get(event.auction_id), f"auctions/{event.auction_id}")
    if tender.value.state in {TenderState.OPEN, TenderState.GATE_CLOSED}:
        check_tender_transition(tender.value.state, TenderState.CANCELLED)
        uow.auctions.update(
            event.auction_id, replace(tender.value, state=TenderState.CANCELLED), revision=tender.revision
        )
