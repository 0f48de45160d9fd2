"""Accounts: where the net reduction of bids is summed because something limits or prices the sum.

Each zone, feeder, site and migration path that has a limit is an account with one sum per
interval. Zones that nothing tells apart share one account, so that a book of many unlimited zones
is no larger than a book of one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vpp.auction.bid import Bid
from vpp.auction.buyer import ZoneLimit
from vpp.auction.market.canonical import CanonicalBook
from vpp.solver.linear_program import Floats

REST = ""
"""The account that unlimited zones share."""


@dataclass(frozen=True, slots=True)
class Account:
    """A sum of counted net reduction with its limits.

    Attributes:
        kind: `zone`, `feeder`, `site` or `path`.
        name: Zone, feeder or site; `from>to` for a path.
        low_kw: Least net reduction, kW; -inf for none. Shape (T,).
        high_kw: Largest net reduction, kW; inf for none. Shape (T,).
        local_target_kw: Net reduction asked of a zone itself, kW; 0 for none. Shape (T,).
    """

    kind: str
    name: str
    low_kw: Floats
    high_kw: Floats
    local_target_kw: Floats


@dataclass(frozen=True)
class Accounts:
    """The accounts of a book and who belongs to them.

    Attributes:
        canonical: The book.
    """

    canonical: CanonicalBook

    @cached_property
    def all(self) -> tuple[Account, ...]:
        """Every account: zones first, then feeders, sites and paths, each by name."""
        return (*self._zones(), *self._feeders(), *self._sites(), *self._paths())

    @cached_property
    def place(self) -> dict[tuple[str, str], int]:
        """Place of each account in `all`, by kind and name."""
        return {(account.kind, account.name): place for place, account in enumerate(self.all)}

    @cached_property
    def zone_count(self) -> int:
        """Number of accounts that are zones; they come first."""
        return sum(account.kind == "zone" for account in self.all)

    def zone_account(self, zone: str) -> int:
        """Return the place of the account in which a zone is counted."""
        return self.place.get(("zone", zone), self.place.get(("zone", REST), 0))

    def of_bid(self, bid: Bid) -> list[int]:
        """Return the places of the accounts in which a bid's own net reduction is counted."""
        key = bid.zone, bid.site_id
        known = self._known.get(key)
        if known is None:
            site = self.place.get(("site", bid.site_id))
            own = () if site is None else (site,)
            known = [self.zone_account(bid.zone), *self._feeders_of.get(bid.site_id, ()), *own]
            self._known[key] = known
        return known

    @cached_property
    def _known(self) -> dict[tuple[str, str], list[int]]:
        """Accounts by zone and site, as far as anybody has asked."""
        return {}

    def path_of(self, bid: Bid) -> int | None:
        """Return the place of the account of a migration's path, if it is limited."""
        if bid.migration is None:
            return None
        return self.place.get(("path", f"{bid.zone}>{bid.migration.receiving_zone}"))

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """Every zone that a bid or a limit names."""
        named = {bid.zone for bid in self.canonical.bids}
        named |= {bid.migration.receiving_zone for bid in self.canonical.bids if bid.migration is not None}
        return tuple(sorted(named | {limit.zone for limit in self.canonical.book.terms.zones}))

    @cached_property
    def _feeders_of(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for feeder in self.canonical.book.terms.feeders:
            for site_id in feeder.site_ids:
                found.setdefault(site_id, []).append(self.place["feeder", feeder.feeder_id])
        return found

    def _zones(self) -> Iterable[Account]:
        limits = {limit.zone: limit for limit in self.canonical.book.terms.zones if _is_limit(limit)}
        for zone in sorted(limits):
            limit = limits[zone]
            yield self._account(
                "zone", zone, limit.max_rebound_kw, limit.max_reduction_kw, limit.local_target_kw
            )
        if not limits or any(zone not in limits for zone in self.zones):
            yield self._account("zone", REST)

    def _feeders(self) -> Iterable[Account]:
        for limit in sorted(self.canonical.book.terms.feeders, key=lambda limit: limit.feeder_id):
            yield self._account("feeder", limit.feeder_id, limit.max_rebound_kw, limit.max_reduction_kw)

    def _sites(self) -> Iterable[Account]:
        terms = self.canonical.book.terms
        limits = {limit.site_id: limit.max_rebound_kw for limit in terms.sites}
        share = None
        if terms.min_site_count > 1:
            wanted = self.canonical.target_kw
            share = tuple(np.where(wanted > 0, wanted / terms.min_site_count, np.inf))
        everybody = terms.has_loss_reserve or share is not None
        for site_id in sorted({bid.site_id for bid in self.canonical.bids}):
            if everybody or limits.get(site_id) is not None:
                yield self._account("site", site_id, limits.get(site_id), share)

    def _paths(self) -> Iterable[Account]:
        recovery = self.canonical.book.recovery_interval_count
        for limit in sorted(
            self.canonical.book.terms.paths, key=lambda limit: (limit.from_zone, limit.to_zone)
        ):
            high = (*limit.max_moved_kw, *(np.inf,) * recovery)
            yield self._account("path", f"{limit.from_zone}>{limit.to_zone}", None, high)

    def _account(
        self,
        kind: str,
        name: str,
        max_rebound_kw: tuple[float, ...] | None = None,
        max_reduction_kw: tuple[float, ...] | None = None,
        local_target_kw: tuple[float, ...] | None = None,
    ) -> Account:
        count = self.canonical.horizon_count
        low, high = np.full(count, -np.inf), np.full(count, np.inf)
        local = np.zeros(count)
        if max_rebound_kw is not None:
            low = -np.array(max_rebound_kw, dtype=float)
        if max_reduction_kw is not None:
            high = np.array(max_reduction_kw, dtype=float)
        if local_target_kw is not None:
            local[: len(local_target_kw)] = local_target_kw
        return Account(kind, name, low, high, local)


def _is_limit(limit: ZoneLimit) -> bool:
    return any(
        values is not None for values in (limit.local_target_kw, limit.max_reduction_kw, limit.max_rebound_kw)
    )
