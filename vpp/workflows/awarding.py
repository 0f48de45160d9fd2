"""From a clearing to awards, a reason for every bid, instructions, and what is owed."""

from collections.abc import Mapping
from dataclasses import replace

from vpp.auction.clearing_json import clearing_to_document
from vpp.auction.result import Clearing
from vpp.dispatch.allocation import AwardedReduction, allocate, net_reduction
from vpp.dispatch.event import Event, EventState
from vpp.portfolio.product import ProductProfile
from vpp.workflows.baselines import freeze_at
from vpp.workflows.booking import EVERYTHING
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, MessageKind, Stored, UnitOfWork
from vpp.workflows.recording import HUB, audit, move_event
from vpp.workflows.records import AwardRecord, BidRecord, BidState, ClearingRecord

NOT_ELIGIBLE = "REJECTED_NOT_ELIGIBLE"
"""Reason of a bid that never came into the book."""


def commit_clearing(  # noqa: PLR0913  what was cleared, and by which rules
    uow: UnitOfWork,
    stored: Stored[Event],
    clearing: Clearing,
    product: ProductProfile,
    rules: MarketRules,
    *,
    left_out: Mapping[str, str],
) -> Stored[Event]:
    """Write a clearing: awards, a reason for every bid, instructions, notices and deadlines.

    Args:
        uow: The transaction; the caller commits.
        stored: The event, GATE_CLOSED or (emergency) DRAFT.
        clearing: What `auction.clear` returned for its book.
        product: The event's product.
        rules: The hub's rules.
        left_out: Why bids could not stand in the book, by bid id.

    Returns:
        The event, OFFERED if anything was awarded, FAILED with NO_AWARDS otherwise.
    """
    event_id = stored.value.event_id
    uow.clearings.add(event_id, ClearingRecord(event_id, clearing_to_document(clearing)))
    awarded_kw = [0.0] * len(stored.value.target_reduction_kw)
    awards: list[AwardRecord] = []
    notified: dict[str, None] = {}
    for award in clearing.awards:
        is_accepted = any(award.reduction_kw)
        notified[award.site_id] = None
        _record_outcome(
            uow, award.bid_id, is_accepted=is_accepted, reason=award.reason.name, detail=award.detail
        )
        if not is_accepted:
            continue
        record = AwardRecord(
            award_id=f"{event_id}-{award.bid_id}",
            event_id=event_id,
            bid_id=award.bid_id,
            site_id=award.site_id,
            resource_id=award.resource_id,
            delivery=stored.value.delivery,
            reduction_kw=award.reduction_kw,
            rebound_kw=award.rebound_kw,
            price_per_mwh=award.price_per_mwh,
            make_whole=award.make_whole,
            reason=award.reason.name,
        )
        uow.awards.add(record.award_id, record)
        awards.append(record)
        net_kw = net_reduction(award.reduction_kw, award.rebound_kw)
        awarded_kw = [total + kw for total, kw in zip(awarded_kw, net_kw, strict=True)]
    for bid_id, detail in left_out.items():
        _record_outcome(uow, bid_id, is_accepted=False, reason=NOT_ELIGIBLE, detail=detail)
    for site_id in _reject_the_rest(uow, event_id):
        notified[site_id] = None
    for site_id in sorted(notified):
        uow.outbox.append(site_id, MessageKind.AWARD_NOTICE, event_id)
    cleared = replace(
        stored.value, state=EventState.CLEARED, awarded_reduction_kw=tuple(max(0.0, kw) for kw in awarded_kw)
    )
    written = move_event(uow, stored, cleared, HUB)
    audit(
        uow,
        HUB,
        "clear",
        f"events/{event_id}",
        bids=len(clearing.awards),
        awards=len(awards),
        status=clearing.status.name,
        input_hash=clearing.input_hash,
    )
    if not awards:
        failed = replace(cleared, state=EventState.FAILED, failure_reason="NO_AWARDS")
        return move_event(uow, written, failed, HUB)
    return _dispatch(uow, written, awards, product, rules)


def _reject_the_rest(uow: UnitOfWork, auction_id: str) -> list[str]:
    """Give a reason to the bids that never came into the book; returns their sites."""
    left_out = []
    for stored in uow.bids.page(where={"auction_id": auction_id}, limit=EVERYTHING):
        if stored.value.state is BidState.SUBMITTED:
            rejected = replace(
                stored.value,
                state=BidState.REJECTED,
                reason=NOT_ELIGIBLE,
                reason_detail="another event claims the resource at the time, or the enrolment is not active",
            )
            uow.bids.update(stored.value.bid.bid_id, rejected, revision=stored.revision)
            left_out.append(stored.value.bid.site_id)
    return left_out


def _record_outcome(uow: UnitOfWork, bid_id: str, *, is_accepted: bool, reason: str, detail: str) -> None:
    stored = uow.bids.get(bid_id)
    if stored is None:
        return
    record: BidRecord = stored.value
    if record.auction_id is None:  # a standing bid stays open for the next call
        state = record.state
    else:
        state = BidState.AWARDED if is_accepted else BidState.REJECTED
    uow.bids.update(
        bid_id, replace(record, state=state, reason=reason, reason_detail=detail), revision=stored.revision
    )


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
    instructions = allocate(event, parts, product.settlement_interval)
    for instruction in instructions:
        uow.instructions.add(instruction.instruction_id, instruction)
        uow.outbox.append(instruction.site_id, MessageKind.INSTRUCTION, instruction.instruction_id)
    uow.due.add(Due(DueKind.BASELINE_FREEZE, event.event_id, freeze_at(uow.now, rules, event, product)))
    uow.due.add(Due(DueKind.EVENT_START, event.event_id, event.delivery.start))
    audit(uow, HUB, "dispatch", f"events/{event.event_id}", instructions=len(instructions))
    return move_event(uow, stored, replace(event, state=EventState.OFFERED), HUB)
