"""From a clearing to awards, a reason for every bid, instructions, and what is owed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Clearing
from vpp.dispatch.allocation import AwardedReduction, allocate, net_reduction
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.staggering import staggered
from vpp.foundation.audit_chain import canonical
from vpp.foundation.audit_verification import CLEARING_FIELD, INPUT_FIELD, SEALED_FIELD
from vpp.portfolio.product import ProductProfile
from vpp.workflows.baselines import freeze_at
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.derating import derating_note
from vpp.workflows.looks import owe_first_look
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.missed_deadlines import is_too_late, refuse
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork
from vpp.workflows.recording import HUB, audit, move_event
from vpp.workflows.records import AwardRecord, BidRecord, BidState, ClearingRecord
from vpp.workflows.sealing import SEAL_BROKEN

NOT_ELIGIBLE = "REJECTED_NOT_ELIGIBLE"
"""Reason of a bid that never came into the book."""
CAME_LATER = "another event claims the resource at the time, or the enrolment is not active"


def commit_clearing(  # noqa: PLR0913  what was cleared, and by which rules
    uow: UnitOfWork,
    stored: Stored[Event],
    clearing: Clearing,
    product: ProductProfile,
    rules: MarketRules,
    *,
    left_out: Mapping[str, str],
    cleared_from: str,
    is_sealed: bool = False,
) -> Stored[Event]:
    """Write a clearing: awards, a reason for every bid, instructions, notices and deadlines.

    However many bids there are, it takes a fixed number of statements.

    Args:
        uow: The transaction; the caller commits.
        stored: The event, GATE_CLOSED or (emergency) DRAFT.
        clearing: What `auction.clear` returned for its book.
        product: The event's product.
        rules: The hub's rules.
        left_out: Why bids could not stand in the book, by bid id.
        cleared_from: Book and rules as `clearing_input` writes them, kept so that the clearing can be made
            again.
        is_sealed: Whether they are kept unreadable, because the bids in the book still stand.

    Returns:
        The event: OFFERED if anything was awarded, FAILED with NO_AWARDS if nothing was, and with
        MISSED_DEADLINE if the sites could no longer be told in time.
    """
    event = stored.value
    if is_too_late(uow.now, event.delivery, product, rules):
        return refuse(uow, stored, product)
    document = clearing_to_document(clearing)
    uow.clearings.add(event.event_id, ClearingRecord(event.event_id, document))
    uow.clearing_inputs.add(event.event_id, cleared_from, is_sealed=is_sealed)
    awards = _awards(event, clearing)
    uow.awards.add_all({award.award_id: award for award in awards})
    rejected_sites = _record_outcomes(uow, event, clearing, left_out)
    bidders = sorted({award.site_id for award in clearing.awards} | rejected_sites)
    uow.outbox.append_all([Owed(site_id, MessageKind.AWARD_NOTICE, event.event_id) for site_id in bidders])
    cleared = replace(event, state=EventState.CLEARED, awarded_reduction_kw=_awarded_kw(event, awards))
    written = move_event(uow, stored, cleared, HUB)
    audit(
        uow,
        HUB,
        "clear",
        f"events/{event.event_id}",
        bids=len(clearing.awards),
        awards=len(awards),
        status=clearing.status.name,
        input_hash=clearing.input_hash,
        **vouched_for(document, cleared_from),
        **({SEALED_FIELD: "until the event is over"} if is_sealed else {}),
    )
    if not awards:
        failed = replace(cleared, state=EventState.FAILED, failure_reason="NO_AWARDS")
        return move_event(uow, written, failed, HUB)
    return _dispatch(uow, written, awards, product, rules)


def vouched_for(document: Mapping[str, Any], cleared_from: str) -> dict[str, str]:
    """Return the digests of a clearing and of what it was cleared from, by which an export is checked."""
    texts = {CLEARING_FIELD: canonical(document), INPUT_FIELD: cleared_from}
    return {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _awards(event: Event, clearing: Clearing) -> list[AwardRecord]:
    return [
        AwardRecord(
            award_id=f"{event.event_id}-{award.bid_id}",
            event_id=event.event_id,
            bid_id=award.bid_id,
            site_id=award.site_id,
            resource_id=award.resource_id,
            delivery=event.delivery,
            reduction_kw=award.reduction_kw,
            rebound_kw=award.rebound_kw,
            price_per_mwh=award.price_per_mwh,
            make_whole=award.make_whole,
            reason=award.reason.name,
        )
        for award in clearing.awards
        if any(award.reduction_kw)
    ]


def _awarded_kw(event: Event, awards: Sequence[AwardRecord]) -> tuple[float, ...]:
    total_kw = [0.0] * len(event.target_reduction_kw)
    for award in awards:
        net_kw = net_reduction(award.reduction_kw, award.rebound_kw)
        total_kw = [total + kw for total, kw in zip(total_kw, net_kw, strict=True)]
    return tuple(max(0.0, kw) for kw in total_kw)


def _record_outcomes(
    uow: UnitOfWork, event: Event, clearing: Clearing, left_out: Mapping[str, str]
) -> set[str]:
    """Give every bid its reason; returns the sites of bids that never came into the book."""
    outcomes = {
        award.bid_id: (any(award.reduction_kw), award.reason.name, award.detail) for award in clearing.awards
    }
    counted = {award.bid_id: award.delivery_ratio for award in clearing.awards}
    outcomes |= {bid_id: (False, NOT_ELIGIBLE, detail) for bid_id, detail in left_out.items()}
    uow.bids.uncover()  # or what a standing bid fared would be written beside its seal, for anybody to read
    if event.auction_id is None:
        bids = uow.bids.get_all(outcomes)
    else:  # the sealed book, and what did not come into it
        stored = uow.bids.page(where={"auction_id": event.auction_id}, limit=EVERYTHING)
        bids = {each.value.bid.bid_id: each for each in stored}
    changes, rejected_sites = {}, set()
    for bid_id, known in bids.items():
        outcome = outcomes.get(bid_id)
        if outcome is None:
            if known.value.state is not BidState.SUBMITTED:
                if known.value.reason == SEAL_BROKEN:  # refused at the gate; its site is told with the others
                    rejected_sites.add(known.value.bid.site_id)
                continue
            outcome = (False, NOT_ELIGIBLE, CAME_LATER)
            rejected_sites.add(known.value.bid.site_id)
        elif bid_id in left_out:
            if event.auction_id is not None:  # a standing bid stays open for the next call
                rejected_sites.add(known.value.bid.site_id)
        else:
            note = derating_note(counted[bid_id], known.value.bid)
            outcome = (*outcome[:2], "; ".join(filter(None, (outcome[2], note))))
        changed = _with_outcome(known.value, *outcome)
        if changed != known.value:  # a standing bid may fare as it did at the last call
            changes[bid_id] = (changed, known.revision)
    uow.bids.update_all(changes)
    return rejected_sites


def _with_outcome(record: BidRecord, is_accepted: bool, reason: str, detail: str) -> BidRecord:  # noqa: FBT001  of a tuple
    if record.auction_id is None:  # a standing bid stays open for the next call
        state = record.state
    else:
        state = BidState.AWARDED if is_accepted else BidState.REJECTED
    return replace(record, state=state, reason=reason, reason_detail=detail)


def _dispatch(
    uow: UnitOfWork,
    stored: Stored[Event],
    awards: list[AwardRecord],
    product: ProductProfile,
    rules: MarketRules,
) -> Stored[Event]:
    event = stored.value
    parts = [
        AwardedReduction(
            award.site_id, award.resource_id, net_reduction(award.reduction_kw, award.rebound_kw)
        )
        for award in awards
    ]
    instructions = staggered(
        allocate(event, parts, product.settlement_interval, is_local=not product.call.is_instructed),
        start_spread=rules.start_spread,
        release_spread=rules.release_spread,
    )
    uow.instructions.add_all({each.instruction_id: each for each in instructions})
    uow.outbox.append_all(
        [Owed(each.site_id, MessageKind.INSTRUCTION, each.instruction_id) for each in instructions]
    )
    uow.due.add(Due(DueKind.BASELINE_FREEZE, event.event_id, freeze_at(uow.now, rules, event, product)))
    uow.due.add(Due(DueKind.EVENT_START, event.event_id, event.delivery.start))
    owe_first_look(uow, event, instructions, rules)
    audit(uow, HUB, "dispatch", f"events/{event.event_id}", instructions=len(instructions))
    return move_event(uow, stored, replace(event, state=EventState.OFFERED), HUB)
