"""Bids by the site planner: the site in its words, and its bids in the words of the wire."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vpp.agent.bidding import HOUR, LONGEST_DEADLINE, Terms, Window, request_id, rounded_kw
from vpp.agent.commitment import Commitment
from vpp.agent.double_use import exclusions_of, shared_limits_of
from vpp.agent.learned import Learned
from vpp.agent.memory import PendingBid
from vpp.agent.projection import outlook
from vpp.agent.settings import AgentSettings
from vpp.agent.site_parts import exclusions_among, limits_among, owner_of, parts_by_owner, parts_of
from vpp.agent.site_tariff import SiteTariff
from vpp.agent.unit import Unit
from vpp.agent.wire import set_money, wire_direction
from vpp.flexibility.envelope import FlexDirection
from vpp.flexibility.planning.site_terms import ResourceTerms, SiteTerms
from vpp.flexibility.sheddable_load import within_sheddable
from vpp.foundation.direction import Direction
from vpp.v1 import auction_pb2

if TYPE_CHECKING:
    from vpp.flexibility.planning.planned_bid import BidPlan, BidWindow, PlannedBid

LONGEST_RECOVERY = 96
SMALLEST_RATIO = 0.01
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class BidTask:
    """What the planner is asked.

    Attributes:
        site: The site over delivery and recovery.
        window: What is bid for.
        sold_kw: What is sold of each resource, kW, by resource id. Shape (N,).
    """

    site: SiteTerms
    window: "BidWindow"
    sold_kw: Mapping[str, tuple[float, ...]]


def bid_task(  # noqa: PLR0913, PLR0917  a site over a window is made of these
    settings: AgentSettings,
    tariff: SiteTariff,
    learned: Learned,
    window: Window,
    units: Sequence[Unit[Any]],
    sold: Mapping[str, Sequence[Commitment]],
    load_kw: Sequence[float],
    min_bid_kw: float,
    now: datetime,
) -> BidTask | None:
    """Put a site into the planner's words; None where nothing can be planned.

    Args:
        settings: The site's configuration.
        tariff: What power costs.
        learned: What resources have shown.
        window: What is bid for.
        units: The resources that may be offered.
        sold: What has been sold of each, by resource id.
        load_kw: Forecast load per delivery interval, kW. Shape (N,).
        min_bid_kw: Smallest bid, kW.
        now: Present instant, UTC.

    Raises:
        InvalidInput: There is no price for the window.
    """
    from vpp.flexibility.planning.planned_bid import BidWindow  # noqa: PLC0415  the start stays light

    recovery_count = min(window.recovery_count, LONGEST_RECOVERY)
    count = window.interval_count + recovery_count
    prices = tariff.prices().prices_over(window.delivery.start, window.step, count)
    resources: list[ResourceTerms] = []
    sold_kw: dict[str, tuple[float, ...]] = {}
    for unit in units:
        taken = sold.get(unit.resource_id, ())
        if any(each.direction is not window.direction for each in taken):
            continue
        ahead = outlook([unit], {unit.resource_id: taken}, now, window.delivery.start, window.step)
        if not ahead.states:
            continue
        sold_by = tuple(sum(each.peak_kw(window.span(n)) for each in taken) for n in range(count))
        if max(sold_by) > 0.0:  # which of its parts was sold is not known, so it is offered as one
            whole = unit.terms(ahead.states[0], count, window.step, prices)
            parts: tuple[ResourceTerms, ...] | None = None if whole is None else (whole,)
            sold_kw[unit.resource_id] = sold_by
        else:
            parts = parts_of(unit, ahead.states[0], count, window.step, prices)
        for terms in parts or ():
            ratio = learned.confidence(unit.resource_id, terms.delivery_ratio).p10_ratio
            resources.append(replace(terms, delivery_ratio=min(1.0, max(SMALLEST_RATIO, ratio))))
    if not resources:
        return None
    is_up = window.direction is Direction.LOAD_UP
    parts_by = parts_by_owner(resources)
    shared = () if is_up else shared_limits_of(units, count)
    site = SiteTerms(
        step_hours=window.step / HOUR,
        load_kw=(*load_kw, *([load_kw[-1]] * recovery_count)),
        energy_price_per_kwh=tuple(float(price) for price in prices),
        import_limit_kw=(settings.site.largest_import_kw,) * count,
        resources=tuple(resources),
        exclusions=exclusions_among(exclusions_of(units), parts_by),
        shared_limits=limits_among(shared, parts_by),
    )
    return BidTask(
        site=site,
        window=BidWindow(
            first=0,
            count=window.interval_count,
            recovery_count=recovery_count,
            cap_price_per_mwh=window.cap_price_per_mwh,
            direction=FlexDirection.LOAD_UP if is_up else FlexDirection.LOAD_DOWN,
            min_bid_kw=min_bid_kw,
        ),
        sold_kw=sold_kw,
    )


def planned_bids(plan: "BidPlan", window: Window, terms: Mapping[str, Terms]) -> list[PendingBid]:
    """Write the planner's bids, cheapest first, within what the hub takes and the site's load leaves.

    Args:
        plan: The planner's bids.
        window: What is bid for.
        terms: What bounds the bids of each resource, by resource id.
    """
    bids: list[PendingBid] = []
    promised_kw = next((list(each.promised_kw) for each in terms.values()), [])
    grouped_kw: dict[str, list[float]] = {}
    names: dict[str, str] = {}
    for number, planned in enumerate(plan.bids):
        bid = planned
        owner = owner_of(planned.resource_id)
        bound = terms.get(owner)
        if bound is None or bound.bidding.currency != bound.rules.currency:
            continue
        if planned.exclusive_group is not None:  # its own name may hold a group's, which stays at the site
            name = names.setdefault(planned.exclusive_group, f"alternatives-{len(names) + 1}")
            bid = replace(planned, exclusive_group=name)
        bound = bound.after(_others(bids, owner, bid.exclusive_group), window.direction)
        written = _written(bid, window, replace(bound, promised_kw=tuple(promised_kw)), number)
        if written is None:
            continue
        bids.append(written)
        [commitment] = written.commitments
        # Of bids that exclude each other one is taken: the site's load is charged with the largest.
        key = planned.exclusive_group or f"alone {number}"
        before = grouped_kw.get(key, [0.0] * window.interval_count)
        after = [max(each) for each in zip(before, commitment.reduction_kw, strict=True)]
        promised_kw = [kw + more - less for kw, more, less in zip(promised_kw, after, before, strict=False)]
        grouped_kw[key] = after
    return bids


def _others(bids: Sequence[PendingBid], resource_id: str, group: str | None) -> list[Commitment]:
    """Return what other bids of a resource may take: of alternatives the largest, none of its own."""
    largest: dict[str, Commitment] = {}
    for number, bid in enumerate(bids):
        key = bid.request.bid.exclusive_group or f"alone {number}"
        for each in bid.commitments:
            known = largest.get(key)
            is_larger = known is None or max(each.reduction_kw) > max(known.reduction_kw)
            if each.resource_id == resource_id and key != group and is_larger:
                largest[key] = each
    return list(largest.values())


def _written(planned: "PlannedBid", window: Window, terms: Terms, number: int) -> PendingBid | None:
    """Write one bid; None if nothing worth bidding is left of it."""
    bid = auction_pb2.Bid(
        resource=terms.resource,
        auction=window.auction,
        delivery_ratio=planned.delivery_ratio,
        direction=wire_direction(window.direction),
    )
    if planned.exclusive_group is not None:
        bid.exclusive_group = planned.exclusive_group
    kept_ratio = 1.0 - terms.bidding.reserve_ratio
    if planned.steps:
        most_kw = _most_kw([kw * kept_ratio for kw in planned.largest_kw], window, terms)
        taken_kw = _write_steps(bid, planned, most_kw, kept_ratio, window, terms)
        budget_kwh = terms.enrolled.budget_kwh(window.direction)
        limits = [budget_kwh]
        if planned.energy_limit_kwh is not None:
            limits.append(planned.energy_limit_kwh * kept_ratio)
        if min(limits) < sum(taken_kw) * (window.step / HOUR):
            bid.energy_limit_kwh = min(limits)
        if planned.recovery_ratio > 0.0:
            after_release = min(max(1, planned.recovery_intervals), max(1, window.recovery_count))
            bid.rebound.return_ratio = planned.recovery_ratio
            bid.rebound.deadline_interval_count = min(
                window.interval_count - 1 + after_release, LONGEST_DEADLINE
            )
            bid.rebound.max_return_kw = planned.max_recovery_kw
    else:
        taken_kw = _write_block(bid, planned, window, terms)
    if max(taken_kw, default=0.0) <= 0.0:
        return None
    subject = f"{window.auction}/{number}" if number else window.auction
    request = auction_pb2.CreateBidRequest(bid=bid, request_id=request_id(subject, terms.resource))
    commitment = Commitment(owner_of(planned.resource_id), window.delivery, tuple(taken_kw), window.direction)
    return PendingBid(request, window.auction, window.gate_closes_at, (commitment,))


def _most_kw(wanted_kw: Sequence[float], window: Window, terms: Terms) -> list[float]:
    bounded_kw: Sequence[float] = [min(kw, terms.enrolled.largest_kw(window.direction)) for kw in wanted_kw]
    if terms.sheddable_kw:
        bounded_kw = within_sheddable(bounded_kw, terms.sheddable_kw, terms.promised_kw)
    return [rounded_kw(kw, terms.rules) for kw in bounded_kw]


def _price(price: Decimal, window: Window, terms: Terms) -> Decimal | None:
    """Return the price to bid at; None if nobody would take it."""
    rules = terms.rules
    asked = max(price * (1 + terms.bidding.price_margin_ratio), rules.floor_price_per_mwh).quantize(CENT)
    return asked if asked <= min(window.cap_price_per_mwh, rules.cap_price_per_mwh) else None


def _write_steps(  # noqa: PLR0913, PLR0917  steps are made of these
    bid: auction_pb2.Bid,
    planned: "PlannedBid",
    most_kw: Sequence[float],
    kept_ratio: float,
    window: Window,
    terms: Terms,
) -> list[float]:
    """Write the steps of every interval up to a bound; return what each interval offers, kW."""
    taken_kw = []
    for steps, bound_kw in zip(planned.steps, most_kw, strict=True):
        written = bid.step_offer.intervals.add()
        reached_kw, planned_kw = 0.0, 0.0
        for step in steps:
            price = _price(step.price_per_mwh, window, terms)
            planned_kw += step.power_kw * kept_ratio
            upper_kw = rounded_kw(min(planned_kw, bound_kw), terms.rules)
            if price is None or upper_kw <= reached_kw:
                continue
            each = written.steps.add()
            each.reduction_kw = upper_kw - reached_kw
            set_money(each.price_per_mwh, price, terms.rules.currency)
            reached_kw = upper_kw
        taken_kw.append(reached_kw)
    return taken_kw


def _write_block(bid: auction_pb2.Bid, planned: "PlannedBid", window: Window, terms: Terms) -> list[float]:
    """Write a block; nothing if it does not fit whole."""
    count = window.interval_count
    price = _price(planned.price_per_mwh, window, terms)
    own_kw = list(planned.largest_kw[:count])
    own_kw += [0.0] * (count - len(own_kw))
    profile = list(planned.block_kw)
    most_kw = max(own_kw)
    fits = all(room + 1e-6 >= kw for room, kw in zip(_most_kw(own_kw, window, terms), own_kw, strict=True))
    energy_kwh = sum(own_kw) * (window.step / HOUR)
    if price is None or not fits or most_kw < terms.rules.min_bid_kw:
        return []
    if energy_kwh > terms.enrolled.budget_kwh(window.direction) or min(profile[:count]) < 0.0:
        return []
    block = bid.block_offer
    block.profile_kw.extend(profile)
    block.min_acceptance_ratio = planned.min_acceptance_ratio
    set_money(block.price_per_mwh, price, terms.rules.currency)
    if planned.fixed_cost > 0:
        set_money(block.fixed_cost_amount, planned.fixed_cost, terms.rules.currency)
    return own_kw
