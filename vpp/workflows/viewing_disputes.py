"""What callers read back of what people decide: disputes, adjustments, corrections of rules."""

from dataclasses import dataclass

from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.rule_correction import RuleCorrection
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.viewing import visible
from vpp.workflows.visibility import Page, PageRequest, SeenParts, page_by_id, sees_party


@dataclass(frozen=True, slots=True)
class SeenDispute:
    """A dispute and what answers it.

    Attributes:
        stored: The dispute.
        adjustment_ids: Adjustments that answer it and that the caller may see, by id.
    """

    stored: Stored[DisputeRecord]
    adjustment_ids: tuple[str, ...]


def get_dispute(units: UnitOfWorkFactory, principal: Principal, dispute_id: str) -> SeenDispute:
    """Return a dispute of a party that the caller may see."""
    with units(write=False) as uow:
        stored = visible(
            uow.disputes.get(dispute_id),
            f"disputes/{dispute_id}",
            lambda record: sees_party(principal, record.party_id),
        )
        return _seen(uow, principal, stored)


def list_disputes(
    units: UnitOfWorkFactory,
    principal: Principal,
    request: PageRequest,
    *,
    period: str = "",
    state: DisputeState | None = None,
) -> Page[SeenDispute]:
    """List the disputes of parties that the caller may see, by id; of one period or state, or of all."""
    where = {"period": period} if period else {}
    if not principal.sees_everything:
        where["party_id"] = principal.party_id
    if state is not None:
        where["state"] = state.value
    with units(write=False) as uow:
        page = page_by_id(uow.disputes, request, lambda record: record.dispute_id, lambda _: True, where)
        return Page(tuple(_seen(uow, principal, stored) for stored in page.items), page.next_page_token)


def get_adjustment(units: UnitOfWorkFactory, principal: Principal, adjustment_id: str) -> Stored[Adjustment]:
    """Return an adjustment that the caller may see."""
    with units(write=False) as uow:
        return visible(
            uow.adjustments.get(adjustment_id),
            f"adjustments/{adjustment_id}",
            lambda adjustment: sees_adjustment(principal, adjustment),
        )


def list_adjustments(
    units: UnitOfWorkFactory, principal: Principal, request: PageRequest, *, period: str = ""
) -> Page[Stored[Adjustment]]:
    """List the adjustments that the caller may see, by id; of one period or of all."""
    with units(write=False) as uow:
        return page_by_id(
            uow.adjustments,
            request,
            lambda adjustment: adjustment.adjustment_id,
            lambda stored: sees_adjustment(principal, stored.value),
            {"period": period} if period else None,
        )


def get_correction(
    units: UnitOfWorkFactory, principal: Principal, correction_id: str
) -> Stored[RuleCorrection]:
    """Return a rule correction of an event that the caller sees all of.

    Raises:
        NotFound: There is none of that id that the caller may see.
    """
    with units(write=False) as uow:
        stored = uow.rule_corrections.get(correction_id)
        event_id = "" if stored is None else stored.value.event_id
        is_seen = SeenParts(uow, principal).sees_event(event_id)
        return visible(stored, f"ruleCorrections/{correction_id}", lambda _: is_seen)


def list_corrections(
    units: UnitOfWorkFactory, principal: Principal, request: PageRequest, *, event_id: str = ""
) -> Page[Stored[RuleCorrection]]:
    """List rule corrections of events that the caller sees all of, by id; of one event or of all."""
    with units(write=False) as uow:
        parts = SeenParts(uow, principal)
        if event_id and not parts.sees_event(event_id):
            return Page((), "")
        return page_by_id(
            uow.rule_corrections,
            request,
            lambda correction: correction.correction_id,
            lambda stored: parts.sees_event(stored.value.event_id),
            {"event_id": event_id} if event_id else None,
        )


def sees_adjustment(principal: Principal, adjustment: Adjustment) -> bool:
    """Tell whether the caller may see an adjustment: staff all of them, a party its own once it is agreed."""
    if principal.sees_everything:
        return True
    is_own = principal.party_id in {adjustment.payer_party_id, adjustment.payee_party_id}
    return is_own and adjustment.state is AdjustmentState.APPROVED


def _seen(uow: UnitOfWork, principal: Principal, stored: Stored[DisputeRecord]) -> SeenDispute:
    answers = uow.adjustments.page(where={"dispute_id": stored.value.dispute_id}, limit=EVERYTHING)
    return SeenDispute(
        stored,
        tuple(one.value.adjustment_id for one in answers if sees_adjustment(principal, one.value)),
    )
