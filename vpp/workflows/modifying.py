"""An operator changes or cancels an event: every instruction is superseded, every answer kept."""

from dataclasses import replace
from datetime import timedelta

from vpp.auction.tender import TenderState, check_tender_transition
from vpp.dispatch.event import Event, EventState, check_event_transition
from vpp.dispatch.instruction import OPEN_STATES, Instruction, InstructionState
from vpp.dispatch.modification import modified_instruction, share_kept
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.foundation.series import starts
from vpp.portfolio.product import ProductProfile
from vpp.workflows.identity import Principal, check_buyer
from vpp.workflows.ports import Due, DueKind, MessageKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, check_etag, found, move_event, product_of
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.responding import instructions_of
from vpp.workflows.settling import owe_settlement

MODIFIABLE = frozenset({EventState.OFFERED, EventState.ACCEPTED, EventState.SCHEDULED, EventState.ACTIVE})


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

    The modification number rises; every open instruction is superseded by one with the same share
    of the lower target. Intervals that have begun keep what was ordered for them.

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
        NotFound: There is no such event.
        NotPermitted: Another operator bought it.
        WrongState: The event is not between dispatch and its end.
        InvalidInput: The target rises, or delivery moves otherwise than to an
            earlier end that has not passed.
        StaleWrite: The etag is outdated.
    """
    digest = fingerprint(event_id, target_reduction_kw, delivery)
    with units() as uow:
        stored = found(uow.events.get(event_id), f"events/{event_id}")
        if replayed(uow, principal, "update_event", request_id, digest) is not None:
            return stored
        check_buyer(principal, stored.value.operator_party_id)
        check_etag(stored, etag)
        event = stored.value
        if event.state not in MODIFIABLE:
            raise WrongState(
                f"event is {event.state.name}, it can no longer be modified", state=event.state.name
            )
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
        for instruction in instructions_of(uow, event_id):
            if instruction.value.state in OPEN_STATES:
                _supersede(uow, instruction)
                fresh = modified_instruction(instruction.value, modified, kept)
                uow.instructions.add(fresh.instruction_id, fresh)
                uow.outbox.append(fresh.site_id, MessageKind.INSTRUCTION, fresh.instruction_id)
        written = move_event(uow, stored, modified, principal.principal_id)
        if event.state is EventState.ACTIVE:
            uow.due.add(Due(DueKind.EVENT_END, event_id, span.end))
        audit(uow, principal.principal_id, "update_event", f"events/{event_id}", modification_number=number)
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


def _supersede(uow: UnitOfWork, stored: Stored[Instruction]) -> None:
    superseded = replace(stored.value, state=InstructionState.SUPERSEDED)
    uow.instructions.update(superseded.instruction_id, superseded, revision=stored.revision)
    audit(uow, "hub", "supersede", f"instructions/{superseded.instruction_id}", was=stored.value.state.name)


def cancel_event(
    units: UnitOfWorkFactory, principal: Principal, event_id: str, *, etag: str, request_id: str
) -> Stored[Event]:
    """Withdraw an event that has not ended. What was delivered before is measured and paid.

    Raises:
        NotFound: There is no such event.
        NotPermitted: Another operator bought it.
        WrongState: It has ended, failed or been cancelled.
        StaleWrite: The etag is outdated.
    """
    digest = fingerprint(event_id)
    with units() as uow:
        stored = found(uow.events.get(event_id), f"events/{event_id}")
        if replayed(uow, principal, "cancel_event", request_id, digest) is not None:
            return stored
        check_buyer(principal, stored.value.operator_party_id)
        check_etag(stored, etag)
        check_event_transition(stored.value.state, EventState.CANCELLED)
        had_begun = stored.value.state in MODIFIABLE and uow.now > stored.value.delivery.start
        _cancel_tender(uow, stored.value)
        number = stored.value.modification_number + 1
        cancelled = replace(
            stored.value, state=EventState.CANCELLED, cancelled_at=uow.now, modification_number=number
        )
        written = move_event(uow, stored, cancelled, principal.principal_id)
        for instruction in instructions_of(uow, event_id):
            if instruction.value.state in OPEN_STATES:
                _supersede(uow, instruction)
                uow.outbox.append(
                    instruction.value.site_id, MessageKind.CANCELLATION, instruction.value.instruction_id
                )
        for kind in (DueKind.GATE_CLOSURE, DueKind.CLEARING, DueKind.BASELINE_FREEZE, DueKind.EVENT_START):
            uow.due.cancel(kind, event_id)
        uow.due.cancel(DueKind.EVENT_END, event_id)
        if had_begun:
            owe_settlement(uow, written.value, uow.now + timedelta(hours=1))
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
