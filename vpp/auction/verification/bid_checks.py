"""Promises about single bids: awards within what was offered, blocks in one ratio, energy limits."""

from collections.abc import Iterator

import numpy as np

from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.telling import KW, RATIO, any_of, told


def within_bids(awards: AwardArrays) -> Iterator[str]:
    """0 <= award <= offer; what is rejected has nothing; an award names its bid's own terms.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book, reduction_kw, rebound_kw = awards.book, awards.reduction_kw, awards.rebound_kw
    bids, taken, accepted = book.bids, awards.is_taken, awards.is_accepted
    # A store that only charges is bought nothing from and may yet serve, so either word is right.
    charges = np.zeros(len(bids), dtype=bool)
    charges[book.stores.bid] = any_of(rebound_kw[book.stores.bid])
    yield from told(
        (taken != accepted) & ~(charges & ~taken),
        lambda i: f"{bids[i].bid_id} is {awards.awards[i].reason.value} with {reduction_kw[i].tolist()} kW",
    )
    paid = any_of(awards.price) | (awards.make_whole != 0)
    yield from told(
        ~accepted & (any_of(rebound_kw) | paid),
        lambda i: f"{bids[i].bid_id} is rejected and yet rebounds or is paid",
    )
    negative = any_of(reduction_kw < 0) | any_of(rebound_kw < 0)
    yield from told(negative, lambda i: f"{bids[i].bid_id} has a negative award")
    steps = book.steps
    yield from told(
        reduction_kw[steps.bid] > steps.offered_kw + KW,
        lambda row, t: (
            f"{bids[steps.bid[row]].bid_id} is awarded {reduction_kw[steps.bid[row], t]:.9g} kW "
            f"in interval {t}, more than it offers"
        ),
    )
    for bid, award in zip(bids, awards.awards, strict=True):
        if award.delivery_ratio != bid.delivery_ratio:
            yield f"{bid.bid_id} is derated by {award.delivery_ratio}, its bid says {bid.delivery_ratio}"
        if (award.site_id, award.resource_id) != (bid.site_id, bid.resource_id):
            yield f"{bid.bid_id} is awarded to {award.site_id}/{award.resource_id}"
        if award.zone not in {"", bid.zone}:
            yield f"{bid.bid_id} is awarded in zone {award.zone}, its bid is in {bid.zone}"


def blocks_in_one_ratio(awards: AwardArrays) -> Iterator[str]:
    """A block is accepted in one ratio, 0 or at least its minimum, and follows its profile.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book, blocks = awards.book, awards.book.blocks
    if not len(blocks.bid):
        return
    ratio = awards.block_ratio
    ids = [book.bids[i].bid_id for i in blocks.bid]
    slack = RATIO + 0.01 * KW / blocks.profile_kw.max(axis=1)  # rounding weighs more in a small block
    off = (ratio != 0) & ((ratio < blocks.least - slack) | (ratio > 1 + slack))
    yield from told(off, lambda row: f"{ids[row]} is accepted in the ratio {ratio[row]:.9g}")
    change_kw = -awards.rebound_kw[blocks.bid]
    change_kw[:, : book.delivery] += awards.reduction_kw[blocks.bid]
    departs = np.abs(change_kw - ratio[:, None] * blocks.profile_kw) > KW
    yield from told(departs, lambda row, t: f"{ids[row]} departs from its profile in interval {t}")
    both = (awards.reduction_kw[blocks.bid] > KW) & (awards.rebound_kw[blocks.bid][:, : book.delivery] > KW)
    yield from told(both, lambda row, t: f"{ids[row]} is reduced and rebounds in interval {t}")


def energy_limits(awards: AwardArrays) -> Iterator[str]:
    """Energy limits of bids and power limits of resources hold.

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.
    """
    book, limits_kw = awards.book, awards.book.book.resource_limit_kw
    energy_kwh = awards.reduction_kw.sum(axis=1) * book.interval_h
    limit_kwh = np.array(
        [np.inf if bid.energy_limit_kwh is None else bid.energy_limit_kwh for bid in book.bids], dtype=float
    )
    yield from told(
        energy_kwh > limit_kwh + KW * book.delivery * book.interval_h,
        lambda i: (
            f"{book.bids[i].bid_id} is awarded {energy_kwh[i]:.9g} kWh, its limit is {limit_kwh[i]:.9g}"
        ),
    )
    for key, members in book.resources.items():
        used_kw = awards.reduction_kw[members].sum(axis=0)
        limit_kw = limits_kw[key]
        name = "/".join(key)
        for t in np.flatnonzero(used_kw > limit_kw + KW * (1 + len(members) / 10)):
            yield f"{name} is awarded {used_kw[t]:.9g} kW in interval {t}, its limit is {limit_kw:.9g}"
