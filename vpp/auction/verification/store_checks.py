"""Promises about stores: what they hold stays within its bounds, whatever was sold of it."""

from collections.abc import Iterator

import numpy as np

from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.telling import KW, told


def stores(awards: AwardArrays) -> Iterator[str]:
    """Powers, stored energy, reserve, end and cycle hold; nothing charges and discharges at once.

    The energy stored is computed forward from the award alone:
    e[t] = hold * e[t-1] + charging * hours * charge[t] - hours / discharging * discharge[t].

    Args:
        awards: The awards.

    Yields:
        Every promise that is broken.

    Source:
        Design of the auction engine, section 2.2, storage, UPS and thermal.
    """
    book, own = awards.book, awards.book.stores
    if not len(own.bid):
        return
    hours, delivery = book.interval_h, book.delivery
    ids = [book.bids[i].bid_id for i in own.bid]
    out_kw, in_kw = awards.reduction_kw[own.bid], awards.rebound_kw[own.bid]
    yield from told(
        out_kw > own.discharge_kw[:, None] + KW,
        lambda row, t: (
            f"{ids[row]} discharges {out_kw[row, t]:.9g} kW in interval {t}, "
            f"its limit is {own.discharge_kw[row]:.9g}"
        ),
    )
    yield from told(
        in_kw > own.charge_kw[:, None] + KW,
        lambda row, t: (
            f"{ids[row]} charges {in_kw[row, t]:.9g} kW in interval {t}, "
            f"its limit is {own.charge_kw[row]:.9g}"
        ),
    )
    yield from told(
        (out_kw > KW) & (in_kw[:, :delivery] > KW),
        lambda row, t: f"{ids[row]} charges and discharges in interval {t}",
    )
    cycled = out_kw.sum(axis=1) * hours
    yield from told(
        cycled > own.cycle_kwh + KW * hours * delivery,
        lambda row: (
            f"{ids[row]} discharges {cycled[row]:.9g} kWh, its cycle limit is {own.cycle_kwh[row]:.9g}"
        ),
    )
    stored = np.empty((len(own.bid), book.horizon))
    held = own.start_kwh
    for t in range(book.horizon):
        held = own.hold * held + own.charging * hours * in_kw[:, t]
        if t < delivery:
            held = held - hours / own.discharging * out_kw[:, t]
        stored[:, t] = held
    slack = KW * hours * np.arange(1, book.horizon + 1) / own.discharging[:, None]
    yield from told(
        stored < own.reserve_kwh[:, None] - slack,
        lambda row, t: (
            f"{ids[row]} holds {stored[row, t]:.9g} kWh after interval {t}, "
            f"its reserve is {own.reserve_kwh[row]:.9g}"
        ),
    )
    yield from told(
        stored > own.capacity_kwh[:, None] + slack,
        lambda row, t: (
            f"{ids[row]} holds {stored[row, t]:.9g} kWh after interval {t}, "
            f"its capacity is {own.capacity_kwh[row]:.9g}"
        ),
    )
    yield from told(
        stored[:, -1] < own.end_kwh - slack[:, -1],
        lambda row: (
            f"{ids[row]} ends with {stored[row, -1]:.9g} kWh, it must end with {own.end_kwh[row]:.9g}"
        ),
    )
