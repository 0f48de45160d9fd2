"""One reason per bid, with the numbers that prove it."""

from dataclasses import dataclass
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.decision import Decision
from vpp.auction.market_view import MILLI, MarketView
from vpp.auction.merit_order import is_considered, offer_price
from vpp.auction.payment import Payment
from vpp.auction.result import BidReason, ClearingStatus
from vpp.auction.rules import ClearingRules
from vpp.portfolio.product import PayRule

_EVEN = 1e-5  # currency per MWh: closer than this to the price, an offer is at the margin
_ROOM_KW = 1e-3

Explanation = tuple[BidReason, str]


@dataclass(frozen=True, slots=True)
class _Surplus:
    """What a rejected bid would have gained, in currency: with and without the cost of its rebound."""

    net: float
    gross: float
    at_price: float


def explain(
    view: MarketView, decision: Decision, payments: dict[str, Payment], rules: ClearingRules
) -> dict[str, Explanation]:
    """Say of every bid why it was accepted or not.

    Args:
        view: The book.
        decision: What was decided.
        payments: What is paid.
        rules: How awards are paid.

    Returns:
        Bid id -> reason and the numbers behind it.

    Source:
        Design of the auction engine, section 7: one reason per bid, from a closed list.
    """
    return {
        bid_id: _accepted(view, decision, bid_id, payments[bid_id], rules)
        if decision.dispatch.takes(bid_id)
        else _rejected(view, decision, bid_id)
        for bid_id in view.bids
    }


def above_fixed_price(bid: Bid, fixed_price: Decimal) -> Explanation:
    """Say that no part of a bid is within a product's fixed price."""
    if isinstance(bid.offer, StepOffer):
        lowest = min(step.price_per_mwh for steps in bid.offer.steps for step in steps)
    else:
        lowest = bid.offer.price_per_mwh
    return (
        BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        f"asks {lowest} per MWh or more with its fixed cost, the product pays {fixed_price}",
    )


def _accepted(
    view: MarketView, decision: Decision, bid_id: str, payment: Payment, rules: ClearingRules
) -> Explanation:
    awarded_kw = decision.dispatch.reduction_kw[bid_id]
    if bid_id in view.blocks:
        ratio, low = decision.dispatch.ratio[bid_id], view.blocks[bid_id].min_acceptance_ratio
        part = f"ratio {ratio:.6g} of at least {low:.6g}"
        is_full, is_lowest = ratio >= 1, ratio <= low
    else:
        wanted = [t for t in range(len(awarded_kw)) if t in view.has_target]
        offered_kw = {
            t: sum(view.steps[key].reduction_kw for key in view.steps_of.get((bid_id, t), ())) for t in wanted
        }
        part = f"{sum(awarded_kw):.6g} of {sum(offered_kw.values()):.6g} kW over the intervals with a target"
        is_full = all(awarded_kw[t] >= offered_kw[t] - _ROOM_KW for t in wanted)
        is_lowest = False
    if payment.make_whole > 0 and rules.pay_rule is not PayRule.AS_BID:
        return (
            BidReason.ACCEPTED_WITH_MAKE_WHOLE,
            f"{part}; the prices leave {payment.make_whole} of its family's cost uncovered",
        )
    if is_full:
        return BidReason.ACCEPTED_IN_FULL, part
    if is_lowest:
        return BidReason.ACCEPTED_AT_MINIMUM_RATIO, part
    return BidReason.ACCEPTED_IN_PART, f"marginal: {part}"


def _rejected(view: MarketView, decision: Decision, bid_id: str) -> Explanation:
    if decision.status is ClearingStatus.FALLBACK and not is_considered(view, bid_id):
        return (
            BidReason.REJECTED_LEFT_OUT_OF_FALLBACK,
            "the merit order judges no rebound and no linked block",
        )
    if not any(_offers_in(view, bid_id, t) for t in view.has_target):
        return BidReason.REJECTED_NOT_NEEDED, "offers nothing in an interval with a target"
    surplus = _surplus(view, decision, bid_id)
    if surplus.gross < -_EVEN:
        return (
            BidReason.REJECTED_PRICE_ABOVE_CLEARING,
            f"would lose {-surplus.gross:.6g} at a clearing price of {surplus.at_price:.6g} per MWh",
        )
    return (
        _blocked_by_its_own_terms(view, decision, bid_id)
        or _blocked_by_rebound(view, decision, surplus)
        or _blocked_at_the_margin(view, decision, bid_id, surplus)
    )


def _offers_in(view: MarketView, bid_id: str, t: int) -> bool:
    if bid_id in view.blocks:
        return view.profile_kw[bid_id][t] > 0
    return (bid_id, t) in view.steps_of


def _surplus(view: MarketView, decision: Decision, bid_id: str) -> _Surplus:
    """Value a rejected bid at the prices: a block as a whole, steps by their best interval."""
    price, ratio = decision.price_per_mwh, view.bids[bid_id].delivery_ratio
    if bid_id in view.blocks:
        block, profile = view.blocks[bid_id], view.profile_kw[bid_id]
        earned = sum(price[t] * ratio * max(change, 0.0) for t, change in enumerate(profile))
        owed = sum(price[t] * max(-change, 0.0) for t, change in enumerate(profile))
        asked = float(block.price_per_mwh) * view.shed_mwh(bid_id) + float(block.fixed_cost)
        gross = earned * view.interval_h / MILLI - asked
        best = max((t for t, change in enumerate(profile) if change > 0), key=lambda t: price[t])
        return _Surplus(gross - owed * view.interval_h / MILLI, gross, price[best])
    options = []
    for t in sorted(view.has_target):
        if keys := view.steps_of.get((bid_id, t)):
            gross = price[t] * ratio - float(view.steps[keys[0]].price_per_mwh)
            options.append(_Surplus(gross - _return_cost(view, decision, bid_id, t), gross, price[t]))
    return max(options, key=lambda option: (option.net, option.gross))


def _return_cost(view: MarketView, decision: Decision, bid_id: str, t: int) -> float:
    """Return what the rebound of one MWh costs where it is cheapest."""
    rebound = view.rebounds.get(bid_id)
    if rebound is None:
        return 0.0
    window = range(t, min(t + rebound.window_intervals, len(view.intervals) - 1) + 1)
    return rebound.ratio * min(decision.price_per_mwh[k] for k in window)


def _blocked_by_its_own_terms(view: MarketView, decision: Decision, bid_id: str) -> Explanation | None:
    """Look for a parent, a group or a limit that kept the bid out."""
    bid, dispatch = view.bids[bid_id], decision.dispatch
    if bid.parent_bid_id is not None and not dispatch.takes(bid.parent_bid_id):
        return BidReason.REJECTED_PARENT, f"its parent {bid.parent_bid_id} is rejected"
    if bid.exclusive_group is not None:
        for other in view.groups[bid.site_id, bid.exclusive_group]:
            if dispatch.takes(other):
                return BidReason.REJECTED_GROUP_ALTERNATIVE, f"{other} of its group is accepted"
    block = view.blocks.get(bid_id)
    least = block.min_acceptance_ratio if block is not None else 0.0
    if block is not None and bid.energy_limit_kwh is not None:
        least_kwh = least * view.shed_mwh(bid_id) * MILLI
        if least_kwh > bid.energy_limit_kwh:
            limit = f"needs {least_kwh:.6g} kWh, its limit is {bid.energy_limit_kwh:.6g}"
            return BidReason.REJECTED_ENERGY_LIMIT, limit
    limit_kw = view.book.resource_limit_kw.get((bid.site_id, bid.resource_id))
    if limit_kw is None:
        return None
    siblings = view.by_resource[bid.site_id, bid.resource_id]
    used_kw = {t: sum(dispatch.reduction_kw[other][t] for other in siblings) for t in view.has_target}
    needs_kw = {
        t: least * view.profile_kw[bid_id][t] if block is not None else _ROOM_KW
        for t in view.has_target
        if _offers_in(view, bid_id, t)
    }
    short = [t for t, kw in needs_kw.items() if used_kw[t] + kw > limit_kw + _ROOM_KW / 2]
    is_blocked = bool(short) if block is not None else len(short) == len(needs_kw)
    if not is_blocked:
        return None
    t = short[0]
    used = (
        f"interval {t}: {used_kw[t]:.6g} of {limit_kw:.6g} kW of the resource are awarded to its other bids"
    )
    return BidReason.REJECTED_RESOURCE_LIMIT, used


def _blocked_by_rebound(view: MarketView, decision: Decision, surplus: _Surplus) -> Explanation | None:
    """Tell whether the bid gains before its rebound and not after it."""
    if surplus.net > _EVEN or surplus.net >= surplus.gross - _EVEN:
        return None
    cost = surplus.gross - surplus.net
    priced_rooms = [
        t for t in view.intervals if t not in view.has_target and decision.price_per_mwh[t] > _EVEN
    ]
    if priced_rooms:
        headroom_kw = view.book.rebound_headroom_kw
        rooms = f"rebound headroom of {headroom_kw} kW is used up in interval {priced_rooms[0]}"
        return BidReason.REJECTED_REBOUND_HEADROOM, f"{rooms}; its rebound would cost {cost:.6g}"
    return (
        BidReason.REJECTED_PRICE_ABOVE_CLEARING,
        f"gains {surplus.gross:.6g} at {surplus.at_price:.6g} per MWh, but its rebound costs {cost:.6g}",
    )


def _blocked_at_the_margin(
    view: MarketView, decision: Decision, bid_id: str, surplus: _Surplus
) -> Explanation:
    """Tell a lost tie from a block that does not fit and from what is simply not needed."""
    rival = _winner_of_tie(view, decision, bid_id)
    if rival is not None:
        return (
            BidReason.REJECTED_TIE_LOST,
            f"{rival} asks the same and was submitted at {view.bids[rival].submitted_at.isoformat()}",
        )
    if bid_id in view.blocks and surplus.net > -_EVEN:
        return (
            BidReason.REJECTED_INDIVISIBLE,
            f"does not fit; forgoes a surplus of {max(surplus.net, 0.0):.6g}",
        )
    if abs(surplus.net) <= _EVEN:
        return (
            BidReason.REJECTED_NOT_NEEDED,
            f"at the margin of {surplus.at_price:.6g} per MWh, served by others",
        )
    return BidReason.REJECTED_NOT_NEEDED, "the accepted bids serve the target at no higher cost"


def _winner_of_tie(view: MarketView, decision: Decision, bid_id: str) -> str | None:
    """Return the accepted bid of the same price and earlier submission, if there is one."""
    price = _lowest_price(view, bid_id)
    for other in sorted(view.bids, key=view.rank.__getitem__):
        if view.rank[other] >= view.rank[bid_id]:
            return None
        is_block_pair = isinstance(view.bids[bid_id].offer, BlockOffer) == isinstance(
            view.bids[other].offer, BlockOffer
        )
        if (
            is_block_pair
            and decision.dispatch.takes(other)
            and abs(_lowest_price(view, other) - price) <= _EVEN
        ):
            return other
    return None


def _lowest_price(view: MarketView, bid_id: str) -> float:
    if bid_id in view.blocks:
        return offer_price(view, bid_id)
    return min(offer_price(view, key) for key in view.steps if key[0] == bid_id)
