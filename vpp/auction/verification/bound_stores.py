"""Rows and columns of stores, and what their duals add to the bound.

Rows, kWh:

    stored(b,t)   e[t] - hold * e[t-1] - charging * hours * c[t] + hours / discharging * d[t] = 0,
                  hold * start on the right for t = 0
    cycle(b)      hours * sum of d <= cycle limit
"""

import numpy as np

from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound_worth import Worth, least
from vpp.auction.verification.duals import Duals


def bound_stores(book: BookArrays, duals: Duals, worth: Worth) -> float:
    """Return what the rows and columns of stores add to the bound.

    Args:
        book: The book.
        duals: The duals; those of stores are taken.
        worth: What a kW of each bid is worth by its accounts.

    Returns:
        Duals times right-hand sides and the columns' least, in thousandths.
    """
    own, hours = book.stores, book.interval_h
    heads = {book.bids[i].bid_id: place for place, i in enumerate(own.bid)}
    stored = duals.table("stored", heads, (book.horizon,), sense=0)
    is_cycle = np.isfinite(own.cycle_kwh)
    cycle = duals.table("cycle", heads, (), sense=-1, is_row=is_cycle)
    if not len(own.bid):
        return 0.0
    total = float(stored[:, 0] @ (own.hold * own.start_kwh))
    total += float(cycle @ np.where(is_cycle, own.cycle_kwh, 0.0))
    price = book.book.terms.activation_ratio * own.price + book.availability[own.bid]
    of_discharge = worth.reduced[own.bid] + (hours / own.discharging)[:, None] * stored[:, : book.delivery]
    of_discharge += hours * cycle[:, None]
    total += least(hours * price[:, None] - of_discharge, own.discharge_kw[:, None])
    of_charge = worth.returned[own.bid] - (own.charging * hours)[:, None] * stored
    total += least(-of_charge, own.charge_kw[:, None])
    following = np.concatenate((stored[:, 1:], np.zeros((len(own.bid), 1))), axis=1)
    of_energy = stored - own.hold[:, None] * following
    low = np.repeat(own.reserve_kwh[:, None], book.horizon, axis=1)
    low[:, -1] = np.maximum(low[:, -1], own.end_kwh)
    high = own.capacity_kwh[:, None]
    return total + float(np.minimum(-of_energy * low, -of_energy * high).sum())
