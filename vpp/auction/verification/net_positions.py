"""Net reduction of zones, feeders, sites and paths, added up from the awards."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vpp.auction.verification.award_arrays import AwardArrays
from vpp.auction.verification.telling import KW, Floats, Integers, sums_by


@dataclass(frozen=True)
class NetPositions:
    """Net reduction as it counts: reductions by their derate, rebounds in full.

    Attributes:
        awards: The awards.
    """

    awards: AwardArrays

    @cached_property
    def zone_kw(self) -> Floats:
        """Net reduction of each zone, what migrates into it taken off, kW. Shape (Z, T)."""
        book = self.awards.book
        net: Floats = sums_by(book.zone_of, len(book.zones), self.awards.counted_kw)
        for i, migration in book.migrations:
            taken_on = migration.receiving_ratio * self.awards.reduction_kw[i]
            net[book.zones[migration.receiving_zone], : book.delivery] += book.counts_returned[i] * taken_on
        return net

    @cached_property
    def system_kw(self) -> Floats:
        """Net reduction over all zones, kW. Shape (T,)."""
        return np.asarray(self.zone_kw.sum(axis=0), dtype=float)

    @cached_property
    def site_kw(self) -> Floats:
        """Net reduction of each site, kW. Shape (S, T)."""
        book = self.awards.book
        return sums_by(book.site_of, len(book.sites), self.awards.counted_kw)

    @cached_property
    def largest_kw(self) -> Floats:
        """Net reduction of the site that serves most, 0 or more, kW. Shape (T,)."""
        return np.asarray(self.site_kw.max(axis=0, initial=0.0), dtype=float)

    @cached_property
    def zone_slack_kw(self) -> Floats:
        """What noise may add up to in each zone, kW. Shape (Z, 1)."""
        return _slack_kw(self.awards.book.zone_of, len(self.awards.book.zones))

    @cached_property
    def site_slack_kw(self) -> Floats:
        """What noise may add up to at each site, kW. Shape (S, 1)."""
        return _slack_kw(self.awards.book.site_of, len(self.awards.book.sites))

    @cached_property
    def system_slack_kw(self) -> float:
        """What noise may add up to over all bids, kW."""
        return KW * (2 + len(self.awards.book.bids) / 10)


def _slack_kw(owner: Integers, count: int) -> Floats:
    members = np.bincount(owner, minlength=count)
    return np.asarray(KW * (2 + members / 10), dtype=float)[:, None]
