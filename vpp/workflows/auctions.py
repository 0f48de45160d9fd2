"""Auctions: opened by operators, closed by the clock, cleared by the solver."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from vpp.auction.buyer import ANY_TERMS, BuyerTerms
from vpp.auction.clearing import clear
from vpp.auction.clearing_input import clearing_input
from vpp.auction.rules import TieRule, UniformPrice
from vpp.auction.tender import Tender, TenderState, check_tender_transition
from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.portfolio.call_rules import Trigger
from vpp.portfolio.enrolment import EnrolmentState
from vpp.workflows.awarding import commit_clearing
from vpp.workflows.booking import (
    CLEARING_ATTEMPTS,
    auction_book,
    clearing_rules,
    conflicts,
    empty_book,
    recovery_interval_count,
)
from vpp.workflows.buyer_terms import check_terms, over_intervals
from vpp.workflows.given_ids import chosen_id
from vpp.workflows.identity import Principal, check_buyer
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.missed_deadlines import MISSED_DEADLINE
from vpp.workflows.outbox_ports import MessageKind
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, check_etag, found, move_event, product_of, promised
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.sealing import open_book, opening_of
from vpp.workflows.tendering import check_call, check_gate, default_id


def create_auction(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    *,
    auction_id: str,
    product_id: str,
    zone: str,
    delivery: Interval,
    target_reduction_kw: tuple[float, ...],
    price_cap_per_mwh: Decimal,
    currency: str,
    gate_closes_at: datetime,
    rebound_headroom_kw: float | None,
    request_id: str,
    terms: BuyerTerms = ANY_TERMS,
    uniform_price: UniformPrice = UniformPrice.FIXED_BINARIES,
    tie_rule: TieRule = TieRule.PRICE_TIME,
) -> Stored[Tender]:
    """Open an auction and its event, and invite every enrolled site of the zone.

    Args:
        units: Makes the transaction.
        principal: The operator, who will pay.
        auction_id: Last part of the name; empty lets the hub choose.
        product_id: Product whose rules apply, in their newest version.
        zone: Zone in which reductions count.
        delivery: When delivery takes place.
        target_reduction_kw: Reduction asked for per settlement interval, kW. Shape (N,).
        price_cap_per_mwh: Highest price the operator pays.
        currency: Currency of that price.
        gate_closes_at: Bids are taken until this instant, exclusive.
        rebound_headroom_kw: Largest rebound of all sites together, kW; None for no limit.
        request_id: Makes repeats harmless; empty if not given.
        terms: What the operator asks beside the target; one value may stand for every interval.
        uniform_price: Which uniform price is published.
        tie_rule: Who serves when several ask the same.

    Returns:
        The open auction.

    Raises:
        NotFound: There is no such product.
        InvalidInput: A field breaks the product's rules.
        AlreadyExists: The id is taken, or the request id was used for something else.
    """
    digest = fingerprint(
        auction_id,
        product_id,
        zone,
        delivery,
        target_reduction_kw,
        price_cap_per_mwh,
        currency,
        gate_closes_at,
        rebound_headroom_kw,
        terms,
        uniform_price,
        tie_rule,
    )
    with units() as uow:
        known = replayed(uow, principal, "create_auction", request_id, digest)
        if known is not None:
            return promised(uow.auctions.get(known), f"auctions/{known}")
        product = uow.products.latest(product_id)
        if product is None:
            raise InvalidInput(
                f"product is {product_id!r}, expected the id of a known product", product=product_id
            )
        check_call(
            product,
            trigger=Trigger.DAY_AHEAD_AUCTION,
            delivery=delivery,
            target_reduction_kw=target_reduction_kw,
            price_cap_per_mwh=price_cap_per_mwh,
            currency=currency,
            now=uow.now,
        )
        check_gate(product, delivery, gate_closes_at, uow.now)
        if auction_id:
            chosen_id(auction_id, "auction_id")
        else:
            auction_id = default_id(
                product_id, delivery.start, principal.party_id, lambda one: uow.events.get(one) is not None
            )
        tender = Tender(
            auction_id=auction_id,
            product_id=product_id,
            product_version=product.version,
            zone=zone,
            delivery=delivery,
            target_reduction_kw=target_reduction_kw,
            price_cap_per_mwh=price_cap_per_mwh,
            gate_closes_at=gate_closes_at,
            rebound_headroom_kw=rebound_headroom_kw,
            operator_party_id=principal.party_id,
            state=TenderState.OPEN,
            terms=over_intervals(
                terms,
                len(target_reduction_kw),
                len(target_reduction_kw) + recovery_interval_count(product),
            ),
            uniform_price=uniform_price,
            tie_rule=tie_rule,
            direction=product.call.direction,
        )
        check_terms(uow, empty_book(tender, product), zone)
        event = Event(
            event_id=auction_id,
            product_id=product_id,
            product_version=product.version,
            zone=zone,
            delivery=delivery,
            target_reduction_kw=target_reduction_kw,
            awarded_reduction_kw=(),
            price_cap_per_mwh=price_cap_per_mwh,
            operator_party_id=principal.party_id,
            auction_id=auction_id,
            state=EventState.OPEN,
            direction=product.call.direction,
        )
        stored = uow.auctions.add(auction_id, tender)
        uow.events.add(auction_id, event)
        uow.due.add(Due(DueKind.GATE_CLOSURE, auction_id, gate_closes_at))
        invited = 0
        for enrolment in uow.enrolments.page(where={"product_id": product_id}, limit=1_000_000):
            site = promised(uow.sites.get(enrolment.value.site_id), f"sites/{enrolment.value.site_id}")
            if enrolment.value.state is EnrolmentState.ACTIVE and site.value.zone == zone:
                uow.outbox.append(enrolment.value.site_id, MessageKind.INVITATION, auction_id)
                invited += 1
        audit(
            uow,
            principal.principal_id,
            "create_auction",
            f"auctions/{auction_id}",
            invited=invited,
            target_kw=max(target_reduction_kw),
        )
        remember(uow, principal, "create_auction", request_id, digest, auction_id)
        uow.commit()
        return stored


def cancel_auction(
    units: UnitOfWorkFactory, principal: Principal, auction_id: str, *, etag: str, request_id: str
) -> Stored[Tender]:
    """Withdraw an auction that has not been cleared, with its event.

    Raises:
        NotFound: There is no such auction, or another operator opened it.
        WrongState: It has been cleared or withdrawn.
        StaleWrite: The etag is outdated.
    """
    digest = fingerprint(auction_id)
    with units() as uow:
        stored = found(uow.auctions.get(auction_id), f"auctions/{auction_id}")
        check_buyer(principal, stored.value.operator_party_id, f"auctions/{auction_id}")
        if replayed(uow, principal, "cancel_auction", request_id, digest) is not None:
            return stored
        check_etag(stored, etag)
        check_tender_transition(stored.value.state, TenderState.CANCELLED)
        cancelled = replace(stored.value, state=TenderState.CANCELLED)
        written = uow.auctions.update(auction_id, cancelled, revision=stored.revision)
        event = promised(uow.events.get(auction_id), f"events/{auction_id}")
        move_event(
            uow,
            event,
            replace(event.value, state=EventState.CANCELLED, cancelled_at=uow.now),
            principal.principal_id,
        )
        uow.due.cancel(DueKind.GATE_CLOSURE, auction_id)
        uow.due.cancel(DueKind.CLEARING, auction_id)
        remember(uow, principal, "cancel_auction", request_id, digest, auction_id)
        uow.commit()
        return written


def close_gate(units: UnitOfWorkFactory, auction_id: str) -> None:
    """Take no more bids, open those there are, owe the clearing. Does nothing unless the auction is open."""
    with units() as uow:
        stored = promised(uow.auctions.get(auction_id), f"auctions/{auction_id}")
        if stored.value.state is not TenderState.OPEN:
            return
        uow.auctions.update(
            auction_id, replace(stored.value, state=TenderState.GATE_CLOSED), revision=stored.revision
        )
        open_book(uow, auction_id)
        event = promised(uow.events.get(auction_id), f"events/{auction_id}")
        move_event(uow, event, replace(event.value, state=EventState.GATE_CLOSED), HUB)
        uow.due.add(Due(DueKind.CLEARING, auction_id, uow.now))
        uow.commit()


def run_auction(units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, auction_id: str) -> None:
    """Clear a closed auction and dispatch its awards. Does nothing if it is not waiting for it.

    The solver runs outside any transaction; the result is committed only if the auction is still
    waiting, so two hubs that both clear commit one result.
    """
    for _ in range(CLEARING_ATTEMPTS):
        with units(write=False) as uow:
            tender = promised(uow.auctions.get(auction_id), f"auctions/{auction_id}").value
            if tender.state is not TenderState.GATE_CLOSED:
                return
            product = product_of(uow, tender.product_id, tender.product_version)
            collected = auction_book(uow, tender, product, rules.reliability)
        clearing = pool.run(clear, collected.book, clearing_rules(product, rules, tender))
        openings = {bid_id: opening_of(record) for bid_id, record in collected.records.items()}
        cleared_from = clearing_input(collected.book, clearing_rules(product, rules, tender), openings)
        with units() as uow:
            stored = promised(uow.auctions.get(auction_id), f"auctions/{auction_id}")
            if stored.value.state is not TenderState.GATE_CLOSED:
                return
            event = promised(uow.events.get(auction_id), f"events/{auction_id}")
            if conflicts(uow, event.value, clearing, product):
                continue
            written = commit_clearing(
                uow,
                event,
                clearing,
                product,
                rules,
                left_out=collected.left_out,
                cleared_from=cleared_from,
            )
            if written.value.failure_reason != MISSED_DEADLINE:  # else it is withdrawn with its event
                cleared = replace(stored.value, state=TenderState.CLEARED)
                uow.auctions.update(auction_id, cleared, revision=stored.revision)
            uow.commit()
            return
    raise WrongState(f"other events keep claiming what auctions/{auction_id} would award; it is tried again")
