"""Checks a clearing against the book alone; shares no code with the model that made it.

Every rule here is a sentence of the auction's promise, read from the book and the awards with
plain arithmetic. A violation is a defect of the engine: nothing is published.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer
from vpp.auction.book import Book
from vpp.auction.result import Award, Clearing, ClearingStatus
from vpp.foundation.errors import BrokenPromise
from vpp.portfolio.product import PayRule

_KW = 2e-3  # what solvers and rounding may leave between two powers, kW
_RATIO = 1e-6
_MONEY = Decimal("0.00001")  # what rounding to micro-units may leave between two amounts


def verify(book: Book, clearing: Clearing) -> None:
    """Refuse a clearing that breaks a promise.

    Args:
        book: The book.
        clearing: Its clearing.

    Raises:
        BrokenPromise: Some invariant does not hold; the message names all that do not.

    Source:
        Design of the auction engine, section 8, invariants.
    """
    awards = {award.bid_id: award for award in clearing.awards}
    if sorted(awards) != sorted(bid.bid_id for bid in book.bids) or len(awards) != len(clearing.awards):
        raise BrokenPromise(
            f"{clearing.auction_id} has not one award per bid", auction_id=clearing.auction_id
        )
    checks: tuple[Callable[[Book, Clearing, dict[str, Award]], Iterator[str]], ...] = (
        _within_bids,
        _links_and_groups,
        _limits,
        _rebounds,
        _balance,
        _money,
        _quality,
    )
    broken = [text for check in checks for text in check(book, clearing, awards)]
    if broken:
        raise BrokenPromise(
            f"clearing of {clearing.auction_id} breaks its promise: {'; '.join(broken)}",
            auction_id=clearing.auction_id,
            broken=str(len(broken)),
        )


def _hours(book: Book) -> float:
    return book.step.total_seconds() / 3600


def block_ratio(offer: BlockOffer, award: Award) -> float:
    """Return the ratio in which a block was accepted, from its largest interval."""
    largest = max(range(len(award.reduction_kw)), key=lambda t: _change_kw(offer, t))
    return award.reduction_kw[largest] / _change_kw(offer, largest)


def _change_kw(offer: BlockOffer, t: int) -> float:
    return offer.profile_kw[t] if t < len(offer.profile_kw) else 0.0


def _within_bids(book: Book, _: Clearing, awards: dict[str, Award]) -> Iterator[str]:
    """0 <= award <= bid; a block in one ratio, 0 or at least its minimum; reasons that fit."""
    for bid in book.bids:
        award = awards[bid.bid_id]
        is_taken = any(kw > 0 for kw in award.reduction_kw)
        if is_taken != award.reason.is_accepted:
            yield f"{bid.bid_id} is {award.reason.value} with {award.reduction_kw} kW"
        if not is_taken and (any(award.rebound_kw) or award.make_whole or any(award.price_per_mwh)):
            yield f"{bid.bid_id} is rejected and yet rebounds or is paid"
        if min((*award.reduction_kw, *award.rebound_kw)) < 0:
            yield f"{bid.bid_id} has a negative award"
        if isinstance(bid.offer, BlockOffer):
            yield from _within_block(bid.bid_id, bid.offer, award)
            continue
        for t, kw in enumerate(award.reduction_kw):
            if kw > sum(step.reduction_kw for step in bid.offer.steps[t]) + _KW:
                yield f"{bid.bid_id} is awarded {kw} kW in interval {t}, more than it offers"


def _within_block(bid_id: str, offer: BlockOffer, award: Award) -> Iterator[str]:
    ratio = block_ratio(offer, award)
    if ratio and not offer.min_acceptance_ratio - _RATIO <= ratio <= 1 + _RATIO:
        yield f"{bid_id} is accepted in the ratio {ratio}"
    for t, back_kw in enumerate(award.rebound_kw):
        shed_kw = award.reduction_kw[t] if t < len(award.reduction_kw) else 0.0
        if abs(shed_kw - back_kw - ratio * _change_kw(offer, t)) > _KW:
            yield f"{bid_id} departs from its profile in interval {t}"


def _links_and_groups(book: Book, _: Clearing, awards: dict[str, Award]) -> Iterator[str]:
    """A child's ratio is at most its parent's; one bid of a group at most."""
    by_id = {bid.bid_id: bid for bid in book.bids}
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for bid in book.bids:
        if bid.exclusive_group is not None and awards[bid.bid_id].reason.is_accepted:
            groups[bid.site_id, bid.exclusive_group].append(bid.bid_id)
        if bid.parent_bid_id is not None and isinstance(bid.offer, BlockOffer):
            parent = by_id[bid.parent_bid_id]
            if isinstance(parent.offer, BlockOffer):
                allowed = block_ratio(parent.offer, awards[parent.bid_id])
                if block_ratio(bid.offer, awards[bid.bid_id]) > allowed + _RATIO:
                    yield f"{bid.bid_id} is accepted beyond its parent {parent.bid_id}"
    for key, taken in groups.items():
        if len(taken) > 1:
            yield f"group {'/'.join(key)} has {taken} accepted"


def _limits(book: Book, _: Clearing, awards: dict[str, Award]) -> Iterator[str]:
    """Energy limits of bids and power limits of resources hold."""
    used_kw: dict[tuple[str, str, int], float] = defaultdict(float)
    for bid in book.bids:
        award = awards[bid.bid_id]
        energy_kwh = sum(award.reduction_kw) * _hours(book)
        if bid.energy_limit_kwh is not None and energy_kwh > bid.energy_limit_kwh + _KW * len(
            award.reduction_kw
        ):
            yield f"{bid.bid_id} is awarded {energy_kwh} kWh, its limit is {bid.energy_limit_kwh}"
        for t, kw in enumerate(award.reduction_kw):
            used_kw[bid.site_id, bid.resource_id, t] += kw
    for (site_id, resource_id, t), kw in used_kw.items():
        limit_kw = book.resource_limit_kw.get((site_id, resource_id))
        if limit_kw is not None and kw > limit_kw + _KW:
            yield f"{site_id}/{resource_id} is awarded {kw} kW in interval {t}, its limit is {limit_kw}"


def _rebounds(book: Book, _: Clearing, awards: dict[str, Award]) -> Iterator[str]:
    """What is deferred comes back: not early, not late, not too fast, and all of it."""
    for bid in book.bids:
        if isinstance(bid.offer, BlockOffer):
            continue
        award, rebound = awards[bid.bid_id], bid.rebound
        if rebound is None:
            if any(award.rebound_kw):
                yield f"{bid.bid_id} has no rebound and yet returns {award.rebound_kw} kW"
            continue
        if max(award.rebound_kw) > rebound.max_return_kw + _KW:
            yield f"{bid.bid_id} returns {max(award.rebound_kw)} kW, its limit is {rebound.max_return_kw}"
        shed_kw = (*award.reduction_kw, *(0.0,) * book.recovery_interval_count)
        for t in range(len(shed_kw)):
            slack_kw = _KW * (t + 1)
            deferred_kw = rebound.ratio * sum(shed_kw[: t + 1])
            overdue_kw = rebound.ratio * sum(shed_kw[: max(0, t + 1 - rebound.window_intervals)])
            returned_kw = sum(award.rebound_kw[: t + 1])
            if not overdue_kw - slack_kw <= returned_kw <= deferred_kw + slack_kw:
                yield f"{bid.bid_id} has returned {returned_kw} of {deferred_kw} kW-intervals by interval {t}"
        if abs(rebound.ratio * sum(shed_kw) - sum(award.rebound_kw)) > _KW * len(shed_kw):
            yield f"{bid.bid_id} still owes energy at the end"


def _balance(book: Book, clearing: Clearing, awards: dict[str, Award]) -> Iterator[str]:
    """Served and unserved make up the target; rebound keeps to its headroom."""
    slack_kw = _KW * (1 + len(book.bids)) / 10 + _KW
    for t in range(book.horizon_interval_count):
        is_delivery = t < book.delivery_interval_count
        net_kw = -sum(award.rebound_kw[t] for award in awards.values())
        if is_delivery:
            net_kw += sum(bid.delivery_ratio * awards[bid.bid_id].reduction_kw[t] for bid in book.bids)
        target_kw = book.target_kw[t] if is_delivery else 0.0
        if target_kw > 0:
            missing_kw = clearing.shortfall_kw[t]
            if missing_kw < 0 or net_kw + missing_kw < target_kw - slack_kw:
                yield f"interval {t} serves {net_kw} and misses {missing_kw} of {target_kw} kW"
        elif book.rebound_headroom_kw is not None and net_kw < -book.rebound_headroom_kw - slack_kw:
            yield f"interval {t} rebounds by {-net_kw} kW, the headroom is {book.rebound_headroom_kw}"


def _money(book: Book, clearing: Clearing, awards: dict[str, Award]) -> Iterator[str]:
    """No family is paid below its cost; pay-as-bid pays the objective; prices keep to the cap."""
    by_id = {bid.bid_id: bid for bid in book.bids}
    paid: dict[str, Decimal] = defaultdict(Decimal)
    asked: dict[str, Decimal] = defaultdict(Decimal)
    for bid in book.bids:
        root = bid
        while root.parent_bid_id is not None:
            root = by_id[root.parent_bid_id]
        award = awards[bid.bid_id]
        paid[root.bid_id] += award.make_whole
        for kw, price in zip(award.reduction_kw, award.price_per_mwh, strict=True):
            paid[root.bid_id] += _mwh(book, kw) * price
        asked[root.bid_id] += _asked(book, bid, award)
    slack = _MONEY * (1 + book.delivery_interval_count)
    for root_id, cost in asked.items():
        if paid[root_id] < cost - slack:
            yield f"family of {root_id} is paid {paid[root_id]} for {cost}"
    unserved = sum((_mwh(book, kw) for kw in clearing.shortfall_kw), Decimal(0)) * book.price_cap_per_mwh
    total = sum(asked.values(), unserved)
    if abs(total - clearing.objective) > slack * (1 + len(book.bids)):
        yield f"objective is {clearing.objective}, awards and shortfall cost {total}"
    overpaid = sum(paid.values(), unserved) - clearing.objective
    if clearing.pay_rule is PayRule.AS_BID and abs(overpaid) > slack * (1 + len(book.bids)):
        yield f"pay-as-bid differs from the objective by {overpaid}"
    if clearing.pay_rule is PayRule.AS_CLEAR and max(clearing.price_per_mwh) > book.price_cap_per_mwh:
        yield f"a price is above the cap of {book.price_cap_per_mwh}"


def _mwh(book: Book, kw: float) -> Decimal:
    return Decimal(repr(kw)) * Decimal(repr(_hours(book))) / 1000


def _asked(book: Book, bid: Bid, award: Award) -> Decimal:
    """What a bid asks for its award, cheapest step first."""
    if isinstance(bid.offer, BlockOffer):
        energy = sum((_mwh(book, kw) for kw in award.reduction_kw), Decimal(0))
        return bid.offer.price_per_mwh * energy + (bid.offer.fixed_cost if energy else 0)
    total = Decimal(0)
    for kw, steps in zip(award.reduction_kw, bid.offer.steps, strict=True):
        left_kw = kw
        for step in steps:
            total += step.price_per_mwh * _mwh(book, min(left_kw, step.reduction_kw))
            left_kw = max(0.0, left_kw - step.reduction_kw)
    return total


def _quality(book: Book, clearing: Clearing, _: dict[str, Award]) -> Iterator[str]:
    """The bound lies below the cost; only a proven result is called optimal."""
    if clearing.bound is None:
        if clearing.status is ClearingStatus.OPTIMAL:
            yield "status is optimal without a bound"
    elif clearing.bound > clearing.objective + _MONEY * (1 + len(book.bids)):
        yield f"bound {clearing.bound} is above the cost {clearing.objective}"
