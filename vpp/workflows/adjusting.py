"""Amounts that no rule gives: proposed by one person of the settlement staff, decided by another."""

from dataclasses import replace

from vpp.foundation.free_text import free_text
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.workflows.adjustment_checks import (
    AdjustmentProposal,
    check_amount,
    check_answers,
    check_parties,
    check_period,
    check_subject,
    check_upheld,
)
from vpp.workflows.given_ids import given_id
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.own_money import check_not_own_money
from vpp.workflows.ports import Stored, UnitOfWorkFactory
from vpp.workflows.recording import audit, found, promised
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.second_person import check_decision


def propose_adjustment(
    units: UnitOfWorkFactory,
    rules: MarketRules,
    principal: Principal,
    proposal: AdjustmentProposal,
    *,
    request_id: str,
) -> Stored[Adjustment]:
    """Propose an amount; it counts for nothing until another person agrees.

    Raises:
        InvalidInput: The amount is not above 0 or finer than the currency's minor unit, the currency or a
            party is none of the period's, both parties are one, or site, event and dispute are not of this
            period and these parties.
        NotFound: There is no such event, site or dispute.
        WrongState: The dispute has been rejected or taken back, or the period cannot be settled again.
        AlreadyExists: The request id was used for something else.
    """
    proposal = replace(proposal, reason=free_text(proposal.reason, "reason", several_lines=False))
    check_amount(proposal)
    digest = fingerprint(proposal)
    with units() as uow:
        known = replayed(uow, principal, "propose_adjustment", request_id, digest)
        if known is not None:
            return promised(uow.adjustments.get(known), f"adjustments/{known}")
        check_period(uow, rules, proposal.period)
        check_parties(uow, rules, proposal)
        check_subject(uow, proposal)
        if proposal.dispute_id:
            check_answers(uow, proposal)
        adjustment_id = given_id(  # counts those between the same two alone: others learn of no others
            f"adj-{proposal.period}",
            f"{proposal.payer_party_id} and {proposal.payee_party_id}",
            lambda one: uow.adjustments.get(one) is not None,
        )
        adjustment = Adjustment(
            adjustment_id=adjustment_id,
            period=proposal.period,
            payer_party_id=proposal.payer_party_id,
            payee_party_id=proposal.payee_party_id,
            amount=proposal.amount,
            currency=proposal.currency,
            reason=proposal.reason,
            event_id=proposal.event_id,
            site_id=proposal.site_id,
            dispute_id=proposal.dispute_id,
            state=AdjustmentState.PROPOSED,
            proposed_by=principal.principal_id,
            proposed_person=principal.person,
        )
        stored = uow.adjustments.add(adjustment_id, adjustment)
        audit(
            uow,
            principal.principal_id,
            "propose_adjustment",
            f"adjustments/{adjustment_id}",
            after=adjustment.state.name,
            payer=proposal.payer_party_id,
            payee=proposal.payee_party_id,
            amount=proposal.amount,
            currency=proposal.currency,
            dispute=proposal.dispute_id,
        )
        remember(uow, principal, "propose_adjustment", request_id, digest, adjustment_id)
        uow.commit()
        return stored


def decide_adjustment(
    units: UnitOfWorkFactory, principal: Principal, adjustment_id: str, wanted: AdjustmentState
) -> Stored[Adjustment]:
    """Approve, reject or withdraw an adjustment. An approved one is booked with the period's next version.

    A decision that the same person has taken before stands, so that a repeat is harmless.

    Raises:
        NotFound: There is no such adjustment.
        WrongState: It has been decided otherwise, or the dispute that it answers has not been upheld.
        NotPermitted: The caller proposed it, or raised the dispute that it answers, and would approve it; or
            did not propose it and would withdraw it; or acts for its payer or payee and would decide it.
    """
    full_name = f"adjustments/{adjustment_id}"
    with units() as uow:
        stored = found(uow.adjustments.get(adjustment_id), full_name)
        adjustment = stored.value
        if (adjustment.state, adjustment.decided_by) == (wanted, principal.principal_id):
            return stored
        check_decision(
            principal,
            full_name,
            state=adjustment.state,
            proposed_by=adjustment.proposed_by,
            proposed_person=adjustment.proposed_person,
            wanted=wanted,
        )
        if wanted is not AdjustmentState.WITHDRAWN:
            parties = {adjustment.payer_party_id, adjustment.payee_party_id}
            check_not_own_money(uow, principal, full_name, parties)
        if wanted is AdjustmentState.APPROVED and adjustment.dispute_id:
            check_upheld(uow, principal, adjustment.dispute_id)
        decided = replace(adjustment, state=wanted, decided_by=principal.principal_id, decided_at=uow.now)
        written = uow.adjustments.update(adjustment_id, decided, revision=stored.revision)
        audit(
            uow,
            principal.principal_id,
            "decide_adjustment",
            full_name,
            before=adjustment.state.name,
            after=wanted.name,
            amount=adjustment.amount,
            currency=adjustment.currency,
        )
        uow.commit()
        return written
