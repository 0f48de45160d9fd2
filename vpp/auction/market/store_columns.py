"""Columns of stores: battery, UPS, chilled mass.

discharged[b,t]  reduction, 0 to its largest, kW, in delivery intervals
charged[b,t]     increase, 0 to its largest, kW
stored[b,t]      energy stored at the end of an interval, reserve to capacity, kWh
"""

from dataclasses import dataclass

import numpy as np

from vpp.auction.bid import StoreOffer
from vpp.auction.market.canonical import Integers
from vpp.auction.market.contributions import Assembly


@dataclass(frozen=True, slots=True)
class StoreColumns:
    """Where stores are in a program, in the order of `CanonicalBook.store_places`.

    Attributes:
        discharged: Shape (stores, N).
        charged: Shape (stores, T).
        stored: Shape (stores, T).
    """

    discharged: Integers
    charged: Integers
    stored: Integers


def append_stores(assembly: Assembly) -> StoreColumns:
    """Append every store.

    stored: e[t] - hold * e[t-1] - charge_efficiency * hours * c[t] + hours / discharge_efficiency * d[t] = 0,
    kWh, where hold * start stands on the right for the first interval; e[last] >= end;
    cycle: hours * sum of d <= cycle limit, kWh.

    Source:
        Design of the auction engine, section 2.2, storage, UPS and thermal.
    """
    canonical, columns = assembly.canonical, assembly.columns
    places = canonical.store_places
    delivery, horizon, hours = canonical.delivery_count, canonical.horizon_count, canonical.interval_h
    count = len(places)
    offers = [offer for place in places if isinstance(offer := canonical.bids[place].offer, StoreOffer)]

    def each(values: list[float], width: int) -> np.ndarray:
        return np.repeat(np.array(values, dtype=float), width)

    price = [
        float(canonical.effective_price(canonical.bids[place], offer.price_per_mwh))
        for place, offer in zip(places, offers, strict=True)
    ]
    discharged = columns.add_columns(
        count * delivery,
        low=0.0,
        high=each([offer.discharge_kw for offer in offers], delivery),
        cost=each(price, delivery) * hours,
    ).reshape(count, delivery)
    charged = columns.add_columns(
        count * horizon, low=0.0, high=each([offer.charge_kw for offer in offers], horizon), cost=0.0
    ).reshape(count, horizon)
    least = each([offer.reserve_kwh for offer in offers], horizon).reshape(count, horizon)
    if count:
        least[:, -1] = np.maximum(least[:, -1], [offer.end_kwh for offer in offers])
    stored = columns.add_columns(
        count * horizon,
        low=least.ravel(),
        high=each([offer.capacity_kwh for offer in offers], horizon),
        cost=0.0,
    ).reshape(count, horizon)
    right = np.zeros((count, horizon))
    hold = np.array([offer.hold_ratio for offer in offers], dtype=float)
    if count:
        right[:, 0] = hold * [offer.start_kwh for offer in offers]
    rows = columns.add_rows(count * horizon, low=right.ravel(), high=right.ravel()).reshape(count, horizon)
    columns.add_entries(rows.ravel(), stored.ravel(), 1.0)
    columns.add_entries(rows[:, 1:].ravel(), stored[:, :-1].ravel(), -np.repeat(hold, max(0, horizon - 1)))
    charging = each([-offer.charge_efficiency * hours for offer in offers], horizon)
    columns.add_entries(rows.ravel(), charged.ravel(), charging)
    draining = each([hours / offer.discharge_efficiency for offer in offers], delivery)
    columns.add_entries(rows[:, :delivery].ravel(), discharged.ravel(), draining)
    bid_of = np.repeat(places, delivery)
    interval = np.tile(np.arange(delivery), count)
    assembly.contribute(bid_of, interval, discharged.ravel(), canonical.counted_shed[bid_of])
    bid_of = np.repeat(places, horizon)
    interval = np.tile(np.arange(horizon), count)
    assembly.contribute(bid_of, interval, charged.ravel(), canonical.counted_return[bid_of])
    assembly.name_rows("stored", rows.ravel(), [canonical.bids[place].bid_id for place in bid_of], interval)
    _append_cycles(assembly, offers, discharged)
    return StoreColumns(discharged, charged, stored)


def _append_cycles(assembly: Assembly, offers: list[StoreOffer], discharged: Integers) -> None:
    canonical = assembly.canonical
    limited = [row for row, offer in enumerate(offers) if offer.cycle_limit_kwh is not None]
    limits = [offers[row].cycle_limit_kwh or 0.0 for row in limited]
    rows = assembly.columns.add_rows(len(limited), low=-np.inf, high=limits)
    width = canonical.delivery_count
    assembly.columns.add_entries(np.repeat(rows, width), discharged[limited].ravel(), canonical.interval_h)
    assembly.name_rows("cycle", rows, [canonical.bids[canonical.store_places[row]].bid_id for row in limited])
