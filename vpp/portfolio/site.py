"""A compute centre behind one point of connection."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Site:
    """A compute centre behind one point of connection.

    Attributes:
        site_id: Last part of `sites/{site}`.
        party_id: Owner, who is paid for the site's delivery.
        display_name: Name for people.
        zone: Price or network zone of the point of connection.
        time_zone: IANA name of the site's civil time.
        import_limit_kw: Largest net consumption the connection allows, kW, above 0.
        metering_interval: Length of the site's metering intervals.
        minimum_load_kw: Net consumption that is never shed, kW; negative where it may export. What can
            be reduced is the load above it.
    """

    site_id: str
    party_id: str
    display_name: str
    zone: str
    time_zone: str
    import_limit_kw: float
    metering_interval: timedelta
    minimum_load_kw: float = 0.0
