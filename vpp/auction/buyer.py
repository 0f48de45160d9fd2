"""What the buyer asks beside a target: limits of the grid, reserve against losses, ramps, margin.

All limits speak of net reduction as it counts towards the target: reductions by their delivery
ratio, rebounds in full. Where the buyer's direction is `LOAD_UP`, read increase for reduction.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ZoneLimit:
    """What one zone needs and bears, in net reduction of all its bids and migrations together.

    Attributes:
        zone: The zone.
        local_target_kw: Net reduction that must come from the zone itself, kW; it counts towards
            the target over all zones as well, and is not raised by the margin. Unserved, it is
            valued at the price cap, in addition to what is unserved over all zones. None for none.
            Shape (N,).
        max_reduction_kw: Largest net reduction, kW; None for no limit. Shape (T,).
        max_rebound_kw: Largest net rebound, kW: how far net reduction may fall below 0; None for no
            limit. Shape (T,).
    """

    zone: str
    local_target_kw: tuple[float, ...] | None = None
    max_reduction_kw: tuple[float, ...] | None = None
    max_rebound_kw: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class FeederLimit:
    """What a feeder, or any other group of sites, bears.

    Attributes:
        feeder_id: Its name.
        site_ids: The sites behind it.
        max_reduction_kw: Largest net reduction, kW; None for no limit. Shape (T,).
        max_rebound_kw: Largest net rebound, kW; None for no limit. Shape (T,).
    """

    feeder_id: str
    site_ids: tuple[str, ...]
    max_reduction_kw: tuple[float, ...] | None = None
    max_rebound_kw: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class SiteLimit:
    """What one site's connection bears, and whose it is.

    Attributes:
        site_id: The site.
        party_id: Its owner; empty if unknown. Parties may enter only so many bids.
        max_rebound_kw: Largest net rebound within its import limit, kW; None for no limit. Shape (T,).
    """

    site_id: str
    party_id: str = ""
    max_rebound_kw: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class PathLimit:
    """How much load may move from one zone to another.

    Attributes:
        from_zone: Zone that sheds.
        to_zone: Zone that takes on.
        max_moved_kw: Largest load moved, measured where it is shed, kW. Shape (N,).
    """

    from_zone: str
    to_zone: str
    max_moved_kw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BuyerTerms:
    """What the buyer asks beside a target.

    Attributes:
        allows_over_delivery: Whether more than the target may be bought; if not, prices may be
            negative.
        margin_ratio: Bought beyond the target against the risk of delivery, as a share of it; 0 or
            more. Its cost is reported.
        has_loss_reserve: Whether the target must still be met when the site that serves most
            fails; only where over-delivery is allowed, as the reserve is bought beyond the target.
        min_site_count: No site may serve more than the target divided by this, so that at least
            so many serve it; 0 or 1 for no such rule.
        max_start_ramp_kw: Largest rise of net reduction from one interval to the next, kW; None
            for no limit. Before delivery it is 0.
        max_release_ramp_kw: Largest fall of net reduction from one interval to the next, kW; None
            for no limit. After the horizon it is 0.
        activation_ratio: Share of the awarded energy that is expected to be called, in (0, 1]. What
            a bid asks for energy is weighed by it, what it asks for availability is not.
        zones: Limits of zones; a zone without one bears anything.
        feeders: Limits of feeders.
        sites: Limits of sites.
        paths: Limits of migration; a pair of zones without one bears anything.
    """

    allows_over_delivery: bool = True
    margin_ratio: float = 0.0
    has_loss_reserve: bool = False
    min_site_count: int = 0
    max_start_ramp_kw: float | None = None
    max_release_ramp_kw: float | None = None
    activation_ratio: float = 1.0
    zones: tuple[ZoneLimit, ...] = ()
    feeders: tuple[FeederLimit, ...] = ()
    sites: tuple[SiteLimit, ...] = ()
    paths: tuple[PathLimit, ...] = ()

    @property
    def tells_sites_apart(self) -> bool:
        """Whether it matters from which site a reduction comes."""
        has_limit = any(site.max_rebound_kw is not None for site in self.sites)
        return has_limit or bool(self.feeders) or self.has_loss_reserve or self.min_site_count > 1


ANY_TERMS = BuyerTerms()
"""Nothing beside the target."""
