"""From what the models can offer to bids on the wire."""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from vpp.agent.commitment import Commitment
from vpp.agent.memory import PendingBid
from vpp.agent.settings import BiddingTable
from vpp.agent.wire import set_money, wire_direction
from vpp.flexibility.offer import Offer
from vpp.flexibility.sheddable_load import within_sheddable
from vpp.foundation.direction import Direction
from vpp.foundation.interval import Interval
from vpp.v1 import auction_pb2

HOUR = timedelta(hours=1)
LONGEST_DEADLINE = 400
"""Most intervals that a rebound's deadline may have on the wire."""


@dataclass(frozen=True, slots=True)
class ProductRules:
    """What a product asks of a bid.

    Attributes:
        min_bid_kw: Smallest bid, kW.
        increment_kw: Bids are whole multiples of this, kW; 0 means any size.
        floor_price_per_mwh: Lowest price of a bid.
        cap_price_per_mwh: Highest price of a bid.
        currency: ISO 4217 code.
        settlement_interval: Length of a delivery interval.
        is_emergency: Whether it is served from standing bids alone.
        direction: Which way consumption is moved.
        max_bid_kw: Largest bid, kW; infinite for any size.
    """

    min_bid_kw: float
    increment_kw: float
    floor_price_per_mwh: Decimal
    cap_price_per_mwh: Decimal
    currency: str
    settlement_interval: timedelta
    is_emergency: bool
    direction: Direction = Direction.LOAD_DOWN
    max_bid_kw: float = math.inf


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the hub was told of a resource; no bid may exceed it.

    Attributes:
        max_reduction_kw: Largest reduction, kW.
        energy_budget_kwh: Largest reduction energy per activation, kWh.
        max_increase_kw: Largest increase, kW.
        increase_budget_kwh: Largest increase energy per activation, kWh; infinite for no such limit.
    """

    max_reduction_kw: float
    energy_budget_kwh: float
    max_increase_kw: float = 0.0
    increase_budget_kwh: float = math.inf

    def largest_kw(self, direction: Direction) -> float:
        """Return the largest change in a direction, kW."""
        return self.max_increase_kw if direction is Direction.LOAD_UP else self.max_reduction_kw

    def budget_kwh(self, direction: Direction) -> float:
        """Return the largest energy of an activation in a direction, kWh."""
        return self.increase_budget_kwh if direction is Direction.LOAD_UP else self.energy_budget_kwh


@dataclass(frozen=True, slots=True)
class Window:
    """What is bid for.

    Attributes:
        auction: `auctions/{auction}`; empty for a standing bid.
        product: `products/{product}` of a standing bid; empty with an auction.
        delivery: When; a standing bid's lasts as long as the call that it must survive.
        step: Length of one delivery interval.
        recovery_count: Intervals after delivery into which a rebound may reach.
        cap_price_per_mwh: Highest price that is accepted.
        gate_closes_at: Bids are taken until this instant; None for a standing bid.
        direction: Which way consumption is moved.
    """

    auction: str
    product: str
    delivery: Interval
    step: timedelta
    recovery_count: int
    cap_price_per_mwh: Decimal
    gate_closes_at: datetime | None
    direction: Direction = Direction.LOAD_DOWN

    @property
    def interval_count(self) -> int:
        """Number of delivery intervals."""
        return self.delivery.duration // self.step

    def span(self, n: int) -> Interval:
        """Return the n-th delivery interval."""
        return Interval(self.delivery.start + n * self.step, self.delivery.start + (n + 1) * self.step)


@dataclass(frozen=True, slots=True)
class Terms:
    """What bounds the bids of one resource.

    Attributes:
        resource: `sites/{site}/resources/{resource}`.
        enrolled: What the hub was told of it.
        rules: What the product asks.
        bidding: How the site bids.
        sheddable_kw: Load of the whole site that can be shed per delivery interval, kW; empty while
            nobody knows. Shape (N,).
        promised_kw: What the site's promises and earlier bids take of it, kW. Shape (N,).
        number: Which of the resource's bids it is, from 0.
    """

    resource: str
    enrolled: Enrolled
    rules: ProductRules
    bidding: BiddingTable
    sheddable_kw: tuple[float, ...] = ()
    promised_kw: tuple[float, ...] = ()
    number: int = 0

    def after(self, sold: Sequence[Commitment], direction: Direction) -> "Terms":
        """Return the terms of the resource's next bid, beside which these may be taken too."""
        taken_kw = sum(max(each.reduction_kw) for each in sold)
        taken_kwh = sum(each.energy_kwh for each in sold)
        left_kw = max(0.0, self.enrolled.largest_kw(direction) - taken_kw)
        left_kwh = max(0.0, self.enrolled.budget_kwh(direction) - taken_kwh)
        is_up = direction is Direction.LOAD_UP
        left = (
            replace(self.enrolled, max_increase_kw=left_kw, increase_budget_kwh=left_kwh)
            if is_up
            else replace(self.enrolled, max_reduction_kw=left_kw, energy_budget_kwh=left_kwh)
        )
        return replace(self, enrolled=left)


def request_id(subject: str, resource: str) -> str:
    """Name a request so that a retry makes the same name.

    Example:
        >>> request_id("auctions/evening", "sites/a/resources/b") == request_id(
        ...     "auctions/evening", "sites/a/resources/b")
        True
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{subject}/{resource}"))


def bid_for(window: Window, offer: Offer, terms: Terms, sold: Sequence[Commitment]) -> PendingBid | None:
    """Make a bid of an offer, less what has been sold and what is kept back.

    Args:
        window: What is bid for.
        offer: What the resource's model can offer.
        terms: What bounds the bid.
        sold: What has been sold of the resource, or offered and not yet answered.

    Returns:
        The bid, or None if nothing worth bidding is left, or the price is above the cap.
    """
    prices = _prices_per_mwh(window, offer, terms)
    overlapping = [each for each in sold if _overlaps(each.delivery, window)]
    if set(prices) == {None} or (overlapping and not offer.divisible):
        return None
    reduction_kw, energy_kwh = _quantities(window, offer, terms, overlapping)
    reduction_kw = [kw if price is not None else 0.0 for kw, price in zip(reduction_kw, prices, strict=False)]
    step_hours = window.step / HOUR
    if max(reduction_kw) <= 0.0 or energy_kwh <= max(0.0, terms.rules.min_bid_kw * step_hours):
        return None
    bid = auction_pb2.Bid(
        resource=terms.resource,
        auction=window.auction,
        product=window.product,
        delivery_ratio=offer.delivery_ratio,
        direction=wire_direction(window.direction),
    )
    if offer.divisible or (not window.auction and offer.min_acceptance_ratio < 1.0):
        _write_steps(bid, reduction_kw if window.auction else reduction_kw[:1], prices, terms.rules.currency)
        _write_bounds(bid, window, offer, energy_kwh)
    elif not window.auction or not _write_block(
        bid, window, _shrunk(offer, reduction_kw), reduction_kw, prices[0] or Decimal(0), terms.rules.currency
    ):
        return None
    subject = window.auction or window.product
    if terms.number:
        subject = f"{subject}/{terms.number}"
    request = auction_pb2.CreateBidRequest(bid=bid, request_id=request_id(subject, terms.resource))
    commitments: tuple[Commitment, ...] = ()
    if window.auction:
        commitments = (Commitment(offer.resource_id, window.delivery, tuple(reduction_kw), window.direction),)
    return PendingBid(request, window.auction, window.gate_closes_at, commitments)


def _prices_per_mwh(window: Window, offer: Offer, terms: Terms) -> list[Decimal | None]:
    """Return the price to bid at per interval; None where nobody would take it, or in another currency."""
    rules, bidding = terms.rules, terms.bidding
    prices: list[Decimal | None] = []
    for n in range(window.interval_count):
        # A standing bid has one price, whenever it is called.
        least = offer.price_at(n) if window.auction else offer.price_per_mwh
        price = max(least * (1 + bidding.price_margin_ratio), rules.floor_price_per_mwh)
        price = price.quantize(Decimal("0.01"))
        is_taken = price <= min(window.cap_price_per_mwh, rules.cap_price_per_mwh)
        prices.append(price if is_taken and bidding.currency == rules.currency else None)
    return prices


def _quantities(
    window: Window, offer: Offer, terms: Terms, overlapping: Sequence[Commitment]
) -> tuple[list[float], float]:
    """Return the reduction per interval, kW, and the energy over all of them, kWh, that may be sold."""
    kept_ratio = 1.0 - terms.bidding.reserve_ratio if offer.divisible else 1.0
    bounded_kw: Sequence[float] = [
        min(
            (offer.reduction_kw[n] - sum(each.peak_kw(window.span(n)) for each in overlapping)) * kept_ratio,
            terms.enrolled.largest_kw(window.direction),
        )
        for n in range(window.interval_count)
    ]
    if terms.sheddable_kw:
        bounded_kw = within_sheddable(bounded_kw, terms.sheddable_kw, terms.promised_kw)
    reduction_kw = [rounded_kw(free_kw, terms.rules) for free_kw in bounded_kw]
    energy_kwh = _energy_limit_kwh(window, offer, terms.enrolled, kept_ratio, overlapping)
    if not window.auction:  # one quantity, which must last for the whole call
        lasting_kw = min(*reduction_kw, energy_kwh / (window.delivery.duration / HOUR))
        reduction_kw = [rounded_kw(lasting_kw, terms.rules)] * window.interval_count
    is_whole = min(reduction_kw) > 0.0 and sum(reduction_kw) * (window.step / HOUR) <= energy_kwh
    for kw, offered_kw in zip(reduction_kw, offer.reduction_kw, strict=False):
        # What runs or stands as one gives that much at least; rounding down sells a little less of it.
        is_whole &= kw >= offered_kw * offer.min_acceptance_ratio - max(terms.rules.increment_kw, 1e-6)
    if not offer.divisible and not is_whole:
        return [0.0], 0.0
    return reduction_kw, energy_kwh


def _shrunk(offer: Offer, reduction_kw: Sequence[float]) -> Offer:
    """Return an indivisible offer of which less is bid: the least that may be accepted stays what it was."""
    share = min(kw / offered_kw for kw, offered_kw in zip(reduction_kw, offer.reduction_kw, strict=False))
    return replace(offer, min_acceptance_ratio=min(1.0, offer.min_acceptance_ratio / share))


def _overlaps(delivery: Interval, window: Window) -> bool:
    """Whether a commitment draws on the same energy: at the same time, or before it has recovered."""
    reach = window.recovery_count * window.step
    return delivery.start < window.delivery.end + reach and window.delivery.start < delivery.end + reach


def rounded_kw(free_kw: float, rules: ProductRules) -> float:
    """Round down to whole increments within the largest bid; what is below the smallest bid is nothing."""
    rounded_kw = min(free_kw, rules.max_bid_kw)
    if rules.increment_kw > 0.0:
        rounded_kw = math.floor(rounded_kw / rules.increment_kw + 1e-9) * rules.increment_kw
    return rounded_kw if rounded_kw > 0.0 and rounded_kw >= rules.min_bid_kw else 0.0


def _energy_limit_kwh(
    window: Window, offer: Offer, enrolled: Enrolled, kept_ratio: float, overlapping: Sequence[Commitment]
) -> float:
    """Return the energy that may be sold: what is there, can be paid back in time, and is not sold."""
    offered_kwh = math.inf if offer.energy_limit_kwh is None else offer.energy_limit_kwh
    sold_kwh = sum(each.energy_kwh for each in overlapping)
    limit_kwh = min(max(0.0, offered_kwh - sold_kwh) * kept_ratio, enrolled.budget_kwh(window.direction))
    if offer.recovery_ratio > 0.0 and window.recovery_count > 0 and offer.max_recovery_kw > 0.0:
        payable_kwh = offer.max_recovery_kw * window.recovery_count * (window.step / HOUR)
        limit_kwh = min(limit_kwh, payable_kwh / offer.recovery_ratio)
    return limit_kwh


def _write_steps(
    bid: auction_pb2.Bid, reduction_kw: Sequence[float], prices: Sequence[Decimal | None], currency: str
) -> None:
    """Write one step per interval, at the interval's price."""
    for kw, price in zip(reduction_kw, prices, strict=False):
        steps = bid.step_offer.intervals.add()
        if kw > 0.0 and price is not None:
            step = steps.steps.add()
            step.reduction_kw = kw
            set_money(step.price_per_mwh, price, currency)


def _write_bounds(bid: auction_pb2.Bid, window: Window, offer: Offer, energy_kwh: float) -> None:
    """Write how much energy there is, and how it comes back."""
    if math.isfinite(energy_kwh):
        bid.energy_limit_kwh = energy_kwh
    if offer.recovery_ratio > 0.0:
        # The agent pays back after release, so the first interval's energy waits for the whole
        # delivery too. A shorter deadline would have the auction buy rebound inside the event.
        after_release = min(max(1, offer.recovery_intervals), max(1, window.recovery_count))
        deadline_count = window.interval_count - 1 + after_release
        bid.rebound.return_ratio = offer.recovery_ratio
        bid.rebound.deadline_interval_count = min(deadline_count, LONGEST_DEADLINE)
        bid.rebound.max_return_kw = offer.max_recovery_kw


def _write_block(  # noqa: PLR0913, PLR0917  a block is made of these
    bid: auction_pb2.Bid,
    window: Window,
    offer: Offer,
    reduction_kw: Sequence[float],
    price: Decimal,
    currency: str,
) -> bool:
    """Write a block, its rebound spread over the recovery; tell whether the rebound fits into it."""
    rebound_kw: list[float] = []
    if offer.recovery_ratio > 0.0 and offer.recovery_intervals > 0:
        count = min(offer.recovery_intervals, window.recovery_count)
        each_kw = sum(reduction_kw) * offer.recovery_ratio / count if count else math.inf
        if each_kw > offer.max_recovery_kw:
            return False
        rebound_kw = [-each_kw] * count
    block = bid.block_offer
    block.profile_kw.extend([*reduction_kw, *rebound_kw])
    block.min_acceptance_ratio = offer.min_acceptance_ratio
    set_money(block.price_per_mwh, price, currency)
    if offer.fixed_cost > 0:
        set_money(block.fixed_cost_amount, offer.fixed_cost, currency)
    return True
