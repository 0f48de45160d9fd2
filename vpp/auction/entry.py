"""What may enter the book. What breaks a rule is refused, never corrected."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from vpp.auction.bid import Bid, BlockOffer, PriceStep, StepOffer, StoreOffer
from vpp.auction.book import Book
from vpp.auction.entry_bid import check_shape
from vpp.auction.entry_buyer import check_buyer
from vpp.auction.entry_offer import check_standing_still
from vpp.auction.entry_refusal import refused
from vpp.foundation.errors import InvalidInput
from vpp.portfolio.bid_rules import BidRules

_ON_INCREMENT = 1e-6  # a float quantity counts as a whole multiple within this share of the increment
_SMALLEST_GROUP = 2


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Prices and sizes that a market allows."""

    floor: Decimal | None
    cap: Decimal
    min_bid_kw: float
    increment_kw: float
    max_bid_kw: float | None = None


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
    steps = check_shape(bid, interval_count, seen=set())
    bounds = _bounds_of(rules)
    _check_prices(bid, steps, bounds)
    _check_sizes(bid, steps, bounds)
    most_kw = max(_quantities_kw(bid, steps))
    if most_kw > enrolled_reduction_kw * (1 + _ON_INCREMENT):
        raise refused(bid, "reduction_kw", most_kw, f"at most the enrolled {enrolled_reduction_kw} kW")


def check_size(bid: Bid, rules: BidRules) -> None:
    """Refuse a bid that is smaller or larger than the product allows; nothing else of it is looked at.

    Raises:
        InvalidInput: It is too small or too large.
    """
    steps = bid.offer.steps if isinstance(bid.offer, StepOffer) else ()
    _check_within(bid, _quantities_kw(bid, steps), _bounds_of(rules))


def _bounds_of(rules: BidRules) -> _Bounds:
    return _Bounds(
        rules.price_floor_per_mwh,
        rules.price_cap_per_mwh,
        rules.min_bid_kw,
        rules.increment_kw,
        rules.max_bid_kw,
    )


def check_book(book: Book) -> None:
    """Refuse a book that cannot be cleared as it stands.

    A book without bids is sound: all of its target stays unserved, which is a result. So is a
    target of 0 in every interval; a target of no interval is not.

    Args:
        book: The book; its bids need not have passed `check_bid`.

    Raises:
        InvalidInput: The buyer's terms or a bid break a rule, a bid id occurs twice, a party
            entered too many bids, a group has one bid, or a parent is missing, no block, of
            another site, or its own ancestor. The message names what was refused, its value and
            what was expected.
    """
    check_buyer(book)
    _check_between_bids(book)
    interval_count, horizon = book.delivery_interval_count, book.horizon_interval_count
    entry = book.entry
    bounds = _Bounds(entry.price_floor_per_mwh, book.price_cap_per_mwh, entry.min_bid_kw, entry.increment_kw)
    has_sizes = entry.min_bid_kw > 0 or entry.increment_kw > 0
    seen: set[int] = set()
    for bid in book.bids:
        steps = check_shape(bid, interval_count, seen=seen)
        _check_prices(bid, steps, bounds)
        if has_sizes:
            _check_sizes(bid, steps, bounds)
        if bid.availability_price_per_kw_h:
            _check_availability(bid, book)
        offer = bid.offer
        if isinstance(offer, BlockOffer):
            if len(offer.profile_kw) > horizon:
                raise refused(bid, "profile_kw", len(offer.profile_kw), f"at most {horizon} intervals")
        elif isinstance(offer, StoreOffer):
            check_standing_still(bid, offer, horizon)


def _check_prices(bid: Bid, steps: Sequence[tuple[PriceStep, ...]], bounds: _Bounds) -> None:
    """Compare the ends of each interval's steps with floor and cap; their order is known."""
    floor, cap, offer = bounds.floor, bounds.cap, bid.offer
    if not isinstance(offer, StepOffer):
        if offer.price_per_mwh > cap or (floor is not None and offer.price_per_mwh < floor):
            raise _outside(bid, offer.price_per_mwh, bounds)
        return
    for one in steps:
        if one[-1].price_per_mwh > cap:
            raise _outside(bid, one[-1].price_per_mwh, bounds)
        if floor is not None and one[0].price_per_mwh < floor:
            raise _outside(bid, one[0].price_per_mwh, bounds)


def _outside(bid: Bid, price: Decimal, bounds: _Bounds) -> InvalidInput:
    expected = f"at most {bounds.cap}" if bounds.floor is None else f"{bounds.floor} to {bounds.cap}"
    return refused(bid, "price_per_mwh", price, expected)


def _check_availability(bid: Bid, book: Book) -> None:
    """Refuse a bid that would be paid more than the cap once availability is added."""
    if isinstance(bid.offer, StepOffer):
        highest = max(steps[-1].price_per_mwh for steps in bid.offer.steps if steps)
    else:
        highest = bid.offer.price_per_mwh
    availability = bid.availability_price_per_kw_h
    asked = Decimal(repr(book.terms.activation_ratio)) * highest + 1000 * availability
    if asked > book.price_cap_per_mwh:
        expected = f"with energy at most {book.price_cap_per_mwh} per MWh, not {asked}"
        raise refused(bid, "availability_price_per_kw_h", availability, expected)


def _quantities_kw(bid: Bid, steps: Sequence[tuple[PriceStep, ...]]) -> list[float]:
    """Return what is offered in each interval in which something is."""
    if isinstance(bid.offer, StepOffer):
        return [sum(step.reduction_kw for step in one) for one in steps]
    if isinstance(bid.offer, BlockOffer):
        return [change_kw for change_kw in bid.offer.profile_kw if change_kw > 0]
    return [bid.offer.discharge_kw]


def _check_within(bid: Bid, quantities_kw: Sequence[float], bounds: _Bounds) -> None:
    for quantity_kw in quantities_kw:
        if quantity_kw < bounds.min_bid_kw:
            raise refused(bid, "reduction_kw", quantity_kw, f"at least {bounds.min_bid_kw} kW per interval")
        if bounds.max_bid_kw is not None and quantity_kw > bounds.max_bid_kw * (1 + _ON_INCREMENT):
            raise refused(bid, "reduction_kw", quantity_kw, f"at most {bounds.max_bid_kw} kW per interval")


def _check_sizes(bid: Bid, steps: Sequence[tuple[PriceStep, ...]], bounds: _Bounds) -> None:
    quantities_kw = _quantities_kw(bid, steps)
    _check_within(bid, quantities_kw, bounds)
    if not bounds.increment_kw:
        return
    is_steps = isinstance(bid.offer, StepOffer)
    sizes_kw = [step.reduction_kw for one in steps for step in one] if is_steps else quantities_kw
    for size_kw in sizes_kw:
        multiple = size_kw / bounds.increment_kw
        if abs(multiple - round(multiple)) > _ON_INCREMENT:
            raise refused(bid, "reduction_kw", size_kw, f"a whole multiple of {bounds.increment_kw} kW")


def _check_between_bids(book: Book) -> None:
    by_id = {bid.bid_id: bid for bid in book.bids}
    if len(by_id) < len(book.bids):
        twice = next(bid_id for bid_id, n in Counter(bid.bid_id for bid in book.bids).items() if n > 1)
        message = f"bid_id {twice} occurs twice, expected once"
        raise InvalidInput(message, bid_id=twice, field="bid_id", value=twice, expected="once")
    _check_parties(book)
    _check_groups(book)
    parents = {}
    for bid in book.bids:
        if bid.parent_bid_id is None:
            continue
        parent = by_id.get(bid.parent_bid_id)
        if parent is None or not isinstance(parent.offer, BlockOffer) or parent.site_id != bid.site_id:
            raise refused(bid, "parent_bid_id", bid.parent_bid_id, "a block of the same site in the book")
        parents[bid.bid_id] = [bid.parent_bid_id]
    try:
        TopologicalSorter(parents).prepare()
    except CycleError as error:
        cycle = " -> ".join(error.args[1])
        first = by_id[min(error.args[1])]
        raise refused(first, "parent_bid_id", f"part of the cycle {cycle}", "no cycle") from error


def _check_parties(book: Book) -> None:
    """Refuse more bids of one party than the book admits; without limits on sites, of one site."""
    most = book.entry.max_bids_per_party
    if len(book.bids) <= most:
        return
    owners = {site.site_id: site.party_id for site in book.terms.sites if site.party_id}
    counts: Counter[tuple[str, str]] = Counter()
    for bid in book.bids:
        party_id = owners.get(bid.site_id)
        key = ("party", party_id) if party_id else ("site", bid.site_id)
        counts[key] += 1
        if counts[key] > most:
            value = f"one more than {most} of {key[0]} {key[1]}"
            raise refused(bid, "bids", value, f"at most {most} (entry.max_bids_per_party)")


def _check_groups(book: Book) -> None:
    groups: dict[tuple[str, str], list[Bid]] = {}
    for bid in book.bids:
        if bid.exclusive_group is not None:
            groups.setdefault((bid.site_id, bid.exclusive_group), []).append(bid)
    for (site_id, group), members in groups.items():
        if len(members) < _SMALLEST_GROUP:
            expected = f"two bids of site {site_id} in it at least"
            raise refused(members[0], "exclusive_group", group, expected)
