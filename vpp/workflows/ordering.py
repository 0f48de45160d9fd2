"""Ordered events: mandatory curtailment, test dispatches and dry runs, without auction, bids or pay."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from vpp.dispatch.allocation import AwardedReduction, allocate
from vpp.dispatch.event import Event, EventState
from vpp.dispatch.instruction import Instruction
from vpp.dispatch.purpose import EventPurpose
from vpp.dispatch.sharing import share_target
from vpp.dispatch.staggering import staggered
from vpp.foundation.direction import Direction
from vpp.foundation.errors import InvalidInput, WrongState
from vpp.foundation.interval import Interval
from vpp.portfolio.product import ProductProfile
from vpp.portfolio.resource import Resource
from vpp.workflows.baselines import freeze_at
from vpp.workflows.booking import EVERYTHING, active_sites
from vpp.workflows.given_ids import chosen_id
from vpp.workflows.identity import Principal
from vpp.workflows.looks import owe_first_look
from vpp.workflows.market_rules import MarketRules
from vpp.workflows.movable import movable_of_all
from vpp.workflows.one_direction import moved_otherwise
from vpp.workflows.outbox_ports import MessageKind, Owed
from vpp.workflows.ports import Due, DueKind, Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.recording import HUB, audit, move_event, promised
from vpp.workflows.requesting import fingerprint, remember, replayed
from vpp.workflows.tendering import check_delivery, check_target, default_id

NO_CAPACITY = "NO_CAPACITY"
"""Why an order fails that no site can do anything for."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OrderedCall:
    """What an operator orders.

    Attributes:
        purpose: Why; anything but MARKET.
        product_id: Product by whose grid and baseline delivery is measured. Its rules about notice,
            duration and price bind what is bought, not what is ordered.
        zone: Zone in which reductions count.
        delivery: When delivery takes place; it lies ahead.
        target_reduction_kw: Reduction asked for per settlement interval, kW. Shape (N,).
        site_ids: The sites that are meant; empty for every active one of the zone.
    """

    purpose: EventPurpose
    product_id: str
    zone: str
    delivery: Interval
    target_reduction_kw: tuple[float, ...]
    site_ids: tuple[str, ...] = ()


def create_ordered_event(  # noqa: PLR0913  who, by which rules, what, and the request's two ids
    units: UnitOfWorkFactory,
    principal: Principal,
    rules: MarketRules,
    call: OrderedCall,
    *,
    event_id: str,
    request_id: str,
) -> Stored[Event]:
    """Share an order's target over sites and instruct them at once, in one transaction.

    Each site gets a part in proportion to how far it can be moved: what its resources are enrolled with, over
    the whole of delivery, and no more than its forecast load above its minimum, or upwards its connection
    above its forecast load. What it has sold to a market is not taken off: an order goes first. Sites that
    an event of the same rank or a higher one moves the other way are left out.

    Args:
        units: Makes the transaction.
        principal: The operator.
        rules: The hub's rules.
        call: What is ordered.
        event_id: Last part of the name; empty lets the hub choose.
        request_id: Makes repeats harmless; empty if not given.

    Returns:
        The event, OFFERED; FAILED with NO_CAPACITY if no site can shed anything. What it awards is
        what sites are told to do: less than the target where they cannot do more.

    Raises:
        InvalidInput: The purpose is paid, the product unknown, delivery begun or off the grid, the
            target no quantity, or a site not an active one of the zone.
        WrongState: A site that is named is moved the other way then, by no lower rank.
        AlreadyExists: The id is taken, or the request id was used for something else.
    """
    digest = fingerprint(event_id, call)
    with units() as uow:
        known = replayed(uow, principal, "order_event", request_id, digest)
        if known is not None:
            return promised(uow.events.get(known), f"events/{known}")
        product = _checked_product(uow, call)
        site_ids = _called_sites(uow, call, product)
        event_id = chosen_id(event_id, "event_id") if event_id else _free_id(uow, principal, call)
        stored = uow.events.add(event_id, _draft(call, event_id, product, principal))
        audit(
            uow,
            principal.principal_id,
            "create_event",
            f"events/{event_id}",
            purpose=call.purpose.value,
            target_kw=max(call.target_reduction_kw),
        )
        written = _dispatch(uow, stored, site_ids, product, rules)
        remember(uow, principal, "order_event", request_id, digest, event_id)
        uow.commit()
        return written


def _checked_product(uow: UnitOfWork, call: OrderedCall) -> ProductProfile:
    if not call.purpose.is_ordered:
        raise InvalidInput(
            f"purpose is {call.purpose.name}, expected one that is ordered; markets open auctions or "
            "call standing bids",
            purpose=call.purpose.name,
        )
    product = uow.products.latest(call.product_id)
    if product is None:
        raise InvalidInput(
            f"product is {call.product_id!r}, expected the id of a known product", product=call.product_id
        )
    check_delivery(product, call.delivery, uow.now)
    check_target(call.target_reduction_kw, call.delivery, product.settlement_interval)
    return product


def _called_sites(uow: UnitOfWork, call: OrderedCall, product: ProductProfile) -> list[str]:
    active = active_sites(uow, call.product_id, call.zone)
    strangers = sorted(set(call.site_ids) - active)
    if strangers:
        raise InvalidInput(
            f"sites are {', '.join(strangers)} among others, expected active ones of zone {call.zone} that "
            f"are enrolled in {call.product_id}",
            sites=", ".join(strangers),
        )
    otherwise = moved_otherwise(uow, call.delivery, product, purpose=call.purpose)
    for site_id in sorted(set(call.site_ids) & otherwise.keys()):
        raise WrongState(
            f"another event moves sites/{site_id} the other way then; expected sites that nothing of the "
            "same rank or a higher one moves",  # whose event is not the caller's to know
            site=f"sites/{site_id}",
        )
    return sorted(set(call.site_ids) or active.difference(otherwise))


def _free_id(uow: UnitOfWork, principal: Principal, call: OrderedCall) -> str:
    """Choose an id that says what is ordered of which product and when, and is not taken."""
    prefix = f"{call.purpose.value.replace('_', '-')}-{call.product_id}"
    return default_id(
        prefix, call.delivery.start, principal.party_id, lambda one: uow.events.get(one) is not None
    )


def _draft(call: OrderedCall, event_id: str, product: ProductProfile, principal: Principal) -> Event:
    return Event(
        event_id=event_id,
        product_id=call.product_id,
        product_version=product.version,
        zone=call.zone,
        delivery=call.delivery,
        target_reduction_kw=call.target_reduction_kw,
        awarded_reduction_kw=(),
        price_cap_per_mwh=Decimal(0),
        operator_party_id=principal.party_id,
        auction_id=None,
        state=EventState.DRAFT,
        purpose=call.purpose,
        site_ids=tuple(sorted(set(call.site_ids))),
        direction=product.call.direction,
    )


def _dispatch(
    uow: UnitOfWork,
    stored: Stored[Event],
    site_ids: Sequence[str],
    product: ProductProfile,
    rules: MarketRules,
) -> Stored[Event]:
    event = stored.value
    instructions = staggered(
        _instructions(uow, event, site_ids, product),
        start_spread=rules.start_spread,
        release_spread=rules.release_spread,
    )
    if not instructions:
        failed = replace(event, state=EventState.FAILED, failure_reason=NO_CAPACITY)
        return move_event(uow, stored, failed, HUB)
    told_kw = tuple(
        sum(values) for values in zip(*(each.target_reduction_kw for each in instructions), strict=True)
    )
    cleared = replace(event, state=EventState.CLEARED, awarded_reduction_kw=told_kw)
    written = move_event(uow, stored, cleared, HUB)
    uow.instructions.add_all({each.instruction_id: each for each in instructions})
    uow.outbox.append_all(
        [Owed(each.site_id, MessageKind.INSTRUCTION, each.instruction_id) for each in instructions]
    )
    uow.due.add(Due(DueKind.BASELINE_FREEZE, event.event_id, freeze_at(uow.now, rules, event, product)))
    uow.due.add(Due(DueKind.EVENT_START, event.event_id, event.delivery.start))
    owe_first_look(uow, event, instructions, rules)
    audit(uow, HUB, "dispatch", f"events/{event.event_id}", instructions=len(instructions))
    return move_event(uow, written, replace(cleared, state=EventState.OFFERED), HUB)


def _instructions(
    uow: UnitOfWork, event: Event, site_ids: Sequence[str], product: ProductProfile
) -> list[Instruction]:
    step = product.settlement_interval
    enrolled_kw = _enrolled_kw(uow, site_ids, event)
    room_kw = _room_kw(uow, site_ids, event, step)
    capacity_kw = {
        site_id: tuple(
            min(sum(enrolled_kw[site_id].values()), room)
            for room in room_kw.get(site_id, (float("inf"),) * len(event.target_reduction_kw))
        )
        for site_id in site_ids
    }
    shares_kw = share_target(event.target_reduction_kw, capacity_kw)
    parts = []
    for site_id in site_ids:
        whole_kw = sum(enrolled_kw[site_id].values())
        if whole_kw <= 0.0:
            continue  # it cannot be moved this way, and is told nothing
        for resource_id, kw in sorted(enrolled_kw[site_id].items()):
            part_kw = tuple(share * kw / whole_kw for share in shares_kw[site_id])
            parts.append(AwardedReduction(site_id, resource_id, part_kw))
    return allocate(event, parts, step)


def _enrolled_kw(uow: UnitOfWork, site_ids: Sequence[str], event: Event) -> Mapping[str, dict[str, float]]:
    """Return how far each resource can be moved throughout delivery, kW, by site and resource."""
    wanted = set(site_ids)
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for stored in uow.resources.page(limit=EVERYTHING):
        if stored.value.site_id in wanted:
            lasting_kw = _lasting_kw(stored.value, event.direction, event.delivery)
            found[stored.value.site_id][stored.value.resource_id] = lasting_kw
    return found


def _lasting_kw(resource: Resource, direction: Direction, delivery: Interval) -> float:
    """Return how far a resource can be moved on average over delivery within energy and duration, kW."""
    envelope = resource.envelope
    most_kw = envelope.most_kw(direction)
    energy_kwh = min(envelope.budget_kwh(direction), most_kw * (envelope.max_duration / HOUR))
    return min(most_kw, energy_kwh / (delivery.duration / HOUR))


def _room_kw(
    uow: UnitOfWork, site_ids: Sequence[str], event: Event, step: timedelta
) -> Mapping[str, tuple[float, ...]]:
    """Return how far the forecast load of sites lets them be moved, kW; unforecast ones left out."""
    sites = [stored.value for stored in uow.sites.get_all(site_ids).values()]
    count = len(event.target_reduction_kw)
    return movable_of_all(uow, sites, event.direction, event.delivery.start, step, count)
