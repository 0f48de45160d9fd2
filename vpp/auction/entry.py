"""What a bid must look like to enter the book. What breaks a rule is refused, never corrected."""

import math
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from vpp.auction.bid import Bid, BlockOffer, Rebound, StepOffer
from vpp.auction.book import Book
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import BidRules

_ON_INCREMENT = 1e-6  # a float quantity counts as a whole multiple within this share of the increment


def check_bid(bid: Bid, rules: BidRules, *, interval_count: int, enrolled_reduction_kw: float) -> None:
    """Refuse a bid that the product does not allow.

    Args:
        bid: The bid.
        rules: The product's rules for bids.
        interval_count: Number of delivery intervals.
        enrolled_reduction_kw: Largest reduction the resource is enrolled with, kW.

    Raises:
        InvalidInput: A field breaks a rule; the message names it, its value and what was
            expected.
    """
    _check_common(bid)
    if isinstance(bid.offer, StepOffer):
        _check_steps(bid, bid.offer, interval_count)
        quantities_kw = [sum(step.reduction_kw for step in steps) for steps in bid.offer.steps]
        prices = [step.price_per_mwh for steps in bid.offer.steps for step in steps]
        sizes_kw = [step.reduction_kw for steps in bid.offer.steps for step in steps]
    else:
        _check_block(bid, bid.offer, interval_count)
        quantities_kw = [change_kw for change_kw in bid.offer.profile_kw if change_kw > 0]
        prices = [bid.offer.price_per_mwh]
        sizes_kw = quantities_kw
    for price in prices:
        if not rules.price_floor_per_mwh <= price <= rules.price_cap_per_mwh:
            expected = f"{rules.price_floor_per_mwh} to {rules.price_cap_per_mwh}"
            raise _refused(bid, "price_per_mwh", price, expected)
    for quantity_kw in quantities_kw:
        if 0 < quantity_kw < rules.min_bid_kw:
            raise _refused(bid, "reduction_kw", quantity_kw, f"at least {rules.min_bid_kw} kW per interval")
        if quantity_kw > enrolled_reduction_kw * (1 + _ON_INCREMENT):
            raise _refused(
                bid, "reduction_kw", quantity_kw, f"at most the enrolled {enrolled_reduction_kw} kW"
            )
    for size_kw in sizes_kw:
        multiple = size_kw / rules.increment_kw if rules.increment_kw else 0.0
        if abs(multiple - round(multiple)) > _ON_INCREMENT:
            raise _refused(bid, "reduction_kw", size_kw, f"a whole multiple of {rules.increment_kw} kW")


def check_book(book: Book) -> None:
    """Refuse a book that cannot be cleared as it stands.

    Args:
        book: The book; its bids need not have passed `check_bid`.

    Raises:
        InvalidInput: The book's own fields or a bid's shape break a rule, a bid id occurs
            twice, bids are in several zones, or a parent is missing, no block, of another site,
            or its own ancestor.
    """
    name = book.auction_id
    if book.step <= timedelta(0):
        raise InvalidInput(f"step of {name} is {book.step}, expected above zero", step=str(book.step))
    if not book.target_kw or any(not math.isfinite(value) or value < 0 for value in book.target_kw):
        raise InvalidInput(
            f"target_kw of {name} is {book.target_kw}, expected one or more finite values, none negative",
            target_kw=str(book.target_kw),
        )
    limits = {"rebound_headroom_kw": book.rebound_headroom_kw or 0.0}
    limits |= {f"resource_limit_kw of {'/'.join(key)}": kw for key, kw in book.resource_limit_kw.items()}
    limits["recovery_interval_count"] = book.recovery_interval_count
    for field, value in limits.items():
        if not math.isfinite(value) or value < 0:
            raise InvalidInput(f"{field} of {name} is {value}, expected 0 or more", field=field)
    if not book.price_cap_per_mwh.is_finite() or book.price_cap_per_mwh <= 0:
        cap = str(book.price_cap_per_mwh)
        raise InvalidInput(f"price_cap_per_mwh of {name} is {cap}, expected above 0", price_cap_per_mwh=cap)
    for bid in book.bids:
        _check_common(bid)
        if isinstance(bid.offer, StepOffer):
            _check_steps(bid, bid.offer, book.delivery_interval_count)
        else:
            _check_block(bid, bid.offer, book.delivery_interval_count)
            if len(bid.offer.profile_kw) > book.horizon_interval_count:
                expected = f"at most {book.horizon_interval_count} intervals"
                raise _refused(bid, "profile_kw", len(bid.offer.profile_kw), expected)
    _check_between_bids(book)


def _check_between_bids(book: Book) -> None:
    by_id = {bid.bid_id: bid for bid in book.bids}
    twice = [bid_id for bid_id, count in Counter(bid.bid_id for bid in book.bids).items() if count > 1]
    if twice:
        raise InvalidInput(f"bid_id {twice[0]} occurs twice, expected once", bid_id=twice[0])
    zones = sorted({bid.zone for bid in book.bids})
    if len(zones) > 1:
        raise InvalidInput(f"zone is one of {zones}, expected the same for every bid", zone=str(zones))
    parents = {}
    for bid in book.bids:
        if bid.parent_bid_id is None:
            continue
        parent = by_id.get(bid.parent_bid_id)
        if parent is None or not isinstance(parent.offer, BlockOffer) or parent.site_id != bid.site_id:
            raise _refused(bid, "parent_bid_id", bid.parent_bid_id, "a block of the same site in the book")
        parents[bid.bid_id] = [bid.parent_bid_id]
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise InvalidInput(f"parent_bid_id forms the cycle {cycle}, expected none", cycle=cycle) from error


def _check_common(bid: Bid) -> None:
    if not 0 < bid.delivery_ratio <= 1:  # NaN fails as well
        raise _refused(bid, "delivery_ratio", bid.delivery_ratio, "above 0 and at most 1")
    if bid.submitted_at.utcoffset() != timedelta(0):
        raise _refused(bid, "submitted_at", bid.submitted_at, "an instant in UTC")
    limit_kwh = bid.energy_limit_kwh
    if limit_kwh is not None and not (math.isfinite(limit_kwh) and limit_kwh > 0):
        raise _refused(bid, "energy_limit_kwh", limit_kwh, "above 0, or none")
    if bid.parent_bid_id is not None and not isinstance(bid.offer, BlockOffer):
        raise _refused(bid, "parent_bid_id", bid.parent_bid_id, "none, because steps have no ratio")


def _check_steps(bid: Bid, offer: StepOffer, interval_count: int) -> None:
    if len(offer.steps) != interval_count:
        raise _refused(bid, "steps", f"{len(offer.steps)} intervals", f"{interval_count} intervals")
    if not any(offer.steps):
        raise _refused(bid, "steps", "empty", "a step in one interval at least")
    for steps in offer.steps:
        for step in steps:
            if not (math.isfinite(step.reduction_kw) and step.reduction_kw > 0):
                raise _refused(bid, "reduction_kw", step.reduction_kw, "above 0")
            _check_price(bid, step.price_per_mwh)
        prices = [step.price_per_mwh for step in steps]
        if prices != sorted(prices):
            raise _refused(bid, "price_per_mwh", [str(price) for price in prices], "not decreasing")
    if bid.rebound is not None:
        _check_rebound(bid, bid.rebound)


def _check_rebound(bid: Bid, rebound: Rebound) -> None:
    if not (math.isfinite(rebound.ratio) and rebound.ratio >= 0):
        raise _refused(bid, "rebound.ratio", rebound.ratio, "0 or more")
    if rebound.window_intervals < 1:
        raise _refused(bid, "rebound.window_intervals", rebound.window_intervals, "1 or more")
    if not (math.isfinite(rebound.max_return_kw) and rebound.max_return_kw > 0):
        raise _refused(bid, "rebound.max_return_kw", rebound.max_return_kw, "above 0")


def _check_block(bid: Bid, offer: BlockOffer, interval_count: int) -> None:
    if not 0 < offer.min_acceptance_ratio <= 1:
        raise _refused(bid, "min_acceptance_ratio", offer.min_acceptance_ratio, "above 0 and at most 1")
    if not all(math.isfinite(change_kw) for change_kw in offer.profile_kw):
        raise _refused(bid, "profile_kw", offer.profile_kw, "finite values")
    if not any(change_kw > 0 for change_kw in offer.profile_kw):
        raise _refused(bid, "profile_kw", offer.profile_kw, "a reduction in one interval at least")
    if any(change_kw > 0 for change_kw in offer.profile_kw[interval_count:]):
        raise _refused(bid, "profile_kw", offer.profile_kw, f"no reduction after {interval_count} intervals")
    _check_price(bid, offer.price_per_mwh)
    if not offer.fixed_cost.is_finite() or offer.fixed_cost < 0:
        raise _refused(bid, "fixed_cost", offer.fixed_cost, "0 or more")
    if bid.rebound is not None:
        raise _refused(bid, "rebound", bid.rebound, "none, because a block states it in its profile")


def _check_price(bid: Bid, price: Decimal) -> None:
    if not price.is_finite():
        raise _refused(bid, "price_per_mwh", price, "a finite price")


def _refused(bid: Bid, field: str, value: object, expected: str) -> InvalidInput:
    message = f"{field} of bid {bid.bid_id} is {value}, expected {expected}"
    return InvalidInput(message, bid_id=bid.bid_id, field=field, value=str(value), expected=expected)
