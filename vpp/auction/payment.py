"""What each award is paid, exactly, so that no accepted bid is paid less than it asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

from vpp.auction.bid import Bid, StepOffer
from vpp.auction.dispatch import Dispatch
from vpp.auction.market_view import MarketView
from vpp.auction.rules import ClearingRules
from vpp.portfolio.product import PayRule

MICRO = Decimal("0.000001")
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Payment:
    """What a bid is paid.

    Attributes:
        price_per_mwh: Per delivery interval and awarded MWh. Shape (N,).
        make_whole: Paid once.
    """

    price_per_mwh: tuple[Decimal, ...]
    make_whole: Decimal


def published_price(value: float) -> Decimal:
    """Turn a solver's price into an exact one, rounded up so that it still covers its offer.

    Example:
        >>> published_price(400 / 7), published_price(-0.0)
        (Decimal('57.142858'), Decimal('0.000000'))
    """
    return Decimal(repr(value + 0.0)).quantize(MICRO, ROUND_CEILING) + NOTHING


def energy_mwh(power_kw: float, step: timedelta) -> Decimal:
    """Return the exact energy of a power held for one interval, MWh.

    Example:
        >>> energy_mwh(400.0, timedelta(minutes=15))
        Decimal('0.1')
    """
    return Decimal(repr(power_kw)) * Decimal(int(step.total_seconds())) / Decimal(3_600_000)


def pay(
    view: MarketView, dispatch: Dispatch, clearing_price: tuple[Decimal, ...], rules: ClearingRules
) -> dict[str, Payment]:
    """Return what each bid is paid.

    Uniform prices are per MWh that counts towards the target, so that an award is paid the price
    times its delivery ratio. A product's fixed price is per MWh reduced. Rebound is not charged:
    what it costs has been weighed when the bid was accepted.

    Args:
        view: The book.
        dispatch: What is bought.
        clearing_price: Price per delivery interval. Shape (N,).
        rules: How awards are paid.

    Returns:
        Bid id -> payment; a rejected bid is paid nothing.

    Source:
        Design of the auction engine, section 3.1: pay-as-bid, uniform price, make-whole.
    """
    count = view.book.delivery_interval_count
    payments = {}
    for bid_id, bid in view.bids.items():
        if not dispatch.takes(bid_id):
            payments[bid_id] = Payment((NOTHING,) * count, NOTHING)
        elif rules.pay_rule is PayRule.AS_BID:
            payments[bid_id] = _own_price(bid, dispatch.reduction_kw[bid_id], view.book.step)
        else:
            ratio = Decimal(repr(bid.delivery_ratio)) if rules.pay_rule is PayRule.AS_CLEAR else Decimal(1)
            prices = tuple((price * ratio).quantize(MICRO, ROUND_HALF_EVEN) for price in clearing_price)
            payments[bid_id] = Payment(prices, NOTHING)
    if rules.pay_rule is not PayRule.AS_BID:
        payments |= _made_whole(view, dispatch, payments)
    return payments


def cost_of(bid: Bid, reduction_kw: tuple[float, ...], step: timedelta) -> Decimal:
    """Return what a bid asks for an award, with its fixed cost.

    Args:
        bid: The bid.
        reduction_kw: Awarded reduction, kW. Shape (N,).
        step: Length of an interval.

    Returns:
        The cost; 0 if nothing is awarded.
    """
    if not any(reduction_kw):
        return NOTHING
    if isinstance(bid.offer, StepOffer):
        costs = (_cost_in(bid.offer, t, kw, step) for t, kw in enumerate(reduction_kw))
        return sum(costs, NOTHING)
    energy = sum((energy_mwh(kw, step) for kw in reduction_kw), NOTHING)
    return bid.offer.price_per_mwh * energy + bid.offer.fixed_cost


def _cost_in(offer: StepOffer, t: int, reduction_kw: float, step: timedelta) -> Decimal:
    """Fill an interval's steps from the cheapest on."""
    cost, left = NOTHING, Decimal(repr(reduction_kw))
    for one in offer.steps[t]:
        part = min(left, Decimal(repr(one.reduction_kw)))
        cost += one.price_per_mwh * energy_mwh(float(part), step)
        left -= part
    return cost


def _own_price(bid: Bid, reduction_kw: tuple[float, ...], step: timedelta) -> Payment:
    """Pay a bid what it asks: its energy by price, its fixed cost at once."""
    if not isinstance(bid.offer, StepOffer):
        return Payment((bid.offer.price_per_mwh,) * len(reduction_kw), bid.offer.fixed_cost)
    prices = []
    for t, kw in enumerate(reduction_kw):
        mean = _cost_in(bid.offer, t, kw, step) / energy_mwh(kw, step) if kw else NOTHING
        prices.append(mean.quantize(MICRO, ROUND_CEILING))
    return Payment(tuple(prices), NOTHING)


def revenue_of(payment: Payment, reduction_kw: tuple[float, ...], step: timedelta) -> Decimal:
    """Return what an award earns by its energy, without make-whole."""
    earned = (
        price * energy_mwh(kw, step) for price, kw in zip(payment.price_per_mwh, reduction_kw, strict=True)
    )
    return sum(earned, NOTHING)


def families(bids: Mapping[str, Bid]) -> list[list[str]]:
    """Group bids that hang together by parent links, in the order of the mapping."""
    found: dict[str, list[str]] = {}
    for bid_id in bids:
        root = bid_id
        while (parent_id := bids[root].parent_bid_id) is not None:
            root = parent_id
        found.setdefault(root, []).append(bid_id)
    return list(found.values())


def _made_whole(view: MarketView, dispatch: Dispatch, payments: Mapping[str, Payment]) -> dict[str, Payment]:
    """Pay each family what its prices leave uncovered; the members that lose share it."""
    step = view.book.step
    raised = {}
    for family in families(view.bids):
        losses = {}
        for bid_id in family:
            reduction_kw = dispatch.reduction_kw[bid_id]
            revenue = revenue_of(payments[bid_id], reduction_kw, step)
            losses[bid_id] = cost_of(view.bids[bid_id], reduction_kw, step) - revenue
        uncovered = sum(losses.values(), NOTHING).quantize(MICRO, ROUND_CEILING)
        for bid_id, loss in losses.items():
            share = min(loss.quantize(MICRO, ROUND_CEILING), uncovered)
            if share > 0:
                raised[bid_id] = Payment(payments[bid_id].price_per_mwh, share)
                uncovered -= share
    return raised
