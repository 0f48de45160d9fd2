"""The buyer's rows and columns of the relaxation, and what their duals add to the bound.

Rows, kW:

    balance(kind,name,t)   contributions - net[a,t] = 0, for zones, feeders, sites and paths; the
                           zone "" stands for the sum over all zones without limits
    system(t)              N[t] + unserved[t] - largest[t] >= target with margin, or =
    rebound_headroom(t)    N[t] >= -headroom, where nothing is asked for
    local(z,t)             net[z,t] + local_unserved[z,t] >= local target
    start_ramp(t)          N[t] - N[t-1] <= limit
    release_ramp(t)        N[t-1] - N[t] <= limit, up to t = T
    loss(site,t)           largest[t] - net[site,t] >= 0

with N the net reduction over all zones, 0 before and after the horizon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from vpp.auction.verification.book_arrays import BookArrays
from vpp.auction.verification.bound_reach import Reach
from vpp.auction.verification.bound_worth import AccountWorth, least
from vpp.auction.verification.duals import Duals
from vpp.auction.verification.telling import Flags, Floats

_REST = ""  # the account that zones without limits share


@dataclass(frozen=True, slots=True)
class MarketDuals:
    """Duals of the buyer's rows, in thousandths per kW.

    Attributes:
        book: The book.
        zone: Balance of each zone. Shape (Z, T).
        feeder: Balance of each feeder. Shape (F, T).
        site: Balance of each site. Shape (S, T).
        path: Balance of each path. Shape (P, T).
        system: Shape (T,).
        headroom: Shape (T,).
        local: Shape (Z, T).
        start_ramp: Shape (T,).
        release_ramp: Shape (T + 1,).
        loss: Shape (S, T).
    """

    book: BookArrays
    zone: Floats
    feeder: Floats
    site: Floats
    path: Floats
    system: Floats
    headroom: Floats
    local: Floats
    start_ramp: Floats
    release_ramp: Floats
    loss: Floats

    @classmethod
    def read(cls, book: BookArrays, duals: Duals) -> Self:
        """Take the market's duals out of a certificate.

        Args:
            book: The book.
            duals: The duals.

        Returns:
            The market's.
        """
        terms, count = book.book.terms, book.horizon
        names = [
            *(("zone", zone) for zone in book.zones),
            *(("feeder", feeder.feeder_id) for feeder in terms.feeders),
            *(("site", site) for site in book.sites),
            *(("path", f"{path.from_zone}>{path.to_zone}") for path in terms.paths),
        ]
        accounts = {name: place for place, name in enumerate(names)}
        accounts.setdefault(("zone", _REST), len(names))
        balance = duals.table("balance", accounts, (count,), sense=0)
        ends = np.cumsum([len(book.zones), len(terms.feeders), len(book.sites), len(terms.paths)])
        zone, feeder, site, path, rest = np.split(balance, ends)
        if len(rest):
            zone = zone + np.where(_is_unlimited(book)[:, None], rest, 0.0)
        wanted = book.required_kw > 0
        has_headroom = book.book.rebound_headroom_kw is not None
        guarded = np.broadcast_to(wanted & terms.has_loss_reserve, (len(book.sites), count))
        ramps = (terms.max_start_ramp_kw is not None, terms.max_release_ramp_kw is not None)
        return cls(
            book=book,
            zone=zone,
            feeder=feeder,
            site=site,
            path=path,
            system=duals.table(
                "system", None, (count,), sense=1 if terms.allows_over_delivery else 0, is_row=wanted
            ),
            headroom=duals.table("rebound_headroom", None, (count,), sense=1, is_row=~wanted & has_headroom),
            local=duals.table("local", book.zones, (count,), sense=1, is_row=_local_kw(book) > 0),
            start_ramp=duals.table("start_ramp", None, (count if ramps[0] else 0,), sense=-1),
            release_ramp=duals.table("release_ramp", None, (count + 1 if ramps[1] else 0,), sense=-1),
            loss=duals.table("loss", book.sites, (count,), sense=1, is_row=guarded),
        )

    @property
    def bid_worth(self) -> AccountWorth:
        """What the balance rows make a counted kW of each bid worth."""
        book = self.book
        at_site = self.site
        if self.feeder.any():
            at_site = at_site.copy()
            for row, sites in zip(self.feeder, book.feeder_sites, strict=True):
                at_site[sites] += row
        own = self.zone[book.zone_of]
        if at_site.any():
            own += at_site[book.site_of]
        return AccountWorth(own, self.zone, self.path)

    def bound(self, reach: Reach) -> float:
        """Return what the market's rows and columns add to the bound.

        Args:
            reach: How far net positions can reach.

        Returns:
            Duals times right-hand sides and the columns' least, in thousandths.
        """
        terms, required = self.book.book.terms, self.book.required_kw
        worth = self.book.interval_h * float(self.book.book.price_cap_per_mwh)
        local_kw = _local_kw(self.book)
        total = float(self.system @ required) + float((self.local * local_kw).sum())
        total -= float(self.headroom.sum()) * (self.book.book.rebound_headroom_kw or 0.0)
        total += float(self.start_ramp.sum()) * (terms.max_start_ramp_kw or 0.0)
        total += float(self.release_ramp.sum()) * (terms.max_release_ramp_kw or 0.0)
        total += self._zones(reach) + self._others(reach)
        low = reach.zones[0]
        most = np.maximum(reach.sites[1].max(axis=0, initial=0.0), 0.0)
        wanted = required > 0
        if terms.has_loss_reserve:
            total += least((self.system - self.loss.sum(axis=0))[wanted], most[wanted])
        unserved_kw = required - low.sum(axis=0) + (most if terms.has_loss_reserve else 0.0)
        total += least((worth - self.system)[wanted], unserved_kw[wanted])
        return total + least(np.where(local_kw > 0, worth - self.local, 0.0), local_kw - low)

    def _zones(self, reach: Reach) -> float:
        """Net positions of zones."""
        terms = self.book.book.terms
        low, high = (side.copy() for side in reach.zones)
        for limit in terms.zones:
            _narrow(low, high, self.book.zones[limit.zone], limit.max_rebound_kw, limit.max_reduction_kw)
        of_system = self.system + self.headroom
        if len(self.start_ramp):
            of_system = of_system + self.start_ramp - np.append(self.start_ramp[1:], 0.0)
        if len(self.release_ramp):
            of_system = of_system - self.release_ramp[:-1] + self.release_ramp[1:]
        return _box(self.zone - of_system - self.local, low, high)

    def _others(self, reach: Reach) -> float:
        """Net positions of feeders, sites and paths."""
        book, terms = self.book, self.book.book.terms
        low, high = (side.copy() for side in reach.sites)
        total = 0.0
        for feeder, row, sites in zip(terms.feeders, self.feeder, book.feeder_sites, strict=True):
            least_kw, most_kw = low[sites].sum(axis=0)[None], high[sites].sum(axis=0)[None]
            _narrow(least_kw, most_kw, 0, feeder.max_rebound_kw, feeder.max_reduction_kw)
            total += _box(row[None], least_kw, most_kw)
        for limit in terms.sites:
            _narrow(low, high, book.sites[limit.site_id], limit.max_rebound_kw, None)
        if terms.min_site_count > 1:
            share_kw = np.where(book.required_kw > 0, book.required_kw / terms.min_site_count, np.inf)
            high = np.minimum(high, share_kw)
        total += _box(self.site + self.loss, low, high)
        moved = reach.paths
        for p, path in enumerate(terms.paths):
            moved[p, : book.delivery] = np.minimum(moved[p, : book.delivery], path.max_moved_kw)
        return total + least(self.path, moved)


def _box(reduced_cost: Floats, low: Floats, high: Floats) -> float:
    return float(np.minimum(reduced_cost * low, reduced_cost * high).sum())


def _narrow(
    low: Floats,
    high: Floats,
    place: int,
    max_rebound_kw: Sequence[float] | None,
    max_reduction_kw: Sequence[float] | None,
) -> None:
    if max_rebound_kw is not None:
        low[place] = np.maximum(low[place], -np.array(max_rebound_kw))
    if max_reduction_kw is not None:
        high[place] = np.minimum(high[place], max_reduction_kw)


def _is_unlimited(book: BookArrays) -> Flags:
    unlimited = np.ones(len(book.zones), dtype=bool)
    for limit in book.book.terms.zones:
        terms = (limit.local_target_kw, limit.max_reduction_kw, limit.max_rebound_kw)
        unlimited[book.zones[limit.zone]] = all(term is None for term in terms)
    return unlimited


def _local_kw(book: BookArrays) -> Floats:
    local = np.zeros((len(book.zones), book.horizon))
    for limit in book.book.terms.zones:
        if limit.local_target_kw is not None:
            local[book.zones[limit.zone], : book.delivery] = limit.local_target_kw
    return local
