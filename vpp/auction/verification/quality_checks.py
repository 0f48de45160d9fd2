"""Promises about quality: the bound is proved, the gap is told as it is, the result is this book's."""

from collections.abc import Iterator

import numpy as np

from vpp.auction.result import Clearing, ClearingStatus
from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound import recompute_bound
from vpp.auction.verification.telling import MONEY

_SHARE = 1e-6  # of the objective: how exactly a bound can be recomputed


def identity(book: BookArrays, clearing: Clearing) -> Iterator[str]:
    """The clearing is of this book, with one award of the right shape and finite numbers per bid.

    Nothing else can be checked before this holds.

    Args:
        book: The book.
        clearing: Its clearing.

    Yields:
        Every promise that is broken.
    """
    of = book.book
    for field in ("auction_id", "start", "step", "target_kw", "direction", "currency"):
        if getattr(clearing, field) != getattr(of, field):
            yield f"{field} is {getattr(clearing, field)}, the book's is {getattr(of, field)}"
    awarded = [award.bid_id for award in clearing.awards]
    if len(awarded) != len(of.bids) or book.place.keys() != set(awarded):
        yield f"{of.auction_id} has not one award per bid"
        return
    if awarded != sorted(awarded):
        yield "awards are not in the order of their bid ids"
    shape = (book.delivery, book.horizon, book.delivery)
    for award in clearing.awards:
        if (len(award.reduction_kw), len(award.rebound_kw), len(award.price_per_mwh)) != shape:
            yield f"{award.bid_id} is awarded for other intervals than the book's"
    for field in ("price_per_mwh", "price_rule", "shortfall_kw"):
        if len(getattr(clearing, field)) != book.delivery:
            yield f"{field} has {len(getattr(clearing, field))} intervals, the book has {book.delivery}"


def finite(awards: AwardArrays) -> Iterator[str]:
    """No number of an award is missing or infinite.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    clearing = awards.clearing
    rows = (awards.reduction_kw, awards.rebound_kw, awards.price, awards.make_whole[:, None])
    for i in np.flatnonzero(~np.logical_and.reduce([np.isfinite(row).all(axis=1) for row in rows])):
        yield f"the award of {awards.book.bids[i].bid_id} is not finite"
    amounts = [clearing.objective, clearing.bound, clearing.margin_cost, clearing.lost_opportunity]
    amounts += [
        *clearing.price_per_mwh,
        *(price for zone in clearing.zone_prices for price in zone.price_per_mwh),
    ]
    if clearing.certificate is not None:
        amounts.append(clearing.certificate.bound)
    powers = [*clearing.shortfall_kw, *clearing.margin_kw]
    powers += [kw for _, row in clearing.local_shortfall_kw for kw in row]
    if not np.isfinite(powers).all() or not all(amount is None or amount.is_finite() for amount in amounts):
        yield "a price, a shortfall, the objective or the bound is not finite"


def quality(awards: AwardArrays) -> Iterator[str]:
    """The bound lies below the cost and the gap is their distance; only what is proved is optimal.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    clearing = awards.clearing
    objective = float(clearing.objective)
    slack = MONEY * (1 + len(awards.book.bids)) + 1e-9 * abs(objective)
    if clearing.bound is None:
        if clearing.status is ClearingStatus.OPTIMAL:
            yield "status is optimal without a bound"
        if clearing.gap_ratio is not None:
            yield f"gap is {clearing.gap_ratio} without a bound"
        return
    bound = float(clearing.bound)
    if bound > objective + slack:
        yield f"bound {clearing.bound} is above the cost {clearing.objective}"
    if clearing.gap_ratio is None:
        yield f"bound is {clearing.bound} without a gap"
        return
    distance = max(0.0, objective - bound)
    if abs(clearing.gap_ratio * abs(objective) - distance) > 2 * slack:
        yield f"gap is {clearing.gap_ratio}, objective and bound are {distance:.12g} apart"


def certificate(awards: AwardArrays) -> Iterator[str]:
    """The certificate's duals prove the bound it states, and the awards cost no less than they prove.

    A bound that branch and bound found beyond the certificate's cannot be proved again by
    arithmetic; of it is only checked that it is no lower than what the duals prove, and no higher
    than the cost.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.

    Source:
        Weak duality of linear programming.
    """
    clearing = awards.clearing
    stated = clearing.certificate
    if stated is None:
        return
    proved = recompute_bound(awards.book, stated)
    yield from proved.unknown
    objective, bound = float(clearing.objective), float(stated.bound)
    slack = MONEY * (1 + len(awards.book.bids)) + _SHARE * abs(objective)
    if bound > proved.bound + slack:
        yield f"the certificate states the bound {stated.bound}, its duals prove {proved.bound:.12g}"
    if proved.bound > objective + slack:
        yield f"the awards cost {objective:.12g}, less than the {proved.bound:.12g} that the duals prove"
    if clearing.bound is not None and float(clearing.bound) < bound - slack:
        yield f"the bound {clearing.bound} is below {stated.bound} of its own certificate"
