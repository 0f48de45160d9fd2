"""What each award is paid, exactly, so that no accepted bid is paid less than it asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal

import numpy as np

from vpp.auction.bid import Bid, StepOffer
from vpp.auction.cost import micro
from vpp.auction.dispatch import Dispatch
from vpp.auction.market.canonical import MICRO, CanonicalBook
from vpp.auction.rules import ClearingRules
from vpp.portfolio.money_rules import PayRule

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
    return Decimal(repr(float(value) + 0.0)).quantize(MICRO, ROUND_CEILING) + NOTHING


def energy_mwh(power_kw: float, step: timedelta) -> Decimal:
    """Return the exact energy of a power held for one interval, MWh.

    Example:
        >>> energy_mwh(400.0, timedelta(minutes=15))
        Decimal('0.1')
    """
    return Decimal(repr(float(power_kw))) * Decimal(int(step.total_seconds())) / Decimal(3_600_000)


def pay(
    dispatch: Dispatch,
    asked: Sequence[Decimal],
    zone_price: Mapping[str, tuple[Decimal, ...]],
    rules: ClearingRules,
) -> list[Payment]:
    """Return what each bid is paid.

    Uniform prices are per MWh that counts towards the target, so that an award is paid its zone's
    price times its delivery ratio. A product's fixed price is per MWh reduced. Rebound is not
    charged: what it costs has been weighed when the bid was accepted.

    Args:
        dispatch: What is bought.
        asked: What each bid asks for its award. Shape (B,).
        zone_price: Price per delivery interval of each zone. Shape (N,) each.
        rules: How awards are paid.

    Returns:
        One payment per bid, in canonical order; a rejected bid is paid nothing. Shape (B,).

    Source:
        Design of the auction engine, section 3.1: pay-as-bid, uniform price, make-whole.
    """
    canonical = dispatch.canonical
    nothing = Payment((NOTHING,) * canonical.delivery_count, NOTHING)
    if rules.pay_rule is PayRule.AS_BID:
        return [
            _own_price(dispatch, place, asked[place]) if dispatch.taken[place] else nothing
            for place in range(len(canonical.bids))
        ]
    uniform: dict[tuple[str, float, bool], Payment] = {}
    payments = []
    for place, bid in enumerate(canonical.bids):
        if not dispatch.taken[place]:
            payments.append(nothing)
            continue
        ratio = (
            bid.delivery_ratio if rules.pay_rule is PayRule.AS_CLEAR and canonical.is_aligned[place] else 1.0
        )
        key = bid.zone, ratio, bool(canonical.is_aligned[place])
        known = uniform.get(key)
        if known is None:
            exact = Decimal(repr(ratio))
            sign = 1 if canonical.is_aligned[place] else -1  # who moves the other way takes what others give
            prices = (sign * (price * exact) for price in zone_price[bid.zone])
            known = Payment(
                tuple(price.quantize(MICRO, ROUND_HALF_EVEN) + NOTHING for price in prices), NOTHING
            )
            uniform[key] = known
        payments.append(known)
    return _made_whole(dispatch, asked, payments)


def revenues(dispatch: Dispatch, payments: Sequence[Payment]) -> list[Decimal]:
    """Return what each award earns by its energy, without make-whole. Shape (B,)."""
    unit = Decimal(round(dispatch.canonical.book.step.total_seconds())) / Decimal(3600 * 10**15)
    taken = np.flatnonzero(dispatch.taken)
    found = [NOTHING] * len(payments)
    known: dict[int, list[int]] = {}
    for place in taken.tolist():
        payment = payments[place]
        prices = known.get(id(payment.price_per_mwh))
        if prices is None:
            prices = known[id(payment.price_per_mwh)] = [micro(price) for price in payment.price_per_mwh]
        power = dispatch.reduction_kw[place]
        cells = np.flatnonzero(power).tolist()
        kws = np.rint(power[cells] * 1e6).astype(np.int64).tolist()
        found[place] = sum(kw * prices[t] for t, kw in zip(cells, kws, strict=True)) * unit
    return found


def families(canonical: CanonicalBook) -> list[list[int]]:
    """Group places of bids that hang together by parent links, in canonical order."""
    found: dict[int, list[int]] = {}
    for place, bid in enumerate(canonical.bids):
        root = bid
        while root.parent_bid_id is not None:
            root = canonical.bids[canonical.index[root.parent_bid_id]]
        found.setdefault(place if root is bid else canonical.index[root.bid_id], []).append(place)
    return list(found.values())


def _made_whole(dispatch: Dispatch, asked: Sequence[Decimal], payments: list[Payment]) -> list[Payment]:
    """Pay each family what its prices leave uncovered; the members that lose share it."""
    earned = revenues(dispatch, payments)
    raised = list(payments)
    for family in families(dispatch.canonical):
        taken = [place for place in family if dispatch.taken[place]]
        losses = {place: asked[place] - earned[place] for place in taken}
        uncovered = sum(losses.values(), NOTHING).quantize(MICRO, ROUND_CEILING)
        for place, loss in losses.items():
            share = min(loss.quantize(MICRO, ROUND_CEILING), uncovered)
            if share > 0:
                raised[place] = Payment(payments[place].price_per_mwh, share)
                uncovered -= share
    return raised


def _own_price(dispatch: Dispatch, place: int, asked: Decimal) -> Payment:
    """Pay a bid its own price in each interval, and what that leaves of its cost as make-whole."""
    canonical = dispatch.canonical
    bid, power, step = canonical.bids[place], dispatch.reduction_kw[place], canonical.book.step
    if isinstance(bid.offer, StepOffer):
        prices = tuple(
            _mean_price(canonical, bid, t, float(kw)) if kw > 0 else NOTHING for t, kw in enumerate(power)
        )
        once = NOTHING
        if bid.run_limits is not None:
            once = bid.run_limits.start_cost * dispatch.starts.get(place, 0)
        return Payment(prices, once)
    own = canonical.effective_price(bid, bid.offer.price_per_mwh)
    earned = sum((own * energy_mwh(kw, step) for kw in power if kw > 0), NOTHING)
    return Payment(tuple(own if kw > 0 else NOTHING for kw in power), asked - earned)


def _mean_price(canonical: CanonicalBook, bid: Bid, t: int, kw: float) -> Decimal:
    """Return the mean price of an interval's cheapest steps, rounded up."""
    if not isinstance(bid.offer, StepOffer):
        return NOTHING
    left, total = Decimal(repr(kw)), NOTHING
    for step in bid.offer.steps[t]:
        part = min(left, Decimal(repr(step.reduction_kw)))
        total += part * canonical.effective_price(bid, step.price_per_mwh)
        left -= part
    return (total / Decimal(repr(kw))).quantize(MICRO, ROUND_CEILING)
