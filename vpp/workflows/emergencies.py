"""Emergency events: standing bids cleared and sites instructed at once."""

from datetime import datetime, timedelta
from decimal import Decimal

from vpp.auction.clearing import clear
from vpp.auction.clearing_input import clearing_input
from vpp.dispatch.event import Event, EventState
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.portfolio.call_rules import Trigger
from vpp.workflows.awarding import commit_clearing
from vpp.workflows.booking import CLEARING_ATTEMPTS, clearing_rules, conflicts, standing_book
from vpp.workflows.given_ids import chosen_id
from vpp.workflows.identity import Principal
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory, WorkerPool
from vpp.workflows.recording import HUB, audit, product_of, promised
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.sealing import opening_of
from vpp.workflows.tendering import check_call, check_notice, default_id


def create_emergency_event(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    pool: WorkerPool,
    rules: MarketRules,
    *,
    event_id: str,
    product_id: str,
    zone: str,
    delivery: Interval,
    target_reduction_kw: tuple[float, ...],
    price_cap_per_mwh: Decimal,
    currency: str,
    request_id: str,
) -> Stored[Event]:
    """Create an event that calls standing bids, clear them and instruct the sites.

    The event is stored as a DRAFT before the solver runs, so that an accepted call survives a
    crash; `finish_emergency` takes it up again.

    Args:
        units: Makes the transactions.
        principal: The operator, who will pay.
        pool: Runs the solver.
        rules: The hub's rules.
        event_id: Last part of the name; empty lets the hub choose.
        product_id: Product that emergencies set in motion.
        zone: Zone in which reductions count.
        delivery: When delivery takes place.
        target_reduction_kw: Reduction asked for per settlement interval, kW. Shape (N,).
        price_cap_per_mwh: Highest price the operator pays.
        currency: Currency of that price.
        request_id: Makes repeats harmless; empty if not given.

    Returns:
        The event, OFFERED, or FAILED with NO_AWARDS if no standing bid could serve it, or with
        MISSED_DEADLINE if the sites could no longer be told in time.

    Raises:
        InvalidInput: A field breaks the product's rules.
        AlreadyExists: The id is taken, or the request id was used for something else.
    """
    digest = fingerprint(event_id, product_id, zone, delivery, target_reduction_kw, price_cap_per_mwh)
    with units() as uow:
        known = replayed(uow, principal, "create_event", request_id, digest)
        if known is None:
            product = uow.products.latest(product_id)
            if product is None:
                raise InvalidInput(
                    f"product is {product_id!r}, expected the id of a known product", product=product_id
                )
            check_call(
                product,
                trigger=Trigger.EMERGENCY,
                delivery=delivery,
                target_reduction_kw=target_reduction_kw,
                price_cap_per_mwh=price_cap_per_mwh,
                currency=currency,
                now=uow.now,
            )
            check_notice(product, delivery, uow.now)
            if event_id:
                chosen_id(event_id, "event_id")
            else:
                event_id = _free_id(uow, principal, product_id, delivery.start)
            event = Event(
                event_id=event_id,
                product_id=product_id,
                product_version=product.version,
                zone=zone,
                delivery=delivery,
                target_reduction_kw=target_reduction_kw,
                awarded_reduction_kw=(),
                price_cap_per_mwh=price_cap_per_mwh,
                operator_party_id=principal.party_id,
                auction_id=None,
                state=EventState.DRAFT,
                direction=product.call.direction,
            )
            uow.events.add(event_id, event)
            # If the hub dies before it has cleared, the deadline takes the draft up again.
            uow.due.add(Due(DueKind.EMERGENCY, event_id, uow.now + taken_up_after(rules)))
            audit(uow, principal.principal_id, "create_event", f"events/{event_id}")
            remember(uow, principal, "create_event", request_id, digest, event_id)
            uow.commit()
        else:
            event_id = known
    return finish_emergency(units, pool, rules, event_id)


def taken_up_after(rules: MarketRules) -> timedelta:
    """Return when a draft that is not cleared by whoever made it is taken up by whoever looks."""
    return rules.claim_lease / 10


def finish_emergency(
    units: UnitOfWorkFactory, pool: WorkerPool, rules: MarketRules, event_id: str
) -> Stored[Event]:
    """Clear and dispatch an emergency event that is still a DRAFT; otherwise return it as it is."""
    for _ in range(CLEARING_ATTEMPTS):
        with units(write=False) as uow:
            stored = promised(uow.events.get(event_id), f"events/{event_id}")
            if stored.value.state is not EventState.DRAFT:
                return stored
            product = product_of(uow, stored.value.product_id, stored.value.product_version)
            collected = standing_book(uow, stored.value, product, rules.reliability)
        clearing = pool.run(clear, collected.book, clearing_rules(product, rules))
        openings = {bid_id: opening_of(record) for bid_id, record in collected.records.items()}
        cleared_from = clearing_input(
            collected.book, clearing_rules(product, rules), openings, are_standing=True
        )
        with units() as uow:
            stored = promised(uow.events.get(event_id), f"events/{event_id}")
            if stored.value.state is not EventState.DRAFT:
                return stored
            if conflicts(uow, stored.value, clearing, product):
                continue
            called = len(collected.book.bids) + len(collected.left_out)
            audit(uow, HUB, "open_standing_bids", f"events/{event_id}", bids=called)
            written = commit_clearing(
                uow,
                stored,
                clearing,
                product,
                rules,
                left_out=collected.left_out,
                cleared_from=cleared_from,
                is_sealed=True,
            )
            uow.due.cancel(DueKind.EMERGENCY, event_id)
            uow.commit()
            return written
    raise WrongState(f"other events keep claiming what events/{event_id} would award; send it again")


def _free_id(uow: UnitOfWork, principal: Principal, product_id: str, start: datetime) -> str:
    """Choose an id that no event has."""
    return default_id(product_id, start, principal.party_id, lambda one: uow.events.get(one) is not None)
