"""The offers of one interval as they would stand in a merit order."""

from collections.abc import Iterator
from decimal import Decimal

from vpp.auction.bid import Bid, BlockOffer, StepOffer
from vpp.auction.book import Book
from vpp.auction.result import Award, Clearing
from vpp.cli.auction.kinds import kind_of
from vpp.cli.charts.auction_merit import OfferPart
from vpp.cli.charts.auction_style import per_mwh

_TRIFLE_KW = 1e-6
_KW_PER_MW = 1000
_NOTHING = Decimal(0)


def busiest_interval(book: Book, clearing: Clearing) -> int:
    """Choose the interval that says most: the dearest, then the one with the largest target.

    Returns:
        A delivery interval, counted from 0; the first one if nothing is asked for.
    """
    return max(
        range(book.delivery_interval_count),
        key=lambda t: (book.target_kw[t] > 0, clearing.price_per_mwh[t], book.target_kw[t], -t),
        default=0,
    )


def offer_parts(book: Book, clearing: Clearing, interval: int) -> list[OfferPart]:
    """Cut every offer of an interval into what was taken of it and what was not.

    Args:
        book: The book; bids in the opposite direction are left out, they serve nothing.
        clearing: Its clearing.
        interval: Delivery interval, counted from 0.

    Returns:
        Parts with size and price as they count towards the target: of a derated offer less kW
        at a higher price. A block's price contains its fixed cost.
    """
    awards = {award.bid_id: award for award in clearing.awards}
    return [
        part
        for bid in book.bids
        if bid.direction is book.direction and bid.bid_id in awards
        for part in _parts_of(book, bid, awards[bid.bid_id], interval)
    ]


def _parts_of(book: Book, bid: Bid, award: Award, interval: int) -> Iterator[OfferPart]:
    left_kw = award.reduction_kw[interval]
    kind = kind_of(bid, book.direction)
    for offered_kw, price in _steps(book, bid, interval):
        asked = float(effective_price(book, bid, price)) / bid.delivery_ratio
        taken_kw = min(left_kw, offered_kw)
        left_kw -= taken_kw
        for size_kw, is_taken in ((taken_kw, True), (offered_kw - taken_kw, False)):
            if size_kw > _TRIFLE_KW:
                yield OfferPart(kind, asked, size_kw * bid.delivery_ratio, is_taken)


def effective_price(book: Book, bid: Bid, price_per_mwh: Decimal) -> Decimal:
    """Return what a bid asks for an awarded MWh: energy as far as it is called, and availability."""
    called = Decimal(repr(book.terms.activation_ratio)) * price_per_mwh
    return called + _KW_PER_MW * bid.availability_price_per_kw_h


def _steps(book: Book, bid: Bid, interval: int) -> list[tuple[float, Decimal]]:
    """List what a bid offers in an interval, cheapest first."""
    offer = bid.offer
    if isinstance(offer, StepOffer):
        return [(step.reduction_kw, step.price_per_mwh) for step in offer.steps[interval]]
    if isinstance(offer, BlockOffer):
        offered_kw = offer.profile_kw[interval] if interval < len(offer.profile_kw) else 0.0
        if offered_kw <= 0:
            return []
        energy_kwh = sum(max(kw, 0.0) for kw in offer.profile_kw) * book.step.total_seconds() / 3600
        fixed_per_mwh = offer.fixed_cost * _KW_PER_MW / Decimal(repr(energy_kwh))
        return [(offered_kw, offer.price_per_mwh + fixed_per_mwh)]
    return [(offer.discharge_kw, offer.price_per_mwh)]


def offered_rows(book: Book, bid: Bid) -> list[tuple[str, str]]:
    """Say what a bid offers and asks, as field and value.

    Returns:
        Largest power, prices as they were entered, and the same as they count: weighed by how much is
        called, with availability and a block's fixed cost, per MWh that counts towards the target.
    """
    intervals = [_steps(book, bid, t) for t in range(book.delivery_interval_count)]
    counted = [
        effective_price(book, bid, price) / Decimal(repr(bid.delivery_ratio))
        for steps in intervals
        for _, price in steps
    ]
    if not counted:
        return [("offered", "nothing within the delivery")]
    most_kw = max(sum(kw for kw, _ in steps) for steps in intervals)
    return [
        ("offered", f"up to {most_kw:,.1f} kW"),
        ("asked", f"{_span(_asked(bid))} {per_mwh(book.currency)}{_extras(bid)}"),
        ("asked as it counts", f"{_span(counted)} {per_mwh(book.currency)}"),
    ]


def _asked(bid: Bid) -> list[Decimal]:
    if isinstance(bid.offer, StepOffer):
        return [step.price_per_mwh for steps in bid.offer.steps for step in steps]
    return [bid.offer.price_per_mwh]


def _extras(bid: Bid) -> str:
    """Name what is asked beside the price of energy."""
    extras = {
        "fixed": bid.offer.fixed_cost if isinstance(bid.offer, BlockOffer) else _NOTHING,
        "per start": _NOTHING if bid.run_limits is None else bid.run_limits.start_cost,
        "per kW and hour of availability": bid.availability_price_per_kw_h,
    }
    return "".join(f", and {asked:,} {what}" for what, asked in extras.items() if asked)


def _span(prices: list[Decimal]) -> str:
    low, high = f"{min(prices):,.2f}", f"{max(prices):,.2f}"
    return low if low == high else f"{low} to {high}"
