"""Corrections of the rules that an event is settled under: proposed by one person, decided by another."""

from collections.abc import Iterable
from dataclasses import replace

from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.free_text import free_text
from vpp.portfolio.product import ProductProfile
from vpp.settlement.adjustment import AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.identity import Principal
from vpp.workflows.own_money import check_not_own_money
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit, found, product_of, promised
from vpp.workflows.reporting import instructions_of
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.second_person import check_decision

OVER = frozenset({EventState.ENDED, EventState.MEASURED, EventState.SETTLED, EventState.CANCELLED})
"""States in which nothing but an event's money is left to correct."""
_APPROVED = AdjustmentState.APPROVED.value


def propose_correction(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    *,
    event_id: str,
    to_version: int,
    reason: str,
    request_id: str,
) -> Stored[RuleCorrection]:
    """Propose that an event is settled under another version of its product.

    It may change what delivery is worth, never what was asked for or how it was measured.

    Args:
        units: Makes the transaction.
        principal: Who proposes.
        event_id: The event; it is over, and paid.
        to_version: Version of its product that its settlement shall follow.
        reason: Why, in words.
        request_id: Makes repeats harmless; empty for none.

    Raises:
        NotFound: There is no such event, or no such version of its product.
        InvalidInput: Settlement follows that version already, the version measures or asks for something
            else, the event is not paid, or the reason says nothing.
        WrongState: The event is not over, or another correction of it waits.
        AlreadyExists: The request id was used for something else.
    """
    words = free_text(reason, "reason", several_lines=False)
    digest = fingerprint(event_id, to_version, words)
    with units() as uow:
        known = replayed(uow, principal, "propose_correction", request_id, digest)
        if known is not None:
            return promised(uow.rule_corrections.get(known), f"ruleCorrections/{known}")
        event = found(uow.events.get(event_id), f"events/{event_id}").value
        _check_event(event)
        before = _of_event(uow, event_id)
        waiting = [one for one in before if one.state is AdjustmentState.PROPOSED]
        if waiting:
            raise WrongState(
                f"ruleCorrections/{waiting[0].correction_id} of events/{event_id} waits for a decision, "
                "expected that it is taken first",
                name=waiting[0].correction_id,
            )
        present = _in_force(event, before)
        _check_versions(uow, event, present, to_version)
        correction = RuleCorrection(
            correction_id=f"{event_id}-r{len(before) + 1}",
            event_id=event_id,
            product_id=event.product_id,
            from_version=present,
            to_version=to_version,
            reason=words,
            state=AdjustmentState.PROPOSED,
            proposed_by=principal.principal_id,
            proposed_person=principal.person,
        )
        stored = uow.rule_corrections.add(correction.correction_id, correction)
        audit(
            uow,
            principal.principal_id,
            "propose_correction",
            f"ruleCorrections/{correction.correction_id}",
            after=correction.state.name,
            event=event_id,
            from_version=present,
            to_version=to_version,
        )
        remember(uow, principal, "propose_correction", request_id, digest, correction.correction_id)
        uow.commit()
        return stored


def decide_correction(
    units: UnitOfWorkFactory, principal: Principal, correction_id: str, wanted: AdjustmentState
) -> Stored[RuleCorrection]:
    """Approve, reject or withdraw a correction. An approved one counts from the period's next version on.

    A decision that the same person has taken before stands, so that a repeat is harmless.

    Raises:
        NotFound: There is no such correction.
        WrongState: It has been decided otherwise.
        NotPermitted: The caller proposed it and would approve or reject it, or did not and would withdraw it;
            or acts for the event's buyer or the owner of a site in it and would decide it.
    """
    full_name = f"ruleCorrections/{correction_id}"
    with units() as uow:
        stored = found(uow.rule_corrections.get(correction_id), full_name)
        correction = stored.value
        if (correction.state, correction.decided_by) == (wanted, principal.principal_id):
            return stored
        check_decision(
            principal,
            full_name,
            state=correction.state,
            proposed_by=correction.proposed_by,
            proposed_person=correction.proposed_person,
            wanted=wanted,
        )
        if wanted is not AdjustmentState.WITHDRAWN:
            check_not_own_money(uow, principal, full_name, _paid_or_paying(uow, correction.event_id))
        decided = replace(correction, state=wanted, decided_by=principal.principal_id, decided_at=uow.now)
        written = uow.rule_corrections.update(correction_id, decided, revision=stored.revision)
        audit(
            uow,
            principal.principal_id,
            "decide_correction",
            full_name,
            before=correction.state.name,
            after=wanted.name,
            event=correction.event_id,
            to_version=correction.to_version,
        )
        uow.commit()
        return written


def corrections_in_force(uow: UnitOfWork, event_ids: Iterable[str]) -> dict[str, RuleCorrection]:
    """Return the corrections that say under which version events are settled, not their own.

    Args:
        uow: The transaction.
        event_ids: The events.

    Returns:
        The last one agreed to, by event id; events that keep the version they were called under are left out.
    """
    approved = sorted(
        (one.value for one in uow.rule_corrections.page(where={"state": _APPROVED}, limit=EVERYTHING)),
        key=_by_decision,
    )
    chosen = {one.event_id: one for one in approved}
    return {event_id: chosen[event_id] for event_id in event_ids if event_id in chosen}


def _paid_or_paying(uow: UnitOfWork, event_id: str) -> frozenset[str]:
    """Return the parties whose money an event moves: its buyer, and the owners of sites that it called."""
    event = promised(uow.events.get(event_id), f"events/{event_id}").value
    sites = uow.sites.get_all({stored.value.site_id for stored in instructions_of(uow, event_id)})
    return frozenset({event.operator_party_id, *(site.value.party_id for site in sites.values())})


def _by_decision(correction: RuleCorrection) -> tuple[bool, object, str]:
    return correction.decided_at is not None, correction.decided_at, correction.correction_id


def _of_event(uow: UnitOfWork, event_id: str) -> list[RuleCorrection]:
    stored = uow.rule_corrections.page(where={"event_id": event_id}, limit=EVERYTHING)
    return [one.value for one in stored]


def _in_force(event: Event, corrections: Iterable[RuleCorrection]) -> int:
    approved = [one for one in corrections if one.state is AdjustmentState.APPROVED]
    return max(approved, key=_by_decision).to_version if approved else event.product_version


def _check_event(event: Event) -> None:
    if not event.purpose.is_paid:
        raise InvalidInput(
            f"events/{event.event_id} is not paid, so no rule of money applies to it", event=event.event_id
        )
    if event.state not in OVER:
        raise WrongState(
            f"events/{event.event_id} is {event.state.name}, expected that it is over: until then it is "
            "modified or cancelled",
            state=event.state.name,
        )


def _check_versions(uow: UnitOfWork, event: Event, present: int, to_version: int) -> None:
    if to_version == present:
        raise InvalidInput(
            f"to_version_number is {to_version}, which events/{event.event_id} is settled under already",
            to_version_number=str(to_version),
        )
    full_name = f"products/{event.product_id} version {to_version}"
    profile = uow.products.get(event.product_id, to_version)
    if profile is None:
        found(None, full_name)
        return
    called = product_of(uow, event.product_id, event.product_version)
    others = [name for name, value in _measured_by(called).items() if _measured_by(profile)[name] != value]
    if others:
        raise InvalidInput(
            f"{full_name} has another {', '.join(others)} than version {event.product_version}, which the "
            "event was called under; a correction changes what delivery is worth, not what was asked for or "
            "how it is measured",
            to_version_number=str(to_version),
        )


def _measured_by(profile: ProductProfile) -> dict[str, object]:
    """Return the rules by which an event was called and measured, which no correction changes afterwards."""
    return {
        "call.direction": profile.call.direction,
        "call.activation": profile.call.activation,
        "settlement_interval": profile.settlement_interval,
        "baseline": profile.baseline,
        "measurement": profile.measurement,
        "money.currency": profile.money.currency,
        "money.measured_as": profile.money.measured_as,
    }
