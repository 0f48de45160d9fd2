"""What becomes of an objection: upheld or rejected by settlement staff, or taken back by who raised it."""

from dataclasses import dataclass, replace

from vpp.foundation.errors import InvalidInput, NotFound, NotPermitted, WrongState
from vpp.foundation.free_text import free_text
from vpp.workflows.disputing import lines_of
from vpp.workflows.identity import Principal
from vpp.workflows.own_money import check_not_own_money
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import audit
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.second_person import is_same_person
from vpp.workflows.visibility import sees_party


@dataclass(frozen=True, slots=True)
class _Decision:
    """What becomes of a dispute."""

    action: str
    state: DisputeState
    resolution: str = ""
    measure_again: bool = False
    measured_pairs: tuple[tuple[str, str], ...] = ()


def uphold_dispute(
    units: UnitOfWorkFactory, principal: Principal, dispute_id: str, *, resolution: str, measure_again: bool
) -> Stored[DisputeRecord]:
    """Accept an objection; what changes follows in the period's next version.

    Args:
        units: Makes the transaction.
        principal: Who decides: settlement staff, never whoever raised it.
        dispute_id: The objection.
        resolution: Why, in words; the party reads it.
        measure_again: Whether the sites and events of the disputed lines are measured again from what is
            known by then, even after the last regular version. Otherwise an adjustment has to follow.

    Raises:
        NotFound: There is no such dispute that the caller may see.
        InvalidInput: The resolution says nothing, or nothing that was measured is disputed.
        NotPermitted: The caller raised it, or acts for the party that did.
        WrongState: It has been decided otherwise, or taken back.
    """
    words = free_text(resolution, "resolution", several_lines=True)
    pairs: tuple[tuple[str, str], ...] = ()
    if measure_again:
        with units(write=False) as uow:  # the lines of a statement do not change, and may take long to read
            dispute = _seen(uow, principal, dispute_id).value
            pairs = tuple(sorted({line.pair for line in lines_of(uow, dispute) if all(line.pair)}))
        if not pairs:
            raise InvalidInput(
                f"measure_again is set, but disputes/{dispute_id} is about no site in an event: uphold it "
                "without, and propose an adjustment",
                name=f"disputes/{dispute_id}",
            )
    decision = _Decision("uphold_dispute", DisputeState.UPHELD, words, measure_again, pairs)
    return _decided(units, principal, dispute_id, decision)


def reject_dispute(
    units: UnitOfWorkFactory, principal: Principal, dispute_id: str, *, resolution: str
) -> Stored[DisputeRecord]:
    """Turn an objection down with a reason.

    Raises:
        NotFound: There is no such dispute that the caller may see.
        InvalidInput: The resolution says nothing.
        NotPermitted: The caller raised it, or acts for the party that did.
        WrongState: It has been decided otherwise, or taken back.
    """
    words = free_text(resolution, "resolution", several_lines=True)
    return _decided(units, principal, dispute_id, _Decision("reject_dispute", DisputeState.REJECTED, words))


def withdraw_dispute(
    units: UnitOfWorkFactory, principal: Principal, dispute_id: str
) -> Stored[DisputeRecord]:
    """Take an objection of one's own party back.

    Raises:
        NotFound: The caller's party has no such dispute.
        WrongState: It has been decided.
    """
    with units(write=False) as uow:
        if _seen(uow, principal, dispute_id).value.party_id != principal.party_id:
            raise _unknown(dispute_id)
    return _decided(units, principal, dispute_id, _Decision("withdraw_dispute", DisputeState.WITHDRAWN))


def _decided(
    units: UnitOfWorkFactory, principal: Principal, dispute_id: str, decision: _Decision
) -> Stored[DisputeRecord]:
    """Write a decision down; one that was taken before in the same words by the same person stands."""
    with units() as uow:
        stored = _seen(uow, principal, dispute_id)
        dispute = stored.value
        decided = replace(
            dispute,
            state=decision.state,
            resolution=decision.resolution,
            measure_again=decision.measure_again,
            measured_pairs=decision.measured_pairs,
            decided_by=principal.principal_id,
            decided_at=uow.now,
        )
        if dispute == replace(decided, decided_at=dispute.decided_at):
            return stored
        full_name, state = f"disputes/{dispute_id}", decided.state
        if dispute.state is not DisputeState.OPEN:
            raise WrongState(
                f"{full_name} is {dispute.state.name}, expected OPEN to make it {state.name}",
                state=dispute.state.name,
            )
        raised_self = is_same_person(principal, principal_id=dispute.raised_by, person=dispute.raised_person)
        if state is not DisputeState.WITHDRAWN and raised_self:
            raise NotPermitted(
                f"{full_name} was raised by you; another person makes it {state.name}",
                raised_by=dispute.raised_by,
            )
        if state is not DisputeState.WITHDRAWN:
            check_not_own_money(uow, principal, full_name, {dispute.party_id})
        written = uow.disputes.update(dispute_id, decided, revision=stored.revision)
        audit(
            uow,
            principal.principal_id,
            decision.action,
            full_name,
            before=dispute.state.name,
            after=state.name,
            measured_again=len(decided.measured_pairs),
            resolution=decided.resolution,
        )
        uow.commit()
        return written


def _seen(uow: UnitOfWork, principal: Principal, dispute_id: str) -> Stored[DisputeRecord]:
    stored = uow.disputes.get(dispute_id)
    if stored is None or not sees_party(principal, stored.value.party_id):
        raise _unknown(dispute_id)
    return stored


def _unknown(dispute_id: str) -> NotFound:
    return NotFound(f"disputes/{dispute_id} does not exist", name=f"disputes/{dispute_id}")
