"""How closely the hub follows an event, and how much it takes to make it act."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class TrackingRules:
    """How closely the hub follows an event, and how much it takes to make it act.

    Attributes:
        interval: How often an event is looked at; None for the shortest metering interval of its
            sites, though at least a minute.
        reading_allowance: How long after a metering interval its readings may take to arrive: each
            look comes this much after the interval's end.
        lead: From the hub's decision until a site has begun to follow it, beside the resource's own
            response time.
        ahead: The first look comes this long before the start, so that refusals are made good then.
        short_ratio: Expected delivery below the target by more than this share of it is made good.
        over_ratio: Expected delivery above the target by more than this share of it is trimmed.
        min_change_kw: No site is told anew for less than this, kW.
        release_delay: At most so much later than planned is a site let go, so that rebounds do not
            coincide.
    """

    interval: timedelta | None = None
    reading_allowance: timedelta = timedelta(seconds=20)
    lead: timedelta = timedelta(seconds=10)
    ahead: timedelta = timedelta(minutes=15)
    short_ratio: float = 0.02
    over_ratio: float = 0.02
    min_change_kw: float = 1.0
    release_delay: timedelta = timedelta(minutes=30)
