"""What an adjustment must be to be proposed or approved: possible, and about its period's parties."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vpp.foundation.errors import InvalidInput, NotPermitted, WrongState
from vpp.foundation.money import minor_unit
from vpp.portfolio.party import PartyKind
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import UnitOfWork
from vpp.workflows.recording import found
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.reporting import instructions_of
from vpp.workflows.second_person import is_same_person
from vpp.workflows.settlement_dues import has_lost_readings
from vpp.workflows.settlement_events import months_near

LARGEST_AMOUNT = Decimal(10) ** 12
"""No adjustment is as much as this in units of its currency: sums stay far from the ledger's bounds."""
_ANSWERABLE = frozenset({DisputeState.OPEN, DisputeState.UPHELD})


@dataclass(frozen=True, slots=True)
class AdjustmentProposal:
    """What somebody proposes.

    Attributes:
        period: Settlement period that it belongs to, YYYY-MM.
        payer_party_id: Who pays.
        payee_party_id: Who is paid.
        amount: Above 0, a whole number of minor units.
        currency: ISO 4217 code.
        reason: Why, in one line of words; stands on the statements.
        event_id: The event that it is about; empty for none.
        site_id: The site that it is about; empty for none.
        dispute_id: The dispute that it answers; empty for one by hand.
    """

    period: str
    payer_party_id: str
    payee_party_id: str
    amount: Decimal
    currency: str
    reason: str
    event_id: str = ""
    site_id: str = ""
    dispute_id: str = ""


def check_amount(proposal: AdjustmentProposal) -> None:
    """Refuse an amount that is not above 0, or that nobody can pay.

    Raises:
        InvalidInput: It is not, or the currency is none that the project settles in.
    """
    amount, unit = proposal.amount, minor_unit(proposal.currency)
    if not (amount.is_finite() and 0 < amount < LARGEST_AMOUNT) or amount % unit:
        raise InvalidInput(
            f"amount is {amount} {proposal.currency}, expected above 0, below {LARGEST_AMOUNT:,} and a whole "
            f"number of {unit} {proposal.currency}; payer and payee say which way it goes",
            amount=str(amount),
        )


def check_parties(uow: UnitOfWork, rules: MarketRules, proposal: AdjustmentProposal) -> None:
    """Refuse parties and a currency that the period has no statement of.

    The aggregator has one only where it charged a fee; it may pay or be paid in any period that was settled.

    Raises:
        InvalidInput: A party is not concerned by the period, both are one or site owners, or the currency is
            none of theirs.
        NotFound: There is no such party.
    """
    period, currencies, kinds = proposal.period, set(), set()
    if proposal.payer_party_id == proposal.payee_party_id:
        raise InvalidInput(
            f"payer and payee are both parties/{proposal.payer_party_id}, expected two parties",
            payer=proposal.payer_party_id,
        )
    for field, party_id in (("payer", proposal.payer_party_id), ("payee", proposal.payee_party_id)):
        kinds.add(found(uow.parties.get(party_id), f"parties/{party_id}").value.kind)
        statements = uow.statements.heads(where={"party_id": party_id, "period": period})
        if not statements and party_id != rules.aggregator_party_id:
            raise InvalidInput(
                f"{field} is parties/{party_id}, which has no statement of {period}, expected a party that "
                "the period concerns",
                **{field: party_id},
            )
        currencies |= {stored.value.currency for stored in statements}
    if kinds == {PartyKind.SITE_OWNER}:
        raise InvalidInput(
            f"payer parties/{proposal.payer_party_id} and payee parties/{proposal.payee_party_id} both own "
            "sites, expected a grid operator or the aggregator: owners learn nothing of each other",
            payer=proposal.payer_party_id,
            payee=proposal.payee_party_id,
        )
    if proposal.currency not in currencies:
        raise InvalidInput(
            f"currency is {proposal.currency}, expected that of the parties' statements of {period}: "
            f"{', '.join(sorted(currencies))}",
            currency=proposal.currency,
        )


def check_period(uow: UnitOfWork, rules: MarketRules, period: str) -> None:
    """Refuse a period that no run can settle again, so that nothing could ever be booked.

    Raises:
        WrongState: It was settled before evidence was kept, and its readings are gone.
    """
    if has_lost_readings(period, uow.settlement_runs.of_period(period), rules, uow.now):
        raise WrongState(
            f"settlement_period is {period}, which was settled before evidence was kept and cannot be "
            "settled again: put the amount into a later period",
            settlement_period=period,
        )


def check_subject(uow: UnitOfWork, proposal: AdjustmentProposal) -> None:
    """Refuse an event of another period, and a site that belongs to neither party.

    Both parties can prove an adjustment's line from what they know: an operator its own events, an owner its
    own sites in them.

    Raises:
        InvalidInput: They are, the event is another operator's, or no site of the owner in it is named.
        NotFound: There is no such event or site.
    """
    parties = {proposal.payer_party_id, proposal.payee_party_id}
    if proposal.site_id:
        owner = found(uow.sites.get(proposal.site_id), f"sites/{proposal.site_id}").value.party_id
        if owner not in parties:
            raise InvalidInput(
                f"site is sites/{proposal.site_id}, expected one that payer or payee owns",
                site=proposal.site_id,
            )
    if proposal.event_id:
        _check_event(uow, proposal, sorted(parties))


def _check_event(uow: UnitOfWork, proposal: AdjustmentProposal, party_ids: Sequence[str]) -> None:
    event = found(uow.events.get(proposal.event_id), f"events/{proposal.event_id}").value
    if proposal.period not in months_near(event):
        start = event.delivery.start.isoformat()
        raise InvalidInput(
            f"event is events/{proposal.event_id}, which began at {start}, expected "
            f"one of settlement_period {proposal.period}",
            event=proposal.event_id,
        )
    kinds = {
        party_id: found(uow.parties.get(party_id), f"parties/{party_id}").value.kind for party_id in party_ids
    }
    operators = [party_id for party_id, kind in kinds.items() if kind is PartyKind.OPERATOR]
    if operators and event.operator_party_id not in operators:
        raise InvalidInput(
            f"event is events/{proposal.event_id}, which parties/{event.operator_party_id} bought, expected "
            f"one of parties/{operators[0]}",
            event=proposal.event_id,
        )
    if PartyKind.SITE_OWNER in kinds.values():
        called = {stored.value.site_id for stored in instructions_of(uow, proposal.event_id)}
        if proposal.site_id not in called:
            named = f"sites/{proposal.site_id}" if proposal.site_id else "empty"
            raise InvalidInput(
                f"site is {named}, expected the owner's site that events/{proposal.event_id} called",
                site=proposal.site_id,
            )


def check_answers(uow: UnitOfWork, proposal: AdjustmentProposal) -> None:
    """Refuse to answer a dispute of another period or party, or one that is not to be answered.

    Raises:
        InvalidInput: It is of another period, or of a third party.
        NotFound: There is no such dispute.
        WrongState: It has been rejected or taken back.
    """
    dispute = _dispute(uow, proposal.dispute_id)
    full_name = f"disputes/{proposal.dispute_id}"
    if dispute.period != proposal.period:
        raise InvalidInput(
            f"settlement_period is {proposal.period}, expected {dispute.period}, that of {full_name}",
            settlement_period=proposal.period,
        )
    if dispute.party_id not in {proposal.payer_party_id, proposal.payee_party_id}:
        raise InvalidInput(
            f"payer and payee are neither parties/{dispute.party_id}, who raised {full_name}",
            dispute=proposal.dispute_id,
        )
    if dispute.state not in _ANSWERABLE:
        raise WrongState(
            f"{full_name} is {dispute.state.name}, expected OPEN or UPHELD to be answered with an amount",
            state=dispute.state.name,
        )


def check_upheld(uow: UnitOfWork, principal: Principal, dispute_id: str) -> None:
    """Refuse to approve what answers a dispute that nobody upheld, or that the caller raised.

    Raises:
        WrongState: It has not been upheld.
        NotPermitted: The caller raised it.
    """
    dispute = _dispute(uow, dispute_id)
    if dispute.state is not DisputeState.UPHELD:
        raise WrongState(
            f"disputes/{dispute_id} is {dispute.state.name}, expected UPHELD before its amount is approved",
            state=dispute.state.name,
        )
    if is_same_person(principal, principal_id=dispute.raised_by, person=dispute.raised_person):
        raise NotPermitted(
            f"disputes/{dispute_id} was raised by you; another person approves what answers it",
            raised_by=dispute.raised_by,
        )


def _dispute(uow: UnitOfWork, dispute_id: str) -> DisputeRecord:
    return found(uow.disputes.get(dispute_id), f"disputes/{dispute_id}").value
